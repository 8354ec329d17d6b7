#!/usr/bin/env bash
# Builds the release files: the Debian package and the software bill of materials (CycloneDX), in
# `dist/` of the target directory. The tools are compiled once.
set -euo pipefail
cd "$(dirname "$0")/.."
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$HOME/.cache/accunode/target}"
dist=$CARGO_TARGET_DIR/dist
for tool in cargo-deb@3 cargo-cyclonedx@0.5; do
  name=${tool%@*}
  command -v "$name" >/dev/null || cargo install --quiet --locked "$tool"
done

cargo build --release --locked --package accunode
program=$CARGO_TARGET_DIR/release/accunode
rm -rf "$dist"
mkdir -p "$dist/man" "$dist/completions"
"$program" man "$dist/man"
"$program" completions bash >"$dist/completions/accunode"
"$program" completions zsh >"$dist/completions/_accunode"
"$program" completions fish >"$dist/completions/accunode.fish"

cargo deb --package accunode --no-build --output "$dist/"
# The tool writes a file for each manifest; only the one of the program is released.
cargo cyclonedx --manifest-path crates/server/Cargo.toml --format json --target-in-filename \
  --override-filename accunode.cdx >/dev/null
mv crates/server/accunode.cdx*.json "$dist/accunode.cdx.json"
find . -name 'accunode.cdx*.json' -not -path './target/*' -delete
ls -l "$dist"
