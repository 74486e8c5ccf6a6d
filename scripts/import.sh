#!/usr/bin/env bash
# Takes a backup of another environment, which `./ops restore --from` sends, into the backup bucket, so that it is restored
# as one of this environment's own. It needs no room on the disk, and leaves nothing on this machine. A run that was cut off
# leaves objects without a manifest in the bucket: they are no backup, and expire as backups do.
#
# import.sh begin PLACE FROM: reads the manifest of the backup at PLACE from standard input, and prints the key that the
#   backup gets, unless it cannot be restored here. FROM is where other backups are.
# import.sh put KEY NAME SIZE SHA256: stores standard input as a file of it. A dash is no SHA-256.
# import.sh end KEY PLACE: stores the manifest, from standard input, with the reason `imported` and where it is from.
set -euo pipefail
. "$(dirname "$0")/common.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# store OBJECT: standard input.
store() {
  quietly "$bin/bucket.sh" put "$1" ||
    fail "s3://$BUCKET/$1 was not written;
       the live schema is unchanged" "check the bucket: $ops ssh$flags $bin/preflight.sh; then run the same command again"
}

begin() {
  # As a restore, which warns where RDS tells no free space.
  OBJECTS=/dev/null "$bin/restore-check.sh" "$1" "$2"
  echo "backups/$(date --utc +%Y%m%dT%H%M%SZ)-imported"
}

put() {
  local sum size
  mkfifo "$work/to-sum" "$work/to-size"
  sha256sum <"$work/to-sum" >"$work/sum" &
  wc --bytes <"$work/to-size" >"$work/size" &
  tee "$work/to-sum" "$work/to-size" | store "$1/$2"
  wait
  read -r sum _ <"$work/sum"
  size=$(cat "$work/size")
  # An end of the connection looks like the end of the file.
  [ "$size" = "$3" ] ||
    fail "$2 has arrived with $size of $3 bytes: the transfer was interrupted;
       the live schema is unchanged" "run the same command again" ""
  [ "$4" = - ] || [ "$sum" = "$4" ] ||
    fail "$2 has arrived with another SHA-256 than its manifest says;
       the live schema is unchanged" "name another backup, or another copy of it: $ops restore --from PLACE$flags" ""
}

end() {
  { sed 's/^reason .*/reason imported/' && printf 'source %s\n' "${2//[[:cntrl:]]/ }"; } >"$work/manifest"
  store "$1/manifest" <"$work/manifest"
  "$bin/backups.sh" record "$1"
}

case $1 in
begin | put | end) "$@" ;;
esac
