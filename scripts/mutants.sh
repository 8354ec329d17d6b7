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
# A change compiles faster without debug information, and only what it changed.
export CARGO_PROFILE_DEV_DEBUG=0 CARGO_INCREMENTAL=1

if ! cargo mutants --version 2>/dev/null | grep -qF "$version"; then
  # Compiled once. If the registry is unavailable, a sample is skipped with a message.
  if ! cargo install --quiet --locked "cargo-mutants@$version"; then
    echo "error: cargo-mutants $version is not there and could not be installed" >&2
    [ "${1:-}" = sample ] && exit 0
    exit 1
  fi
fi

mutate() { # name, options that select the changes, `--`, the tests to run
  local name=$1
  shift
  rm -rf "${output:?}/$name"
  mkdir -p "$output/$name"
  # Exits with 2 if a change was not noticed, with 3 if one ended in a timeout; both are counted
  # below. Any other status is a failure of the run itself.
  local status=0
  cargo mutants --package accunode-domain --output "$output/$name" --timeout 120 --colors never \
    --no-times --cap-lints=true "$@" || status=$?
  case $status in 0 | 2 | 3) ;; *) exit "$status" ;; esac
  count() { wc -l <"$output/$name/mutants.out/$1.txt"; }
  missed=$(count missed)
  tried=$((missed + $(count caught) + $(count timeout)))
}

report() { echo "$1: $missed of $tried changes went unnoticed"; }

# The changes to the access rules: first the matrix alone, which is quick to build and notices
# nearly all of them; then every test of the domain for the others.
access() { # more options of cargo-mutants
  mutate access --file 'crates/domain/src/access/**' "$@" -- --test access_matrix
  if [ "$missed" -gt 0 ]; then
    local of_all=$tried names
    names=$(sed 's/[][\.*^$(){}?+|]/\\&/g' "$output/access/mutants.out/missed.txt" | paste -sd '|')
    mutate access-again --file 'crates/domain/src/access/**' --re "^($names)$" --baseline skip \
      -- --lib --tests
    tried=$of_all
  fi
  report access
  [ "$missed" -eq 0 ] || exit 1
}

rest() {
  mutate rest --exclude 'crates/domain/src/access/**' "$@" -- --lib --tests
  report rest
  [ $((missed * 20)) -le "$tried" ] || exit 1
}

part=()
[ $# -lt 2 ] || part=(--shard "$2")
case ${1:-} in
  # The tests have already passed without changes.
  sample) access --shard 0/28 --baseline skip ;;
  access) access "${part[@]}" ;;
  rest) rest "${part[@]}" ;;
  *)
    access
    rest
    ;;
esac
