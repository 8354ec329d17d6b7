#!/usr/bin/env bash
# Compares the files of different programs with the plain CSV: see scripts/writers.py. The packages
# are those of the Python that runs it; missing packages are reported and skipped.
set -euo pipefail
cd "$(dirname "$0")/.."
target="${CARGO_TARGET_DIR:-$HOME/.cache/accunode/target}"
cargo build --quiet --package accunode
for seed in ${SEEDS:-1 2 3}; do
  python3 scripts/writers.py "$target/debug/accunode" "$seed"
done
