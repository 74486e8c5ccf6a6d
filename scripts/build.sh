#!/usr/bin/env bash
# build.sh COMMIT IMAGE BASE_IMAGE [PIP_INDEX_URL [DOCKERFILE [PACKAGES]]]: builds the app's image from a fetched commit, by
# Dockerfile.release with Debian's PACKAGES, or by the DOCKERFILE of the commit. With `fresh` in the environment, as patch.sh
# has it, everything is downloaded anew.
set -euo pipefail
. "$(dirname "$0")/common.sh"
releasing=1
commit=$1 image=$2 base_image=$3 index=${4:-} dockerfile=${5:-} debian_packages=${6:-}
fresh=${fresh:-}
# What `up` asks for last: after a rollback it is not released again unasked.
if [ -z "$fresh" ]; then echo "$image" >"$root/requested"; fi
# At each release, and not once: the instance type may have changed since the last one.
"$bin/swap.sh"

# The name says what the image is made of.
mkdir -p "$descriptions"
printf '%s\n' "$base_image" "$index" "$dockerfile" "$debian_packages" >"$descriptions/${image##*:}.recipe"
there=$("$bin/released-image.sh" "$image")
if docker image inspect "$there" >/dev/null 2>&1; then
  echo "$there is there already"
  exit 0
fi
need_space 1024 "building an image"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# base_python: the version of the base image's Python; nothing if it cannot be found out.
base_python() {
  if [[ $base_image =~ (^|/)python:(3\.[0-9]+) ]]; then
    echo "${BASH_REMATCH[2]}"
  else
    docker run --rm --entrypoint python "$base_image" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || true
  fi
}
# check_python: ends the build if the app does not run on the base image's Python.
check_python() {
  local version misfit base
  version=$(base_python)
  read_commit app_image.py "$commit" "" "$version"
  misfit=$(finding misfit) base=$(finding base)
  [ -z "$misfit" ] ||
    fail "the app needs Python ${misfit//$'\n'/ and }.
       $base_image has Python $version" "$pulumi config set baseImage ${base:-IMAGE}$flags && $(release_command)"
}

# made_dockerfile: Dockerfile.release, with Debian's packages, and with another list of the app's packages than requirements.txt.
made_dockerfile() {
  {
    if [ -n "$debian_packages" ]; then
      echo "RUN apt-get update && apt-get install --yes --no-install-recommends $debian_packages && rm -rf /var/lib/apt/lists/*"
    fi
    if [ "$packages" = uv.lock ]; then
      cat "$bin/Dockerfile.lock"
    elif [ -s "$work/requirements.release" ]; then
      echo "COPY requirements.release /tmp/requirements.txt"
    else
      echo "COPY requirements.txt /tmp/"
    fi
  } >"$work/packages"
  sed -e "/^COPY requirements.txt /{r $work/packages" -e 'd}' "$bin/Dockerfile.release" >"$work/Dockerfile.release"
}

# build DOCKERFILE [OPTION…]: from the commit's files and those that were made for it. The app tracks its .env: in the image it
# would be a second set of settings.
build() {
  local file made=() made_anew=()
  for file in "$work"/*.release; do
    if [ -s "$file" ]; then made+=("--add-file=$file"); fi
  done
  if [ "$fresh" ]; then made_anew=(--pull --no-cache); fi
  git -C "$source" archive "${made[@]}" "$commit" . ':(exclude,glob)**/.env' |
    docker build "${leftover[@]}" "${made_anew[@]}" --tag "$image" --file "$1" "${@:2}" ${index:+--build-arg "PIP_INDEX_URL=$index"} \
      --label "org.opencontainers.image.revision=$commit" -
}

# lacking: Debian's packages that the build has asked for in vain.
lacking() {
  if grep -qE "Git executable not found|Cannot find command 'git'" <<<"$evidence"; then
    echo git
  elif grep -qE "mysql_config|valid pkg-config name" <<<"$evidence"; then
    echo default-libmysqlclient-dev pkg-config build-essential
  elif grep -q "pg_config" <<<"$evidence"; then
    echo libpq-dev build-essential
  elif grep -qE "(gcc|cc|g\+\+)' failed: No such file|No such file or directory: '(gcc|cc|g\+\+)'|Unknown compiler" <<<"$evidence"; then
    echo build-essential
  fi
}
# install_command PACKAGE…: how an operator has them installed, beside those of today.
install_command() {
  local package at
  at=$(wc -w <<<"$debian_packages")
  for package; do
    printf '%s && ' "$pulumi config set --path 'appPackages[$at]' $package$flags"
    at=$((at + 1))
  done
  release_command
}

# not_pulled: ends the build where no registry has the base image.
not_pulled() {
  if [ -n "$dockerfile" ]; then
    fail "a base image of $dockerfile is not in its registry" "name another one in FROM, commit that, then: $(release_command HASH)"
  fi
  fail "the base image $base_image is not in its registry" \
    "name another one: $pulumi config set baseImage IMAGE$flags && $(release_command)"
}

not_built() {
  local remedy needed
  # The builder's progress and its advice on itself tell no cause, and uv and pip colour their errors.
  evidence=$(sed -E 's/\x1b\[[0-9;]*m//g' <<<"$evidence" |
    grep -vE '^(Step [0-9]+/| *--->|Sending build context|DEPRECATED: The legacy| +Install the buildx| +https://docs\.docker\.com|Removing intermediate|$)') || true
  if [[ $evidence =~ (manifest for [^ ]+ not found|manifest unknown|pull access denied for|repository does not exist) ]]; then
    not_pulled
  fi
  needed=$(lacking)
  if [ -n "$dockerfile" ]; then
    remedy="correct the app's $dockerfile, then: $(release_command HASH)"
    if [[ $evidence == *BuildKit* ]]; then
      remedy+="
        the builder on the app server is not BuildKit: it knows no RUN --mount and no here-documents"
    fi
  elif [ "$packages" = uv.lock ] && [[ $evidence == *"needs to be updated"* ]]; then
    remedy="run uv lock in the app's repository and commit uv.lock;
        then: $(release_command HASH)"
  else
    remedy="correct the app's $packages, then: $(release_command HASH);
        or, if the packages need another Python, set baseImage"
  fi
  if [ -n "$needed" ] && [ -z "$dockerfile" ]; then
    # shellcheck disable=SC2086  # a word each
    remedy="have Debian's $needed installed:
          $(install_command $needed);
        or $remedy"
  fi
  fail "the image of commit $commit was not built from ${dockerfile:-$base_image}" "$remedy"
}

if [ -n "$dockerfile" ]; then
  quietly build "$dockerfile" || not_built
  user=$(docker image inspect --format '{{.Config.User}}' "$image")
  case ${user%%:*} in
  '' | root | 0) echo "warning: the app runs as root in its container: $dockerfile has no USER" ;;
  esac
else
  check_python
  packages=$(finding packages)
  finding line >"$work/requirements.release"
  made_dockerfile
  quietly build Dockerfile.release --build-arg "BASE_IMAGE=$base_image" || not_built
fi
echo "$image is built"
