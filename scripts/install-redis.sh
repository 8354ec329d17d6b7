#!/bin/sh
# Makes sure that the programs of a Redis server and its client are installed: the tests run their
# own servers, and the client forms a cluster of them. Does nothing if they are (Valkey is
# sufficient, too). With root and apt they are installed, without the system-wide server that the
# package would otherwise start; elsewhere the script prints what to install.
set -eu

find_server() {
    for name in redis valkey; do
        command -v "$name-cli" >/dev/null && command -v "$name-server" && return 0
    done
    return 1
}

if program=$(find_server); then
    echo "Redis: $program"
    exit 0
fi
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    cat >&2 <<END
redis-server and redis-cli were not found. Install them:
  Debian, Ubuntu   sudo apt-get install redis-server
  Fedora           sudo dnf install valkey
  Alpine           sudo apk add redis
  macOS            brew install redis
END
    exit 1
fi

# The package asks whether a service may be started; the answer is no.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install --yes --no-install-recommends redis-server

if program=$(find_server); then
    echo "Redis: $program"
else
    echo "redis-server is installed, but was not found." >&2
    exit 1
fi
