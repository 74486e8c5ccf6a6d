#!/usr/bin/env bash
# check-tasks.sh: checks that the service on ECS runs what serves on this machine, with the app's variables of now, and that all
# of its tasks are healthy, in two zones or more. Prints what it has found.
set -euo pipefail
. "$(dirname "$0")/common.sh"

# answer SCRIPT ARGUMENT…: sets $answered to what a script prints.
answer() {
  local errors
  errors=$(mktemp)
  answered=$("$bin/$1.sh" "${@:2}" 2>"$errors") || evidence=$(grep -m 1 . "$errors")
  rm -f "$errors"
  [ -z "$evidence" ] || fail "the tasks cannot be read: $evidence" \
    "run $pulumi up --refresh$flags, which restores the policy of the machine's role" ''
}

evidence=''
image=$(serving '{{.Config.Image}}')
commit=$(serving_commit)
[ -n "$commit" ] || fail "no release of the app serves that tasks could run" "release one: $pulumi up$flags"
answer rollback-tasks definition
mapfile -t definitions <<<"$answered"
answer parameters current "$TASKS_PARAMETERS"
current=$answered
answer task-status

# check SERVICE DEFINITION [workers]
check() {
  local set_of_tasks verdict kind found option=''
  [ -n "$2" ] || fail "the service $1 of the cluster $TASKS_CLUSTER is not there" \
    "make it again: $pulumi up --refresh$flags"
  set_of_tasks=$(aws ecs describe-task-definition --task-definition "$2" --output json |
    python3 -B "$bin/task_service.py" set)
  verdict=$(python3 -B "$bin/task_check.py" "$commit" "$set_of_tasks" "$current" "${@:3}" <<<"$answered")
  IFS=$'\t' read -r kind found <<<"$verdict"

  remedy="have the tasks follow: $ops ssh$flags -- $bin/deploy-lock.sh rollback-tasks.sh $image"
  if [ -e "$unfinished" ]; then
    if grep -q '^undo ' "$unfinished"; then option=' --undo'; fi
    remedy="finish the rollback: $ops rollback$option$flags"
  fi
  case $kind in
  ok) echo "$found" ;;
  other) fail "$found" "$remedy" ;;
  zone) fail "$found" "have ECS spread them: aws ecs update-service --region $REGION --cluster $TASKS_CLUSTER --service $1 --force-new-deployment" ;;
  *) fail "$found" "ECS replaces such tasks by itself. If it does not succeed, find the cause: $ops status$flags; $ops logs$flags" ;;
  esac
}

check "$TASKS_SERVICE" "${definitions[0]}"
if [ -n "${TASKS_WORKERS:-}" ]; then check "$TASKS_WORKERS" "${definitions[1]:-}" workers; fi
