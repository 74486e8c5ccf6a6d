#!/usr/bin/env bash
# Objects of the backup bucket that are written once: those of backups, and the release history. The bucket's policy refuses to
# overwrite them where the setting backupLockDays is on: storage/backup-lock.ts.
#
# bucket.sh put KEY: stores standard input as a new object. It fails if there is another one of that key.
# bucket.sh get KEY: prints an object as it was first written. While its lock lasts, nobody can remove this version, and whoever
#   may change the bucket's policy can only write another one beside it.
set -euo pipefail
. "$(dirname "$0")/common.sh"
# S3 takes 10,000 parts, so this is enough for 320 GB. A test makes it smaller.
part_bytes=${PART_BYTES:-$((32 * 1024 * 1024))}
# Of Debian 13, /tmp is memory.
work=$(mktemp --directory --tmpdir=/var/tmp flask-on-aws.XXXXXX)
# An upload of a part that still runs would write into it.
trap 'wait; rm -rf "$work"' EXIT

# of_object WORD…: a call about the object $key.
of_object() { aws s3api "$@" --bucket "$BUCKET" --key "$key"; }
next_part() { head --bytes="$part_bytes" >"$work/$number"; }
upload_part() {
  of_object upload-part --checksum-algorithm CRC32 --upload-id "$upload_id" --part-number "$1" --body "$work/$1" --output json >"$work/$1.json"
  rm "$work/$1"
}

# `aws s3 cp` of Debian 13 (awscli 2.23) cannot send If-None-Match; these calls can. With Object Lock, S3 demands a checksum of
# each part and of each small object, and in the end those of all parts (S3 API reference, UploadPart, CompleteMultipartUpload).
put() {
  local key=$1 number=1 upload_id part pids=()
  next_part
  if [ "$(stat --format %s "$work/1")" -lt "$part_bytes" ]; then
    put_small
    return
  fi
  upload_id=$(of_object create-multipart-upload --checksum-algorithm CRC32 --output text --query UploadId)
  while [ -s "$work/$number" ]; do
    # Two at a time: to start the CLI takes about as long as to send a part. More would need more memory.
    if [ "$number" -gt 2 ]; then
      wait "${pids[number - 2]}"
      unset "pids[number - 2]"
    fi
    upload_part "$number" &
    pids[number]=$!
    number=$((number + 1))
    next_part
  done
  for part in "${pids[@]}"; do wait "$part"; done
  for ((part = 1; part < number; part++)); do
    printf '{"PartNumber":%d,%s}\n' "$part" \
      "$(grep -oE '"(ETag|ChecksumCRC32)": "([^"\]|\\.)*"' "$work/$part.json" | paste --serial --delimiters ,)"
  done | paste --serial --delimiters , | sed 's/.*/{"Parts":[&]}/' >"$work/parts"
  of_object complete-multipart-upload --upload-id "$upload_id" --if-none-match '*' --multipart-upload "file://$work/parts" >/dev/null
}

put_small() {
  if of_object put-object --checksum-algorithm CRC32 --if-none-match '*' --body "$work/1" >/dev/null 2>"$work/said"; then return; fi
  # The CLI repeats a call whose answer was lost. What the first one has written is then in its way.
  if grep -q PreconditionFailed "$work/said" && aws s3 cp --only-show-errors "s3://$BUCKET/$key" - | cmp --quiet - "$work/1"; then
    return
  fi
  cat "$work/said" >&2
  return 1
}

get() {
  local key=$1 first latest
  # S3 lists the newest first, and its times are seconds.
  first=$(aws s3api list-object-versions --bucket "$BUCKET" --prefix "$key" --output text \
    --query "Versions[?Key=='$key'].[LastModified, IsLatest, VersionId]" | awk 'NF == 3' | tac | sort --stable --key 1,1 | head -n 1)
  read -r _ latest first <<<"$first"
  if [ "${latest,,}" != false ]; then
    # The one version there is, or none, which is an error here. This command gets large objects in parts, and repeats them.
    aws s3 cp --only-show-errors "s3://$BUCKET/$key" -
  else
    printf 'note: s3://%s was replaced or removed;\n      its first version, %s, is used\n' "$BUCKET/$key" "$first" >&2
    of_object get-object --version-id "$first" /dev/fd/3 3>&1 >/dev/null
  fi
}

case $1 in
put | get) "$@" ;;
esac
