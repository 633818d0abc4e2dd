#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: 2026 The mamba-bench developers
#
# The trained MNIST classifier, whose data are not part of the project: $MAMBA_BENCH_DATA/mnist-mamba, or
# shared/data beside the project's folder.
set -euo pipefail
program=$1
data=${MAMBA_BENCH_DATA:-$(cd "$(dirname "$0")/../.." && pwd)/shared/data}/mnist-mamba
if [[ ! -d $data ]]; then
    echo "skipped: no folder $data (set MAMBA_BENCH_DATA)"
    exit 77
fi
out=$("$program" eval --checkpoint "$data" --images "$data/t10k-images-idx3-ubyte.gz" \
    --labels "$data/t10k-labels-idx1-ubyte.gz" --reference "$data/logits.safetensors")
echo "$out"
grep -q "9726 of 10000 images right, accuracy 97.26 %" <<<"$out"
grep -q " ok$" <<<"$out"

# What the LEO2 board would make of it, and the scaling that brings the documented arithmetic back.
out=$("$program" eval --checkpoint "$data" --images "$data/t10k-images-idx3-ubyte.gz" \
    --labels "$data/t10k-labels-idx1-ubyte.gz" --platform leo2-model)
echo "$out"
python3 - <<PYTHON
points = {line[2:34].strip(): float(line[34:].split()[1]) for line in """$out""".splitlines() if line[:3] in ("  d", "  m")}
assert len(points) == 12 and points["documented, 127"] < -10 and points["mannix-rtl, 127"] < -50
for way in "documented, tensor", "documented, row", "mannix-rtl, row, midpoint":
    assert abs(points[way]) <= 0.5
PYTHON
