#!/usr/bin/env bash
# who-serves.sh: prints what this machine and the tasks serve, for `./ops releases`: a line with tabs between `serves`, who, and
# the image on the app server, or a commit of tasks or workers, or `?` where ECS does not tell. It prints nothing where there are no tasks.
set -euo pipefail
. "$(dirname "$0")/common.sh"
if [ -z "${TASKS_CLUSTER:-}" ]; then exit; fi

printf 'serves\tapp server\t%s\n' "$(serving '{{.Config.Image}}')"
if status=$("$bin/task-status.sh"); then
  python3 -c 'import json, sys
status = json.load(sys.stdin)
for who, of in ("tasks", status), ("workers", status.get("workers", {"groups": []})):
    for commit in sorted({group["commit"] for group in of["groups"] if group["running"] and group["commit"]}):
        print("serves", who, commit, sep="\t")' <<<"$status"
else
  printf 'serves\ttasks\t?\n'
fi
