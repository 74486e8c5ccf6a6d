#!/usr/bin/env bash
# rollback-tasks.sh IMAGE: has the tasks follow a rollback to an image, which serves on this machine already, with today's
#   variables. It can be run again.
# rollback-tasks.sh definition: prints the task definition that serves, and on a second line that of the workers, if tasks run
#   them.
# rollback-tasks.sh back DEFINITION [WORKERS]: has the tasks run definitions again, after a rollback that has failed.
#
# A worker drops a job that its version does not know. So on the way to an older version the web tasks are first, which then queue
# no newer jobs, and on the way to a newer one the workers are.
set -euo pipefail
. "$(dirname "$0")/common.sh"

# definition SERVICE
definition() {
  aws ecs describe-services --cluster "$TASKS_CLUSTER" --services "$1" --output json |
    python3 -B "$bin/task_service.py" definition
}
# serve SERVICE DEFINITION
serve() { "$bin/serve-tasks.sh" "$TASKS_CLUSTER" "$1" "$2" "$TASKS_TIMEOUT"; }

# follow SERVICE [workers]: has a service run what push.sh has printed.
follow() {
  local current copy
  current=$(definition "$1")
  # The last release may have ended before there was a service.
  if [ -z "$current" ]; then return; fi
  copy=$(aws ecs describe-task-definition --task-definition "$current" --output json |
    python3 -B "$bin/task_service.py" copy "$pushed" "${@:2}")
  if [ -n "$copy" ]; then
    current=$(aws_with "$copy" ecs register-task-definition --output json |
      python3 -c 'import json, sys; print(json.load(sys.stdin)["taskDefinition"]["taskDefinitionArn"])')
  fi
  serve "$1" "$current"
}
workers() { if [ -n "${TASKS_WORKERS:-}" ]; then follow "$TASKS_WORKERS" workers; fi; }

case $1 in
definition)
  web=$(definition "$TASKS_SERVICE")
  if [ -z "$web" ]; then exit; fi
  echo "$web"
  if [ -n "${TASKS_WORKERS:-}" ]; then definition "$TASKS_WORKERS"; fi
  ;;
back)
  export undoing=1
  if [ -n "${3:-}" ]; then serve "$TASKS_WORKERS" "$3"; fi
  serve "$TASKS_SERVICE" "$2"
  ;;
*)
  # The image may have expired in the repository.
  pushed=$("$bin/push.sh" "$1")
  if grep -q '^undo ' "$unfinished" 2>/dev/null; then
    workers
    follow "$TASKS_SERVICE"
  else
    follow "$TASKS_SERVICE"
    workers
  fi
  ;;
esac
