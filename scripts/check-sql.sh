#!/usr/bin/env bash
# Checks where the adapter contains SQL (docs/adr/0007-seaorm-and-raw-sql.md): repositories start
# from entities, and raw SQL has separate modules.
set -euo pipefail
cd "$(dirname "$0")/../crates/postgres/src"

fail=0
forbid() { # what, remedy, pattern, files or folders where it is allowed
  local what=$1 remedy=$2 pattern=$3 found
  shift 3
  found=$(grep -rnE --include='*.rs' "$pattern" . | grep -vE "^\./(${*:-nowhere})" || true)
  if [ -n "$found" ]; then
    printf 'error: %s; %s:\n%s\n' "$what" "$remedy" "$found" >&2
    fail=1
  fi
}
forbid 'SQL is concatenated' 'start from the entity, or write the statement in a .sql file' \
  'QueryBuilder|\.push\("|\.push_bind\('
forbid 'a statement is sent by sqlx' 'start from the entity' \
  'sqlx::(query|raw_sql)|query_(as|scalar|with)\(' \
  '(bulk/|queue|pool|replica|session|store|unit_of_work|cleanup|maintenance|monitoring|upkeep/|instance_lock|partitions|rollups)'
forbid 'a column is read by its name as a string' 'derive FromQueryResult' \
  '\bget(::<[^(]*>)?\(&?row, "|try_get(::<[^(]*>)?\("[a-z]'
forbid 'a row that has an owner is changed without naming the owner' 'begin with owned_by(grant)' \
  '(companies|annual_predictions|quarterly_predictions)::Entity::(update|delete)_many'
forbid 'a grant is taken and ignored' 'name its owner in the WHERE' '\b_grant\b'
exit $fail
