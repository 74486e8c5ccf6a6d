#!/usr/bin/env bash
# backup.sh [REASON [DIRECTORY]]: a consistent dump of the schema, with its views, triggers, functions, procedures and events,
# the migrations in the directory, the app's files and the tree of the app that serves, in the backup bucket; dump and files
# are read back and compared, and never on the disk. The manifest is written last: what has none is no backup. Prints the
# backup's key in the bucket.
#
# With a DIRECTORY it is for a migration, which does not touch the app's files: they are left out.
set -euo pipefail
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/dumps.sh"
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
"$bin/objects.sh" check
"$bin/objects.sh" list "$SCHEMA" >"$work/objects"
copied to-sum sum sha256sum
mapfile -t views < <(sed -n 's/^view\t//p' "$work/objects")
tables_dump() {
  dumped --quick --skip-triggers --skip-extended-insert --no-autocommit "${views[@]/#/--ignore-table=$SCHEMA.}" "$SCHEMA" |
    LC_ALL=C awk -v counts="$work/rows" -f "$bin/rows.awk"
}
# They come after all rows, so that loading a row starts no trigger. A restore creates them for themselves.
objects_dump() {
  if [ ! -s "$work/objects" ]; then return; fi
  # A dump that ends early may end in a line.
  printf '\n%s\n' "$objects_begin" && "$bin/objects.sh" dump "$SCHEMA" | tee "$work/objects.sql"
}
dump() { { tables_dump && objects_dump; } | gzip | tee "$work/to-sum"; }

# put NAME COMMAND…: stores what a command prints.
put() {
  store() { "${@:2}" | "$bin/bucket.sh" put "$key/$1"; }
  quietly store "$@" ||
    fail "$place/$1 was not written, so this backup does not count" \
      "check bucket and database: $ops ssh $bin/preflight.sh; then run the same command again"
}
put dump.sql.gz dump
wait
# lacking: which of the objects the dump lacks.
lacking() {
  if [ ! -s "$work/objects" ]; then return; fi
  awk -F '\t' 'NR == FNR { text = text $0 "\n"; next }
    { kind = toupper($1); sub(/ ONCE$/, "", kind); name = $2; gsub(/`/, "``", name)
      if (!index(text, kind " `" name "`")) print $1, $2 }' "$work/objects.sql" "$work/objects"
}
lacks=$(lacking)
[ -z "$lacks" ] ||
  fail "$place/dump.sql.gz lacks what the schema $SCHEMA has, so this backup does not count: $(paste --serial --delimiters , <<<"$lacks")" \
    "see whether somebody changes the schema meanwhile, and run the same command again" ""
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
last=$({ "$bin/bucket.sh" get "$key/dump.sql.gz" | tee "$work/to-check" | gunzip | tail -n 1; } 2>"$work/said") || last=nothing
wait
if [ "$(cut -d ' ' -f 1 "$work/checked")" != "$sum" ] || [[ $last != "-- Dump completed"* ]] || ! grep -qx whole "$work/rows"; then
  fail "$place/dump.sql.gz, read back, is not what was written; it ends with: $last" \
    "try again; if it happens again, see who else writes to the bucket" "$(cat "$work/said")"
fi

# The size that a restore needs, by InnoDB's statistics.
size=$(schema_size "$SCHEMA")
put manifest printf '%s\n' "created $(date --utc +%FT%TZ)" "reason $reason" "schema $SCHEMA" \
  "server $(query "SELECT VERSION()")" "revision $(live_revision)" "commit ${commit:--}" "sha256 dump.sql.gz $sum" \
  "size $size" "objects $(wc -l <"$work/objects")" ${archived:+"$archived"} \
  "$({ awk -F '\t' '$1 != "event once" { print "object", $1, $2 }' "$work/objects" && grep '^rows ' "$work/rows"; } | sort)"
"$bin/backups.sh" record "$key"
echo "$key" | tee "$last_backup"
