#!/usr/bin/env bash
# Checks the layers: no database, web or cache library may be used by the domain, the ports or the
# use cases, and the domain needs no runtime at all. Paths are written once, and break-glass is used
# by one module.
set -euo pipefail
cd "$(dirname "$0")/.."

fail=0
forbid() { # package, pattern of crate names
  local found
  found=$(cargo tree --package "$1" --edges normal --prefix none --format '{p}' --all-features |
    cut -d' ' -f1 | sort -u | grep -E -x "$2" || true)
  if [ -n "$found" ]; then
    echo "error: $1 must not depend on: $(echo "$found" | tr '\n' ' ')" >&2
    fail=1
  fi
}
outside='(sea-orm|sea-query|sqlx|actix|redis|deadpool|tract|object_store|calamine|utoipa|accunode-(postgres|redis|local|files|scoring|web|migration)).*|accunode'
forbid accunode-domain "$outside|tokio.*|futures.*|accunode-(ports|application)|mockall"
forbid accunode-ports "$outside|tokio.*|accunode-application"
forbid accunode-application "$outside"
forbid accunode-embedded-postgres 'accunode-(domain|ports|application|postgres|migration|local|web).*|accunode'
forbid accunode-web '(sea-orm|sqlx|redis|tract|object_store|calamine|accunode-(postgres|redis|local|files|scoring|migration)).*|accunode'

# The layers of the web crate: HTTP, then resources, then the application and its document. Test
# modules may use higher layers.
leads_up() { # floor, pattern of what stands above
  local found
  found=$(find crates/web/src/$1 -name '*.rs' ! -name 'tests.rs' | sort |
    while read -r file; do
      awk -v file="$file" '/^#\[cfg\(test\)\]/ { exit } { print file ":" FNR ": " $0 }' "$file"
    done | grep -vE '^[^ ]+ *//' | grep -E "crate::($2)\b" || true)
  if [ -n "$found" ]; then
    printf 'error: an import leads up:\n%s\n' "$found" >&2
    fail=1
  fi
}
assembly='docs|lobby|openapi|routes|configure|app'
leads_up http "v1|health|html|$assembly"
for resources in v1 html health.rs; do
  leads_up "$resources" "$assembly"
done
# A path of the API is written only once, by its resource.
code=$(find crates/web/src -name '*.rs' ! -name 'tests.rs' ! -path '*/tests/*' |
  while read -r file; do awk '/^#\[cfg\(test\)\]/ { exit } { print }' "$file"; done | grep -vE '^ *//')
paths=$(grep -oE 'const [A-Z_]+: &str = "/[^"]*"' <<<"$code" | grep -oE '"/.*"')
[ "$(wc -l <<<"$paths")" -gt 50 ] || paths='the paths were not found'
while read -r path; do
  if [ "$(grep -oF "$path" <<<"$code" | wc -l)" -ne 1 ]; then
    echo "error: $path must stand in crates/web/src once" >&2
    fail=1
  fi
done <<<"$paths"
# A row of another user is shown only after the read is in the audit log: one module does both. The
# other two follow an upload that was read so when the request began.
used=$(grep -rl 'scope_with_break_glass' crates/application/src crates/web/src crates/server/src |
  grep -vxE 'crates/application/src/owned_row.rs|crates/web/src/v1/bulk_uploads/(events|waiting).rs' || true)
if [ -n "$used" ]; then
  echo "error: rows are read by Caller::read_row, not by break-glass of their own: $used" >&2
  fail=1
fi
exit $fail
