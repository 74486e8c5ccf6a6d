#!/usr/bin/env bash
# serve-tasks.sh CLUSTER SERVICE TASK_DEFINITION SECONDS [LEAST MOST]: has the service run a task definition, and waits until all
# its tasks do and serve, and no task of another one is left. It can be run again.
#
# The service keeps the number of tasks that it has: Application Auto Scaling may have changed it. A number outside of the limits
# is brought to the nearer one. Without limits, as in a rollback, any number is kept.
#
# ECS answers an update with success, also when it takes it back later: this asks ECS what runs. It fails if ECS rolls back, or
# has not come to an end in time, and tells why: the service's events, why tasks have stopped, and what the last one has logged.
# After that time it has ECS return to the version before, as ECS does by itself when tasks fail. Else a release that has failed
# would serve some time later, with nobody looking.
#
# Nothing checks a worker but that it runs, and ECS calls a deployment complete as soon as all do. So this looks for 10 seconds
# more, as processes.sh does.
set -euo pipefail
. "$(dirname "$0")/common.sh"
export releasing=1
cluster=$1 service=$2 definition=$3 limit=$4 limits=("${@:5}")
remedy="correct the app, then: $(release_command HASH)"
evidence_lines=80
steady=0 does=serve tasks=tasks
if [ "$service" = "${TASKS_WORKERS:-}" ]; then steady=2 does='run workers of' tasks='workers'; fi

# service_is ACTION ARGUMENT…: what task_service.py makes of the service.
service_is() { aws ecs describe-services --cluster "$cluster" --services "$service" --output json | python3 -B "$bin/task_service.py" "$@"; }
# of_definition DEFINITION commit|set|container
of_definition() { aws ecs describe-task-definition --task-definition "$1" --output json | python3 -B "$bin/task_service.py" "$2"; }

# update DEFINITION OPTION…: prints the deployment that it begins.
update() {
  aws ecs update-service --cluster "$cluster" --service "$service" --task-definition "$@" --output json |
    python3 -c 'import json, sys
print(next(each["id"] for each in json.load(sys.stdin)["service"]["deployments"] if each["status"] == "PRIMARY"))'
}

# For fail: what serves on the app server and in tasks.
what_serves() {
  local running desired of
  echo "On the app server commit $(serving_commit 2>/dev/null || true) serves."
  service_is summary 2>/dev/null | while read -r running desired of; do
    echo "       $running of $desired $tasks run commit $(of_definition "$of" commit 2>/dev/null || true)."
  done || true
}

# reasons: events, stopped tasks, and the last lines of the newest of them.
reasons() {
  local arns stopped
  service_is events || true
  mapfile -t arns < <(aws ecs list-tasks --cluster "$cluster" --service-name "$service" --desired-status STOPPED --output json |
    python3 -c 'import json, sys; print("\n".join(json.load(sys.stdin)["taskArns"][:100]))')
  if [ -z "${arns[*]}" ]; then return; fi
  stopped=$(aws ecs describe-tasks --cluster "$cluster" --tasks "${arns[@]}" --output json |
    python3 -B "$bin/task_service.py" stopped "$definition")
  if [ -z "$stopped" ]; then return; fi
  printf 'stopped task %s\n' "${stopped//$'\n'/$'\n'stopped task }"
  aws logs get-log-events --log-group-name "$TASKS_LOGS" --log-stream-name "$service/$(of_definition "$definition" container)/${stopped%% *}" --limit 30 --output json 2>/dev/null |
    python3 -c 'import json, sys
for event in json.load(sys.stdin)["events"]: print("log:", event["message"])' || true
}

# oldest_set: the lowest number of a set of variables with which a service runs.
oldest_set() {
  local each definitions sets=''
  definitions=$("$bin/rollback-tasks.sh" definition) || return
  for each in $definition $definitions; do sets+=$(of_definition "$each" set)$'\n' || return; done
  sed '/^$/d' <<<"$sets" | sort --numeric-sort | head -n 1
}

# go_back: has ECS return to the version before, and says what it does. Of a first version, and of one whose tasks have all
# been replaced, there is none. The way back of a failed rollback is not turned back again.
go_back() {
  local to=''
  if [ -z "${undoing:-}" ]; then to=$(service_is before "$deployment") || true; fi
  if [ -n "$to" ] && update "$to" >/dev/null; then
    echo "returns to commit $(of_definition "$to" commit || true)"
  else
    echo "goes on trying"
  fi
}

give_up() {
  evidence=$(reasons 2>&1) || true
  fail "$1" "$remedy"
}

commit=$(of_definition "$definition" commit)
# A rollback that fails takes the tasks back to what they ran before, whatever the app server serves.
if [ -z "${undoing:-}" ] && [ "$commit" != "$(serving_commit)" ]; then
  fail "commit $(serving_commit) serves on the app server, and the tasks were to run $commit" "run $pulumi up$flags again"
fi
begun=$(service_is begin "$definition" "${limits[@]}")
action=${begun%%$'\n'*} number=()
if [ "$begun" != "$action" ]; then number=(--desired-count "${begun#*$'\n'}"); fi
# For ./ops status and end-scaling.sh.
if [ -n "${limits[*]}" ] && [ "$service" = "$TASKS_SERVICE" ]; then
  echo "${limits[*]}" >"$root/task-count.new"
  mv "$root/task-count.new" "$root/task-count"
fi
case $action in
absent) fail "the service $service of the cluster $cluster is not there" "run $pulumi up --refresh$flags" ;;
wait*)
  deployment=${action#wait }
  # With the same task definition ECS begins no deployment.
  if [ -n "${number[*]}" ]; then deployment=$(update "$definition" "${number[@]}"); fi
  ;;
again) deployment=$(update "$definition" "${number[@]}" --force-new-deployment) ;;
*) deployment=$(update "$definition" "${number[@]}") ;;
esac
said='' began=$SECONDS looks=0
while true; do
  sleep 5 # ECS itself looks at a service every few seconds
  state=$(service_is judge "$deployment" "$definition")
  case $state in
  serving*)
    looks=$((looks + 1))
    if [ "$looks" -gt "$steady" ]; then break; fi
    ;;
  failed*) give_up "ECS does not $does commit $commit: ${state#failed }" ;;
  *) looks=0 ;;
  esac
  if [ "$((SECONDS - began))" -ge "$limit" ]; then
    remedy+="
        or, if it only needs more time, raise appTasksTimeout, then run $pulumi up$flags again"
    give_up "ECS does not $does commit $commit after $limit s, and $(go_back): ${state#waiting }"
  fi
  if [ "$state" != "$said" ] && [ "$looks" = 0 ]; then echo "${state#waiting }, $((SECONDS - began)) s"; fi
  said=$state
done
if [ "$steady" = 0 ]; then
  echo "${state#serving } run commit $commit: ${TASKS_URL:-}"
else
  echo "${state#serving } run workers of commit $commit"
fi
# Who fails has said why: the tasks serve.
"$bin/publish-status.sh" || true
if oldest=$(oldest_set); then "$bin/parameters.sh" keep "$TASKS_PARAMETERS" "$oldest" || true; fi
