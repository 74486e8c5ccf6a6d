#!/usr/bin/env bash
# task-status.sh: prints how the tasks are as one JSON object; task_status.py says what is in it.
set -euo pipefail
. "$(dirname "$0")/common.sh"
# Of serve-tasks.sh.
limits=$(cat "$root/task-count" 2>/dev/null || true)
exec python3 -B "$bin/task_status.py" "$TASKS_CLUSTER" "$TASKS_SERVICE" "$limits" "${TASKS_WORKERS:-}"
