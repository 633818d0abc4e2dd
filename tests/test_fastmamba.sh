#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: 2026 The mamba-bench developers
#
# FastMamba from the command line: test_fastmamba.sh PROGRAM.
set -uo pipefail
program=$1
data=$(cd "$(dirname "$0")/data" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
failures=0

fail() {
    echo "FAILED: $1"
    cut -c 1-160 out err 2>/dev/null | head -n 20
    failures=$((failures + 1))
}

# Several lengths, and the source's figures beside the model's.
"$program" --platform fpga-model --model mamba2-130m --phase prefill --seqlen 64,96,116,128,168 --out run >out 2>err ||
    fail "several lengths"
for text in "96 tokens" "168 tokens" "Published figures beside the model's" "prefill-128-gpu" \
    "speedup of rtx-3090 over xeon-4210r" "prefill-average-cpu"; do
    grep -qF "$text" out || fail "the table lacks '$text'"
done
python3 - <<'PYTHON' || fail "records of published figures"
import json
records = [json.loads(line) for line in open("run/records.jsonl")]
models = {r["seqlen"]: r["published"] for r in records if r.get("scope") == "model"}
assert sorted(models) == [64, 96, 116, 128, 168]
assert not any("published" in r for r in records if r.get("scope") != "model")
for seqlen, entries in models.items():
    assert all(e["provenance"] in ("published", "digitised") and e["source"] and e["plus_minus"] > 0 for e in entries)
    assert all(e["layers_only"] == ("of" not in e) and "changed" not in e for e in entries)
    assert sum(e["mean"] for e in entries) == (3 if seqlen == 168 else 0)
by_id = {e["id"]: e for entries in models.values() for e in entries}
assert by_id["prefill-64-gpu"]["value"] == 8.9 and 0.7 < by_id["prefill-64-gpu"]["model"] / 8.9 < 1
assert by_id["prefill-average-gpu"]["value"] == 6.06
PYTHON
if command -v gnuplot >/dev/null; then
    [[ -s run/published.svg && -s run/published.pdf ]] || fail "no chart of published figures"
fi
grep -q "68.8" run/published.dat || fail "the chart's data lack a published bar"

# Other settings, shapes or fewer lengths have no such figures, or fewer.
"$program" --platform fpga-model --model mamba2-130m --phase prefill --seqlen 168 --format json >out 2>err || fail "one length"
grep -q '"mean":true' out && fail "a mean over lengths that were not run"
"$program" --platform fpga-model --model mamba2-130m --phase prefill --seqlen 64 --batch 2 --format json >out 2>err || fail "batch"
grep -q '"published"' out && fail "published figures of another batch"
"$program" --platform fpga-model --model mamba2-130m --phase prefill --seqlen 64 --set tile_tokens=8 --format json >out 2>err || fail "setting"
grep -q '"changed":"tile_tokens=8 for 32"' out || fail "published figures beside another setting"
"$program" --platform fpga-model --model mamba2-130m --phase prefill --seqlen 64 --set hadamard=accumulated >out 2>err || fail "table of a setting"
for text in "hadamard=accumulated for streamed" "layers only" "[1] FastMamba" "±0.3"; do
    grep -qF -- "$text" out || fail "the table of another setting lacks '$text'"
done
"$program" --platform fpga-model --model mamba2-130m --set overlap=serial --set tile_tokens=8 >out 2>err
[[ $? == 2 && $(wc -l <err) == 1 ]] || fail "an option without effect"

for wrong in "8,8" "8,,9" "8,0" "8,x" ",8"; do
    "$program" --platform fpga-model --model mamba2-130m --seqlen "$wrong" >out 2>err
    [[ $? == 2 && $(wc -l <err) == 1 ]] || fail "--seqlen $wrong"
done

# Both energy claims, the baselines' laws, resources and what stays open.
"$program" validate --device fpga-model:fastmamba-vc709 >out 2>err || fail "validate fastmamba"
for text in "versions 1 to 3" "version 4" "48.3 ms + 0.91 ms a token" "undecided: absolute prefill times" "3333" "9.31 W" "(layers only)" " 0 outside"; do
    grep -qF "$text" out || fail "validate lacks '$text'"
done
"$program" validate --device fpga-model:lightmamba-vck190 >out 2>err || fail "validate lightmamba"

# Each precision's error; a scan that FastMamba's numerics do not have is refused.
for model in mamba1-tiny mamba2-tiny; do
    for precision in w8a8 w8a8-smooth w8a8-hadamard fastmamba; do
        "$program" eval --checkpoint "$data/golden/$model" --reference "$data/golden/$model/io.safetensors" \
            --precision $precision >out 2>err || fail "eval $model $precision"
        awk '/ -$/ && $(NF-3) > 1e-3 && $(NF-3) < 5e-2 {n++} END {exit n != 3}' out || fail "errors of $model in $precision"
    done
done
"$program" eval --checkpoint "$data/golden/mamba2-tiny" --reference "$data/golden/mamba2-tiny/io.safetensors" \
    --precision fastmamba --scan ssd >out 2>err
[[ $? == 2 ]] && grep -q "scan ssd" err || fail "fastmamba with another scan"

((failures == 0)) && echo "passed"
exit $((failures > 0))
