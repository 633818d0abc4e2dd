#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: 2026 The mamba-bench developers
#
# The repository's own classifier in every arithmetic and scaling of LEO2: test_leo2_classifier.sh PROGRAM
set -euo pipefail
program=$1
data=$(cd "$(dirname "$0")/data/digits" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
evaluate() {
    "$program" eval --checkpoint "$data" --images "$data/test-images-idx3-ubyte.gz" \
        --labels "$data/test-labels-idx1-ubyte.gz" "$@"
}
refused() { # WORD ARGUMENT...: exit status 2 and one line with the word
    local word=$1 status=0
    shift
    evaluate "$@" >"$work/out" 2>"$work/err" || status=$?
    if ((status != 2)) || (($(wc -l <"$work/err") != 1)) || ! grep -q -- "$word" "$work/err"; then
        echo "refused $*: status $status, $(cat "$work/err")" >&2
        exit 1
    fi
}

evaluate --platform cpu,leo2-model | tee "$work/table"
grep -q "582 of 600 images right" "$work/table"
python3 - "$work/table" <<'PYTHON'
import sys
rows = {}
for line in open(sys.argv[1]):
    name, words = line[2:34].strip(), line[34:].split()
    if name.startswith(("documented", "mannix-rtl")):
        rows[name] = [float(word) for word in words[:4]]
    assert len(line.rstrip("\n")) <= 100, line
assert len(rows) == 11, rows
points = {name: row[1] for name, row in rows.items()}
# 127 for everything clamps; one scale a projection brings the documented arithmetic back.
assert points["documented, 127"] < -10
for scaling in "tensor", "row":
    assert abs(points[f"documented, {scaling}"]) <= 0.5
    assert abs(points[f"mannix-rtl, {scaling}, midpoint"]) <= 0.5
# Unsigned bytes and the ReLU leave guesses.
assert rows["mannix-rtl, 127"][0] < 25
assert all(row[2] > 0 and row[3] > 0 for row in rows.values())
PYTHON

evaluate --platform leo2-model --set arithmetic=documented --set residency=resident --set scaling=row >"$work/resident"
(($(grep -cE '^  (documented|mannix-rtl),' "$work/resident") == 1))
python3 - "$work/table" "$work/resident" <<'PYTHON'
import sys
def row(path):
    return next(line[34:].split() for line in open(path) if line.startswith("  documented, row"))
sent, resident = row(sys.argv[1]), row(sys.argv[2])
assert sent[0] == resident[0] and float(resident[2]) < float(sent[2]) and float(resident[3]) < float(sent[3])
PYTHON
grep -q '^  device=absent *97.00 *+0.00' "$work/table"
evaluate --platform leo2-model --set device=absent >"$work/absent"
(($(grep -cE '^  (device=absent|documented|mannix-rtl)' "$work/absent") == 1))
evaluate --platform leo2-model --set zero_point=midpoint >"$work/midpoint"
(($(grep -cE '^  (device=absent|documented|mannix-rtl)' "$work/midpoint") == 3))
evaluate --platform leo2-model --set conv=device --set scaling=row --set arithmetic=documented >"$work/conv"
grep -qE '^  documented, row +9[67]\.' "$work/conv"

# A run's error is taken on pictures enough that it orders the scalings as eval does.
for model in "--checkpoint $data" "--model mnist-mamba"; do
    # shellcheck disable=SC2086
    "$program" --platform leo2-model $model --phase prefill --stage model --compare scaling --out "$work/run" >"$work/scaling"
    grep -q "512 pictures of seeded pixels" "$work/scaling"
    (($(wc -L <"$work/scaling") <= 100))
    python3 - "$work/run/records.jsonl" <<'PYTHON'
import json, sys
errors = {r["compare"]["variant"]: r["error"] for r in map(json.loads, list(open(sys.argv[1]))[1:])}
assert all(e["tokens"] == 512 and "seeded" in e["data"] for e in errors.values())
e = {variant: error["rel_l2"] for variant, error in errors.items()}
print(e)
assert e["row"] < e["tensor"] < e["layer"] < 0.5 * e["127"], e
PYTHON
    rm -r "$work/run"
done

refused "has no effect on mannix without device=present" --platform leo2-model --set device=absent --set scaling=row
refused "zero_point=midpoint: has no effect on mannix without scaling!=127" --platform leo2-model --set zero_point=midpoint \
    --set scaling=127
refused "scaling=soup" --platform leo2-model --set scaling=soup
refused colour --platform leo2-model --set colour=red
refused fpga-model --platform fpga-model
refused "cpu has no options" --set scaling=row
refused fp32 --platform leo2-model --precision int8
