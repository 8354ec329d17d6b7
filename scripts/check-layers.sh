#!/usr/bin/env bash
# The law of the layers: no database, web or cache library reaches the domain, the
# ports or the use cases, and the domain needs no runtime at all.
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
forbid accunode-web '(sea-orm|sqlx|redis|tract|object_store|calamine|accunode-(postgres|redis|local|files|scoring|migration)).*|accunode'
exit $fail
