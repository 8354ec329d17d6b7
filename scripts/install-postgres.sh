#!/bin/sh
# Makes sure that the programs of a PostgreSQL server are installed: the service and its tests run a
# private server. Does nothing if they are. With root and apt they are installed, without the
# system-wide server that the packages would otherwise create; without root they are unpacked into the
# user's cache if npm is installed; elsewhere the script prints what to install.
set -eu

oldest=15

# The folder of the first server that is new enough, in the same places that `accunode` searches.
find_server() {
    IFS_before=$IFS
    IFS=:
    set -f
    # shellcheck disable=SC2086 # split at the colons
    set -- ${ACCUNODE_POSTGRES_BIN_DIR:-} $PATH
    set +f
    IFS=$IFS_before
    for folder in "$@" \
        /usr/lib/postgresql/*/bin \
        /usr/libexec/postgresql* \
        /usr/pgsql-*/bin \
        /opt/homebrew/opt/postgresql*/bin \
        /usr/local/opt/postgresql*/bin \
        /Applications/Postgres.app/Contents/Versions/*/bin \
        /usr/local/pgsql/bin \
        "${XDG_CACHE_HOME:-$HOME/.cache}"/accunode/postgresql/*/bin; do
        [ -x "$folder/postgres" ] && [ -x "$folder/initdb" ] || continue
        major=$("$folder/postgres" --version 2>/dev/null | sed -n 's/.*(PostgreSQL) \([0-9]*\).*/\1/p')
        if [ "${major:-0}" -ge "$oldest" ]; then
            printf '%s\n' "$folder"
            return 0
        fi
    done
    return 1
}

# The package of the oldest supported version in apt, which is the closest to the version that the
# tests run on.
apt_package() {
    for major in 15 16 17 18 19; do
        if apt-cache show "postgresql-$major" >/dev/null 2>&1; then
            printf 'postgresql-%s\n' "$major"
            return 0
        fi
    done
    return 1
}

say_what_to_install() {
    cat >&2 <<END
No PostgreSQL server of version $oldest or newer was found. Install one:
  Debian, Ubuntu   sudo apt-get install postgresql     (older releases: https://apt.postgresql.org)
  Fedora           sudo dnf install postgresql-server postgresql-contrib
  Alpine           sudo apk add postgresql16 postgresql16-contrib
  macOS            brew install postgresql@17
or set ACCUNODE_POSTGRES_BIN_DIR to the folder that holds initdb and postgres,
or set DATABASE_URL to use a server that runs elsewhere.
END
}

if folder=$(find_server); then
    echo "PostgreSQL: $folder"
    exit 0
fi
if [ "$(id -u)" -ne 0 ]; then
    echo "PostgreSQL is not installed; unpacking it into your cache" >&2
    if folder=$("$(dirname "$0")/bring-postgres.sh"); then
        echo "PostgreSQL: $folder"
        exit 0
    fi
fi
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    say_what_to_install
    exit 1
fi

# The packages read this: no system-wide server, no port in use, nothing at boot.
settings=/etc/postgresql-common/createcluster.conf
if [ ! -e "$settings" ]; then
    mkdir -p "$(dirname "$settings")"
    echo 'create_main_cluster = false' >"$settings"
fi
export DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1
apt-get update
if ! package=$(apt_package); then
    say_what_to_install
    exit 1
fi
apt-get install --yes --no-install-recommends -o Dpkg::Options::=--force-confold "$package"

if folder=$(find_server); then
    echo "PostgreSQL: $folder"
else
    echo "$package is installed, but its server was not found." >&2
    exit 1
fi
