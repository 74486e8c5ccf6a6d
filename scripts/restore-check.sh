#!/usr/bin/env bash
# restore-check.sh PLACE [FROM]: fails unless the backup at PLACE, whose manifest is on standard input, can be loaded here: its
# MySQL is not newer, and the database has room. FROM is where other backups are, if that is not this environment's bucket.
# A backup that does not say its size is read for it, unless it is elsewhere.
set -euo pipefail
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/dumps.sh"
place=$1 manifest=$(cat)

# A dump of a newer series may have statements and collations that an older one does not know, or understands otherwise.
theirs=$(stated server | grep -oE '^[0-9]+\.[0-9]+') || true
ours=$(anywhere "SELECT VERSION()" | grep -oE '^[0-9]+\.[0-9]+')
if [ -n "$theirs" ] && [ "$(printf '%s\n' "$theirs" "$ours" | sort --version-sort | tail -n 1)" != "$ours" ]; then
  fail "$place is from MySQL $theirs, and $DB_HOST is MySQL $ours, which is older;
       the live schema is unchanged" "choose another backup: $ops backups${2:+ --from $2}$flags" ""
fi

size=$(stated size)
if [ -n "$size" ] || [ -z "${2:-}" ]; then "$bin/restore-space.sh" check "$place" "$size"; fi
