#!/usr/bin/env bash
# libfaketime, with which a server that is a plain process gets a clock of its own: the one that is there, or Debian's.
set -euo pipefail
cd "$(dirname "$0")/.."
if ls /usr/lib/*/faketime/libfaketimeMT.so.1 >/dev/null 2>&1; then exit 0; fi
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "setup: libfaketime is not installed, and installing it needs Debian and root: the process runtime refuses skewed clocks"
  exit 0
fi
echo "setup: installing libfaketime for clocks that jump"
export DEBIAN_FRONTEND=noninteractive
{ apt-get update -qq && apt-get install -y -qq --no-install-recommends libfaketime; } >.cache/apt.log 2>&1 || { tail -5 .cache/apt.log >&2; exit 4; }
