#!/usr/bin/env bash
# A browser for the tests of the scorecard: the one that is there, or Debian's Chromium.
set -euo pipefail
cd "$(dirname "$0")/.."
for name in chromium chromium-browser google-chrome; do
  if command -v "$name" >/dev/null; then exit 0; fi
done
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "setup: no browser found, and installing one needs Debian and root: its tests will be skipped"
  exit 0
fi
echo "setup: installing Chromium for the tests of the scorecard"
export DEBIAN_FRONTEND=noninteractive
{ apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; } >.cache/apt.log 2>&1 || { tail -5 .cache/apt.log >&2; exit 4; }
