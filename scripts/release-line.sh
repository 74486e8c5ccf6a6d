#!/usr/bin/env bash
# release-line.sh IMAGE: runs the line release of the app's Procfile, if it has one, after the migrations.
set -euo pipefail
. "$(dirname "$0")/common.sh"
image=$1
describe "$image"
if [ -z "$release_line" ]; then exit; fi

# The usual ways to migrate, with variables before and the app's name between.
python='(python3? +-m +)?'
migrates="^([A-Za-z_]+=[^ ]+ +)*${python}(flask +((--app|-A)[ =][^ ]+ +)?db +upgrade( +head)?|alembic +upgrade +head)\$"
if [ "$migrations_by" != none ] && [[ $release_line =~ $migrates ]]; then
  echo "the line release of the Procfile is left out, because the schema is migrated already: $release_line"
  exit
fi
owner() { stat --format %u:%g "$files" 2>/dev/null || true; }
owner_before=$(owner)
# give_back: the version that serves writes its files until the cut-over, and after a failed release. Its user may have another
# number.
# shellcheck disable=SC2317  # the trap runs it
give_back() {
  if [ -n "$owner_before" ] && [ "$(owner)" != "$owner_before" ]; then
    "$bin/files.sh" prepare "$(serving '{{.Config.Image}}')" >/dev/null 2>&1 || true
  fi
}
trap give_back EXIT
trap 'exit 143' TERM INT HUP
"$bin/files.sh" prepare "$image"
output=$(run_task release_line "$image" "$release_line" 2>&1) ||
  fail "the line release of the Procfile failed: $release_line" "correct it, then: $(release_command HASH)" "$output"
echo "the line release of the Procfile has run: $release_line"
if [ -n "$output" ]; then redact <<<"$output" | sed 's/^/  | /'; fi
