#!/usr/bin/env bash
# restore-test.sh [KEY]: loads a backup into a schema beside the live one, compares it with its manifest, and removes
# that schema again, also when it fails; the archive of the app's files is read and compared. The default is the newest
# backup that was not made because of a restore.
#
# With OBJECTS=FILE, for restore.sh, the schema stays, the files are not read, and FILE gets the statements that create the
# views, triggers, functions, procedures and events.
set -euo pipefail
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/dumps.sh"
chosen=$("$bin/backups.sh" choose "${1:-}")
key=${chosen%%$'\t'*}
place=s3://$BUCKET/$key
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
objects=${OBJECTS:-$work/objects.sql}

# unfit WHAT [EVIDENCE]
unfit() {
  fail "$place $1;
       the live schema is unchanged" "choose another backup: $ops backups$flags" "${2:-}"
}
manifest=$("$bin/bucket.sh" get "$key/manifest" 2>"$work/said") || unfit "cannot be read" "$(cat "$work/said")"
cat "$work/said" >&2 # a note, if any
sum=$(stated 'sha256 dump.sql.gz')
revision=$(stated revision)

"$bin/restore-check.sh" "$place" <<<"$manifest"

quietly query "DROP DATABASE IF EXISTS $scratch; CREATE DATABASE $scratch" ||
  fail "the app's user cannot create the schema $scratch; the live schema is unchanged" \
    "find the cause: $ops ssh$flags $bin/preflight.sh; then run the same command again"
# What is half loaded would only take room.
remove() {
  local status=$?
  if [ "$status" != 0 ]; then query "DROP DATABASE IF EXISTS $scratch" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap remove EXIT
mkfifo "$work/to-sum"
sha256sum <"$work/to-sum" >"$work/sum" &
# Backups of an earlier version have views only, at their end, and then settings of before the dump, which are the tables'.
apart() {
  awk -v file="$objects" -v objects_begin="$objects_begin" '$0 == objects_begin { begun = 1 }
    /^-- Final view structure for view / { if (!begun) old = 1; begun = 1 }
    !begun { print; next }
    !old || !/=@OLD_/ { print >file }'
}
load() {
  "$bin/bucket.sh" get "$key/dump.sql.gz" 2>"$work/said" | tee "$work/to-sum" | gunzip | apart | {
    echo "$BASHPID" >"$work/loader"
    exec mysql --defaults-extra-file="$client" --database="$scratch"
  }
}
true >"$objects"
# A line ends the watch. A signal could come before it has begun, and would run the trap of this script there.
mkfifo "$work/loaded"
exec 7<>"$work/loaded"
"$bin/restore-space.sh" watch "$work/loader" <&7 >"$work/full" 2>"$work/watched" &
is_loaded=true
quietly load || is_loaded=false
echo >&7
wait
if [ -s "$work/full" ]; then "$bin/restore-space.sh" stopped "$place" "$work/full"; fi
"$is_loaded" || unfit "has a dump that cannot be loaded" "$(cat "$work/said" && echo "$evidence")"
cat "$work/said" >&2
[ "$(cut -d ' ' -f 1 "$work/sum")" = "$sum" ] ||
  unfit "has a dump with another SHA-256 than its manifest says; the bucket keeps older versions of the object"
"$bin/objects.sh" own <"$objects" >"$work/own" && cp "$work/own" "$objects"
# Events would change the loaded rows.
load_objects() { "$bin/objects.sh" own disabled <"$objects" | mysql --defaults-extra-file="$client" --database="$scratch"; }
quietly load_objects || unfit "has views, triggers, functions, procedures or events that cannot be loaded" "$evidence"

loaded=$(
  echo "revision $(scratch_revision)"
  tables "$scratch" | sort |
    while read -r table; do echo "rows $table $(query "SELECT COUNT(*) FROM $scratch.\`$table\`" </dev/null)"; done
  "$bin/objects.sh" list "$scratch" | awk -F '\t' '$1 != "event once" { print "object", $1, $2 }'
)
kinds='revision|rows|object'
# Backups of an earlier version do not say which objects they have.
if [ -z "$(stated objects)" ]; then kinds='revision|rows'; fi
different=$(diff <(grep -E "^($kinds) " <<<"$manifest" | sort) <(grep -E "^($kinds) " <<<"$loaded" | sort)) ||
  unfit "differs, loaded, from its manifest" "< manifest, > loaded
$different"

if [ -z "${OBJECTS:-}" ]; then
  query "DROP DATABASE $scratch"
  number=$("$bin/files.sh" check "$key")
fi
date --utc +%FT%TZ >"$root/last-restore-test"
awk -v what="$key can be restored: revision ${revision:-none}" -v files="${number:+, $number files}" '/^rows / { tables++; rows += $3 }
  /^object / { if (!others[$2]++) kinds[++n] = $2 }
  END { for (i = 1; i <= n; i++) list = list ", " others[kinds[i]] " " kinds[i] (others[kinds[i]] > 1 ? "s" : "")
    printf "%s, %d tables, %d rows%s%s\n", what, tables, rows, list, files }' <<<"$loaded"
