#!/usr/bin/env bash
# restore.sh [KEY]: puts a backup in the place of the live schema. The default is the newest that was not made because of
# a restore. Run it by deploy-lock.sh.
#
# The backup is loaded and compared beside the live schema first, with the app's files beside the live ones, and what is live
# is backed up; then the tables are exchanged in one statement, and after them the files. So whatever fails, nothing is lost,
# and the app never sees half of the tables. A run that was cut off between the two is made good by the same command again.
set -euo pipefail
. "$(dirname "$0")/common.sh"

chosen=$("$bin/backups.sh" choose "${1:-}")
key=${chosen%%$'\t'*}
KEEP_SCRATCH=1 "$bin/restore-test.sh" "$key"
restored=$(scratch_revision)
live=$(live_revision)
# The last release that knows the restored schema: one that failed is no way back.
release=$("$bin/release-history.sh" | awk -F '\t' -v revision="${restored:--}" '$9 !~ /^failed/ && $6 == revision { line = $0 } END { print line }')
if [ "$restored" != "$live" ] && [ -z "$release" ]; then
  query "DROP DATABASE $scratch"
  known=$("$bin/backups.sh" find "$live")
  fail "$key is at revision ${restored:-none} of the schema,
       which no release of this environment has served; the live schema is at ${live:-none} and unchanged" \
    "${known:+restore a backup at revision $live: $ops restore $known$flags;
        or }choose another one: $ops backups$flags"
fi
trap 'if [ -d "$files.new" ]; then sudo rm -rf "$files.new"; fi' EXIT
"$bin/files.sh" unpack "$key"
before=$("$bin/backup.sh" before-restore)

# renames FROM TO: the tables of a schema, as parts of RENAME TABLE.
renames() { tables "$1" | sed "s/.*/\`$1\`.\`&\` TO \`$2\`.\`&\`/"; }
query "DROP DATABASE IF EXISTS $replaced; CREATE DATABASE $replaced"
moves=$({ renames "$SCHEMA" "$replaced" && renames "$scratch" "$SCHEMA"; } | paste --serial --delimiters ,)
# An app without a database has no tables.
evidence=$(if [ -n "$moves" ]; then query "RENAME TABLE $moves"; fi 2>&1) ||
  fail "the tables were not exchanged; the live schema is unchanged" \
    "drop the triggers of the tables, which RENAME TABLE refuses, as the user who made them: DROP TRIGGER NAME;
        then run the same command again" "$evidence"
query "DROP DATABASE $scratch; DROP DATABASE $replaced"
tables "$SCHEMA" >"$migrated_tables"
"$bin/files.sh" exchange
echo "restored: $key. Backup of the replaced data: $before
to undo this: $ops restore $before$flags
$(what_serves)"
if [ "$restored" = "$live" ]; then exit; fi
# Revision files that go beyond the schema would stop the next migration. migrate.sh gets those of a backup.
rm -rf "$migrations"

image=$(serving '{{.Config.Image}}') serves=$(serving_commit)
IFS=$'\t' read -r number _ commit expected _ <<<"$release"
echo "the schema is at revision ${restored:-none}, as release $number left it, and was at ${live:-none}"
if [ "$image" = "$expected" ]; then
  echo "That is release $number. There is nothing else to do."
  exit
fi
# So that the next `up` releases a commit again that is configured already, with its migrations.
"$bin/serving.sh" request-release
back=$(release_command "$commit")
if [ "$("$bin/rollback.sh" --show 2>/dev/null | cut -f 4)" = "$expected" ]; then back="$ops rollback$flags"; fi
echo "warning: the version that serves needs revision ${live:-none}, so the app may be broken. Choose one. Go back to release $number:
  $back
Or migrate the restored data for the version that serves:
  $(release_command "$serves")"
