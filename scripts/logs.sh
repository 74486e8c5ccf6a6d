#!/usr/bin/env bash
# logs.sh [--follow] [--since WHEN] [--lines NUMBER] [--all]: prints what the app, its tasks and the proxy have logged, merged by
# time, without the app's secrets.
#
# At most NUMBER past lines, the last ones: 100, or with --since all of that time. WHEN is a duration (30m, 24h) or a
# time. Without --all, requests of health checks and the proxy's notices are left out.
set -euo pipefail
. "$(dirname "$0")/common.sh"
# shellcheck source=log-lines.sh
. "$bin/log-lines.sh"
follow='' since='' lines='' all=''
while [ $# -gt 0 ]; do
  case $1 in
  --follow) follow=1 ;;
  --since) since=$2 && shift ;;
  --lines) lines=$2 && shift ;;
  --all) all=1 ;;
  *) fail "logs.sh does not know '$1'" "usage: logs.sh [--follow] [--since WHEN] [--lines NUMBER] [--all]" ;;
  esac
  shift
done
[ -e "$variables" ] || fail "nothing has been released to this machine yet" "release the app: $pulumi up$flags"
now=$(date --utc +%FT%T.%NZ)

# Without what says nothing of the app: the containers' health checks, the deployer's and the status's requests, and the
# proxy's notices.
worth_reading() {
  if [ "$all" ]; then cat; else grep --line-buffered -vEf "$bin/log-noise" || [ $? = 1 ]; fi
}
# of_tasks WORD…: lines of all tasks, if there are any. Who fails has said why: the app server's lines are worth reading, too.
of_tasks() {
  if [ -n "${TASKS_CLUSTER:-}" ]; then python3 -B "$bin/task_logs.py" "$TASKS_LOGS" "$@" || true; fi
}
# last: the last lines that are asked for.
last() { if [ "$lines" ]; then tail -n "$lines"; elif [ "$since" ]; then cat; else tail -n 100; fi; }
# Of the time, seconds are enough to read.
readable() { short_requests | sed --unbuffered -E 's/^([^ ]{19})[^ ]*Z /\1Z /'; }

{
  logged ${since:+--since "$since"} --until "$now"
  of_tasks "${TASKS_CLUSTER:-}" "${TASKS_SERVICE:-} ${TASKS_WORKERS:-}" "$since" "${lines:-100}"
} | sort --stable --key 1,1 | worth_reading | last | readable | redact
if [ "$follow" ]; then
  {
    of_tasks follow &
    logged --follow --since "$now"
  } | worth_reading | readable | redact
fi
