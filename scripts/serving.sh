#!/usr/bin/env bash
# serving.sh [show]: prints the record of what serves, a JSON object; nothing before the first release.
# serving.sh get MEMBER: prints one of its members; nothing if it is empty.
# serving.sh record IMAGE ACTION: records that an image serves from now on. ACTION is release, rollback or undo.
# serving.sh restore FILE: makes a copy of an earlier record the record again.
# serving.sh request-release: has the next `pulumi up` release the configured commit again.
#
# The record is on this machine and, as serving.json, in the backup bucket, where `pulumi preview` and `pulumi up` read it:
# deployer/serving.ts says what they make of its members.
set -euo pipefail
. "$(dirname "$0")/common.sh"
record=$root/serving.json remote=s3://$BUCKET/serving.json

upload() {
  aws s3 cp --only-show-errors --content-type application/json "$record" "$remote" && rm -f "$record.pending"
}

# A machine that has replaced another one has no record yet. The CLI's status is 1 if the object does not exist.
download() {
  local status=0
  evidence=$(aws s3 ls "$remote" 2>&1) || status=$?
  if [ "$status" = 1 ]; then return; fi
  if [ "$status" != 0 ] || ! quietly aws s3 cp --only-show-errors "$remote" "$record.new"; then
    fail "the record of what serves cannot be read from $remote" "restore access to the bucket $BUCKET, then run the same command again"
  fi
  mv "$record.new" "$record"
}

show() {
  if [ ! -e "$record" ]; then download; fi
  if [ -e "$record.pending" ]; then quietly upload || true; fi
  if [ -e "$record" ]; then cat "$record"; fi
}

# get MEMBER: of $old. Each member is a line; of a list the elements are printed with spaces between them.
get() { sed -n "s/^\"$1\": \(.*[^,]\),\{0,1\}$/\1/p" <<<"$old" | tr -d '[]"' | tr , ' ' | sed 's/^null$//'; }

# text VALUE: as JSON. No value here holds a quote or a backslash.
text() { if [ -n "$1" ]; then printf '"%s"' "$1"; else printf null; fi; }

write_record() {
  local image=$1 action=$2 served since before undo undo_before rolled_back is_same=''
  old=$(show)
  served=$(get image) before=$(get before) undo=$(get undo) undo_before=$(get undoBefore) rolled_back=$(get rolledBack)
  since=$(date --utc +%FT%TZ)
  # For `up` an image and its patches are one, so it has nothing to do after a patch, nor after a rollback of one. The time
  # stays, too: an `up` that a patch has overtaken knows it.
  if [ -n "$served" ] && [ "$served" != "$image" ] && [ "$(unpatched "$served")" = "$(unpatched "$image")" ]; then
    is_same=1 since=$(get since)
  fi
  case $is_same$action in
  # A patch, also of what serves after a rollback.
  1release) if [ "$(unpatched "$undo")" = "$(unpatched "$image")" ]; then undo='' undo_before=''; fi ;;
  1rollback) if [ -z "$undo" ]; then undo=$served undo_before=$before; fi ;;
  rollback)
    # From here `undo` leads back, however many releases further back one goes.
    if [ -z "$undo" ]; then undo=$served undo_before=$before; fi
    rolled_back="$rolled_back $(unpatched "$served") $(cat "$root/requested" 2>/dev/null || true)"
    before=$(get since)
    ;;
  *undo) before=$undo_before undo='' undo_before='' rolled_back='' ;;
  *)
    if [ "$served" != "$image" ]; then before=$(get since); fi
    undo='' undo_before='' rolled_back=''
    ;;
  esac
  {
    printf '{\n"commit": %s,\n' "$(text "$(docker image inspect --format "$revision_label" "$image")")"
    printf '"image": "%s",\n"since": "%s",\n' "$image" "$since"
    printf '"by": "%s",\n"action": "%s",\n' "${LEASE_OWNER:-$(id -un)}" "$action"
    printf '"before": %s,\n"undo": %s,\n"undoBefore": %s,\n' "$(text "$before")" "$(text "$undo")" "$(text "$undo_before")"
    printf '"rolledBack": [%s]\n}\n' "$(tr -s ' ' '\n' <<<"$rolled_back" | sed '/^$/d' | sort -u | sed 's/.*/"&"/' | paste --serial --delimiters ,)"
  } >"$record.new"
  store
}
# store: makes the new record the current one, here first.
store() {
  touch "$record.pending"
  mv "$record.new" "$record"
  quietly upload ||
    fail "the record of what serves was not written to $remote" \
      "restore access to the bucket $BUCKET; then $ops status writes the record again"
}

case ${1:-show} in
show) show ;;
get) old=$(show) && get "$2" ;;
record) write_record "$2" "$3" ;;
restore)
  cp "$2" "$record.new"
  store
  ;;
request-release)
  old=$(show)
  if [ -z "$old" ]; then exit; fi
  since=$(get since)
  sed 's/^"before": .*/"before": "'"$since"'",/' "$record" >"$record.new"
  store
  ;;
esac
