#!/usr/bin/env bash
# Schemathesis sends every operation what docs/openapi.json allows and what it forbids,
# CONTRACT_SECONDS long as super_admin and as a user each, to `accunode serve --ephemeral`.
# CONTRACT_PROGRAM names a program that was built already.
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
