#!/usr/bin/env bash
# redis.sh start: has Redis run beside the app, as the settings say. If it does not start, the one that ran before is started
#   again.
# redis.sh remove: removes the container if the setting appRedis is off. The data stays in the directory.
set -euo pipefail
. "$(dirname "$0")/common.sh"
data=$root/redis

# shellcheck disable=SC2317  # quietly runs it
up() {
  REDIS_IMAGE=$1 REDIS_MEMORY=$memory REDIS_USER=$(id -u):$(id -g) \
    "${compose[@]}" up --detach --quiet-pull --no-deps --wait --wait-timeout 60 redis
}

start() {
  local memory total id before=''
  mkdir -p "$data"
  read -r _ total _ < <(LC_ALL=C free --mebi | grep '^Mem:')
  memory=$((total / 16 > 64 ? total / 16 : 64))
  id=$("${compose[@]}" ps --quiet redis)
  if [ -n "$id" ]; then before=$(docker inspect --format '{{.Config.Image}}' "$id"); fi
  if quietly up "$REDIS_IMAGE"; then return; fi
  evidence+=$'\n'$("${compose[@]}" logs --no-color --no-log-prefix --tail 20 redis 2>&1 | without_probes) || true
  if [ -n "$before" ]; then up "$before" >/dev/null 2>&1 || true; fi
  fail "Redis does not start from the image $REDIS_IMAGE, with its data in $data" \
    "correct the setting redisImage, or set it back${before:+: $pulumi config set redisImage $before$flags};
        then run $pulumi up$flags again"
}

case $1 in
start) start ;;
remove) if [ "${APP_REDIS:-false}" != true ]; then quietly "${compose[@]}" rm --force --stop redis || true; fi ;;
esac
