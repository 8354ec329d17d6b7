#!/bin/sh
# Copies one finished piece of the write-ahead log into the archive. PostgreSQL calls it with
# the archive, the file and its name, keeps the file until this succeeds, and tries again.
# Written by AccuNode at each start: changes are lost.
set -eu
archive=$1 file=$2 name=$3
target=$archive/$name
if [ -e "$target" ]; then
    # After a crash PostgreSQL may offer a file again. The same is fine, another never.
    if cmp -s "$file" "$target"; then exit 0; fi
    echo "the archive $archive has another $name: is it that of another database?" >&2
    exit 1
fi
draft=$archive/.$name.$$
trap 'rm -f "$draft"' EXIT
cp "$file" "$draft"
sync "$draft"
# A link is made whole or not at all, and never replaces a file.
ln "$draft" "$target"
sync "$archive"
