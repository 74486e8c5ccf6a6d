#!/usr/bin/env bash
# prune.sh: removes the images of all but the last 5 releases that differ, and of releases that were never made. The
# release history keeps its entries.
set -euo pipefail
. "$(dirname "$0")/common.sh"

released=$("$bin/release-history.sh" | awk -F '\t' '$9 !~ /^failed/ { print $4 }')
kept=$(tac <<<"$released" | awk '!seen[$0]++ && ++count <= 5')
yesterday=$(date --utc --date yesterday +%FT%T)
docker image ls --format '{{.Repository}}:{{.Tag}}' flask-on-aws-app | while read -r image; do
  if grep -qxF "$image" <<<"$kept"; then continue; fi
  # A younger one that was never released may be waiting for its turn.
  if grep -qxF "$image" <<<"$released" || [[ $(docker image inspect --format '{{.Created}}' "$image") < $yesterday ]]; then
    # One that is still used is left for the next time.
    if docker image rm "$image" >/dev/null; then
      rm -f "$descriptions/${image##*:}"{,.recipe}
      echo "removed $image"
    fi
  fi
done
# What builds have left without a name.
docker image prune --force >/dev/null
