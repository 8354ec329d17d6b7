#!/usr/bin/env bash
# Checks the types of the console's modules (JSDoc) with TypeScript, and that docs/openapi.json
# contains every API path that they use. The tools have the versions pinned in scripts/contract and
# are cached. Without Node the script reports it and checks nothing: the program itself needs no
# Node.
set -euo pipefail
cd "$(dirname "$0")/.."
if ! command -v npm >/dev/null; then
  echo 'check-console: SKIPPED, Node with npm is not installed: the types of the console were not checked'
  exit 0
fi
tools=${XDG_CACHE_HOME:-$HOME/.cache}/accunode/console-tools
pins=$(sha256sum scripts/contract/package-lock.json | cut -d' ' -f1)
if [ "$(cat "$tools/pins" 2>/dev/null)" != "$pins" ]; then
  rm -rf "$tools"
  mkdir -p "$tools"
  cp scripts/contract/package.json scripts/contract/package-lock.json "$tools"
  npm ci --prefix "$tools" --ignore-scripts --no-audit --no-fund --loglevel=error >&2
  echo "$pins" >"$tools/pins"
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$tools/node_modules/.bin/openapi-typescript" docs/openapi.json --output "$work/api.d.ts" >/dev/null
# The document contains every path that a module names.
node scripts/console-paths.mjs docs/openapi.json crates/console/assets
# The document provides the types of `get` and similar functions: assets/parts/types.d.ts.
assets=$PWD/crates/console/assets
cat >"$work/tsconfig.json" <<END
{
  "compilerOptions": {
    "noEmit": true, "allowJs": true, "checkJs": true, "strict": true, "skipLibCheck": true, "types": [],
    "target": "es2022", "module": "es2022", "moduleResolution": "bundler", "lib": ["es2023", "dom", "dom.iterable"],
    "paths": { "accunode-api": ["$work/api.d.ts"] }
  },
  "files": ["$assets/app.js", "$assets/theme.js"]
}
END
"$tools/node_modules/.bin/tsc" -p "$work/tsconfig.json"
