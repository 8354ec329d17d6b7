#!/bin/sh
# Makes sure that Chromium and its driver are installed: the tests of the console run in a real
# browser. Does nothing if they are. With root and apt they are installed; elsewhere the script
# prints what to install.
set -eu

is_there() { command -v chromium >/dev/null && command -v chromedriver >/dev/null; }

if is_there; then
    echo "Chromium: $(command -v chromium)"
    exit 0
fi
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    cat >&2 <<END
chromium and chromedriver were not found. Install them:
  Debian           sudo apt-get install chromium chromium-driver
  Fedora           sudo dnf install chromium chromedriver
  Alpine           sudo apk add chromium chromium-chromedriver
END
    exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install --yes --no-install-recommends chromium chromium-driver fonts-dejavu-core

if is_there; then
    echo "Chromium: $(command -v chromium)"
else
    echo "chromium is installed, but was not found." >&2
    exit 1
fi
