#!/usr/bin/env bash
# ship-logs.sh: sends what the app, its processes and the proxy have logged to CloudWatch Logs, without
#   the app's secrets. cron runs it each minute.
# ship-logs.sh now: the same for `./ops verify`, after a run of cron that has not ended.
# ship-logs.sh last [SERVICE]: ends a service of compose.yml and takes its last lines from Docker, before its container
#   is removed. The next run of cron sends them.
# Does nothing without the setting logRetentionDays. Neither the app nor a release waits for CloudWatch.
#
# Docker's own log driver awslogs is not used, also not with `mode: non-blocking`. In Docker 26, which Debian 13 has:
# - Where its log stream cannot be made, it takes 4096 lines. Then a container that ends hangs in Docker, with its port,
#   until Docker is restarted: moby's commits ca396df and 63526a1.
# - After somebody has deleted the log group, lines are lost until the container is restarted: moby's commit 3f79f85.
# - It takes another container to switch it on or off. For the proxy, that loses requests.
# - It sends the lines with the app's secrets in them.
# Here the lines stay in Docker's files, and a file names the moment up to which they are taken.
set -euo pipefail
. "$(dirname "$0")/common.sh"
# shellcheck source=log-lines.sh
. "$bin/log-lines.sh"
unsent=$root/unsent-logs
# The time since when CloudWatch has not got the lines, as for jobs of schedule.sh, and why.
failed=$root/failed-logs reason=$unsent/reason
stream=$(hostname)

# failure REASON: it is told once, not each minute.
failure() {
  echo "$1" >"$reason"
  if [ -e "$failed" ]; then return; fi
  date --utc +%FT%TZ >"$failed"
  echo "$(date --utc +%FT%TZ) logs: CloudWatch does not get them: $1"
}

# collect: takes the lines since the last time. What fails is taken the next time.
collect() (
  exec 8>>"$unsent/lock"
  flock 8
  # Docker notes a line's time before it writes the line, which takes less than that.
  until=$(date --utc --date '1 second ago' +%FT%T.%NZ)
  # At first, what a first release has logged before cron runs this.
  since=$(cat "$unsent/until" 2>/dev/null || date --utc --date '1 hour ago' +%FT%T.%NZ)
  # A clock that was set back.
  if [[ $until < $since ]]; then exit; fi
  # shellcheck disable=SC2030  # of this run alone
  compose=(timeout 60 "${compose[@]}")
  logged --since "$since" --until "$until" | sort --stable --key 1,1 | short_requests | redact |
    python3 -B "$bin/log_batches.py" "$LOG_GROUP" "$stream" "$since" "$until" "$unsent" &&
    echo "$until" >"$unsent/until.new" && mv "$unsent/until.new" "$unsent/until"
)

# ask_logs WORD…: one call, with a limit: a CloudWatch that does not answer holds up the next run of cron only.
ask_logs() {
  if quietly timeout 30 aws logs "$@"; then return; fi
  evidence=${evidence:-no answer within 30 s}
  return 1
}

# put FILE
put() {
  if ask_logs put-log-events --cli-input-json "file://$1"; then return; fi
  if [[ $evidence == *ResourceNotFoundException* ]]; then
    # The first lines of this machine, or the first after somebody has deleted the group.
    ask_logs create-log-stream --log-group-name "$LOG_GROUP" --log-stream-name "$stream" &&
      ask_logs put-log-events --cli-input-json "file://$1" && return
  fi
  # It would refuse such a file each time, and the next ones would wait behind it.
  [[ $evidence == *InvalidParameterException* ]] || return 1
  echo "$(date --utc +%FT%TZ) logs: CloudWatch refuses some lines for good: ${evidence##*$'\n'}"
}

# send: the oldest file first. What CloudWatch does not take stays.
send() {
  local file
  for file in "$unsent"/*.json; do
    if [ ! -e "$file" ]; then break; fi
    put "$file" || return 1
    rm "$file"
  done
  rm -f "$failed" "$reason"
}

if [ -z "${LOG_GROUP:-}" ]; then
  rm -rf "$unsent" "$failed"
  exit
fi
if [ ! -e "$variables" ]; then exit; fi
mkdir -p "$unsent"
if [ "${1:-}" = last ]; then
  # shellcheck disable=SC2031
  if [ -n "${2:-}" ]; then "${compose[@]}" stop "$2" >/dev/null 2>&1 || true; fi
  # Until these lines are older than collect's limit.
  sleep 1
  collect || true
  exit
fi
exec 9>>"$unsent/sending"
# The run before may still wait for CloudWatch. Then the next one of cron sends the lines.
if [ "${1:-}" = now ]; then patience=(--timeout 45); else patience=(--nonblock); fi
if ! flock "${patience[@]}" 9; then exit; fi
if ! quietly collect; then
  evidence=${evidence:-no answer within 60 s}
  failure "Docker's logs cannot be read: ${evidence##*$'\n'}"
elif ! send; then
  failure "${evidence##*$'\n'}"
fi
