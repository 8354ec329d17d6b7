#!/usr/bin/env bash
# Changes the domain line by line and checks that the domain's own tests notice. Users who embed the
# domain crate have only these tests.
#
#   scripts/mutants.sh            every change: in the access rules none may go unnoticed,
#                                 elsewhere at most 5 %
#   scripts/mutants.sh sample     a dozen changes to the access rules, always the same: for
#                                     the continuous integration, a few minutes
#   scripts/mutants.sh access 3/20    the third of twenty parts of the changes to the access
#                                     rules; `rest 3/20` those of everything else
set -euo pipefail
cd "$(dirname "$0")/.."
# A separate target directory: the changed copies must not mix with ordinary builds.
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$HOME/.cache/accunode/target}-mutants"
version=27.1.0
output=$CARGO_TARGET_DIR/mutants

if ! cargo mutants --version 2>/dev/null | grep -qF "$version"; then
  # Compiled once. If the registry is unavailable, a sample is skipped with a message.
  if ! cargo install --quiet --locked "cargo-mutants@$version"; then
    echo "error: cargo-mutants $version is not there and could not be installed" >&2
    [ "${1:-}" = sample ] && exit 0
    exit 1
  fi
fi

run() { # name, what selects the files, what else
  local name=$1 selection=$2
  shift 2
  rm -rf "${output:?}/$name"
  mkdir -p "$output/$name"
  # Exits with 2 if a change was not noticed, with 3 if one ended in a timeout; both are counted
  # below. Any other status is a failure of the run itself.
  local status=0
  cargo mutants --package accunode-domain "$selection" 'crates/domain/src/access/**' \
    --output "$output/$name" --timeout 120 --colors never --no-times --cap-lints=true "$@" \
    -- --lib --tests || status=$?
  case $status in 0 | 2 | 3) ;; *) exit "$status" ;; esac
  count() { wc -l <"$output/$name/mutants.out/$1.txt"; }
  missed=$(count missed)
  tried=$((missed + $(count caught) + $(count timeout)))
  echo "$name: $missed of $tried changes went unnoticed"
}

part=()
[ $# -lt 2 ] || part=(--shard "$2")
if [ "${1:-}" = sample ]; then
  # The tests have already passed without changes.
  run access --file --shard 0/28 --baseline skip
  [ "$missed" -eq 0 ] || exit 1
  exit 0
fi
if [ "${1:-access}" = access ]; then
  run access --file "${part[@]}"
  [ "$missed" -eq 0 ] || exit 1
fi
if [ "${1:-rest}" = rest ]; then
  run rest --exclude "${part[@]}"
  [ $((missed * 20)) -le "$tried" ] || exit 1
fi
