#!/usr/bin/env bash
# Compares what different programs write with the plain CSV: see scripts/writers.py. The packages
# are those of the Python that runs it; those that are missing are told and left out.
set -euo pipefail
cd "$(dirname "$0")/.."
target="${CARGO_TARGET_DIR:-$HOME/.cache/accunode/target}"
cargo build --quiet --package accunode
for seed in ${SEEDS:-1 2 3}; do
  python3 scripts/writers.py "$target/debug/accunode" "$seed"
done
