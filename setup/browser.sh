#!/usr/bin/env bash
# A browser for people's journeys and for the tests of the pages: the one that is there, or Debian's Chromium without a window.
set -euo pipefail
cd "$(dirname "$0")/.."
for name in chromium-headless-shell chromium chromium-browser google-chrome; do
  if command -v "$name" >/dev/null; then exit 0; fi
done
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "setup: no browser found, and installing one needs Debian and root: drills with journeys and the tests of the pages can't run"
  exit 0
fi
echo "setup: installing Chromium for journeys and the tests of the pages"
export DEBIAN_FRONTEND=noninteractive
{ apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium-headless-shell; } >.cache/apt.log 2>&1 || { tail -5 .cache/apt.log >&2; exit 4; }
