#!/usr/bin/env bash
# backups.sh [list]: prints the backups in the bucket, oldest first, one a line with tabs between key, time, reason,
#   revision of the schema, commit, number of rows, and number of the app's files, or a dash if it has none.
# backups.sh choose [KEY]: prints that backup's line. The default is the newest of this environment that was not made because
#   of a restore: that one holds what the restore was to replace.
# backups.sh find REVISION: prints the key of the newest such backup, or imported one, at that revision of the schema; nothing
#   if there is none.
# backups.sh with-files: prints the line of the newest such backup, not imported, that has the app's files; nothing if there is
#   none.
# backups.sh copied: prints the line of the newest such backup, not imported, that S3 has copied to the region of the setting
#   backupCopyRegion; nothing if none of the newest is. This machine may not read the copy: each object tells it. An object that
#   `up` has copied does not.
# backups.sh record KEY: records that this machine has made or imported a backup.
#
# Whoever has the rights of this machine's role can write a backup, but not change one. A backup that has come to the bucket since
# this machine makes records, and that it has not recorded, is therefore chosen only by its name.
set -euo pipefail
. "$(dirname "$0")/common.sh"
manifests=$root/manifests
# The first line is when this machine's first record was made, in seconds; the others are keys.
recorded=$root/recorded-backups

if [ "${1:-}" = record ]; then
  if [ ! -e "$recorded" ]; then date +%s >"$recorded"; fi
  echo "$2" >>"$recorded"
  exit
fi

quietly aws s3 sync --only-show-errors --delete --exclude '*' --include '*/manifest' "s3://$BUCKET/backups" "$manifests" ||
  fail "the bucket $BUCKET cannot be read from $(hostname)" \
    "check the policies of the role and of the bucket; $pulumi up --refresh$flags restores them"

# The names begin with the time. A backup without a manifest is not complete.
list() {
  local manifest
  for manifest in "$manifests"/*/manifest; do
    if [ ! -e "$manifest" ]; then continue; fi
    awk -v key="backups/$(basename "$(dirname "$manifest")")" -v OFS='\t' '
      $1 == "rows" { rows += $3; next }
      BEGIN { value["files"] = "-" }
      { value[$1] = $2 }
      END { print key, value["created"], value["reason"], value["revision"], value["commit"], rows + 0, value["files"] }' "$manifest"
  done
}
# A sync gives each file the time at which S3 has got the object.
strange() {
  if [ ! -e "$recorded" ]; then return; fi
  find "$manifests" -name manifest -newermt "@$(head -n 1 "$recorded")" -printf 'backups/%P\n' |
    sed 's,/manifest$,,' | grep -vxFf "$recorded" | sort || true
}
regular() {
  list | awk -F '\t' -v strange=" $(strange | tr '\n' ' ')" '$3 != "before-restore" && !index(strange, " " $1 " ")'
}
# Of what was live here. The restore of an imported backup may have failed, for example because it is of another app.
own() { regular | awk -F '\t' '$3 != "imported"'; }

# Manifests that were replaced, as they were first.
restore_manifests() {
  local key
  for key in $(aws s3api list-object-versions --bucket "$BUCKET" --prefix backups/ --output text \
    --query "Versions[?!IsLatest && ends_with(Key, '/manifest')].[Key]" | sort -u); do
    if [ ! -e "$manifests/${key#backups/}" ]; then continue; fi
    "$bin/bucket.sh" get "$key" >"$manifests.first" || return
    touch --date "$(sed -n 's/^created //p' "$manifests.first")" "$manifests.first"
    mv "$manifests.first" "$manifests/${key#backups/}"
  done
}
if [ "${1:-list}" != list ]; then
  quietly restore_manifests || fail "the versions of the backups in $BUCKET cannot be read from $(hostname)" \
    "check the policies of the role and of the bucket; $pulumi up --refresh$flags restores them"
fi
# is_copied KEY: whether S3 has replicated all objects of a backup, in any order.
is_copied() {
  local object objects status
  objects=$(aws s3api list-objects-v2 --bucket "$BUCKET" --prefix "$1/" --query 'Contents[].Key' --output text) || return
  for object in $objects; do
    status=$(aws s3api head-object --bucket "$BUCKET" --key "$object" --query ReplicationStatus --output text) || return
    [ "$status" = COMPLETED ] || return
  done
}
# Each question takes about a second: of many backups that are not copied, only the newest are asked, and the one that was found
# before needs no question.
copied() {
  local line key tries=3 known
  known=$(cat "$last_copied" 2>/dev/null) || true
  while IFS= read -r line; do
    key=${line%%$'\t'*}
    if [ "$key" != "$known" ]; then
      if ((tries-- <= 0)) || ! is_copied "$key"; then continue; fi
      echo "$key" >"$last_copied"
    fi
    echo "$line"
    return
  done < <(own | tac)
}

case ${1:-list} in
copied) copied ;;
list) list ;;
find) regular | awk -F '\t' -v revision="$2" 'revision != "" && $4 == revision { key = $1 } END { if (key) print key }' ;;
with-files) own | awk -F '\t' '$7 != "-"' | tail -n 1 ;;
choose)
  if [ -n "${2:-}" ]; then
    chosen=$(list | awk -F '\t' -v key="$2" '$1 == key')
    [ -n "$chosen" ] || fail "the bucket $BUCKET has no complete backup $2" "choose one of: $ops backups$flags"
  else
    chosen=$(own | tail -n 1)
    strange | sed 's/^/note: not chosen, because this machine has not made it: /' >&2
    [ -n "$chosen" ] || fail "the bucket $BUCKET has no backup" "make one: $ops backup$flags"
  fi
  echo "$chosen"
  ;;
esac
