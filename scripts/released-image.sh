#!/usr/bin/env bash
# released-image.sh IMAGE: prints what a release of an image serves: where patch.sh has made others of the same commit, the one
# that has served last.
set -euo pipefail
. "$(dirname "$0")/common.sh"
image=$1
# Only the history on this machine: a new machine has no image either.
last=$({ cat "$history"/?????? 2>/dev/null || true; } | awk -F '\t' -v image="$image" '
  { name = $4; sub(/-p[0-9]+$/, "", name) }
  name == image && $9 !~ /^failed/ { last = $4 }
  END { print last }')
if [ -n "$last" ] && docker image inspect "$last" >/dev/null 2>&1; then image=$last; fi
echo "$image"
