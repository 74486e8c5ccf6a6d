#!/usr/bin/env bash
# restore-test.sh [KEY]: loads a backup into a schema beside the live one, compares it with its manifest, and removes
# that schema again; the archive of the app's files is read and compared. The default is the newest backup that was not made
# because of a restore. With KEEP_SCRATCH=1, for restore.sh, the schema stays, and the files are not read.
set -euo pipefail
. "$(dirname "$0")/common.sh"
chosen=$("$bin/backups.sh" choose "${1:-}")
key=${chosen%%$'\t'*}
place=s3://$BUCKET/$key
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# unfit WHAT [EVIDENCE]
unfit() {
  fail "$place $1;
       the live schema is unchanged" "choose another backup: $ops backups$flags" "${2:-}"
}
manifest=$(aws s3 cp --only-show-errors "$place/manifest" - 2>"$work/said") || unfit "cannot be read" "$(cat "$work/said")"
sum=$(sed -n 's/^sha256 dump.sql.gz //p' <<<"$manifest")
revision=$(sed -n 's/^revision //p' <<<"$manifest")

quietly query "DROP DATABASE IF EXISTS $scratch; CREATE DATABASE $scratch" ||
  fail "the app's user cannot create the schema $scratch; the live schema is unchanged" \
    "find the cause: $ops ssh$flags $bin/preflight.sh; then run the same command again"
mkfifo "$work/to-sum"
sha256sum <"$work/to-sum" >"$work/sum" &
load() {
  aws s3 cp --only-show-errors "$place/dump.sql.gz" - | tee "$work/to-sum" | gunzip |
    mysql --defaults-extra-file="$client" --database="$scratch"
}
quietly load || unfit "has a dump that cannot be loaded" "$evidence"
wait
[ "$(cut -d ' ' -f 1 "$work/sum")" = "$sum" ] ||
  unfit "has a dump with another SHA-256 than its manifest says; the bucket keeps older versions of the object"

loaded=$(
  echo "revision $(scratch_revision)"
  tables "$scratch" | sort |
    while read -r table; do echo "rows $table $(query "SELECT COUNT(*) FROM $scratch.\`$table\`" </dev/null)"; done
)
different=$(diff <(grep -E '^(revision|rows) ' <<<"$manifest" | sort) <(sort <<<"$loaded")) ||
  unfit "differs, loaded, from its manifest" "< manifest, > loaded
$different"

if [ -z "${KEEP_SCRATCH:-}" ]; then
  query "DROP DATABASE $scratch"
  number=$("$bin/files.sh" check "$key")
fi
date --utc +%FT%TZ >"$root/last-restore-test"
awk -v what="$key can be restored: revision ${revision:-none}" -v files="${number:+, $number files}" '/^rows / { tables++; rows += $3 }
  END { printf "%s, %d tables, %d rows%s\n", what, tables, rows, files }' <<<"$loaded"
