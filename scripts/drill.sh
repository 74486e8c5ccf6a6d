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

manifest=$(aws s3 cp --only-show-errors "$place/manifest" -) ||
  fail "$place has no manifest: it is no whole backup" "take another one: npm run backups lists them"
sum=$(sed -n 's/^sha256 dump.sql.gz //p' <<<"$manifest")
revision=$(sed -n 's/^revision //p' <<<"$manifest")

mysql --defaults-extra-file="$client" --execute "DROP DATABASE IF EXISTS $scratch; CREATE DATABASE $scratch"
mkfifo "$work/to-sum"
sha256sum <"$work/to-sum" >"$work/sum" &
aws s3 cp --only-show-errors "$place/dump.sql.gz" - | tee "$work/to-sum" | gunzip |
  mysql --defaults-extra-file="$client" --database="$scratch" ||
  fail "$place/dump.sql.gz cannot be loaded, see above; the live schema is as it was" "take another backup: npm run backups lists them"
wait
[ "$(cut -d ' ' -f 1 "$work/sum")" = "$sum" ] ||
  fail "$place/dump.sql.gz is not what its manifest says: another SHA-256; the live schema is as it was" \
    "take another backup, or an older version of that object: the bucket keeps them"

loaded=$(
  echo "revision $(query "SELECT version_num FROM $scratch.alembic_version")"
  tables "$scratch" | sort |
    while read -r table; do echo "rows $table $(query "SELECT COUNT(*) FROM $scratch.\`$table\`" </dev/null)"; done
)
different=$(diff <(grep -E '^(revision|rows) ' <<<"$manifest" | sort) <(sort <<<"$loaded")) ||
  fail "$place, loaded, differs from its manifest (<) in: ${different//$'\n'/ }; the live schema is as it was" \
    "take another backup: npm run backups lists them"

date --utc +%FT%TZ >"$root/last-drill"
if [ -z "${KEEP_SCRATCH:-}" ]; then query "DROP DATABASE $scratch"; fi
echo "drill: $key holds revision $revision, $(grep -c '^rows ' <<<"$loaded") tables, $(awk '/^rows / { sum += $3 } END { print sum + 0 }' <<<"$loaded") rows" >&2
echo "$key"
