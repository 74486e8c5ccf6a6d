#!/usr/bin/env bash
# Writes the app's settings from standard input, readable by the login user alone.
set -euo pipefail
. "$(dirname "$0")/common.sh"

umask 077
cat >"$settings.new"
mv "$settings.new" "$settings"
