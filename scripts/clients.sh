#!/usr/bin/env bash
# Generates the clients of clients/python and clients/typescript from docs/openapi.json, checks
# their types, runs their tests against `accunode serve --ephemeral`, and builds the packages, a
# wheel and an npm package, in the given folder. CONTRACT_PROGRAM names an existing build of the
# program.
set -euo pipefail
cd "$(dirname "$0")/.."
built=${1:?a folder for the packages}
document=$PWD/docs/openapi.json
tools=$(scripts/install-contract-tools.sh)
python=$tools/python/bin
export ACCUNODE_PROGRAM=${CONTRACT_PROGRAM:?the program}
mkdir -p "$built"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Outside of the repository, so that no generated files remain in it.
mkdir -p "$work/clients" "$work/docs"
cp -r clients/. "$work/clients"
cp -r docs/examples "$work/docs"

echo 'Python client'
cd "$work/clients/python"
PATH=$python:$PATH "$python/openapi-python-client" generate --path "$document" --meta none \
  --config "$OLDPWD/scripts/contract/client.yaml" --output-path accunode_client --fail-on-warning
touch accunode_client/py.typed
"$python/mypy" --strict --no-error-summary accunode
PYTHONPATH=$PWD "$python/python" tests/test_client.py
"$python/python" -m build --no-isolation --outdir "$built" . >"$work/build.log" 2>&1 || {
  cat "$work/build.log"
  exit 1
}

echo 'TypeScript client'
cd "$work/clients/typescript"
"$tools/node_modules/.bin/openapi-typescript" "$document" --output src/schema.ts
"$tools/node_modules/.bin/tsc" --project .
node --test test/
npm pack --silent --pack-destination "$built" >/dev/null
ls "$built"
