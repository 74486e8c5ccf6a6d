#!/usr/bin/env bash
# files.sh prepare IMAGE: has the directory of the setting appFiles ready before a container of the image is started.
# files.sh store KEY: puts the files into a backup that is being made, and prints their lines of its manifest.
# files.sh check KEY: compares a backup's files with its manifest, and prints their number; nothing if it has none.
# files.sh unpack KEY: unpacks them beside the live ones, and compares them.
# files.sh exchange: puts what is unpacked into the place of the live files.
# files.sh finish: ends an exchange that was cut off, as do prepare and store.
# Run it by deploy-lock.sh.
#
# Running containers have the directory mounted, and would not see another one of its name. So an exchange moves what is
# in it. That takes milliseconds, or a second for 100,000 names at its top; what the app writes meanwhile stays. These
# directories tell how far an exchange has come:
#
# files.new        unpacked; not needed by anybody
# files.arriving   unpacked; must come into the place of the live files
# files.leaving    a part of the replaced files, moved out
# files.replaced   all of them
set -euo pipefail
. "$(dirname "$0")/common.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
remedy="choose another backup: $ops backups$flags"

# The files belong to the user of the container, so root reads and moves them.
remove() { if [ -d "$1" ]; then sudo rm -rf "$1"; fi; }
# move FROM TO: all that is in a directory. What the app has just made under the same name gets ~1~ at its end.
move() { sudo find "$1" -mindepth 1 -maxdepth 1 -exec mv --backup=numbered --target-directory="$2" {} +; }
# number_of_files: in $work/names, as tar prints them.
number_of_files() { grep -vc '/$' "$work/names" || true; }

# give USER:GROUP DIRECTORY: root needs no rights, and its programs may run as several users.
give() {
  # chown follows no link, so the app cannot lead root to other files.
  if [ "${1%:*}" != 0 ] && [ -n "$(sudo find "$2" ! -uid "${1%:*}" -print -quit)" ]; then
    sudo chown --recursive --no-dereference "$1" "$2"
  fi
}

prepare() {
  local place user
  place=$(docker image inspect --format '{{.Config.WorkingDir}}' "$1")
  [[ ${place%/}/ != "$APP_FILES/"* ]] ||
    fail "appFiles is $APP_FILES, which would hide the app: its image works in $place" \
      "use a directory of the files' own: $pulumi config set appFiles ${place%/}/uploads$flags"
  finish
  remove "$files.new" # what a restore that was killed has unpacked
  if [ ! -d "$files" ]; then begin "$1"; fi
  # Another image may have another number for its user. While it starts, the version before can only read.
  user=$(docker run --rm "${leftover[@]}" --network none --entrypoint python "$1" \
    -c 'import os; print(f"{os.getuid()}:{os.getgid()}")' 2>&1) ||
    fail "the user that the image runs as cannot be found out" \
      "correct USER in the app's Dockerfile, then: $(release_command HASH)" "$user"
  give "${user##*$'\n'}" "$files"
}

# begin IMAGE: makes the directory. On a machine that has replaced another one it gets the files of the newest backup
# that has some, else what the image has there, as a new volume of Docker would.
begin() {
  local newest key created container=flask-on-aws-files
  newest=$("$bin/backups.sh" with-files)
  if [ -n "$newest" ]; then
    IFS=$'\t' read -r key created _ <<<"$newest"
    remedy="restore access to the bucket $BUCKET, then run $pulumi up$flags again;
        or begin without files: $ops ssh$flags -- mkdir $files"
    unpack "$key"
    echo "the files are those of $key, of $created"
  else
    remove "$files.new"
    mkdir "$files.new"
    docker rm --force "$container" >/dev/null 2>&1 || true # a run that was cut off
    docker create --name "$container" "$1" >/dev/null
    if ! quietly docker cp "$container:$APP_FILES/." "$files.new" && [[ $evidence != *"ould not find"* ]]; then
      fail "$APP_FILES of the image cannot be copied to $files" "see what it says, then run $pulumi up$flags again"
    fi
    docker rm "$container" >/dev/null
  fi
  # An image that starts as root may give its rights away: its user must be able to enter.
  sudo chmod go+rx "$files.new"
  mv --no-target-directory "$files.new" "$files"
}

# store KEY: the archive is read back, and never on the disk.
store() {
  local place=s3://$BUCKET/$1/files.tar.gz sum megabytes
  finish
  if [ ! -d "$files" ]; then return; fi
  mkfifo "$work/to-sum"
  sha256sum <"$work/to-sum" >"$work/sum" &
  # shellcheck disable=SC2317  # quietly runs it
  archive() {
    # 1 says that the app has changed or removed a file while it was read.
    { sudo tar --create --numeric-owner --verbose --index-file="$work/names" --directory "$files" . || [ $? = 1 ]; } |
      gzip --fast | tee "$work/to-sum" | "$bin/bucket.sh" put "$1/files.tar.gz"
  }
  quietly archive "$1" || fail "$place was not written, so this backup does not count" \
    "check the bucket: $ops ssh$flags $bin/preflight.sh; then run the same command again"
  wait
  read -r sum _ <"$work/sum"
  [ "$({ "$bin/bucket.sh" get "$1/files.tar.gz" | sha256sum; } 2>"$work/said")" = "$sum  -" ] ||
    fail "$place, read back, is not what was written" \
      "try again; if it happens again, see who else writes to the bucket" "$(cat "$work/said")"
  megabytes=$(sudo du --summarize --block-size=1M "$files")
  printf '%s\n' "sha256 files.tar.gz $sum" "files $(number_of_files) ${megabytes%%$'\t'*}"
}

# read_manifest KEY: sets number and megabytes, both empty if the backup has no files, and sum.
read_manifest() {
  local manifest
  manifest=$("$bin/bucket.sh" get "$1/manifest" 2>"$work/said") ||
    unfit "s3://$BUCKET/$1/manifest cannot be read" "$(cat "$work/said")"
  sum=$(sed -n 's/^sha256 files.tar.gz //p' <<<"$manifest")
  read -r number megabytes <<<"$(sed -n 's/^files //p' <<<"$manifest")"
}
# unfit WHAT [EVIDENCE]
unfit() {
  fail "$1;
       no file was changed" "$remedy" "${2:-}"
}
# read_archive KEY OPTION…: has tar read a backup's archive, which must be what its manifest says.
read_archive() {
  local key=$1 place=s3://$BUCKET/$1/files.tar.gz found
  mkfifo "$work/to-sum"
  sha256sum <"$work/to-sum" >"$work/sum" &
  # shellcheck disable=SC2317  # quietly runs it
  pass() { { "$bin/bucket.sh" get "$key/files.tar.gz" | tee "$work/to-sum" | sudo tar --gzip "$@"; } >"$work/names"; }
  quietly pass "${@:2}" || unfit "$place cannot be unpacked" "$evidence"
  wait
  [ "$(cat "$work/sum")" = "$sum  -" ] ||
    unfit "$place has another SHA-256 than its manifest says; the bucket keeps older versions of the object"
  found=$(number_of_files)
  [ "$found" = "$number" ] || unfit "$place has $found files, and its manifest says $number"
}

check() {
  read_manifest "$1"
  if [ -z "$number" ]; then return; fi
  read_archive "$1" --list
  echo "$number"
}

unpack() {
  remove "$files.new"
  read_manifest "$1"
  if [ -z "$number" ]; then
    if [ -n "${APP_FILES:-}" ]; then echo "$1 has no files of the app, so the live files stay as they are"; fi
    return
  elif [ -z "${APP_FILES:-}" ]; then
    echo "the setting appFiles is empty, so the $number files of $1 are not restored"
    return
  fi
  # They are on the disk beside the live ones. A release needs the rest.
  need_space $((megabytes + 512)) "a restore of $number files"
  mkdir "$files.new"
  read_archive "$1" --extract --verbose --preserve-permissions --numeric-owner --directory "$files.new"
  if [ -d "$files" ]; then give "$(stat --format %u:%g "$files")" "$files.new"; fi
}

exchange() {
  if [ ! -d "$files.new" ]; then return; fi
  finish # what an earlier one has left
  mkdir -p "$files"
  mv --no-target-directory "$files.new" "$files.arriving"
  finish
  echo "the app's files are those of the backup"
}

finish() {
  quietly move_all || fail "the files are not all in their place" \
    "see what it says, then: $ops ssh$flags -- $bin/deploy-lock.sh files.sh finish"
}
# move_all: from wherever an exchange was cut off. `quietly` switches `set -e` off.
move_all() {
  if [ -d "$files.arriving" ]; then
    if [ ! -d "$files.replaced" ]; then
      mkdir -p "$files.leaving" || return
      move "$files" "$files.leaving" || return
      mv --no-target-directory "$files.leaving" "$files.replaced" || return
    fi
    move "$files.arriving" "$files" || return
    rmdir "$files.arriving" || return
  fi
  remove "$files.replaced"
}

case $1 in
prepare | store) if [ -n "${APP_FILES:-}" ]; then "$@"; fi ;;
check | unpack | exchange | finish) "$@" ;;
esac
