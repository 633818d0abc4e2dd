#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: 2026 The mamba-bench developers
#
# The program as a user runs it: test_program.sh PROGRAM. Each case names itself when it fails.
set -uo pipefail
program=$1
data=$(cd "$(dirname "$0")/data" && pwd)
configs=$(cd "$(dirname "$0")/../configs" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
failures=0 cases=0

fail() {
    echo "FAILED: $1"
    sed 's/^/    | /' err out 2>/dev/null | cut -c 1-160 | head -n 20
    failures=$((failures + 1))
}

# expect STATUS NAME ARGUMENTS...: the exit status is right; a status above 0 comes with exactly one line on
# stderr (or, for 1, with a table that says FAILED).
expect() {
    local wanted=$1 name=$2
    shift 2
    cases=$((cases + 1))
    "$program" "$@" >out 2>err </dev/null
    local status=$?
    ((status == wanted)) || { fail "$name: status $status, expected $wanted"; return; }
    sed -i '/^mamba-bench \[[0-9]* s\]: /d' err # a slow machine says how far it is
    ((status < 2 || $(wc -l <err) == 1)) || fail "$name: not one line of error"
}

says() { # NAME TEXT...: the last error names every text
    local name=$1 text
    shift
    for text in "$@"; do
        grep -qF -- "$text" err || fail "$name: the error does not say '$text'"
    done
}

prints() { # NAME TEXT...
    local name=$1 text
    shift
    for text in "$@"; do
        grep -qF -- "$text" out || fail "$name: the output lacks '$text'"
    done
}

quick=(--repetitions 1 --min-time 0.001 --threads 2)
tiny=$data/golden/mamba1-tiny

# Help and lists
expect 0 "no arguments" && prints "no arguments" "Usage:" "validate"
for command in run list check eval validate report; do
    expect 0 "$command --help" $command --help && prints "$command --help" "Usage: mamba-bench" "--"
done
expect 0 "version" --version
for list in platforms devices models stages kernels counters parts; do
    expect 0 "list $list" list $list
    expect 0 "list $list as JSON" list $list --format json
    python3 -c 'import json, sys; assert json.load(open("out"))' || fail "list $list: not JSON"
done
expect 0 "list platforms" list platforms && prints "list platforms" cpu leo2-model fpga-model measured modelled
expect 0 "list devices" list devices && prints "list devices" fpga-model:ssm-block leo2-model:mannix assumed \
    "ports=free of free|axi: free: operands are there" "(with dataflow!=unfused)"
expect 0 "list models" list models && prints "list models" mamba-130m mamba2-2.7b mnist-mamba 129135360

# Wrong usage
expect 2 "unknown command" frobnicate && says "unknown command" frobnicate validate
expect 2 "unknown option" --platfrom cpu && says "unknown option" --platfrom --help
expect 2 "missing value" --platform && says "missing value" --platform
expect 2 "unknown platform" --platform abacus && says "unknown platform" abacus "list platforms"
expect 2 "unknown device" --platform fpga-model:none && says "unknown device" none
expect 2 "path as device" --platform fpga-model:../../x && says "path as device" x
expect 2 "unknown model" --platform cpu --model mamba-1t && says "unknown model" mamba-1t
expect 2 "seqlen 0" --platform cpu --seqlen 0 && says "seqlen 0" "--seqlen 0" "at least 1"
expect 2 "seqlen text" --platform cpu --seqlen 12x && says "seqlen text" "12x"
expect 2 "seqlen overflow" --platform cpu --seqlen 99999999999999999999 && says "seqlen overflow" --seqlen
expect 2 "threads too large" --platform cpu --threads 1e99 && says "threads too large" "--threads 1e99: too large"
expect 2 "seed too large" --platform cpu --seed 18446744073709551616 &&
    says "seed too large" "--seed 18446744073709551616: too large"
expect 2 "precision of a model" --platform fpga-model:fastmamba-vc709 --precision bf16 && says "precision of a model" --precision cpu
expect 2 "isa of a model" --platform leo2-model --isa scalar && says "isa of a model" --isa cpu
expect 2 "threads of a model" --platform leo2-model --threads 1 && says "threads of a model" --threads cpu
expect 0 "backward stages" list stages
grep -qE '^ *(scan|norm)_backward +- +-' out && fail "backward stages: without kernels"
expect 2 "seqlen too large" --platform fpga-model --seqlen 9000000000000000000 && says "seqlen too large" "too large"
expect 2 "seqlen of a classifier" --platform leo2-model --model mnist-mamba --seqlen 1,9 &&
    says "seqlen of a classifier" "--seqlen 9" "mnist-mamba is a classifier" --batch
expect 0 "own seqlen of a classifier" --platform leo2-model --model mnist-mamba --stage model --format json
grep -q '"phase":"prefill","batch":1,"seqlen":1,' out || fail "own seqlen of a classifier: not one token"
expect 2 "batch 0" --platform cpu --batch 0 && says "batch 0" --batch
expect 2 "threads" --platform cpu --threads 100000 && says "threads" --threads
expect 2 "unknown stage" --platform fpga-model --stage soup && says "unknown stage" soup "list stages"
expect 2 "unknown phase" --platform fpga-model --phase sleep && says "unknown phase" sleep prefill
expect 2 "impossible fusion" --platform fpga-model --fusion conv+gate && says "impossible fusion" conv gate
expect 2 "uncovered fusion" --platform cpu --model mnist-mamba --fusion skip+gate "${quick[@]}" &&
    says "uncovered fusion" "no kernel covers skip+gate on cpu"
expect 2 "uncovered fusion elsewhere" --platform cpu --fusion x_proj+dt_proj --stage scan --phase prefill --seqlen 4 \
    "${quick[@]}" &&
    says "uncovered fusion elsewhere" "no kernel covers x_proj+dt_proj on cpu"
expect 2 "none among fusions" --platform cpu --fusion none,scan && says "none among fusions" "'none' stands alone"
expect 2 "backward stage in prefill" --platform cpu --fusion scan_backward --phase prefill &&
    says "backward stage in prefill" "no stage 'scan_backward' in prefill"
expect 2 "unknown isa" --platform cpu --isa mmx && says "unknown isa" mmx avx2
expect 2 "bad setting" --platform leo2-model --set transfer && says "bad setting" KEY=VALUE
expect 2 "unknown setting" --platform leo2-model --set colour=red && says "unknown setting" colour
expect 2 "operand" --platform cpu extra && says "operand" extra
expect 2 "check of a length that cannot be" check --stage norm --seqlen 99999999999 &&
    says "check of a length that cannot be" "--seqlen 99999999999" "at most"
expect 0 "check of integers" check --stage matmul --isa scalar --seqlen 5 && prints "check of integers" \
    "exact: equal, bit by bit, to its precision's own integer arithmetic" " exact"
expect 0 "check of a stage" check --stage dt_proj --isa scalar --seqlen 5 && prints "check of a stage" matmul
expect 2 "check of no stage" check --stage nothing && says "check of no stage" "--stage nothing" "list stages"
expect 2 "option of another command" check --platform cpu && says "option of another command" --platform
for later in "--cache cold"; do
    # shellcheck disable=SC2086
    expect 2 "$later" --platform cpu --model mnist-mamba $later && says "$later" "not built yet"
done
expect 2 "recompute without training" --platform cpu --recompute store &&
    says "recompute without training" "only --phase train has a backward pass"
expect 2 "bad recompute" --platform cpu --phase train --recompute soup &&
    says "bad recompute" "must be store, recompute or checkpoint:K"
expect 2 "too many layers" --platform cpu --layers 25 && says "too many layers" "mamba-130m has 24"
expect 2 "unknown scan" --platform cpu --scan soup && says "unknown scan" soup sequential ssd:N
expect 2 "recompute compared without training" --platform cpu --compare recompute &&
    says "recompute compared without training" "only --phase train"
expect 2 "chunk with a sign" --platform cpu --scan chunked:+8 && says "chunk with a sign" "whole number of steps"
expect 2 "chunk of no steps" --platform cpu --scan chunked:0 && says "chunk of no steps" chunked:0 "from 1"
expect 2 "chunk of a scan without" --platform cpu --scan blelloch:4 && says "chunk of a scan without" "no chunks"
expect 2 "ssd on Mamba-1" --platform cpu --model mnist-mamba --scan ssd && says "ssd on Mamba-1" ssd mamba1
expect 2 "scan without a kernel" --platform cpu --checkpoint "$data/golden/mamba2-tiny" --phase prefill --seqlen 4 --scan blelloch &&
    says "scan without a kernel" blelloch softplus+scan+skip
expect 2 "scan that a device lacks" --platform fpga-model --model mamba2-130m --scan blelloch &&
    says "scan that a device lacks" blelloch fastmamba "'ssd'"
expect 2 "empty seqlen" --platform cpu --seqlen 4,,8 && says "empty seqlen" 4,,8
expect 2 "value missing after an operand" list models --format && says "value missing after an operand" --format
expect 2 "platform twice" --platform leo2-model,leo2-model && says "platform twice" "named twice"
expect 2 "unknown cpu device" --platform cpu:nonsense --model mnist-mamba && says "unknown cpu device" nonsense
expect 2 "setting for no platform" --platform cpu --model mnist-mamba --set transfer=tcm &&
    says "setting for no platform" transfer
expect 2 "bad choice of a setting" --platform leo2-model --set transfer=soup && says "bad choice of a setting" byte_rmw
expect 2 "more threads than processors" --platform cpu --model mnist-mamba --threads 4000 &&
    says "more threads than processors" processors
expect 2 "stages of no group" --platform fpga-model --stage conv+scan && says "stages of no group" conv+scan "nothing"
expect 2 "stages of no group, two lengths" --platform cpu --phase prefill --seqlen 4,8 --fusion none --stage conv+silu \
    "${quick[@]}" && says "stages of no group, two lengths" conv+silu "nothing"
expect 2 "backward stage of prefill" --platform fpga-model --phase prefill --stage backward &&
    says "backward stage of prefill" backward
expect 2 "stage beside a plus" --platform fpga-model --stage conv+ && says "stage beside a plus" "conv+" "list stages"
expect 2 "stage of another architecture" --platform fpga-model --model mamba2-130m --stage x_proj &&
    says "stage of another architecture" x_proj mamba2-130m
missing=neon
[[ $("$program" list kernels) == */neon* ]] && missing=avx2
expect 4 "instruction set of another processor" --platform cpu --model mnist-mamba --isa $missing &&
    says "instruction set of another processor" $missing
expect 2 "no such command" compare a b && says "no such command" "no command 'compare': use run, list"

# Bad checkpoints
cp -r "$tiny" checkpoint && chmod -R u+w checkpoint
truncate -s 200000 checkpoint/model.safetensors
expect 2 "truncated safetensors" --platform cpu --checkpoint checkpoint && says "truncated safetensors" model.safetensors
cp "$tiny/model.safetensors" checkpoint/
python3 - <<'PYTHON'
import json, struct
path = "checkpoint/model.safetensors"
data = open(path, "rb").read()
size, = struct.unpack("<Q", data[:8])
header = json.loads(data[8:8 + size])
header["backbone.norm_f.weight"]["data_offsets"] = [10**12, 10**12 + 256]
text = json.dumps(header).encode()
open(path, "wb").write(struct.pack("<Q", len(text)) + text + data[8 + size:])
PYTHON
expect 2 "offsets past the end" --platform cpu --checkpoint checkpoint &&
    says "offsets past the end" model.safetensors backbone.norm_f.weight
cp "$tiny/model.safetensors" checkpoint/
sed -i '/"state_size"/d' checkpoint/config.json
expect 2 "config without state_size" --platform cpu --checkpoint checkpoint &&
    says "config without state_size" config.json state_size
expect 2 "no checkpoint" --platform cpu --checkpoint nowhere && says "no checkpoint" nowhere

# Weights that are no numbers
cp "$tiny/config.json" checkpoint/
python3 - "$tiny/model.safetensors" <<'PYTHON'
import struct, sys
data = bytearray(open(sys.argv[1], "rb").read())
size, = struct.unpack("<Q", data[:8])
data[8 + size:] = b"\xff" * (len(data) - 8 - size)
open("checkpoint/model.safetensors", "wb").write(data)
PYTHON
expect 1 "weights are NaN" --platform cpu --checkpoint checkpoint --seqlen 8 --phase prefill "${quick[@]}" --format csv
says "weights are NaN" refused && prints "weights are NaN" "not a number"
for precision in fp32 fp64 bf16 fp16 int8 w8a8 fastmamba; do
    expect 1 "eval of NaN in $precision" eval --checkpoint checkpoint --reference "$tiny/io.safetensors" \
        --precision $precision && says "eval of NaN in $precision" "holds NaN or infinity"
done

# Whole models against float64
available=$("$program" list kernels | awk '$1 ~ /^silu\// && $3 == "available" { print $2 }')
[[ $available == scalar* ]] || fail "list kernels: no scalar silu"
for model in mamba1-tiny mamba2-tiny; do
    for isa in $available; do
        expect 0 "eval $model on $isa" eval --checkpoint "$data/golden/$model" \
            --reference "$data/golden/$model/io.safetensors" --isa $isa
        prints "eval $model on $isa" "prefill" "decode token by token" "prefill, then decode" " ok"
    done
done
for precision in fp64 bf16 fp16 int8; do
    expect 0 "eval in $precision" eval --checkpoint "$data/golden/mamba2-tiny" \
        --reference "$data/golden/mamba2-tiny/io.safetensors" --precision $precision
done
expect 0 "eval without a bound" eval --checkpoint "$data/golden/mamba2-tiny" \
    --reference "$data/golden/mamba2-tiny/io.safetensors" --precision w8a8
prints "eval without a bound" "none  -"
expect 2 "eval without reference" eval --checkpoint "$tiny" && says "eval without reference" --reference
expect 2 "eval with a wrong reference" eval --checkpoint "$tiny" --reference "$tiny/model.safetensors" &&
    says "eval with a wrong reference" input_ids
expect 2 "eval of images by a language model" eval --checkpoint "$tiny" --images a --labels b &&
    says "eval of images by a language model" "language model"
python3 - "$tiny/io.safetensors" <<'PYTHON'
import struct, sys
data = bytearray(open(sys.argv[1], "rb").read())
size, = struct.unpack("<Q", data[:8])
for i in range(8 + size + 640, len(data), 8):   # logits follow 80 ids
    data[i:i + 8] = struct.pack("<d", struct.unpack("<d", data[i:i + 8])[0] * 1.001)
open("off.safetensors", "wb").write(data)
PYTHON
expect 1 "eval finds an error of 1e-3" eval --checkpoint "$tiny" --reference off.safetensors &&
    prints "eval finds an error of 1e-3" FAILED

# The main job, small
expect 0 "three platforms" --platform cpu,leo2-model,fpga-model --checkpoint "$tiny" --seqlen 24 "${quick[@]}" --out run
prints "three platforms" prefill decode modelled "report.html"
files=(records.jsonl report.html topology.xml speedup.svg stages.svg speedup.pdf)
grep -q '"emulated": *true' run/records.jsonl || files+=(roofline.svg)
for file in "${files[@]}"; do
    [[ -s run/$file ]] || fail "three platforms: run/$file is missing"
done
python3 - run/records.jsonl <<'PYTHON' || fail "three platforms: records"
import json, sys
def strict(name):
    raise ValueError(name)
lines = [json.loads(line, parse_constant=strict) for line in open(sys.argv[1])]
environment, records = lines[0], lines[1:]
assert environment["record"] == "environment"
# An emulator's times stand under no roof.
assert ("ceilings" in environment) != environment["emulated"]
assert environment["emulated"] or environment["ceilings"]["runs"]
assert not (environment["emulated"] and any("roofline_fraction" in r.get("rate", {}) for r in records))
stages = "embed norm in_proj conv silu x_proj dt_proj softplus discretize scan contract skip gate out_proj " \
         "residual final_norm head".split()
measured = "simulated" if environment["emulated"] else "measured"
for platform, provenance in (("cpu", measured), ("leo2-model", "modelled"), ("fpga-model", "modelled")):
    for phase in ("prefill", "decode"):
        mine = [r for r in records if r["platform"] == platform and r["phase"] == phase]
        assert all(r["provenance"] == provenance for r in mine)
        names = {r["stage"] for r in mine}
        missing = [s for s in stages if s not in names]
        assert not missing, (platform, phase, missing)
        assert {"stage", "group", "layer", "model"} == {r["scope"] for r in mine}
for r in records:
    assert r["environment"] == environment["id"]
    assert ("time_s" in r) != ("skipped" in r)
    if "time_s" in r:
        assert r["time_s"]["median"] > 0 and r["energy"]["method"] and "error" in r
    if r["platform"] == "cpu" and "time_s" in r:
        assert r["error"]["rel_l2"] < 1e-5 and r["counters"]["status"] in ("ok", "partial", "unavailable")
    assert r["plan"]["precision"] == ("fp32" if r["platform"] == "cpu" else "int8")
assert len({r["id"] for r in records}) == len(records)
PYTHON
expect 2 "nothing is overwritten" --platform leo2-model --model mnist-mamba --out run &&
    says "nothing is overwritten" run/records.jsonl
expect 0 "report again" report run --out again && prints "report again" again/report.html
for file in speedup.svg table.txt records.jsonl; do
    cmp -s run/$file again/$file || fail "report again: $file differs"
done
# Drawn again in place: the records stay as they are, figures that are no more go, foreign files stay
echo '# `gnuplot old.gp` in this folder draws old.svg and old.pdf again.' >again/old.gp
touch again/old.svg && echo mine >again/mine.gp && rm again/table.txt
mkfifo again/pipe.gp
expect 0 "report in place" report again --out again && prints "report in place" again/report.html
for file in table.txt records.jsonl speedup.svg; do
    cmp -s run/$file again/$file || fail "report in place: $file differs"
done
[[ ! -e again/old.gp && ! -e again/old.svg && -e again/mine.gp ]] || fail "report in place: wrong files removed"
expect 0 "report of a file in place" report again/records.jsonl --out ./again
expect 2 "report of two in place" report again run --out again && says "report of two in place" again/records.jsonl
cmp -s run/records.jsonl again/records.jsonl || fail "report of two in place: records differ"

# What fails leaves nothing behind
mkdir broken && printf '#!/bin/sh\necho "line 1: no"\nexit 1\n' >broken/gnuplot && chmod +x broken/gnuplot
ls -A again >before
PATH=$PWD/broken:$PATH expect 1 "report that fails" report run --out failed
grep -q '^mamba-bench: .*failed/.*gnuplot failed' err || fail "report that fails: the error does not say why"
[[ ! -e failed ]] || fail "report that fails: something is left"
PATH=$PWD/broken:$PATH expect 1 "report in place that fails" report again --out again
ls -A again | cmp -s before - || fail "report in place that fails: other files than before"
cmp -s run/table.txt again/table.txt || fail "report in place that fails: the table changed"
mkdir -p blocked/table.txt
mkdir slow
printf '#!/bin/sh\necho theirs >"$TAKEN"\nexec %s "$@"\n' "$(command -v gnuplot)" >slow/gnuplot
chmod +x slow/gnuplot
TAKEN=$PWD/taken/records.jsonl PATH=$PWD/slow:$PATH expect 2 "report where another began" report run --out taken &&
    says "report where another began" "taken: another run or report began in this folder meanwhile"
[[ $(ls -A taken) == records.jsonl && $(<taken/records.jsonl) == theirs ]] ||
    fail "report where another began: its files changed"
expect 1 "report onto a folder" report run --out blocked
[[ $(ls -A blocked) == table.txt ]] || fail "report onto a folder: something is left"

mkdir foreign && echo mine >foreign/report.html
expect 2 "a foreign page" --platform leo2-model --model mnist-mamba --out foreign && says "a foreign page" foreign/report.html
expect 2 "a foreign page and report" report run --out foreign && says "a foreign page and report" foreign/report.html
[[ $(<foreign/report.html) == mine ]] || fail "a foreign page: overwritten"

expect 0 "another instruction set" --platform cpu --checkpoint "$tiny" --seqlen 24 "${quick[@]}" --isa scalar --out scalar
expect 0 "another model" --platform fpga-model --model mnist-mamba --seqlen 1 --out other
expect 0 "report of three runs" report run scalar other --out three && prints "report of three runs" "up to scalar" mnist-mamba
[[ -s three/report.html ]] || fail "report of three runs: no page"
python3 - <<'PYTHON' || fail "another instruction set: ids"
import json
ids = [{json.loads(line)["id"] for line in list(open(f"{folder}/records.jsonl"))[1:]} for folder in ("run", "scalar")]
assert not ids[0] & ids[1]
PYTHON

# The repro line gives the same id.
python3 - <<'PYTHON' >repro || fail "repro: no line"
import json
for line in list(open("run/records.jsonl"))[1:]:
    r = json.loads(line)
    if r["platform"] == "cpu" and r["stage"] == "conv+silu" and r["phase"] == "decode":
        print(r["id"])
        print(r["repro"].removeprefix("mamba-bench "))
PYTHON
cases=$((cases + 1))
eval "\"$program\" $(tail -n 1 repro) --format json" >out 2>err || fail "repro: does not run"
grep -q "\"id\":\"$(head -n 1 repro)\"" out || fail "repro: another id"

# Formats
for format in json csv gbench; do
    expect 0 "format $format" --platform cpu,fpga-model --model mnist-mamba --seqlen 1 "${quick[@]}" \
        --repetitions 3 --format $format
    cp out run.$format
done
python3 - <<'PYTHON' || fail "formats: structure"
import csv, json
for line in open("run.json"):
    json.loads(line)
rows = list(csv.DictReader(open("run.csv", newline="")))
assert rows and all(r["provenance"] for r in rows)
gbench = json.load(open("run.gbench"))
assert gbench["context"] and gbench["benchmarks"]
PYTHON
compare=/usr/share/benchmark/compare.py
if [[ -f $compare ]]; then
    cases=$((cases + 1))
    /usr/bin/python3 $compare benchmarks run.gbench run.gbench >out 2>err || fail "compare.py does not read gbench"
    grep -q OVERALL_GEOMEAN out || fail "compare.py: no geomean"
fi
expect 0 "one stage" --platform cpu --model mnist-mamba --stage conv --phase prefill --seqlen 1 "${quick[@]}" --format csv
(($(wc -l <out) == 3)) || fail "one stage: conv+silu and conv alone were expected"

# Comparisons
# What there is to compare: kernels of the group with softplus, and instruction sets of softplus itself. The scalar
# reference takes no part.
variants() { # FAMILY COLUMN
    "$program" list kernels | awk -v family="$1/" -v column="$2" \
        'index($1, family) == 1 && $2 != "scalar" && $3 == "available" { print $column }' | sort -u | wc -l
}
declare -A variants=([kernel]=$(variants selective_scan 1) [isa]=$(variants softplus 2) [threads]=2 [precision]=2)
for what in kernel isa threads precision; do
    if ((variants[$what] < 2)); then
        expect 4 "compare $what of one variant" --platform cpu --model mnist-mamba --compare $what --stage softplus &&
            says "compare $what of one variant" "one variant only"
        continue
    fi
    expect 0 "compare $what" --platform cpu --model mnist-mamba --batch 9 --compare $what --stage in_proj,softplus \
        "${quick[@]}" --repetitions 7 --out compare-$what
    prints "compare $what" "Variants compared" "baseline" "A/A control"
    python3 - compare-$what/records.jsonl $what <<'PYTHON' || fail "compare $what: records"
import json, sys
environment, *records = map(json.loads, open(sys.argv[1]))
baselines = {}
for r in records:
    compare = r["compare"]
    assert compare["what"] == sys.argv[2]
    unit = (r["phase"], r["stage"], r["in_plan"])
    if compare["role"] == "baseline":
        baselines[unit] = r
        continue
    if "skipped" in r:
        assert sys.argv[2] == "kernel"
        continue
    assert compare["baseline"] == baselines[unit]["id"]
    low, high = compare["ci95"]
    assert 0 < low <= compare["ratio"] <= high
    if compare["role"] == "control":
        assert r["kernel"] == baselines[unit]["kernel"] and "verdict" not in compare
        continue
    assert compare["verdict"] in ("FASTER", "SLOWER", "SAME", "AMBIGUOUS")
    assert r["error"]["rel_l2"] < 0.1
    differs = {"kernel": "kernel", "isa": "isa", "threads": "threads", "precision": "plan"}[sys.argv[2]]
    assert r[differs] != baselines[unit][differs]
assert {phase for phase, _, _ in baselines} == {"prefill", "decode"} and len(records) > 2 * len(baselines)
PYTHON
done
expect 0 "report of a comparison" report compare-threads && prints "report of a comparison" "Variants compared"
expect 2 "unknown comparison" --platform cpu --compare soup && says "unknown comparison" soup fusion kernel
expect 2 "comparison of a model of a device" --platform cpu,fpga-model --compare kernel &&
    says "comparison of a model of a device" fpga-model modelled
expect 2 "compare nothing" --platform cpu --compare && says "compare nothing" --compare

# Scan algorithms over lengths
expect 0 "compare scan" --platform cpu --model mamba-16-channels --compare scan --seqlen 1,37,300 "${quick[@]}" --out scans &&
    prints "compare scan" "37 tokens" "300 tokens" sequential blelloch chunked baseline
for file in lengths.svg lengths.dat comparison.svg report.html; do
    [[ -s scans/$file ]] || fail "compare scan: no $file"
done
grep -q "layer\|in_proj" scans/records.jsonl && fail "compare scan: more than the scan was timed"
(($(grep -c '"selective_scan/blelloch' scans/records.jsonl) == 3)) || fail "compare scan: not every length has blelloch"
expect 0 "compare scan in the model" --platform cpu --checkpoint "$tiny" --compare scan --stage layer,model --seqlen 37 \
    "${quick[@]}" --out whole-scans
(($(grep -c '"scope":"model".*"compare"' whole-scans/records.jsonl) == 4)) || fail "compare scan in the model: not 4 models"
(($(grep -c '"scope":"layer".*"compare"' whole-scans/records.jsonl) == 4)) || fail "compare scan in the model: not 4 layers"
expect 0 "assumed chunk" --platform leo2-model --model mnist-mamba --scan chunked --stage scan --format json &&
    prints "assumed chunk" '"assumed":["chunks of 256 steps","clock"'
expect 0 "chosen chunk" --platform leo2-model --model mnist-mamba --scan chunked:8 --stage scan --format json
grep -q "chunks of 256" out && fail "chosen chunk: a chunk is said to be assumed"
expect 0 "compare scan on a device" --platform fpga-model:fastmamba-vc709 --compare scan --seqlen 512,1024 --out fpga-scans &&
    prints "compare scan on a device" baseline "blelloch: skipped" "unit 'scan'"
expect 0 "compare scan on a host" --platform leo2-model --compare scan --seqlen 512,1024 --out leo2-scans &&
    prints "compare scan on a host" SLOWER chunked
[[ -s leo2-scans/lengths.svg ]] || fail "compare scan on a host: no lengths.svg"
expect 0 "check one length" check --stage selective_scan --seqlen 67 && prints "check one length" selective_scan/blelloch

# What cannot fit is refused by its sum, and only what --stage wants counts and is run
expect 4 "too much memory" --platform cpu --seqlen 4000000 --batch 8 --stage conv --phase prefill --layers 1
says "too much memory" "the largest, 'in_proj.y'" "are available" "--seqlen"
expect 0 "one stage" --platform cpu --checkpoint "$tiny" --stage embed,silu --phase prefill --format csv "${quick[@]}"
prints "one stage" "conv+silu" ",silu," ",embed,"
! grep -q ",in_proj," out || fail "one stage: others are there"

# Few repetitions say so
expect 0 "one repetition" --platform cpu --checkpoint "$tiny" --stage silu --phase prefill "${quick[@]}"
prints "one repetition" "(one repetition: no interval)"
expect 0 "two repetitions" --platform cpu --checkpoint "$tiny" --stage silu --phase prefill "${quick[@]}" --repetitions 2
prints "two repetitions" "cover the median with 50 %, not 95 %"

# OpenMP's own binding does not narrow what the process may use; taskset does
for binding in OMP_PROC_BIND=true "OMP_PROC_BIND=close OMP_PLACES=cores" GOMP_CPU_AFFINITY=0; do
    export ${binding?}
    expect 0 "$binding" --platform cpu --checkpoint "$tiny" --stage silu --phase prefill --format json \
        --repetitions 1 --min-time 0.001
    unset OMP_PROC_BIND OMP_PLACES GOMP_CPU_AFFINITY
    python3 - <<'END' || fail "$binding: not all processors were used"
import json, os
records = [json.loads(line) for line in open("out")]
allowed = records[0]["topology"]["started_on_pus"]
count = sum(1 + int(r.split("-")[-1]) - int(r.split("-")[0]) for r in allowed.split(","))
assert count == len(os.sched_getaffinity(0)), allowed
assert records[1]["threads"] <= count and (count == 1 or records[1]["threads"] > 1)
END
done
first=$(python3 -c 'import os; print(min(os.sched_getaffinity(0)))')
OMP_PROC_BIND=true taskset -c "$first" "$program" --platform cpu --checkpoint "$tiny" --stage silu --threads 2 >out 2>err
(($? == 2)) && says "taskset" "this process may use 1 processor" || fail "taskset is not obeyed"

# An interrupt ends the run soon, with what is known
cases=$((cases + 1))
"$program" --platform cpu --checkpoint "$tiny" --stage silu,conv --phase prefill --repetitions 1000 --min-time 0.1 --out cut >out 2>err &
run=$!
for ((i = 0; i < 300; i++)); do [[ -s cut/records.jsonl ]] && break; sleep 0.1; done
sleep 2
kill -INT $run
wait $run
status=$?
known=$(($(wc -l <cut/records.jsonl 2>/dev/null || echo 1) - 1))
((status == 1)) && says "interrupt" interrupted || fail "interrupt: status $status"
((known == 0)) || says "interrupt" "interrupted: $known results are in cut"

# In a comparison the rounds of the unit that is being timed are known, too
cases=$((cases + 1))
for ((seconds = 2; seconds <= 64; seconds *= 2)); do
    rm -rf cut
    "$program" --platform cpu --checkpoint "$tiny" --compare scan --phase prefill --seqlen 9 --repetitions 4000 --min-time 0.05 \
        --out cut >out 2>err &
    run=$!
    for ((i = 0; i < 300; i++)); do [[ -s cut/records.jsonl ]] && break; sleep 0.1; done
    sleep $seconds
    kill -INT $run
    wait $run
    status=$?
    known=$(($(wc -l <cut/records.jsonl 2>/dev/null || echo 1) - 1))
    ((known > 0)) && break
done
((status == 1)) && says "interrupt of a comparison" "interrupted: $known results are in cut" ||
    fail "interrupt of a comparison: status $status"
python3 - <<'END' || fail "interrupt of a comparison: records"
import json
environment, *records = map(json.loads, open("cut/records.jsonl"))
assert records and len({r["time_s"]["n"] for r in records}) == 1 and 0 < records[0]["time_s"]["n"] < 4000
END

# Other rooms
expect 0 "validate" validate && prints "validate" "14978" "5.68" "238865"
expect 0 "validate as JSON" validate --device fpga-model:ssm-block --format json
expect 2 "validate without figures" validate --device cpu && says "validate without figures" "no published figures"
expect 2 "validate nothing" validate --device fpga-model:none && says "validate nothing" none
expect 0 "check one stage" check --stage conv && prints "check one stage" conv/reference conv_silu/reference
expect 2 "check nothing" check --stage soup && says "check nothing" soup
MAMBA_BENCH_CONFIGS=/nonexistent expect 2 "no configs" list models && says "no configs" MAMBA_BENCH_CONFIGS

# A broken file is said and hides no other
cp -r "$configs" configs && chmod -R u+w configs
sed -i 's/^clock_hz: .*/clock_hz: fast/' configs/devices/fpga-model-fastmamba-vc709.yaml
sed -i 's/^d_model: .*/d_model: wide/' configs/models/mamba-130m.yaml
export MAMBA_BENCH_CONFIGS=$work/configs
expect 2 "a broken device in a list" list devices && says "a broken device in a list" fpga-model-fastmamba-vc709.yaml clock_hz
prints "a broken device in a list" cpu:generic fpga-model:lightmamba-vck190 leo2-model:mannix
expect 2 "a broken device in JSON" list devices --format json
python3 -c 'import json; assert len(json.load(open("out"))["devices"]) == 5' || fail "a broken device in JSON: not the others"
expect 2 "a broken model in a list" list models && says "a broken model in a list" mamba-130m.yaml d_model
prints "a broken model in a list" mamba-370m mamba2-130m
for chosen in "" "--device fpga-model"; do
    # shellcheck disable=SC2086
    expect 2 "a broken device validated $chosen" validate $chosen && says "a broken device validated $chosen" clock_hz
    prints "a broken device validated $chosen" 14978 "layers of 681,575 words" "0 outside"
done
expect 2 "the broken device validated" validate --device fpga-model:fastmamba-vc709 && says "the broken device validated" clock_hz
[[ -s out ]] && fail "the broken device validated: printed"
unset MAMBA_BENCH_CONFIGS

failed=$((failures < cases ? failures : cases))
echo "$((cases - failed)) passed, $failed failed"
((failures == 0))
