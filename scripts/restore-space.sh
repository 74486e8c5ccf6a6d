#!/usr/bin/env bash
# The room for a restore on the database's volume, which the live schema needs, too.
#
# restore-space.sh check BACKUP SIZE: fails unless 2.5 times the size of the backup's data is free, in bytes; without a size, the
#   backup is read for it. Rows go into the tables and into the binary log; the rest is for temporary files and what the app
#   writes meanwhile. Where RDS tells no free space, a restore goes on with a warning, as it may be the last way out, and
#   a restore test fails, as it can wait.
# restore-space.sh watch FILE: ends the process whose id is in FILE, which loads a backup, once less than 10 % of the volume is
#   free, and prints why. A line on standard input ends the watch.
# restore-space.sh stopped BACKUP FILE: fails for a load that `watch` has ended; FILE is what it has printed.
#
# RDS reports the free space to CloudWatch each minute, and a value is there some minutes later. So `watch` also subtracts
# twice what is loaded from what was free before, and believes the smaller one.
set -euo pipefail
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/dumps.sh"
# RDS user guide, "Finding the connection information": an endpoint begins with the instance's identifier.
instance=${DB_HOST%%.*}
metric="the metric FreeStorageSpace of the database $instance"

# The newest value of the last 15 minutes, in bytes. Fails with what AWS said.
free_space() {
  local value
  value=$(aws cloudwatch get-metric-statistics --namespace AWS/RDS --metric-name FreeStorageSpace \
    --dimensions "Name=DBInstanceIdentifier,Value=$instance" --statistics Minimum --period 60 \
    --start-time "$(date --utc --date '15 minutes ago' +%FT%TZ)" --end-time "$(date --utc --date '1 minute' +%FT%TZ)" \
    --query 'sort_by(Datapoints, &Timestamp)[-1].Minimum' --output text 2>&1) || {
    echo "$value"
    return 1
  }
  if [[ ! $value =~ ^[0-9] ]]; then
    echo "it has no value of the last 15 minutes"
    return 1
  fi
  # It may be a decimal, as 5368709120.0.
  printf '%.0f' "$value"
}
# Of the volume, in bytes. Storage may have grown, so the settings do not tell.
volume_size() {
  local gib
  gib=$(aws rds describe-db-instances --db-instance-identifier "$instance" --query 'DBInstances[0].AllocatedStorage' --output text) &&
    echo $((gib << 30))
}
# too_full WHAT
too_full() {
  fail "$1.
       The live schema is unchanged" "remove what the database does not need, or give it more storage:
        $pulumi config set databaseAllocatedStorage GIB$flags && $pulumi config set databaseApplyImmediately true$flags && $pulumi up$flags" ""
}
mb() { echo $(($1 / 1000000)); }

# Twice the length of the statements stands for the size of older backups. InnoDB's pages are half full at worst (MySQL manual,
# "The Physical Structure of an InnoDB Index").
size_of() {
  local length
  length=$("$bin/bucket.sh" get "${1#"s3://$BUCKET/"}/dump.sql.gz" | gunzip | wc --bytes) && echo $((2 * length))
}

check() {
  local size=$2 free needed
  if [ -z "$size" ]; then
    size=$(size_of "$1" 2>&1) ||
      fail "$1 has a dump that cannot be loaded;
       the live schema is unchanged" "choose another backup: $ops backups$flags" "$size"
    size=${size##*$'\n'} # a note may stand before it
  fi
  needed=$((size * 5 / 2))
  if ! free=$(free_space); then
    if [ -n "${OBJECTS:-}" ]; then
      echo "warning: $metric is missing, so nobody knows whether $(mb "$needed") MB are free: $free" >&2
      return
    fi
    fail "$metric is missing: $free;
       the restore test needs $(mb "$needed") MB on its volume" \
      "wait for RDS to report it, if the database is new; else restore the permissions of the machine's role: $pulumi up --refresh$flags" ""
  fi
  [ "$free" -ge "$needed" ] ||
    too_full "the volume of the database $instance has $(mb "$free") MB free; to load $1
       takes $(mb "$needed") MB, 2.5 times its data"
}

watch() {
  local before free size estimate
  before=$(free_space </dev/null) || before=
  size=$(volume_size </dev/null 2>/dev/null) || return 0
  # RDS does not know more by asking it more often than each minute; the tables' size does.
  while ! read -rt "${SPACE_INTERVAL:-15}" _; do
    free=$(free_space </dev/null) || free=$before
    if [ -z "$free" ]; then continue; fi
    estimate=$((${before:-$free} - 2 * $(schema_size "$scratch" </dev/null)))
    if [ "$estimate" -lt "$free" ]; then free=$estimate; fi
    if [ "$free" -ge $((size / 10)) ]; then continue; fi
    echo "less than 10 % of the volume of the database $instance is free"
    kill "$(cat "$1")"
    return
  done
}

case $1 in
check) check "$2" "${3:-}" ;;
watch) watch "$2" ;;
stopped) too_full "$2 was not loaded to its end: $(cat "$3")" ;;
esac
