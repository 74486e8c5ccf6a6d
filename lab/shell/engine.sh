# shellcheck shell=bash
# Docker's engine: found, installed where that needs no decision of the user's, started and stopped.
# Sourced after lab/shell/report.sh and lab/shell/processes.sh.

# Set in the environment of an engine that set-up has started, so that it is the only one ever stopped. It names the
# cache, as two set-ups with a cache of their own may each have an engine on one machine.
engine_mark=LAB_ENGINE=$LAB_CACHE

engine_answers() { docker info >/dev/null 2>&1; }

root_on_debian() { [[ $EUID == 0 && -e /etc/debian_version ]]; }

# install_packages PACKAGE…: from Debian, as root.
install_packages() {
  # A new machine often runs its own updates, which hold the lock for a while.
  local wait_for_lock=(-o DPkg::Lock::Timeout=300)
  apt-get "${wait_for_lock[@]}" update
  DEBIAN_FRONTEND=noninteractive apt-get "${wait_for_lock[@]}" install -y --no-install-recommends "$@"
}

install_engine() {
  local packages=(docker.io)
  # A package of its own since Debian 13.
  if [[ -n $(apt-cache search --names-only '^docker-cli$') ]]; then packages+=(docker-cli); fi
  install_packages "${packages[@]}"
}

# Starts the engine as a service where systemd runs, else by itself; waits until it answers.
start_engine() {
  local log=$LAB_CACHE/log/dockerd.log last
  if [[ -d /run/systemd/system ]]; then
    last=(journalctl --unit docker --lines 20 --no-pager)
    systemctl start docker
  else
    last=(tail -n 20 "$log")
    # 9 is set-up's lock, which the engine must not hold for as long as it lives.
    env "$engine_mark" setsid dockerd >"$log" 2>&1 </dev/null 9>&- &
  fi
  # An engine with many images or after a crash takes its time.
  for _ in {1..60}; do
    if engine_answers; then return; fi
    sleep 1
  done
  "${last[@]}" >&2
  echo "dockerd does not answer after 60 s; its last lines are above" >&2
  return 1
}

# ensure_engine: fails unless Docker's engine of this machine answers in the end.
ensure_engine() {
  if [[ ${DOCKER_HOST:-unix:} != unix:* ]]; then
    fail "DOCKER_HOST is $DOCKER_HOST: the lab needs the engine of this machine, for its networks" \
      "unset DOCKER_HOST"
  fi
  if engine_answers; then return; fi
  if ! root_on_debian; then
    fail "Docker's engine does not answer: $(docker info 2>&1 | grep -iE 'error|denied|not found|cannot' | head -n 1)" \
      "start Docker 20.10 or later; sudo usermod -aG docker $USER, then log in again"
  fi
  if ! command -v dockerd >/dev/null || ! command -v docker >/dev/null; then
    step engine-install "Docker's engine from Debian's packages" install_engine
  fi
  # Where Debian starts services, it has started this one.
  if engine_answers; then return; fi
  step engine-start "Docker's engine started" start_engine
}

# Process id of the engine that set-up has started, if any.
lab_engine() {
  local pid
  for pid in $(marked_processes "$engine_mark"); do
    if [[ $(cat "/proc/$pid/comm" 2>/dev/null) == dockerd ]]; then echo "$pid"; fi
  done
}

# stop_engine: ends the engine if the lab has started it and nothing runs in it.
stop_engine() {
  local pid running
  pid=$(lab_engine)
  if [[ -z $pid ]]; then return; fi
  running=$(docker ps -q | wc -l)
  if [[ $running != 0 ]]; then
    say "Docker's engine (process $pid) left running: $running containers are in it"
    return
  fi
  kill "$pid"
  # It ends containerd before itself.
  for _ in {1..30}; do
    if [[ ! -e /proc/$pid ]]; then
      say "Docker's engine stopped"
      return
    fi
    sleep 1
  done
  fail "Docker's engine (process $pid) did not end within 30 s of SIGTERM" "see what it waits for in $LAB_CACHE/log/dockerd.log"
}

# remove_labelled HOME WHAT "LIST…" REMOVE…: removes what the docker command LIST finds of the lab whose directory is
# HOME, by the docker command REMOVE.
remove_labelled() {
  local home=$1 what=$2 list found
  read -ra list <<<"$3"
  shift 3
  list+=(--quiet --filter "label=flask-on-aws.lab=$home")
  mapfile -t found < <(docker "${list[@]}")
  if ((${#found[@]} == 0)); then return; fi
  # One that ends by itself meanwhile makes the command fail, yet all are gone.
  docker "$@" "${found[@]}" >/dev/null || [[ -z $(docker "${list[@]}") ]] ||
    fail "some $what of the lab in $home could not be removed; Docker's message is above" \
      "correct what it names, then run the same command again"
  say "$what removed: ${#found[@]}"
}

# remove_task_images HOME: the images of ECS tasks. They are known by their name, as their labels are their authors'.
remove_task_images() {
  local found
  mapfile -t found < <(docker image ls --filter "reference=flask-on-aws-tasks/$(basename "$1")" --format '{{.Repository}}:{{.Tag}}')
  if ((${#found[@]} == 0)); then return; fi
  docker rmi --force "${found[@]}" >/dev/null
  say "images of tasks removed: ${#found[@]}"
}

# remove_docker_objects HOME: the containers, images of tasks, networks and volumes of the lab whose directory is HOME.
remove_docker_objects() {
  remove_labelled "$1" containers 'ps --all' rm --force --volumes
  remove_task_images "$1"
  remove_labelled "$1" networks 'network ls' network rm
  remove_labelled "$1" volumes 'volume ls' volume rm
}
