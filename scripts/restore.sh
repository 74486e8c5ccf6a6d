#!/usr/bin/env bash
# restore.sh [KEY]: puts a backup in the place of the live schema. The default is the newest that was not made because of
# a restore. Run it by deploy-lock.sh.
#
# The backup is loaded and compared beside the live schema first, with the app's files beside the live ones, and what is live
# is backed up; then the tables are exchanged in one statement. RENAME TABLE takes neither views nor tables with triggers to
# another schema, so views and triggers are dropped before it; those of the backup are created after it, with its functions,
# procedures and events, and then the files are exchanged. So whatever fails, nothing is lost, and the app never sees half of
# the tables. A run that was cut off between the first drop and the end is made good by the same command again.
set -euo pipefail
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/dumps.sh"

chosen=$("$bin/backups.sh" choose "${1:-}")
key=${chosen%%$'\t'*}
work=$(mktemp -d)
is_exchanged=
# What is half done would only take room.
remove() {
  if [ -d "$files.new" ]; then sudo rm -rf "$files.new"; fi
  if [ -z "$is_exchanged" ]; then query "DROP DATABASE IF EXISTS $scratch" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap 'rm -rf "$work"' EXIT
OBJECTS=$work/objects.sql "$bin/restore-test.sh" "$key"
trap remove EXIT
restored=$(scratch_revision)
live=$(live_revision)
# Another environment has served this commit on the schema of the backup, so they fit, although no release here has made it.
commit=$(cut -f 5 <<<"$chosen") is_imported='' fits=''
if [ "$(cut -f 3 <<<"$chosen")" = imported ]; then
  is_imported=true
  if [ "$commit" = "$(serving_commit)" ]; then fits=true; fi
fi
# The last release that knows the restored schema: one that failed is no way back.
release=$("$bin/release-history.sh" | awk -F '\t' -v revision="${restored:--}" '$9 !~ /^failed/ && $6 == revision { line = $0 } END { print line }')
if [ "$restored" != "$live" ] && [ -z "$release$fits" ]; then
  if [ -n "$is_imported" ] && [ "${commit:--}" != - ]; then
    fail "$key is at revision ${restored:-none} of the schema,
       which no release of this environment has served; the live schema is at ${live:-none} and unchanged" \
      "release the commit that served with it, then restore the copy that is here now:
        $(release_command "$commit") && $ops restore $key$flags"
  fi
  known=$("$bin/backups.sh" find "$live")
  fail "$key is at revision ${restored:-none} of the schema,
       which no release of this environment has served; the live schema is at ${live:-none} and unchanged" \
    "${known:+restore a backup at revision $live: $ops restore $known$flags;
        or }choose another one: $ops backups$flags"
fi
# Where neither app has migrations, no revision tells them apart.
app_tables() { tables "$1" | grep -vx alembic_version | sort; }
live_tables=$(app_tables "$SCHEMA") || true
restored_tables=$(app_tables "$scratch") || true
if [ "$restored" = "$live" ] && [ -n "$live_tables" ] && [ -z "$(comm -12 <(echo "$live_tables") <(echo "$restored_tables"))" ]; then
  fail "$key has none of the tables of the live schema, so it is of another app;
       the live schema is unchanged" "choose another backup: $ops backups$flags; or, to return to that app,
        remove these tables first, after a backup: $(paste --serial --delimiters , <<<"$live_tables")"
fi
"$bin/files.sh" unpack "$key"
before=$("$bin/backup.sh" before-restore)

# renames FROM TO: the tables of a schema, as parts of RENAME TABLE.
renames() { tables "$1" | sed "s/.*/\`$1\`.\`&\` TO \`$2\`.\`&\`/"; }
query "DROP DATABASE IF EXISTS $replaced; CREATE DATABASE $replaced"
moves=$({ renames "$SCHEMA" "$replaced" && renames "$scratch" "$SCHEMA"; } | paste --serial --delimiters ,)
"$bin/objects.sh" dump "$SCHEMA" | "$bin/objects.sh" own >"$work/live.sql"
exchange() {
  "$bin/objects.sh" drop "$scratch" trigger && "$bin/objects.sh" drop "$SCHEMA" trigger view || return
  # An app without a database has no tables.
  if [ -n "$moves" ]; then query "RENAME TABLE $moves"; fi
}
if ! quietly exchange; then
  why=$evidence
  quietly "$bin/objects.sh" replace "$SCHEMA" "$work/live.sql" ||
    why+=$'\n'"the views, triggers, functions, procedures and events of the live schema are not back: $evidence"
  fail "the tables were not exchanged; the live tables are unchanged" \
    "see who uses the tables: $ops mysql$flags -- -e 'SHOW PROCESSLIST'; then run the same command again" "$why"
fi
is_exchanged=true
quietly "$bin/objects.sh" replace "$SCHEMA" "$work/objects.sql" ||
  fail "the tables of $key are live, but not all of its views, triggers, functions, procedures and events" \
    "run the same command again; or restore what was live: $ops restore $before$flags"
query "DROP DATABASE $scratch; DROP DATABASE $replaced"
tables "$SCHEMA" >"$migrated_tables"
"$bin/files.sh" exchange
echo "restored: $key. Backup of the replaced data: $before
to undo this: $ops restore $before$flags
$(what_serves)"
if [ "$restored" = "$live" ]; then exit; fi
# Revision files that go beyond the schema would stop the next migration. migrate.sh gets those of a backup.
rm -rf "$migrations"
if [ -z "$release" ]; then
  "$bin/serving.sh" request-release
  echo "the schema is at revision ${restored:-none}, as the other environment left it, and was at ${live:-none}.
Record it as a release of this environment, so that later restores know it:
  $(release_command "$commit")"
  exit
fi

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
