#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: 2026 The mamba-bench developers
#
# A program for the LEO2 board, unchanged, on the model of the board: $LEO2_EXAMPLE is its path, and where
# $LEO2_COMPILE is set, it is compiled once more with that and -lleo2-model from $LEO2_LIBRARY.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$LEO2_EXAMPLE" >"$work/out" 2>"$work/summary"
cat "$work/out" "$work/summary"
(($(grep -cE '^input [0-2]: class [0-9], score ' "$work/out") == 3))
grep -q '^3 forwards, checksum ' "$work/out"
grep -q 'mannix-rtl arithmetic, bytes over the APB by read-modify-write' "$work/summary"
# 3 forwards of 16 x 64: 1104 bytes in at 8 + 7 cycles, 16 out at 7, 71 to configure.
grep -qE '^  16 x 64 +3 +3312 +48 +3336 +3363 +16743 ' "$work/summary"
# Of all six calls: 3612 bytes in, 155 out.
grep -qE '^  all +18 +10836 +465 +10980 +11319 ' "$work/summary"
for hazard in saturated cut_to_zero negative_read_as_unsigned bias_bytes_read_as_words; do
    grep -qE "^  $hazard +[1-9]" "$work/summary"
done

LEO2_MODEL_ARITHMETIC=documented LEO2_MODEL_BYTES=plain LEO2_MODEL_RECORDS=$work/records "$LEO2_EXAMPLE" 1000 \
    >"$work/out" 2>"$work/summary"
[[ ! -s $work/summary ]]
grep -q '^1000 forwards, checksum ' "$work/out"
python3 - "$work/records" <<'PYTHON'
import json, sys
*calls, summary = map(json.loads, open(sys.argv[1]))
assert len(calls) == summary["calls"] == 6000 and [c["call"] for c in calls] == list(range(1, 6001))
assert summary["bytes_written"] == 3612000 and summary["bytes_read"] == 155000
assert summary["apb_writes"] == 3612000 + 6000 * 8 and summary["apb_reads"] == 155000 + 6000
assert summary["apb_cycles"] == 8 * summary["apb_writes"] + 7 * summary["apb_reads"]
assert summary["fc_cycles"] == sum(c["fc_cycles"] for c in calls) > 0
assert summary["hazards"]["saturated"] > 0 and summary["hazards"]["cut_to_zero"] == 0
PYTHON

for wrong in LEO2_MODEL_ARITHMETIC=fp32 LEO2_MODEL_BYTES=words LEO2_MODEL_RECORDS=/nonexistent/records; do
    status=0
    env "$wrong" "$LEO2_EXAMPLE" >"$work/out" 2>"$work/summary" || status=$?
    ((status == 2 && $(wc -l <"$work/summary") == 1))
    grep -q "leo2-model: $wrong" "$work/summary"
done

if [[ -n ${LEO2_COMPILE:-} ]]; then
    read -ra compile <<<"$LEO2_COMPILE"
    "${compile[@]}" -I "$root/platforms/leo2/board/include" "$root/examples/leo2_mamba.c" -L "$LEO2_LIBRARY" \
        -lleo2-model -lm -o "$work/shared"
    "${compile[@]}" -I "$root/platforms/leo2/board/include" "$root/examples/leo2_mamba.c" \
        "$LEO2_LIBRARY/libleo2-model.a" -lm -o "$work/static"
    LD_LIBRARY_PATH=$LEO2_LIBRARY "$work/shared" 5 >"$work/a" 2>"$work/a.summary"
    "$work/static" 5 >"$work/b" 2>"$work/b.summary"
    cmp "$work/a" "$work/b"
    cmp "$work/a.summary" "$work/b.summary"
fi
