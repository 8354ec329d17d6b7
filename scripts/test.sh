#!/usr/bin/env bash
# Runs the tests; arguments go to the runner, so that a name narrows them to those that
# contain it. One PostgreSQL and one Redis serve them all: the kit starts them, and stops
# them when the runner has ended.
set -euo pipefail
cd "$(dirname "$0")/.."
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$HOME/.cache/accunode/target}"

# Always the whole workspace: another selection of packages would unify the features of
# dependencies otherwise, and build them a second time.
if cargo nextest --version >/dev/null 2>&1; then
  runner=(cargo nextest run --workspace)
else
  runner=(cargo test --workspace --lib --bins --tests)
fi
# Apart from the run: nextest refuses to build only when it is told to go on after a failure.
"${runner[@]}" --no-run
"$CARGO_TARGET_DIR/debug/with-postgres" "${runner[@]}" --no-fail-fast "$@"
# nextest runs no examples of the documentation.
if [ $# -eq 0 ]; then
  cargo test --quiet --workspace --doc
fi
