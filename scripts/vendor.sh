#!/usr/bin/env bash
# Fetches the console's libraries from npm in the versions of crates/console/vendor.lock.json, and
# rewrites that file and the licences. A package's hash is npm's own (`integrity`), which npm
# checks; a file's hash is that of the served file. Files are changed in two ways only: package
# names in their imports become the paths of the files here, since pages have no resolver, and of
# ECharts the modules that crates/console/charts.mjs imports are bundled into one file. The same
# versions of the tools write the same bytes.
set -euo pipefail
cd "$(dirname "$0")/../crates/console"
command -v npm >/dev/null || { echo 'vendor: npm is needed to fetch libraries; the program itself needs none' >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# package version licence file-in-the-package=file-here ...
# A file "@name" is a bundle of the entry crates/console/name. Packages without a file are part of
# such a bundle.
packages=(
  'preact 11.2.0 MIT dist/preact.mjs=preact.js hooks/dist/hooks.mjs=hooks.js'
  'htm 3.1.1 Apache-2.0 dist/htm.mjs=htm.js'
  '@preact/signals-core 1.14.5 MIT dist/signals-core.mjs=signals-core.js'
  '@preact/signals 2.11.4 MIT dist/signals.mjs=signals.js'
  'echarts 6.1.0 Apache-2.0 @charts.mjs=echarts.js'
  'zrender 6.1.0 BSD-3-Clause'
  'tslib 2.3.0 0BSD'
  'qrcode-generator 2.0.4 MIT dist/qrcode.mjs=qrcode.js'
)
# These bundle, and nothing of them is served.
tools=('esbuild 0.28.2' 'terser 5.51.4')

integrity_of() { # package version archive
  local found said
  found="sha512-$(openssl dgst -sha512 -binary "$3" | base64 -w0)"
  said=$(npm view "$1@$2" dist.integrity)
  [ "$found" = "$said" ] || { echo "vendor: $1 is not what npm says it is" >&2; exit 1; }
  echo "$found"
}

mkdir "$work/tools"
made_with=()
for tool in "${tools[@]}"; do
  read -r name version <<<"$tool"
  packed=$(cd "$work" && npm pack --silent "$name@$version")
  integrity=$(integrity_of "$name" "$version" "$work/$packed")
  made_with+=("    { \"name\": \"$name\", \"version\": \"$version\", \"integrity\": \"$integrity\" }")
done
npm install --prefix "$work/tools" --ignore-scripts --no-audit --no-fund --loglevel=error "${tools[@]/ /@}" >&2

: >"$work/licences"
declare -A integrities
for line in "${packages[@]}"; do
  read -r name version licence _ <<<"$line"
  packed=$(cd "$work" && npm pack --silent "$name@$version")
  integrities[$name]=$(integrity_of "$name" "$version" "$work/$packed")
  of="$work/node_modules/$name"
  mkdir -p "$of"
  tar -xzf "$work/$packed" -C "$of" --strip-components=1
  {
    echo "== $name $version ($licence)"
    texts=$(find "$of" -maxdepth 2 -type f \( -iname 'LICEN[SC]E*' -o -iname 'NOTICE*' \) | sort)
    if [ -n "$texts" ]; then while read -r text; do cat "$text"; done <<<"$texts"; else echo "The package names its licence and holds no text of it: $licence."; fi
    echo
  } | tr -d '\r' >>"$work/licences"
done

bundle() { # entry
  cp "$1" "$work/$1"
  (cd "$work" && "tools/node_modules/.bin/esbuild" "$1" --bundle --format=esm --define:process.env.NODE_ENV='"production"' --log-level=warning) \
    | "$work/tools/node_modules/.bin/terser" --module --compress passes=2,ecma=2020 --mangle --comments false
}

entries=()
for line in "${packages[@]}"; do
  read -r name version licence files <<<"$line"
  parts=()
  for pair in $files; do
    from=${pair%%=*} to=${pair##*=}
    entry=""
    if [ "${from#@}" != "$from" ]; then
      bundle "${from#@}" >"assets/vendor/$to"
      entry=" \"entry_sha256\": \"$(sha256sum "${from#@}" | cut -d' ' -f1)\","
    else
      sed -e 's#from"preact/hooks"#from"./hooks.js"#g' -e 's#from"preact"#from"./preact.js"#g' \
        -e 's#from"@preact/signals-core"#from"./signals-core.js"#g' -e 's|//# sourceMappingURL=.*||' \
        "$work/node_modules/$name/$from" >"assets/vendor/$to"
    fi
    parts+=("{ \"path\": \"$to\", \"from\": \"$from\",$entry \"sha256\": \"$(sha256sum "assets/vendor/$to" | cut -d' ' -f1)\" }")
  done
  list=""
  for part in "${parts[@]}"; do list+="${list:+,}
        $part"; done
  entries+=("    {
      \"name\": \"$name\", \"version\": \"$version\", \"licence\": \"$licence\",
      \"integrity\": \"${integrities[$name]}\",
      \"files\": [$list${list:+
      }]
    }")
done
joined() { # items
  printf '%s,\n' "$@" | sed '$s/,$//'
}
{
  printf '{\n  "packages": [\n'
  joined "${entries[@]}"
  printf '  ],\n  "made_with": [\n'
  joined "${made_with[@]}"
  printf '  ]\n}\n'
} >vendor.lock.json
cp "$work/licences" LICENSES-vendor.txt
