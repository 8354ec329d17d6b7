#!/usr/bin/env bash
# Installs the programs that check the OpenAPI document, in the versions pinned in
# scripts/contract/, into a cache folder, and prints that folder. Does nothing if they are
# installed. With root and apt, Python and Node are installed, too.
set -euo pipefail
cd "$(dirname "$0")/contract"
cache=${CONTRACT_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/accunode/contract}

pins=$(cat requirements.txt package-lock.json | sha256sum | cut -d' ' -f1)
if [ "$(cat "$cache/pins" 2>/dev/null)" = "$pins" ]; then
  echo "$cache"
  exit 0
fi

# A temporary failure of a registry fails no run.
persist() {
  for pause in 5 20 60; do
    "$@" >&2 && return
    echo "again in $pause s: $1 failed" >&2
    sleep "$pause"
  done
  "$@" >&2
}

has_programs() { python3 -c 'import ensurepip, venv' 2>/dev/null && command -v npm >/dev/null; }
if ! has_programs; then
  if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    cat >&2 <<END
Python 3 with venv, and Node with npm, are needed to check the OpenAPI document. Install them:
  Debian, Ubuntu   sudo apt-get install python3 python3-venv nodejs npm
  Fedora           sudo dnf install python3 nodejs-npm
  Alpine           sudo apk add python3 nodejs npm
  macOS            brew install python node
END
    exit 1
  fi
  export DEBIAN_FRONTEND=noninteractive
  persist apt-get update
  command -v npm >/dev/null || apt-get install --yes --no-install-recommends nodejs npm >&2
  apt-get install --yes --no-install-recommends python3 python3-venv >&2
fi

rm -rf "$cache"
mkdir -p "$cache"
python3 -m venv "$cache/python"
persist "$cache/python/bin/pip" install --quiet --disable-pip-version-check --requirement requirements.txt
cp package.json package-lock.json "$cache"
persist npm ci --prefix "$cache" --ignore-scripts --no-audit --no-fund --loglevel=error
echo "$pins" >"$cache/pins"
echo "$cache"
