#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: 2026 The mamba-bench developers
#
# The switches of LEO2 compared, each against what the port does: test_leo2_compare.sh PROGRAM
set -euo pipefail
program=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

for what in transfer scaling residency overlap host_weights arithmetic; do
    "$program" --platform leo2-model --model mnist-mamba --phase decode --compare $what --out $what >table
    grep -q "Variants compared" table
    (($(wc -L <table) <= 100))
    for file in records.jsonl report.html comparison.svg; do
        [[ -s $what/$file ]]
    done
done
"$program" --platform leo2-model --model mnist-mamba --phase decode --compare conv --fusion none --out conv >table
python3 - <<'PYTHON'
import json
def models(what):
    records = [json.loads(line) for line in list(open(f"{what}/records.jsonl"))[1:]]
    rows, baseline = {}, None
    for r in records:
        compare = r["compare"]
        assert compare["what"] == what and r["plan"][what] == compare["variant"]
        if compare["role"] == "baseline":
            baselines = r
        else:
            assert compare["baseline"] == baselines["id"]
            assert abs(compare["ratio"] - baselines["time_s"]["median"] / r["time_s"]["median"]) < 1e-9
        if r["scope"] == "model":
            rows[compare["variant"]] = r
    assert len({r["id"] for r in records}) == len(records)
    return rows
def time(rows, variant):
    return rows[variant]["time_s"]["median"]
def error(rows, variant):
    return rows[variant]["error"]["rel_l2"]

transfer = models("transfer")
assert list(transfer) == ["byte_rmw", "byte_plain", "word_packed", "tcm", "dma"]
assert time(transfer, "byte_rmw") > time(transfer, "byte_plain") > time(transfer, "word_packed") > time(transfer, "tcm")
assert round(transfer["byte_rmw"]["breakdown"]["link_s"] * 10e6) == 238865
assert round(transfer["word_packed"]["breakdown"]["link_s"] * 10e6) == 32000
assert len({error(transfer, variant) for variant in transfer}) == 1
scaling = models("scaling")
assert list(scaling) == ["127", "layer", "tensor", "row"]
assert error(scaling, "127") > 2 * error(scaling, "tensor") and error(scaling, "row") < 0.2
residency = models("residency")
assert time(residency, "resident") < time(residency, "resent") / 2
assert residency["resident"]["energy"]["joule"] < residency["resent"]["energy"]["joule"]
overlap = models("overlap")
assert time(overlap, "overlapped") < time(overlap, "serial")
weights = models("host_weights")
assert time(weights, "int8") < time(weights, "float")
arithmetic = models("arithmetic")
assert error(arithmetic, "mannix-rtl") > error(arithmetic, "documented")
conv = models("conv")
assert time(conv, "device") > time(conv, "host") and error(conv, "device") != error(conv, "host")
PYTHON

# The first variant is what --set asks for, and the record's command gives the same record again.
"$program" --platform leo2-model --model mnist-mamba --phase decode --compare transfer --set transfer=tcm --stage head \
    --format json >json
python3 - json >again <<'PYTHON'
import json, sys
records = [json.loads(line) for line in list(open(sys.argv[1]))[1:]]
assert records[0]["compare"] == {"what": "transfer", "variant": "tcm", "role": "baseline"}, records[0]["compare"]
print(records[2]["id"])
print(records[2]["repro"].removeprefix("mamba-bench "))
PYTHON
eval "\"$program\" $(tail -n 1 again) --format json" >json
grep -q "\"id\":\"$(head -n 1 again)\"" json

# A model too large for the device's memory: cut into parts, weights sent each time, most of the time spent on moving.
"$program" --platform leo2-model --model mamba-130m --phase decode --set residency=resident --format json >json
python3 - json <<'PYTHON'
import json, sys
records = {r["stage"]: r for r in map(json.loads, list(open(sys.argv[1]))[1:])}
model, in_proj = records["model"], records["in_proj"]
breakdown, total = model["breakdown"], model["time_s"]["median"]
assert breakdown["link_s"] + breakdown["overhead_s"] > 0.8 * total
assert "cut into parts" in in_proj["note"] and "do not fit" in in_proj["note"]
assert model["error"] is None and "weights" in model["error_reason"]
PYTHON

# Training's error is that of its gradients, which the device's arithmetic has none of.
"$program" --platform cpu,leo2-model --model mnist-mamba --phase train --stage model --repetitions 1 --format json >json
python3 - json <<'PYTHON'
import json, sys
records = {r["platform"]: r for r in map(json.loads, list(open(sys.argv[1]))[1:]) if r.get("stage") == "model"}
assert records["cpu"]["error"]["rel_l2"] < 1e-5
assert records["leo2-model"]["error"] is None and "gradients" in records["leo2-model"]["error_reason"]
PYTHON

refused() { # WORD ARGUMENT...: exit status 2 and one line with the word
    local word=$1 status=0
    shift
    "$program" "$@" >out 2>err || status=$?
    if ((status != 2)) || (($(wc -l <err) != 1)) || ! grep -q -- "$word" err; then
        echo "refused $*: status $status, $(cat err)" >&2
        exit 1
    fi
}
refused "zero_point: has no effect on mannix without arithmetic=mannix-rtl" --platform leo2-model --model mnist-mamba \
    --compare zero_point
refused "transfer=tcm: has no effect on mannix without device=present" --platform leo2-model --model mnist-mamba \
    --set device=absent --set transfer=tcm
refused "option of a modelled device" --platform cpu --model mnist-mamba --compare transfer
refused "no such option" --platform leo2-model --model mnist-mamba --compare size_bits
refused "no such option" --platform leo2-model,fpga-model --model mnist-mamba --compare transfer
refused "modelled" --platform leo2-model --model mnist-mamba --compare isa
