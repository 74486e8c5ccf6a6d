#!/usr/bin/env bash
# drill.sh [KEY]: loads a backup, the newest if none is named, into a schema of its own beside the live one, compares
# it with its manifest, and removes that schema again. With KEEP_SCRATCH=1 it is left, for restore.sh.
# Prints the backup's key.
set -euo pipefail
. "$(dirname "$0")/common.sh"
key=${1:-$(newest_backup)}
[ -n "$key" ] || fail "the bucket $BUCKET has no backup" "npm run backup makes one"
place=s3://$BUCKET/$key
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# unfit WHAT [REMEDY]
unfit() {
  fail "$place $1;
       the live schema is as it was" "${2:-take another backup: npm run backups lists them}"
}
manifest=$(aws s3 cp --only-show-errors "$place/manifest" -) ||
  unfit "has no manifest: it is no whole backup"
sum=$(sed -n 's/^sha256 dump.sql.gz //p' <<<"$manifest")
revision=$(sed -n 's/^revision //p' <<<"$manifest")

mysql --defaults-extra-file="$client" --execute "DROP DATABASE IF EXISTS $scratch; CREATE DATABASE $scratch"
mkfifo "$work/to-sum"
sha256sum <"$work/to-sum" >"$work/sum" &
aws s3 cp --only-show-errors "$place/dump.sql.gz" - | tee "$work/to-sum" | gunzip |
  mysql --defaults-extra-file="$client" --database="$scratch" ||
  unfit "has a dump that cannot be loaded, see above"
wait
[ "$(cut -d ' ' -f 1 "$work/sum")" = "$sum" ] ||
  unfit "has a dump with another SHA-256 than its manifest says" \
    "take another backup, or an older version of that object: the bucket keeps them"

loaded=$(
  echo "revision $(query "SELECT version_num FROM $scratch.alembic_version")"
  tables "$scratch" | sort |
    while read -r table; do echo "rows $table $(query "SELECT COUNT(*) FROM $scratch.\`$table\`" </dev/null)"; done
)
different=$(diff <(grep -E '^(revision|rows) ' <<<"$manifest" | sort) <(sort <<<"$loaded")) ||
  unfit "differs, loaded, from its manifest (<) in: ${different//$'\n'/ }"

date --utc +%FT%TZ >"$root/last-drill"
if [ -z "${KEEP_SCRATCH:-}" ]; then query "DROP DATABASE $scratch"; fi
awk -v what="$key: revision $revision" '/^rows / { tables++; rows += $3 }
  END { printf "drill: %s, %d tables, %d rows\n", what, tables, rows }' <<<"$loaded" >&2
echo "$key"
