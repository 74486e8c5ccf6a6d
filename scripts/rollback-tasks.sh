#!/usr/bin/env bash
# rollback-tasks.sh IMAGE: has the tasks follow a rollback to an image, which serves on this machine already, with today's
#   variables. It can be run again.
# rollback-tasks.sh definition: prints the task definition that serves.
# rollback-tasks.sh back DEFINITION: has the tasks run a definition again, after a rollback that has failed.
set -euo pipefail
. "$(dirname "$0")/common.sh"

definition() {
  aws ecs describe-services --cluster "$TASKS_CLUSTER" --services "$TASKS_SERVICE" --output json |
    python3 -B "$bin/task_service.py" definition
}
serve() { "$bin/serve-tasks.sh" "$TASKS_CLUSTER" "$TASKS_SERVICE" "$1" "$TASKS_TIMEOUT"; }

case $1 in
definition) definition ;;
back) undoing=1 serve "$2" ;;
*)
  # The image may have expired in the repository.
  pushed=$("$bin/push.sh" "$1")
  current=$(definition)
  copy=$(aws ecs describe-task-definition --task-definition "$current" --output json |
    python3 -B "$bin/task_service.py" copy "$pushed")
  if [ -n "$copy" ]; then
    current=$(aws_with "$copy" ecs register-task-definition --output json |
      python3 -c 'import json, sys; print(json.load(sys.stdin)["taskDefinition"]["taskDefinitionArn"])')
  fi
  serve "$current"
  ;;
esac
