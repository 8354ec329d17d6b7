#!/bin/sh
# Makes sure that PgBouncer 1.21 or newer is installed: the tests run their own. Older ones do not
# know prepared statements. Does nothing if it is. With root and apt, the source package of Debian
# 13 is built and installed as /usr/local/bin/pgbouncer, because the package of Debian 12 is too
# old, and no service of the system is wanted. Elsewhere the script prints what to install.
set -eu

# Prints the version of the program if it knows prepared statements.
find_pgbouncer() {
    pgbouncer --version 2>/dev/null |
        awk '/^PgBouncer/ { split($2, v, "."); if (v[1] > 1 || v[2] >= 21) { print $2; found = 1 } }
             END { exit !found }'
}

PATH="$PATH:/usr/local/bin:/usr/sbin"
if version=$(find_pgbouncer); then
    echo "PgBouncer: $version"
    exit 0
fi
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    cat >&2 <<END
PgBouncer 1.21 or newer was not found. Install it:
  Debian 13, Ubuntu 24.04   sudo apt-get install pgbouncer
  Fedora                    sudo dnf install pgbouncer
  Alpine                    sudo apk add pgbouncer
  macOS                     brew install pgbouncer
END
    exit 1
fi

build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT

# Runs apt with the sources of Debian 13 only, and leaves the lists of the system alone.
of_debian_13() {
    apt-get --option Dir::Etc::SourceList="$build/sources.list" --option Dir::Etc::SourceParts=- \
        --option Dir::State::Lists="$build/lists" --option Dir::Cache="$build/cache" \
        --option APT::Sandbox::User=root "$@"
}

export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install --yes --no-install-recommends build-essential libevent-dev libssl-dev pkg-config
mkdir -p "$build/lists/partial" "$build/cache/archives/partial" "$build/source"
# The mirror that this machine uses.
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep '/debian/*$' | head -n 1)
if [ -z "$mirror" ]; then
    echo "No mirror of Debian is configured: install PgBouncer 1.21 or newer yourself." >&2
    exit 1
fi
echo "deb-src $mirror trixie main" >"$build/sources.list"
of_debian_13 update
cd "$build"
# apt verifies the signature of the archive, and with it the hashes of the source.
of_debian_13 source --download-only pgbouncer
tar --extract --gzip --strip-components 1 --directory source --file pgbouncer_*.orig.tar.gz
cd source
./configure --prefix=/usr/local --without-cares --without-systemd >configure.out
make --jobs 2 pgbouncer >make.out 2>&1 || { tail -n 30 make.out >&2; exit 1; }
install -m 755 pgbouncer /usr/local/bin/pgbouncer

if version=$(find_pgbouncer); then
    echo "PgBouncer: $version"
else
    echo "PgBouncer is installed, but was not found." >&2
    exit 1
fi
