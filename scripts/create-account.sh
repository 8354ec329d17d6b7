#!/bin/sh
# Creates the account that the private PostgreSQL runs as when root starts the service. PostgreSQL
# refuses to run as root, and the shared account `postgres` is not suitable: the superuser of any
# other database on the machine can run programs as that account. Does nothing if the account
# exists, or if another user than root builds: PostgreSQL then runs as that user.
set -eu

account=${ACCUNODE_POSTGRES_ACCOUNT:-accunode-postgres}

if [ "$(id -u)" -ne 0 ]; then
    exit 0
fi
if id -u "$account" >/dev/null 2>&1; then
    echo "PostgreSQL's account: $account"
    exit 0
fi
if command -v useradd >/dev/null; then
    # Debian, Ubuntu, Fedora, Arch …
    useradd --system --user-group --no-create-home --home-dir /nonexistent \
        --shell /usr/sbin/nologin "$account" ||
        # Another run may have created it in the meantime.
        id -u "$account" >/dev/null
elif command -v adduser >/dev/null && command -v addgroup >/dev/null; then
    # Alpine and others with BusyBox
    addgroup -S "$account" 2>/dev/null || true
    adduser -S -D -H -h /nonexistent -s /sbin/nologin -G "$account" "$account" ||
        id -u "$account" >/dev/null
else
    echo "No useradd or adduser was found: make a system account $account, or name another" >&2
    echo "account as ACCUNODE_POSTGRES_ACCOUNT, or start the service as another user than root." >&2
    exit 1
fi
echo "PostgreSQL's account: $account (new)"
