#!/usr/bin/env bash
# Fetches the console's libraries from npm in the versions of crates/console/vendor.lock.json, and
# rewrites that file and the licences. A package's hash is npm's own (`integrity`), which npm
# checks; a file's hash is that of the served file. The only change to a file: package names in its
# imports become the paths of the files here, since pages have no resolver.
set -euo pipefail
cd "$(dirname "$0")/../crates/console"
command -v npm >/dev/null || { echo 'vendor: npm is needed to fetch libraries; the program itself needs none' >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# package version licence file-in-the-package=file-here ...
packages=(
  'preact 11.2.0 MIT dist/preact.mjs=preact.js hooks/dist/hooks.mjs=hooks.js'
  'htm 3.1.1 Apache-2.0 dist/htm.mjs=htm.js'
  '@preact/signals-core 1.14.5 MIT dist/signals-core.mjs=signals-core.js'
  '@preact/signals 2.11.4 MIT dist/signals.mjs=signals.js'
  'echarts 6.1.0 Apache-2.0 dist/echarts.common.min.js=echarts.js'
  'qrcode-generator 2.0.4 MIT dist/qrcode.mjs=qrcode.js'
)
: >"$work/licences"
entries=()
for line in "${packages[@]}"; do
  read -r name version licence files <<<"$line"
  packed=$(cd "$work" && npm pack --silent "$name@$version")
  mkdir "$work/package-of"
  tar -xzf "$work/$packed" -C "$work/package-of"
  integrity="sha512-$(openssl dgst -sha512 -binary "$work/$packed" | base64 -w0)"
  said=$(npm view "$name@$version" dist.integrity)
  [ "$integrity" = "$said" ] || { echo "vendor: $name is not what npm says it is" >&2; exit 1; }
  {
    echo "== $name $version ($licence)"
    text=$(find "$work/package-of/package" -maxdepth 1 -iname 'LICEN[SC]E*' | head -1)
    if [ -n "$text" ]; then cat "$text"; else echo "The package names its licence and holds no text of it: $licence."; fi
    echo
  } >>"$work/licences"
  parts=()
  for pair in $files; do
    from=${pair%%=*} to=${pair##*=}
    sed -e 's#from"preact/hooks"#from"./hooks.js"#g' -e 's#from"preact"#from"./preact.js"#g' \
      -e 's#from"@preact/signals-core"#from"./signals-core.js"#g' -e 's|//# sourceMappingURL=.*||' \
      "$work/package-of/package/$from" >"assets/vendor/$to"
    parts+=("{ \"path\": \"$to\", \"from\": \"$from\", \"sha256\": \"$(sha256sum "assets/vendor/$to" | cut -d' ' -f1)\" }")
  done
  entries+=("    {
      \"name\": \"$name\", \"version\": \"$version\", \"licence\": \"$licence\",
      \"integrity\": \"$integrity\",
      \"files\": [
        $(printf '%s,\n        ' "${parts[@]}" | sed '$d' | sed '$s/,$//')
      ]
    }")
  rm -rf "$work/package-of"
done
{
  printf '{\n  "packages": [\n'
  printf '%s,\n' "${entries[@]}" | sed '$s/,$//'
  printf '  ]\n}\n'
} >vendor.lock.json
cp "$work/licences" LICENSES-vendor.txt
