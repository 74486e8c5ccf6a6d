#!/usr/bin/env bash
# build.sh COMMIT IMAGE BASE_IMAGE [PIP_INDEX_URL]: builds the app's image from a fetched commit.
set -euo pipefail
. "$(dirname "$0")/common.sh"
releasing=1
commit=$1 image=$2 base_image=$3 index=${4:-}
# What `up` asks for last: after a rollback it is not released again unasked.
echo "$image" >"$root/requested"
# At each release, and not once: the instance type may have changed since the last one.
"$bin/swap.sh"

# The name says what the image is made of.
if docker image inspect "$image" >/dev/null 2>&1; then
  echo "$image is there already"
  exit 0
fi
need_space 1024 "building an image"

# The app tracks its .env: in the image it would be a second set of settings.
build() {
  git -C "$source" archive --add-file="$bin/Dockerfile.release" "$commit" . ':(exclude,glob)**/.env' |
    docker build "${leftover[@]}" --tag "$image" --file Dockerfile.release \
      --build-arg "BASE_IMAGE=$base_image" ${index:+--build-arg "PIP_INDEX_URL=$index"} \
      --label "org.opencontainers.image.revision=$commit" -
}
# The builder's progress and its advice on itself tell no cause, and pip colours its errors.
if ! quietly build; then
  evidence=$(sed -E 's/\x1b\[[0-9;]*m//g' <<<"$evidence" |
    grep -vE '^(Step [0-9]+/| *--->|Sending build context|DEPRECATED: The legacy| +Install the buildx| +https://docs\.docker\.com|Removing intermediate|$)')
  fail "the image of commit $commit was not built from $base_image" \
    "correct the app's requirements.txt, then: $(release_command HASH);
        or, if the packages need another Python, set baseImage"
fi
echo "$image is built"
