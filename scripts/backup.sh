#!/usr/bin/env bash
# backup.sh [REASON [DIRECTORY]]: a consistent dump of the schema, the migrations in the directory, the app's files and the
# tree of the app that serves, in the backup bucket; dump and files are read back and compared, and never on the disk. The
# manifest is written last: what has none is no backup. Prints the backup's key in the bucket.
#
# With a DIRECTORY it is for a migration, which does not touch the app's files: they are left out.
set -euo pipefail
. "$(dirname "$0")/common.sh"
reason=${1:-nightly} revisions=${2:-$migrations}
key=backups/$(date --utc +%Y%m%dT%H%M%SZ)-$reason
place=s3://$BUCKET/$key
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# copied PIPE FILE COMMAND…: has a command read what will be written to a new pipe, and write to a file.
copied() {
  mkfifo "$work/$1"
  "${@:3}" <"$work/$1" >"$work/$2" &
}
copied to-sum sum sha256sum
# One INSERT a row and no line breaks in it, so that counting lines counts rows, of the very moment of the dump.
# shellcheck disable=SC2016  # MySQL's quotes
copied to-rows rows awk '/^INSERT INTO `/ { split($0, part, "`"); rows[part[2]]++ }
  /^CREATE TABLE `/ { split($0, part, "`"); rows[part[2]] += 0 }
  END { for (table in rows) print "rows", table, rows[table] }'
dump() {
  # MariaDB's client begins with a line that MySQL's does not know.
  mysqldump --defaults-extra-file="$client" --single-transaction --quick --routines --triggers --no-tablespaces \
    --skip-extended-insert --no-autocommit --default-character-set=utf8mb4 "$SCHEMA" |
    sed '1{/enable the sandbox mode/d}' | tee "$work/to-rows" | gzip | tee "$work/to-sum"
}

# put NAME COMMAND…: stores what a command prints.
put() {
  store() { "${@:2}" | aws s3 cp --only-show-errors - "$place/$1"; }
  quietly store "$@" ||
    fail "$place/$1 was not written, so this backup does not count" \
      "check bucket and database: $ops ssh $bin/preflight.sh; then run the same command again"
}
put dump.sql.gz dump
wait
# After the dump, so that the files of its rows are there.
if [ $# -lt 2 ]; then archived=$("$bin/files.sh" store "$key"); fi
if [ -d "$revisions" ]; then put migrations.tar.gz tar --create --gzip --directory "$revisions" .; fi
commit=$(serving_commit)
if [ -n "$commit" ]; then
  tree=$(release_tree "$commit")
  put app.zip git -C "$source" archive --format=zip "$tree"
fi

read -r sum _ <"$work/sum"
copied to-check checked sha256sum
last=$({ aws s3 cp --only-show-errors "$place/dump.sql.gz" - | tee "$work/to-check" | gunzip | tail -n 1; } 2>"$work/said") || last=nothing
wait
if [ "$(cut -d ' ' -f 1 "$work/checked")" != "$sum" ] || [[ $last != "-- Dump completed"* ]]; then
  fail "$place/dump.sql.gz, read back, is not what was written; it ends with: $last" \
    "try again; if it happens again, see who else writes to the bucket" "$(cat "$work/said")"
fi

put manifest printf '%s\n' "created $(date --utc +%FT%TZ)" "reason $reason" "schema $SCHEMA" \
  "revision $(live_revision)" "commit ${commit:--}" "sha256 dump.sql.gz $sum" \
  ${archived:+"$archived"} "$(sort "$work/rows")"
echo "$key" | tee "$last_backup"
