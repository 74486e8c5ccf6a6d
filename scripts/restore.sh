#!/usr/bin/env bash
# restore.sh [KEY]: puts a backup, the newest if none is named, in the place of the live schema. To be run by lease.sh.
#
# It is loaded and compared beside the live schema first, and what is live is backed up; then the tables change
# places in one statement, so that whatever fails, nothing is lost and the app never sees half of it.
set -euo pipefail
. "$(dirname "$0")/common.sh"

# First the name: the backup that is about to be made would be the newest.
key=$(KEEP_SCRATCH=1 "$bin/drill.sh" "$@")
restored=$(query "SELECT version_num FROM $scratch.alembic_version")
live=$(live_revision)
release=$("$bin/ledger.sh" | awk -F '\t' -v revision="$restored" '$6 == revision { line = $0 } END { print line }')
if [ "$restored" != "$live" ] && [ -z "$release" ]; then
  query "DROP DATABASE $scratch"
  fail "$key is at revision $restored,
       which no release of this environment knows; the schema is at $live" \
    "deploy the commit of that time first: set appCommit"
fi
"$bin/backup.sh" before-restore >&2

# renames FROM TO: the tables of a schema, as parts of RENAME TABLE.
renames() { tables "$1" | sed "s/.*/\`$1\`.\`&\` TO \`$2\`.\`&\`/"; }
replaced=${scratch}_old
query "DROP DATABASE IF EXISTS $replaced; CREATE DATABASE $replaced"
query "RENAME TABLE $({ renames "$SCHEMA" "$replaced" && renames "$scratch" "$SCHEMA"; } | paste --serial --delimiters ,)" ||
  fail "the tables could not change places, see above; the live schema is as it was" \
    "tables with triggers cannot: load the backup by hand, see $bin/drill.sh"
query "DROP DATABASE $scratch; DROP DATABASE $replaced"
echo "restored: $key"
if [ "$restored" != "$live" ]; then
  # shellcheck disable=SC2034
  IFS=$'\t' read -r number _ commit _ <<<"$release"
  echo "the schema is at revision $restored again, as release $number left it."
  echo "Now serve that release: npm run rollback, or set appCommit to $commit"
fi
