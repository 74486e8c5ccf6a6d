# shellcheck shell=bash
# What must be true of the machine before set-up makes anything. Sourced after lab/shell/engine.sh.

# shellcheck source=../../tools/node-version.sh
source "$LAB_ROOT/tools/node-version.sh"

# at_least VERSION MINIMUM
at_least() { [[ $(printf '%s\n' "$1" "$2" | sort --version-sort | head -n 1) == "$2" ]]; }

# The language host has to be beside the CLI: one from elsewhere may be of another version.
pulumi_is_recent() {
  local cli minimum
  cli=$(command -v pulumi) || return 1
  minimum=$(sed -n 's/^requiredPulumiVersion: ">=\(.*\)"$/\1/p' "$LAB_ROOT/Pulumi.yaml")
  [[ -x $(dirname "$cli")/pulumi-language-nodejs ]] &&
    [[ $cli != "$LAB_TOOLS/bin/pulumi" || -x $LAB_TOOLS/lib/pulumi-language-nodejs ]] &&
    at_least "$(pulumi version 2>/dev/null | sed 's/^v//')" "$minimum"
}

check_processor() {
  case $(uname -m) in
  x86_64 | aarch64) ;;
  *) fail "this machine's processor is $(uname -m): the tools are to be had for x86_64 and aarch64" "use such a machine" ;;
  esac
}

# Go builds Pulumi, Caddy and Pebble. Go 1.21 and later fetch the version that a go.mod asks for, unless GOTOOLCHAIN
# forbids it.
check_go() {
  local have want
  # The file is written when the images are there.
  if pulumi_is_recent && [[ -f $LAB_ROOT/.lab/images ]]; then return; fi
  want=$(awk '$1 == "go" { print $2 }' "$LAB_ROOT"/lab/toolchain/*/go.mod | sort --version-sort | tail -n 1)
  if ! command -v go >/dev/null; then
    fail "Go is not on PATH, and set-up builds Pulumi, Caddy and Pebble with it: PATH=$PATH" \
      "install Go $want or later (https://go.dev/doc/install)"
  fi
  have=$(go env GOVERSION | sed 's/^go//')
  if at_least "$have" "$want"; then return; fi
  if [[ $(go env GOTOOLCHAIN) == local ]] || ! at_least "$have" 1.21; then
    fail "Go at $(command -v go) is $have; building the lab's tools needs $want" \
      "install Go $want or later (https://go.dev/doc/install)"
  fi
}

# check_disk DIR MB WHAT: DIR need not exist yet.
check_disk() {
  local dir=$1 need=$2 free
  while [[ ! -e $dir ]]; do dir=$(dirname "$dir"); done
  free=$(df --output=avail --block-size=1M "$dir" | tail -n 1 | tr -d ' ')
  if ((free < need)); then
    fail "$1 has $free MB free; $3 needs $need MB" "free some space there, or set $4 to a directory on another disk"
  fi
}

# Commands that the lab calls, and the Debian package of each.
needed_commands=(
  git:git curl:curl openssl:openssl ssh:openssh-client python3:python3 debootstrap:debootstrap flock:util-linux
)

# ensure_commands: installs what is missing where it may, else names it.
ensure_commands() {
  local pair packages=()
  for pair in "${needed_commands[@]}"; do
    if ! command -v "${pair%%:*}" >/dev/null; then packages+=("${pair##*:}"); fi
  done
  # Debian's python3 comes without what makes a virtual environment.
  if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then packages+=(python3-venv); fi
  if ((${#packages[@]} == 0)); then return; fi
  if ! root_on_debian; then
    fail "missing on PATH, as Debian's packages: ${packages[*]}" "install them, on Debian by: sudo apt-get install ${packages[*]}"
  fi
  step packages "Debian's packages ${packages[*]}" install_packages "${packages[@]}"
}

# check_containers: runs one, made of this machine's own shell, with the capabilities of a machine of the lab.
check_containers() {
  local image=flask-on-aws-lab/probe output capabilities
  mapfile -t capabilities <"$LAB_ROOT/lab/controller/capabilities"
  if docker info --format '{{.SecurityOptions}}' | grep -qE 'name=(rootless|userns)'; then
    fail "Docker runs rootless or with user namespaces: its containers cannot make networks" \
      "use a Docker engine that runs as root, without userns-remap"
  fi
  # shellcheck disable=SC2046 # one word a library
  tar --create --dereference --directory=/ bin/sh $(ldd /bin/sh | grep -o '/[^ ]*' | cut -c 2-) |
    docker import --change 'LABEL flask-on-aws.image=1' - "$image" >/dev/null
  if ! output=$(docker run --rm --network=none "${capabilities[@]/#/--cap-add=}" --security-opt=seccomp=unconfined \
    --security-opt=apparmor=unconfined "$image" /bin/sh -c : 2>&1); then
    fail "Docker cannot run a container with the capabilities ${capabilities[*]}: $output" \
      "run the lab on a machine or VM whose Docker engine has them (docker run --cap-add)"
  fi
  docker rmi "$image" >/dev/null
}
