#!/usr/bin/env bash
# write-file.sh NAME: writes a file from standard input, readable by the login user alone.
set -euo pipefail
. "$(dirname "$0")/common.sh"

umask 077
cat >"$root/$1.new"
mv "$root/$1.new" "$root/$1"
