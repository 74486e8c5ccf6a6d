#!/usr/bin/env bash
# memory.sh PROCESSES: compares the machine's memory with what a release needs while the version before still runs. PROCESSES is
# what describe-app.sh prints. Fails only if it exceeds memory and swap together.
set -euo pipefail
. "$(dirname "$0")/common.sh"
processes=$1

# In MiB. A process of Flask with SQLAlchemy takes 50 to 80; web has three, which share some. These count for what does not run
# yet. What runs counts with what it takes now.
web=200 process=80
# Debian, Docker, the proxy and the release itself.
need=300
serves=$(active_service)
parts=''
# taken SERVICE: what the processes of its container hold in memory; nothing if it does not run.
taken() {
  docker top "flask-on-aws-$1-1" -o pid,rss 2>/dev/null |
    awk '{ sum += $2 } END { if (sum) printf "%d", sum / 1024 }' || true
}
# count NAME SERVICE DEFAULT: the old one and the new one, which run beside each other for some seconds. The new one has not
# grown yet: a version that leaks memory must not stand in the way of the one that does not.
count() {
  local old new
  old=$(taken "$2")
  old=${old:-$3}
  new=$((old < $3 ? old : $3))
  need=$((need + old + new))
  parts+=$'\n'"         $1 $old and $new"
}
count web "$serves" "$web"
while read -r name _; do
  if [ -n "$name" ]; then count "$name" "$serves-$name" "$process"; fi
done <<<"$processes"
if [ "${APP_REDIS:-false}" = true ]; then
  each=$(taken redis)
  need=$((need + ${each:-64}))
  parts+=$'\n'"         Redis ${each:-64}"
fi
read -r total swap < <(LC_ALL=C free --mebi | awk '/^Mem:/ { total = $2 } /^Swap:/ { swap = $2 } END { print total + 0, swap + 0 }')
numbers="a release needs about $need MiB of memory while old and new version run,
       and $(hostname) has $total MiB and $swap MiB of swap. In MiB:$parts
         the rest 300"
[ "$need" -le $((total + swap)) ] ||
  fail "$numbers" "set a larger instanceType: $pulumi config set instanceType TYPE$flags && $pulumi up$flags;
        or have fewer processes in the Procfile"
if [ "$need" -gt "$total" ]; then echo "warning: $numbers"; fi
