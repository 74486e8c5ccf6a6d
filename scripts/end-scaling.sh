#!/usr/bin/env bash
# end-scaling.sh: gives the service the number of tasks that serve-tasks.sh was told last, if that is a fixed one. It runs when
# Application Auto Scaling has let go of the service, which may have changed the number after serve-tasks.sh has set it.
set -euo pipefail
. "$(dirname "$0")/common.sh"

limits=()
if [ -e "$root/task-count" ]; then read -r -a limits <"$root/task-count"; fi
# No fixed number: the tasks go, too.
if [ -z "${limits[*]}" ] || [ "${limits[0]}" != "${limits[1]}" ]; then exit; fi
number=$(aws ecs describe-services --cluster "$TASKS_CLUSTER" --services "$TASKS_SERVICE" --output json |
  python3 -B "$bin/task_service.py" outside "${limits[@]}")
if [ -z "$number" ]; then exit; fi
quietly aws ecs update-service --cluster "$TASKS_CLUSTER" --service "$TASKS_SERVICE" --desired-count "$number" ||
  fail "the service $TASKS_SERVICE was not given $number tasks" "allow the app server's role to update it, then run $pulumi up$flags again"
echo "$TASKS_SERVICE has $number tasks again"
