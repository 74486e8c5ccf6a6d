#!/usr/bin/env bash
# status.sh: prints the state of this machine's app as one JSON object, for `./ops status`. null stands for what is not
# there or cannot be found out.
set -euo pipefail
. "$(dirname "$0")/common.sh"

# text VALUE: as JSON; control characters are left out.
text() {
  local value=${1//\\/\\\\}
  if [ -n "$1" ]; then printf '"%s"' "$(tr -d '\000-\037' <<<"${value//\"/\\\"}")"; else printf null; fi
}
# member NAME JSON
member() { printf '"%s":%s,' "$1" "${2:-null}"; }
# object NAME VALUE…: of text members
object() {
  local members=''
  while [ $# -gt 0 ]; do
    members+="\"$1\":$(text "$2"),"
    shift 2
  done
  printf '{%s}' "${members%,}"
}

# ask SCRIPT ARGUMENT…: what another script prints. What cannot be reached does not hold up the rest.
ask() { timeout "${patience:-20}" "$bin/$1.sh" "${@:2}" 2>/dev/null || true; }

# Meanwhile: apt takes seconds to read its lists.
exec 8< <(ask updates-status)
serving=$(ask serving)
image=$(sed -n 's/^"image": "\(.*\)",$/\1/p' <<<"$serving") commit=$(sed -n 's/^"commit": "\(.*\)",$/\1/p' <<<"$serving")
release=$(ask release-history | awk -F '\t' -v image="$image" '$4 == image && $9 !~ /^failed/ { number = $1 } END { print number }')

as_served "$image"
health() {
  local code seconds
  read -r code seconds < <(get_page --max-time 10 --output /dev/null --write-out '%{http_code} %{time_total}\n') || true
  printf '{"status":%d,"seconds":%s}' "$((10#${code:-0}))" "${seconds:-0}"
}
# The last run of the build or of the release, if it failed: which commit, when, in which step.
failed_release() {
  local run=deploy status call
  if [ "$root/runs/build.status" -nt "$root/runs/deploy.status" ]; then run=build; fi
  status=$(cat "$root/runs/$run.status" 2>/dev/null || true)
  # A run that has not ended has an empty status.
  if [ -z "$status" ] || [ "$status" = 0 ]; then return; fi
  call=$(grep -o 'flask-on-aws-app:[0-9a-f]*' "$root/runs/$run.call" | head -n 1)
  object step "$run" time "$(date --utc --reference="$root/runs/$run.status" +%FT%TZ)" commit "${call#*:}"
}
certificate() {
  local state end issuer refusal
  IFS=$'\t' read -r state end issuer refusal <<<"$(ask certificate)"
  if [ -n "$state" ]; then
    object state "$state" end "$end" issuer "$issuer" refusal "$refusal"
  fi
}
backup() {
  local key created
  IFS=$'\t' read -r key created _ < <(ask backups choose) || true
  if [ -n "$key" ]; then object key "$key" created "$created"; fi
}
backup_copy() {
  local key created
  IFS=$'\t' read -r key created _ < <(ask backups copied) || true
  object region "$BACKUP_COPY_REGION" key "$key" created "$created"
}
failed_jobs() {
  local jobs='' job
  for job in "$root"/failed-*; do
    if [ -e "$job" ]; then jobs+="$(object job "${job##*/failed-}" since "$(cat "$job")"),"; fi
  done
  printf '[%s]' "${jobs%,}"
}
# Those of the app's Procfile, and Redis.
processes() {
  local list='' name state restarts image
  while IFS=$'\t' read -r name state restarts image; do
    list+="{\"name\":$(text "$name"),\"state\":$(text "$state"),\"restarts\":$restarts,\"image\":$(text "$image")},"
  done < <(docker ps --all --quiet --filter label=flask-on-aws.process 2>/dev/null | xargs --no-run-if-empty docker inspect \
    --format $'{{index .Config.Labels "flask-on-aws.process"}}\t{{.State.Status}}\t{{.RestartCount}}\t{{.Config.Image}}' 2>/dev/null | sort)
  printf '[%s]' "${list%,}"
}
files() {
  local used
  if [ -z "${APP_FILES:-}" ] || [ ! -d "$files" ]; then return; fi
  used=$(timeout 20 sudo du --summarize --block-size=1M "$files" | cut -f 1) && printf '{"directory":"%s","usedMb":%d}' "$APP_FILES" "$used"
}
disk() { df --output=avail,size --block-size=1M "$root" | awk 'END { printf "{\"freeMb\":%d,\"totalMb\":%d}", $1, $2 }'; }
memory() {
  awk '/^MemTotal/ { total = $2 } /^MemAvailable/ { free = $2 }
    END { printf "{\"availableMb\":%d,\"totalMb\":%d}", free / 1024, total / 1024 }' /proc/meminfo
}
# Whether somebody gets the mails.
alarms() {
  local list='' region state topic
  while IFS=$'\t' read -r region state topic; do
    list+="$(object region "$region" state "$state" topic "$topic" email "$ALARM_EMAIL"),"
  done < <(timeout 40 "$bin/alarm-topics.sh" 2>/dev/null)
  printf '[%s]' "${list%,}"
}
# Of the machine's packages, and of the image that serves.
updates() {
  local upgraded pending reboot base behind
  IFS=$'\t' read -r upgraded pending reboot base behind <&8 || return 0
  printf '{"upgraded":%s,"pending":%d,"reboot":%s,"base":%s,"tasksBehind":%s}' "$(text "${upgraded#-}")" "$pending" \
    "$([ "$reboot" = reboot ] && echo true || echo false)" "$(text "${base#-}")" "$([ "$behind" = behind ] && echo true || echo false)"
}
lock_holder() { if [ "$(lock_age)" -lt "$lock_term" ]; then cat "$lock" 2>/dev/null || true; fi; }

{
  printf '{'
  member serving "${serving:+${serving%\}},\"release\":$(text "$release")\}}"
  member health "$(health)"
  member certificate "$(certificate)"
  member revision "$(text "$(live_revision 2>/dev/null || true)")"
  member lastFailedRelease "$(failed_release)"
  member lastBackup "$(backup)"
  member lastRestoreTest "$(text "$(cat "$root/last-restore-test" 2>/dev/null || true)")"
  member processes "$(processes)"
  member updates "$(updates)"
  member failedJobs "$(failed_jobs)"
  member download "$(text "$(offered "$commit")")"
  member lock "$(text "$(lock_holder)")"
  member disk "$(disk)"
  member files "$(files)"
  # A stack without tasks has no such member. The answer is made of six calls of the AWS CLI, each of which takes seconds while
  # a small machine is busy.
  if [ -n "${TASKS_CLUSTER:-}" ]; then member tasks "$(patience=60 ask task-status)"; fi
  # The answer takes a call for each object of a backup.
  if [ -n "${BACKUP_COPY_REGION:-}" ]; then member backupCopy "$(patience=60 backup_copy)"; fi
  # Nor has a stack without alarms this one.
  if [ -n "${ALARM_TOPICS:-}" ]; then member alarms "$(alarms)"; fi
  printf '"memory":%s}\n' "$(memory)"
} | tr -d '\n'
echo
