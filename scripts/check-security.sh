#!/usr/bin/env bash
# Checks docs/security.md as far as a program can: the files and tests that it names exist, it lists
# every requirement once, and its totals are those of its tables.
set -euo pipefail
cd "$(dirname "$0")/.."
document=docs/security.md

fail=0
complain() {
  echo "error: $document: $*" >&2
  fail=1
}

quoted=$(grep -oE '`[^`]+`' "$document" | tr -d '`' | sort -u)

while read -r path; do
  [ -e "$path" ] || complain "there is no $path"
done < <(grep -E '^(bench|crates|docs|migration|models|scripts|tests)/[^ *<>]+$' <<<"$quoted")

# A name of four words or more is that of a test.
functions=$(grep -rhoE --include='*.rs' 'fn [a-z0-9_]+' bench crates migration tests | cut -d' ' -f2 | sort -u)
while read -r name; do
  complain "there is no test $name"
done < <(grep -E '^[a-z0-9]+(_[a-z0-9]+){3,}$' <<<"$quoted" | comm -23 - <(echo "$functions"))

# `| V1.2.3 | level | requirement | status | by what |`
rows=$(grep -E '^\| V[0-9]+\.[0-9]+\.[0-9]+ \|.*\|.*\|.*\|.*\|$' "$document" || true)
twice=$(cut -d'|' -f2 <<<"$rows" | sort | uniq -d)
[ -z "$twice" ] || complain "stands there twice:" $twice

# The totals, by chapter and of all: `| V1 Name | all | met | operator | does not apply | open |`
totals() { # what the ids begin with, level
  awk -F' *[|] *' -v begin="$1." -v level="$2" '
    (begin == "." || index($2, begin) == 1) && (level == "" || $3 == level) { all++; status[$5]++ }
    END { printf "%d | %d | %d | %d | %d", all, status["met"], status["operator"], status["does not apply"], status["open"] }
  ' <<<"$rows"
}
expect() { # the first cell, the totals
  grep -qF "| $1 | $2 |" "$document" || complain "the totals of '$1' are $2"
}
for chapter in $(seq 1 17); do
  name=$(grep -oE "^### V$chapter .*" "$document" | cut -c5-)
  expect "$name" "$(totals "V$chapter" '')"
done
expect 'all' "$(totals '' '')"
expect 'of level 1' "$(totals '' 1)"
expect 'of level 2' "$(totals '' 2)"

# Version 5.0.0 has 70 requirements of level 1 and 183 of level 2.
grep -qE '^\| of level 1 \| 70 \|' "$document" || complain 'level 1 is not complete'
grep -qE '^\| of level 2 \| 183 \|' "$document" || complain 'level 2 is not complete'
exit $fail
