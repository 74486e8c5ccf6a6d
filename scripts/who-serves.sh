#!/usr/bin/env bash
# who-serves.sh: prints what this machine and the tasks serve, for `./ops releases`: a line with tabs between `serves`, who, and
# the image on the app server, or a commit of tasks, or `?` where ECS does not tell. It prints nothing where there are no tasks.
set -euo pipefail
. "$(dirname "$0")/common.sh"
if [ -z "${TASKS_CLUSTER:-}" ]; then exit; fi

printf 'serves\tapp server\t%s\n' "$(serving '{{.Config.Image}}')"
if status=$("$bin/task-status.sh"); then
  python3 -c 'import json, sys
commits = {group["commit"] for group in json.load(sys.stdin)["groups"] if group["running"] and group["commit"]}
for commit in sorted(commits): print("serves", "tasks", commit, sep="\t")' <<<"$status"
else
  printf 'serves\ttasks\t?\n'
fi
