#!/usr/bin/env bash
# Sets up everything that Turnback needs in this folder: npm packages, k6 with our extension,
# Toxiproxy, and, where an engine answers, the images. Safe to repeat and to interrupt: each
# part is built beside its place and moved there when it is whole.
#
#   bash setup/setup.sh              what a drill needs
#   bash setup/setup.sh --for-tests  the same, and what the tests need
#
# Under CI=true or TURNBACK_INSTALL_DOCKER=1 it also installs a Docker engine and, for the
# tests, a browser and libfaketime (Debian, as root).
set -euo pipefail
cd "$(dirname "$0")/.."
cache=$PWD/.cache
mkdir -p "$cache/bin" "$cache/stamps"

say() { printf 'setup: %s\n' "$*"; }
fail() { printf 'setup: %s\n' "$1" >&2; printf '       %s\n' "$2" >&2; exit 4; }

# up_to_date NAME FILES...: whether NAME was last made from exactly these files.
digest() { cat "$@" | sha256sum | cut -d' ' -f1; }
up_to_date() { local name=$1; shift; [ "$(cat "$cache/stamps/$name" 2>/dev/null)" = "$(digest "$@")" ]; }
stamp() { local name=$1; shift; digest "$@" >"$cache/stamps/$name.tmp" && mv "$cache/stamps/$name.tmp" "$cache/stamps/$name"; }

for tool in node npm go; do
  command -v "$tool" >/dev/null || fail "$tool is not installed." "Install Node 20 or newer (with npm) and Go 1.26 or newer, then run this again."
done

if ! up_to_date npm package.json package-lock.json || [ ! -x node_modules/.bin/node ]; then
  say "installing the npm packages from the lockfile (about a minute the first time)"
  npm ci --no-audit --no-fund --loglevel=error
  stamp npm package.json package-lock.json
fi
ln -sfn ../../harness/cli/turnback.ts node_modules/.bin/turnback

# build NAME MODULE PACKAGE: a static program from a module with pinned versions and checksums.
build() {
  local name=$1 module=$2 package=$3
  local sources
  sources=$(find "$module" harness/observe/standstill -name '*.go' ! -name '*_test.go' -o -name 'go.mod' -o -name 'go.sum' | LC_ALL=C sort)
  # shellcheck disable=SC2086
  if up_to_date "$name" $sources && [ -x "$cache/bin/$name" ]; then return; fi
  say "building $name with Go ($4)"
  (cd "$module" && CGO_ENABLED=0 go build -mod=readonly -trimpath -ldflags '-s -w' -o "$cache/bin/$name.tmp" "$package")
  mv "$cache/bin/$name.tmp" "$cache/bin/$name"
  # shellcheck disable=SC2086
  stamp "$name" $sources
}
build k6 harness/load/xk6-turnback ./cmd/k6 "two minutes the first time"
build toxiproxy-server harness/topology/toxiproxy github.com/Shopify/toxiproxy/v2/cmd/server "half a minute the first time"
build wire-proxy harness/topology/wire-proxy . "seconds"
build prober harness/observe/prober . "seconds"
build faultfs harness/topology/faultfs . "seconds"

wants_everything=${TURNBACK_INSTALL_DOCKER:-}
[ "${CI:-}" = true ] && wants_everything=1
bash setup/docker.sh "$wants_everything"
if [ "${1:-}" = --for-tests ] && [ -n "$wants_everything" ]; then bash setup/browser.sh; bash setup/clock.sh; fi
say "ready"
