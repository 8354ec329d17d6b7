#!/usr/bin/env bash
# Checks that the code uses the words of docs/glossary.md: one noun for each thing in every layer,
# and plain prose. `scripts/words-allowed.txt` lists the files with exceptions and their numbers,
# which may only decrease. `scripts/check-words.sh --update` lowers the numbers.
set -euo pipefail
cd "$(dirname "$0")/.."
allowed=scripts/words-allowed.txt

# The words that names and prose must not contain. Words of the API that clients see (`mfa` in a
# URL) and names of crates are exempt.
names='(^|[^A-Za-z])([Pp]erson|[Pp]eople|Persons?|People|[Tt]wo_factor|[A-Za-z]*(Person|People)([A-Z][A-Za-z]*)?|[a-z0-9_]+_(person|people)|(person|people)_[a-z0-9_]+)($|[^A-Za-z])'
prose='(^|[^A-Za-z])([Hh]e|[Hh]is|[Hh]im|[Hh]imself|[Nn]obody|[Ss]omebody|[Ww]hoever|[Ee]verybody|[Aa]nybody)($|[^A-Za-z])'

count() {
  git ls-files --cached --others --exclude-standard -- \
    'bench/*.rs' 'crates/*.rs' 'crates/*.lua' 'migration/*.rs' 'tests/*.rs' 'docs/*.md' '*.md' |
    grep -vE '^(docs/glossary.md|CHANGELOG.md)$' |
    while read -r file; do
      [ -f "$file" ] || continue
      found=$(grep -cE "$names|$prose" "$file" || true)
      [ "$found" -eq 0 ] || printf '%s %s\n' "$found" "$file"
    done | sort -k2
}

if [ "${1:-}" = --update ]; then
  count >"$allowed"
  exit
fi

count | awk -v list="$allowed" '
  BEGIN { while ((getline line < list) > 0) { split(line, part, " "); most[part[2]] = part[1] } }
  $1 > most[$2] + 0 {
    printf "error: %s: %d lines with words that docs/glossary.md replaces, %d are allowed\n", $2, $1, most[$2] > "/dev/stderr"
    fail = 1
  }
  END { exit fail }'
