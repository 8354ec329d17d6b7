#!/bin/sh
# Copies one completed segment of the write-ahead log into the archive. PostgreSQL calls the script
# with the archive, the file and its name, keeps the file until the script succeeds, and tries
# again. AccuNode writes this file at each start: changes are lost.
set -eu
archive=$1 file=$2 name=$3
target=$archive/$name
if [ -e "$target" ]; then
    # After a crash PostgreSQL may offer a file again. An identical file is accepted, another one
    # never.
    if cmp -s "$file" "$target"; then exit 0; fi
    echo "the archive $archive has another $name: is it that of another database?" >&2
    exit 1
fi
draft=$archive/.$name.$$
trap 'rm -f "$draft"' EXIT
cp "$file" "$draft"
sync "$draft"
# A link is created atomically and never replaces a file.
ln "$draft" "$target"
sync "$archive"
