#!/usr/bin/env bash
# Schemathesis sends valid and invalid requests, according to docs/openapi.json, to every operation
# of `accunode serve --ephemeral`, for CONTRACT_SECONDS each as super_admin and as a user.
# CONTRACT_PROGRAM names an existing build of the program.
set -euo pipefail
cd "$(dirname "$0")/.."
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$HOME/.cache/accunode/target}"
tools=$(scripts/install-contract-tools.sh)
program=${CONTRACT_PROGRAM:-}
if [ -z "$program" ]; then
  cargo build --quiet --package accunode
  program=$CARGO_TARGET_DIR/debug/accunode
fi
exec "$tools/python/bin/python" scripts/contract/explore.py "$program" "${CONTRACT_SECONDS:-75}"
