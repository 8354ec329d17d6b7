#!/usr/bin/env bash
# Checks that others can use the OpenAPI document: a validator and Spectral find no fault, clients
# are generated for Python and TypeScript, and the Python client runs the session of the README
# against the program. Tests check that docs/openapi.json is the document that the program serves.
# CONTRACT_PROGRAM names an existing build of the program.
set -euo pipefail
cd "$(dirname "$0")/.."
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$HOME/.cache/accunode/target}"
document=$PWD/docs/openapi.json
settings=$PWD/scripts/contract
tools=$(scripts/install-contract-tools.sh)
python=$tools/python/bin
work=$(mktemp -d)
server=
finish() {
  status=$?
  if [ -n "$server" ]; then
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  [ $status -eq 0 ] || [ ! -e "$work/server.log" ] || tail -n 20 "$work/server.log" >&2
  rm -rf "$work"
  exit $status
}
trap finish EXIT

echo 'OpenAPI 3.1 validator'
"$python/openapi-spec-validator" --subschema-errors all "$document"

echo 'Spectral'
"$tools/node_modules/.bin/spectral" lint --ruleset "$settings/spectral.yaml" \
  --fail-severity warn "$document"

echo 'TypeScript client'
"$tools/node_modules/.bin/openapi-typescript" "$document" --output "$work/accunode.ts"
"$tools/node_modules/.bin/tsc" --noEmit --strict --skipLibCheck "$work/accunode.ts"

echo 'Python client'
PATH=$python:$PATH "$python/openapi-python-client" generate --path "$document" --meta none \
  --config "$settings/client.yaml" --output-path "$work/accunode_client" --fail-on-warning
"$python/python" -m compileall -q "$work/accunode_client"

echo 'The session of the README, by the Python client'
program=${CONTRACT_PROGRAM:-}
if [ -z "$program" ]; then
  cargo build --quiet --package accunode
  program=$CARGO_TARGET_DIR/debug/accunode
fi
# If root starts PostgreSQL, it runs as another account, which must be able to read its data.
chmod 711 "$work"
ACCUNODE_DATA_DIR=$work/data ACCUNODE_LISTEN=127.0.0.1:0 ACCUNODE_LOG_FORMAT=json \
  "$program" serve >"$work/server.log" 2>&1 &
server=$!
PYTHONPATH=$work "$python/python" "$settings/session.py" "$work/server.log" docs/examples/annual.csv

CONTRACT_PROGRAM=$program scripts/clients.sh "$work/packages"
