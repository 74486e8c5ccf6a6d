#!/usr/bin/env bash
# release-history.sh [list]: the releases of this environment, oldest first.
# release-history.sh add IMAGE DETAIL: records the release that has just been made, on this machine and in the backup bucket.
#
# A release is a file of one line, with tabs between number, time, commit, image, its id, revision of the schema, backup
# before its migration, who, and the detail: how many seconds each step took, or `rollback`, `undo`, or `failed STEP` for
# one that failed after it had changed the schema or come to serve. None is ever changed. Its name is its number, of six
# digits: other files are what a run that was cut off has left. A dash stands for no revision and for no backup.
set -euo pipefail
. "$(dirname "$0")/common.sh"
remote=s3://$BUCKET/ledger

# On a machine that has replaced another one. What has come only in part does not count.
if ! compgen -G "$history/??????" >/dev/null; then
  mkdir -p "$history.part"
  quietly aws s3 sync --only-show-errors "$remote" "$history.part" ||
    fail "the history of releases cannot be read from $remote" "restore access to the bucket $BUCKET, then run the same command again"
  mv --no-target-directory "$history.part" "$history"
fi

# Those that are not there yet: a record is written once, so that the bucket can refuse to overwrite it.
upload() {
  local release stored status=0
  # The CLI's status is 1 if there is none.
  stored=$(aws s3 ls "$remote/") || status=$?
  if [ "$status" -gt 1 ]; then return "$status"; fi
  for release in "$history"/??????; do
    if ! grep -q " ${release##*/}$" <<<"$stored"; then "$bin/bucket.sh" put "ledger/${release##*/}" <"$release" || return; fi
  done
}

case ${1:-list} in
list)
  for release in "$history"/??????; do
    if [ -e "$release" ]; then cat "$release"; fi
  done
  ;;
add)
  last=$(find "$history" -type f -name '??????' -printf '%f\n' | sort | tail -n 1)
  number=$(printf '%06d' $((10#${last:-0} + 1)))
  commit=$(docker image inspect --format "$revision_label" "$2")
  id=$(docker image inspect --format '{{.Id}}' "$2")
  backup=$(cat "$last_backup" 2>/dev/null || echo -)
  revision=$(live_revision)
  printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$number" "$(date --utc +%FT%TZ)" "$commit" "$2" "${id#sha256:}" \
    "${revision:--}" "$backup" "${LEASE_OWNER:-$(id -un)}" "$3" >"$history.new"
  mv "$history.new" "$history/$number"
  quietly upload ||
    fail "the release is recorded on this machine, but not in $remote" \
      "restore access to the bucket $BUCKET; the next release writes this record, too"
  ;;
esac
