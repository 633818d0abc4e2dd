#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: 2026 The mamba-bench developers
#
# A decode step of Mamba2-130M through the simulated Verilog block, as a user runs it.
set -euo pipefail
program=$1
if ! "$program" list parts --format json | tr -d '\n ' | grep -q '"part":"Verilator","for":"--platformfpga-rtl","status":"available"'; then
    echo "skipped: built without Verilator"
    exit 77
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

run() { # OPTION...: the record of the scan
    "$program" --model mamba2-130m --phase decode --stage scan --seqlen 8 --threads 1 --format json "$@" |
        python3 -c '
import json, sys
for line in sys.stdin:
    record = json.loads(line)
    if record.get("stage") == "scan" and record["provenance"] in ("simulated", "modelled"):
        print(json.dumps(record))'
}
fail() { echo "FAILED: $*"; exit 1; }

run --platform fpga-rtl,fpga-model:ssm-block >"$folder/free"
run --platform fpga-rtl --set memory_stall_percent=40 --set memory_seed=7 >"$folder/stalls"
run --platform fpga-rtl --set memory_stall_percent=40 --set memory_seed=7 >"$folder/again"
run --platform fpga-rtl,fpga-model:ssm-block --set dataflow=streaming --set lanes=128 --set port_bits=256 \
    --set ports=axi >"$folder/streaming"

python3 - "$folder" <<'PYTHON'
import json, sys
def read(name):
    return [json.loads(line) for line in open(f"{sys.argv[1]}/{name}")]
rtl, model = read("free")
(stalls,), (again,) = read("stalls"), read("again")
wide, wide_model = read("streaming")
assert rtl["provenance"] == "simulated" and model["provenance"] == "modelled"
ports = rtl["ports"]
assert rtl["cycles"] == sum(ports[kind + "_cycles"] for kind in ("fill", "compute", "stall", "drain"))
assert ports["compute_cycles"] == 14978 == model["cycles"]
# B and C, 8 tiles of dt, dA and D in 6 beats, x, the states; the states and y.
assert ports["in"]["bytes"] == 2 * 2 * 128 + 8 * 6 * 16 + 2 * 1536 + 2 * 196608
assert ports["out"]["bytes"] == 2 * 1536 + 2 * 196608
assert rtl["kernel"] == "ssm_block/tiled_16" and rtl["plan"]["precision"] == "fp16"
# Half precision: 11 bits, and sums of 128 terms.
assert 1e-5 < rtl["error"]["rel_l2"] < 5e-3 and rtl["error"]["reference"] == "float64"
# Stalls cost cycles and no exactness, the same with the same seed.
assert stalls["error"] == rtl["error"] and stalls["cycles"] > rtl["cycles"]
assert stalls["cycles"] == again["cycles"] and stalls["ports"] == again["ports"]
assert stalls["id"] != rtl["id"]
# The other dataflow computes the same words.
assert wide["error"] == rtl["error"] and wide["ports"]["compute_cycles"] == 1653
assert abs(wide["cycles"] - wide_model["cycles"]) <= 1e-9 * wide["cycles"]
PYTHON

# What the source measured stands beside, with nothing claimed of how.
"$program" --platform fpga-model:ssm-block --model mamba2-130m --phase decode --stage scan --format json |
    python3 -c '
import json, sys
records = [json.loads(line) for line in sys.stdin]
published = {r["device"]: r for r in records if r.get("provenance") == "published"}
assert {d: r["time_s"]["median"] for d, r in published.items()} == {
    "Core i7-1165G7": 477e-6, "RTX 4070 Ti SUPER": 202e-6, "SSM block, version 4": 149e-6}, published.keys()
assert all(r["plan"] == {} and "README" in r["note"] for r in published.values())'

refuse() { # TEXT OPTION...
    local text=$1 status=0
    shift
    "$program" --platform fpga-rtl --phase decode --stage scan "$@" >/dev/null 2>"$folder/message" || status=$?
    [[ $status == 2 && $(wc -l <"$folder/message") == 1 ]] || fail "$* gives status $status: $(cat "$folder/message")"
    grep -q -- "$text" "$folder/message" || fail "$* says $(cat "$folder/message")"
}
refuse "built are" --model mamba2-130m --set lanes=3
refuse "positive integer to 24" --model mamba2-130m --seqlen 2 --set tile_heads=25
refuse "integer from 0" --model mamba2-130m --set memory_latency=-1
refuse "integer from 0 to 95" --model mamba2-130m --seqlen 2 --set memory_stall_percent=96
status=0
out=$("$program" --platform fpga-rtl --model mamba-130m --phase decode --stage scan --seqlen 2 --format json) || status=$?
[[ $status == 4 ]] || fail "a run of which nothing can be run gives status $status"
grep -q "the block computes Mamba-2's scan" <<<"$out" || fail "mamba-130m is not skipped with a reason"
