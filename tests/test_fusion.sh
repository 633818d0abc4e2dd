#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: 2026 The mamba-bench developers
#
# Fusions compared, as a user does it: test_fusion.sh PROGRAM. Each case names itself when it fails.
set -uo pipefail
program=$1
data=$(cd "$(dirname "$0")/data" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
failures=0

fail() {
    echo "FAILED: $1"
    sed 's/^/    | /' err out 2>/dev/null | cut -c 1-160 | head -n 20
    failures=$((failures + 1))
}

run() { # STATUS NAME ARGUMENTS...
    local wanted=$1 name=$2
    shift 2
    "$program" "$@" >out 2>err </dev/null
    local status=$?
    ((status == wanted)) || fail "$name: status $status, expected $wanted"
    ((wanted == 0 || $(wc -l <err) == 1)) || fail "$name: not one line of error"
}

says() { # NAME FILE TEXT...
    local name=$1 file=$2 text
    shift 2
    for text in "$@"; do
        grep -qF -- "$text" "$file" || fail "$name: $file lacks '$text'"
    done
}

quick=(--repetitions 7 --min-time 0.001 --threads 2 --seqlen 40)

# Every variant stands in Google Benchmark's format, under a name of its own.
run 0 "variants in gbench" --platform leo2-model --compare transfer --phase decode --stage in_proj --format gbench
cp out variants.gbench
run 0 "variants in json" --platform leo2-model --compare transfer --phase decode --stage in_proj --format json
python3 - variants.gbench out <<'PYTHON' || fail "variants in gbench: names"
import json, sys
names = [b["name"] for b in json.load(open(sys.argv[1]))["benchmarks"]]
environment, *records = map(json.loads, open(sys.argv[2]))
variants = [r["compare"]["variant"] for r in records]
assert len(variants) > 1 and len(set(names)) == len(names) == len(records), names
assert all(any(n.endswith("/transfer:" + v) for n in names) for v in variants), names
PYTHON

# On the CPU every named fusion runs, whatever the architecture and the phase.
for model in mamba1-tiny mamba2-tiny; do
    run 0 "cpu $model" --platform cpu --compare fusion --checkpoint "$data/golden/$model" "${quick[@]}" --out $model
    says "cpu $model" out "Variants compared" baseline "A/A control" conv-silu block bytes
    grep -q "timed alone" out && fail "cpu $model: groups of the plan stand as timed alone"
    for file in comparison.svg comparison.pdf report.html; do
        [[ -s $model/$file ]] || fail "cpu $model: no $file"
    done
    python3 - $model/records.jsonl $model <<'PYTHON' || fail "cpu $model: records"
import json, sys
environment, *records = map(json.loads, open(sys.argv[1]))
first = sys.argv[2] == "mamba1-tiny"
spans = {"conv+silu", "softplus+discretize+scan+contract+skip+gate"} if first else \
        {"conv+silu+softplus+scan+skip+gate_norm"}
for phase in ("prefill", "decode"):
    mine = [r for r in records if r["phase"] == phase]
    assert {r["stage"] for r in mine} == spans | {"layer", "model"}, {r["stage"] for r in mine}
    for unit in spans | {"layer", "model"}:
        rows = [r for r in mine if r["stage"] == unit]
        assert [r["compare"]["role"] for r in rows[:2]] == ["baseline", "control"]
        assert rows[0]["plan"]["fusion"] == rows[1]["plan"]["fusion"] == "none"
        moved = {r["compare"]["variant"]: r["work"]["bytes_read"] + r["work"]["bytes_written"] for r in rows}
        names = {"none", "A/A control", "conv-silu", "scan", "block"}
        if not first:
            names.add("conv-silu,scan")  # Mamba-1's block is that
        if first and unit == "conv+silu":
            names -= {"scan"}
        elif first and unit.startswith("softplus"):
            names -= {"conv-silu"}
        assert set(moved) == names, (unit, moved)
        assert moved["A/A control"] == moved["none"] > max(v for k, v in moved.items() if k not in ("none", "A/A control"))
        assert moved["block"] == min(moved.values())
        for r in rows:
            assert r["compare"]["what"] == "fusion" and r["time_s"]["median"] > 0
            if r["scope"] == "model":
                assert r["error"]["rel_l2"] < 1e-5
            if r is rows[0]:
                continue
            low, high = r["compare"]["ci95"]
            assert 0 < low <= r["compare"]["ratio"] <= high and r["compare"]["baseline"] == rows[0]["id"]
            assert ("verdict" in r["compare"]) == (r["compare"]["role"] == "variant")
PYTHON
done

# Each record's own command measures that unit again and no other.
python3 - {mamba1-tiny,mamba2-tiny}/records.jsonl <<'PYTHON' >commands || fail "repro: records"
import json, sys
records = [r for path in sys.argv[1:] for r in map(json.loads, open(path)) if "repro" in r]
for r in records:
    if r["scope"] == "group" and r["phase"] == "prefill" and r["compare"]["variant"] == "block":
        print(r["id"], r["stage"], r["repro"].removeprefix("mamba-bench "))
PYTHON
(($(wc -l <commands) == 3)) || fail "repro: not three units"
while read -r id stage arguments; do
    eval "\"$program\" $arguments --format json" >out 2>err </dev/null
    (($? < 2)) || fail "repro of $stage: does not run" # 1: a time that a busy machine cannot have
    grep -q "\"id\":\"$id\"" out || fail "repro of $stage: another id"
    python3 - "$stage" <<'PYTHON' || fail "repro of $stage: other units"
import json, sys
assert {r["stage"] for r in map(json.loads, open("out")) if "stage" in r} == {sys.argv[1]}
PYTHON
done <commands

# A value that was asked for is the baseline.
run 0 "baseline" --platform cpu --compare fusion --fusion scan --checkpoint "$data/golden/mamba1-tiny" --stage conv --phase prefill \
    "${quick[@]}" --format json
python3 - <<'PYTHON' || fail "baseline: records"
import json
environment, *records = map(json.loads, open("out"))
assert [(r["compare"]["role"], r["plan"]["fusion"]) for r in records] == \
    [("baseline", "scan"), ("control", "scan"), ("variant", "conv-silu"), ("variant", "block")]
assert all("--fusion scan" in r["repro"] and "--compare fusion" in r["repro"] for r in records)
PYTHON

# On models: what a device cannot do is skipped with its unit, and the next that it can do stands beside it.
run 0 "models" --platform fpga-model:fastmamba-vc709,leo2-model,fpga-model:ssm-block --compare fusion \
    --model mamba-130m --seqlen 2048 --phase prefill --out models
says "models" out "fpga-model:fastmamba-vc709, modelled" "cannot part scan from contract: its unit" "scan+contract+skip" \
    "needs tiles of 29 tokens" "ssm-block has no unit for" "leo2-model:mannix, modelled"
[[ -s models/comparison.svg ]] || fail "models: no figure"
# Bytes of the plan are no traffic of a device without a model of its memory.
sed -n '/fpga-model:fastmamba-vc709, modelled/,/, modelled$/p' out | grep -Eq '  *layer .* [0-9.]+ MB *$' ||
    fail "models: a device with off-chip memory has no bytes"
! sed -n '/leo2-model:mannix, modelled/,/^ *(/p' out | grep -E ' [0-9.]+ [kMG]B *$' ||
    fail "models: plan's bytes stand for a device's traffic"
python3 - models/records.jsonl <<'PYTHON' || fail "models: records"
import json, sys
environment, *records = map(json.loads, open(sys.argv[1]))
fast = [r for r in records if r["device"] == "fastmamba-vc709"]
refused = {r["compare"]["variant"]: r["skipped"] for r in fast if "skipped" in r}
assert set(refused) == {"none", "conv-silu"}
layer = {r["compare"]["variant"]: r for r in fast if r["stage"] == "layer"}
assert set(layer) == {"scan+contract+skip", "conv+silu,scan+contract+skip", "scan", "block"}
assert layer["scan+contract+skip"]["compare"]["role"] == "baseline"
for name, r in layer.items():
    if name != "scan+contract+skip":
        base = layer["scan+contract+skip"]
        assert "ci95" not in r["compare"] and r["compare"]["verdict"] in ("FASTER", "SLOWER", "SAME")
        assert abs(r["compare"]["ratio"] - base["time_s"]["median"] / r["time_s"]["median"]) < 1e-9
        assert r["work"]["off_chip_bytes"] < base["work"]["off_chip_bytes"]
group = [r for r in fast if r["stage"].startswith("softplus") and r["compare"]["variant"] == "scan"]
assert group[0]["tile"]["tokens"] == 29 and group[0]["tile"]["held_bytes"] > group[0]["tile"]["on_chip_bytes"]
leo2 = {r["compare"]["variant"]: r["time_s"]["median"] for r in records
        if r["device"] == "mannix" and r["stage"] == "model"}
assert leo2["block"] < leo2["scan"] < leo2["none"]
PYTHON
run 0 "report" report models --out again
says "report" out "cannot part scan from contract"

# Impossible ones, one line each.
run 2 "a device that cannot" --platform fpga-model:fastmamba-vc709 --fusion none
says "a device that cannot" err fastmamba-vc709 scan contract "unit 'scan'"
run 2 "a unit behind a link" --platform leo2-model --fusion in_proj+conv --model mnist-mamba
says "a unit behind a link" err "unit 'fc'" in_proj conv link
run 2 "no kernel" --platform cpu --fusion contract+skip,softplus+discretize --model mnist-mamba
says "no kernel" err "no kernel covers softplus+discretize on cpu"
run 2 "a cycle" --platform cpu --fusion silu+discretize --model mnist-mamba
says "a cycle" err silu+discretize cycle
run 2 "twice" --platform cpu --fusion block,scan --model mnist-mamba
says "twice" err "named twice"
run 2 "timed variants of a model" --platform fpga-model --compare isa
says "timed variants of a model" err modelled fusion

((failures == 0)) && echo "all passed"
((failures == 0))
