#!/usr/bin/env bash
# patch.sh: upgrades this machine's packages, and releases the commit that serves again, in an image that is built anew: on the
# newest base, with the newest packages that the commit allows. Run it by deploy-lock.sh.
#
# Whatever fails, the version that serves stays. After a run that failed or was cut off, another one finishes it.
set -euo pipefail
. "$(dirname "$0")/common.sh"
export releasing=1
again="$ops patch$flags"

# as_root COMMAND…: beside the app, which gets the processor first. needrestart would restart Docker.
as_root() {
  sudo nice -n 19 env DEBIAN_FRONTEND=noninteractive APT_LISTCHANGES_FRONTEND=none NEEDRESTART_SUSPEND=1 LC_ALL=C "$@"
}
keep_files=(--force-confdef --force-confold)
# apt COMMAND…: another apt may run, as that of apt-daily.service.
apt() {
  as_root apt-get --assume-yes --option DPkg::Lock::Timeout=600 --option APT::Update::Error-Mode=any \
    --option Dpkg::Options::="${keep_files[0]}" --option Dpkg::Options::="${keep_files[1]}" "$@"
}

upgrade_packages() {
  local pending
  need_space 1024 "an upgrade"
  # What a run that was cut off has left half installed.
  quietly as_root dpkg "${keep_files[@]}" --configure --pending ||
    fail "packages that an earlier upgrade has left half installed cannot be configured" "correct what dpkg names, then: $again"
  quietly apt update ||
    fail "Debian's lists of packages cannot be read" "check the route to the internet, then: $again"
  pending=$("$bin/updates-pending.sh")
  quietly apt upgrade --with-new-pkgs ||
    fail "the upgrade of $pending packages was not finished" "correct what apt names, then: $again"
  touch "$root/upgraded"
  echo "$pending packages are upgraded"
}

# is_old: whether Docker's program is another one than it runs.
is_old() { [[ $(sudo readlink "/proc/$(cat /run/docker.pid 2>/dev/null)/exe") == *' (deleted)' ]]; }

# restart_docker: lets an upgraded Docker begin, and no container restart. Until the next restart of the machine the old one may
# go on as well.
restart_docker() {
  local said in out pid held='' try
  later() { echo "note: the upgraded Docker begins at the next restart of the machine: $1"; }
  if [ "$(docker info --format '{{.LiveRestoreEnabled}}')" != true ]; then
    later "live-restore is off"
    return
  fi
  # A pipe to it ends with this process, whatever ends that.
  coproc hold { exec sudo "$bin/hold-clients.sh" 30 2>&1; }
  pid=$! out=${hold[0]} in=${hold[1]}
  read -r -t 20 held <&"$out" || true
  if [ "$held" != held ]; then
    exec {in}>&-
    later "${held:-clients cannot be held}"
    return
  fi
  sleep 1 # requests under way may need Docker's names
  said=$(sudo systemctl restart docker 2>&1) || true
  for ((try = 0; try < 120; try++)); do
    if docker info >/dev/null 2>&1; then break; fi
    sleep 0.5
  done
  exec {in}>&-
  wait "$pid" || true
  docker info >/dev/null 2>&1 ||
    fail "Docker has not begun again after its upgrade, and its containers go on" \
      "see: $ops ssh$flags -- systemctl status docker; then: $again" "$said"
  echo "the upgraded Docker runs, and no container was restarted"
}

upgrade_packages
if is_old; then restart_docker; fi

image=$(serving '{{.Config.Image}}')
if [ -z "$image" ]; then
  echo "nothing serves, so there is no image to build"
  exit
fi
commit=$(serving_commit)
if ! recipe=$(cat "$descriptions/${image##*:}.recipe" 2>/dev/null); then
  fail "an earlier version of this project built $image,
       so it is not known what that is made of" "$(release_command "$commit"), then: $again"
fi
mapfile -t ingredients <<<"$recipe"
patched=$(unpatched "$image")-p$(date --utc +%Y%m%d%H%M%S)
fresh=1 "$bin/build.sh" "$commit" "$patched" "${ingredients[@]}"
"$bin/deploy.sh" "$patched"
if [ -n "${TASKS_CLUSTER:-}" ]; then
  touch "$tasks_behind"
  "$bin/serving.sh" request-release
  echo "note: the tasks run the image of before; give them the new one: $pulumi up$flags"
fi
if [ -e /run/reboot-required ]; then
  echo "note: a new kernel waits for a restart, which takes the page away for about a minute:
  $ops ssh$flags -- sudo systemctl reboot"
fi
