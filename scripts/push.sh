#!/usr/bin/env bash
# push.sh IMAGE: pushes the image that serves on this machine to the repository of the tasks, and writes the app's variables to
# SSM. Prints one line of JSON: {"image": "REPOSITORY@sha256:…", "commit": "…", "environment": NUMBER, "variables": ["NAME", …]}.
# Where tasks run the process of the Procfile, it also has "processes", which procfile.py makes.
# It can be run again: what is there already is not pushed or written again. Run it by deploy-lock.sh.
#
# Tasks get a thin image of their own, made of the one that has proven itself here: the certificates of RDS at their path on
# this machine, and a command that serves behind a load balancer.
set -euo pipefail
. "$(dirname "$0")/common.sh"
export releasing=1
image=$1
repository=$TASKS_REPOSITORY
serves=$(serving '{{.Config.Image}}')
if [ "$image" = "$(unpatched "$serves")" ]; then image=$serves; fi
# Somebody has rolled back since, or a release has failed.
[ "$serves" = "$image" ] || fail "${serves:-nothing} serves on the app server, not $image, so it is not pushed" "run $pulumi up$flags again"
as_served "$image"
"$bin/processes.sh" check '' "$processes"
commit=$(docker image inspect --format "$revision_label" "$image")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# task_dockerfile: gunicorn's options are in the task definition, where the program fits them to the load balancer.
task_dockerfile() {
  printf '%s\n' "FROM $image" "COPY rds-ca.pem $authority"
  if [ -n "$module" ]; then printf 'ENV FLASK_APP="%s"\n' "$(escape '"' "$module")"; fi
  if [ -z "$dockerfile" ]; then
    printf '%s\n' "COPY gunicorn_task.py $bin/" \
      "CMD [\"sh\", \"-c\", \"exec gunicorn --config $bin/gunicorn_task.py --bind 0.0.0.0:5005 \\\"\$FLASK_APP\\\"\"]"
  fi
}
# pushed: the digest of the tag in the repository; fails if there is none.
# shellcheck disable=SC2317  # quietly runs it
pushed() {
  aws ecr describe-images --repository-name "${repository#*/}" --image-ids "imageTag=$tag" \
    --query 'imageDetails[0].imageDigest' --output text
}
# With a directory of its own for the login, which Docker would else leave in the home.
# shellcheck disable=SC2317  # quietly runs it
login() {
  aws ecr get-login-password | docker --config "$work/docker" login --username AWS --password-stdin "${repository%%/*}"
}

# The image's user reads them.
install --mode 644 "$authority" "$work/rds-ca.pem"
install --mode 644 "$bin/gunicorn_task.py" "$work/"
task_dockerfile >"$work/Dockerfile"
# Says what the image is made of: a tag cannot be overwritten.
ingredients=$(docker image inspect --format '{{.Id}}' "$image" | cat - "$work"/{Dockerfile,rds-ca.pem,gunicorn_task.py} | sha256sum)
tag=${commit:0:12}-${ingredients:0:12}
if ! quietly pushed; then
  [[ $evidence == *ImageNotFound* ]] || fail "the repository ${repository#*/} cannot be read" "correct the cause, then run $pulumi up$flags again"
  echo "pushing $image" >&2
  quietly docker build "${leftover[@]}" --tag "$repository:$tag" "$work" ||
    fail "the image for tasks was not built from $image" "correct the cause, then run $pulumi up$flags again"
  quietly login || fail "${repository%%/*} refuses the login" "correct the cause, then run $pulumi up$flags again"
  quietly docker --config "$work/docker" push --quiet "$repository:$tag" ||
    fail "$image was not pushed to ${repository#*/}" "correct the cause, then run $pulumi up$flags again"
  docker image rm "$repository:$tag" >/dev/null 2>&1 || true # the repository has it now
fi
digest=$(pushed)
rm -f "$tasks_behind"
written=$("$bin/parameters.sh" write "$TASKS_PARAMETERS")
mapfile -t lines <<<"$written"
workers=''
if [ -n "${TASKS_WORKERS:-}" ]; then workers=", \"processes\": $(python3 -B "$bin/procfile.py" containers <<<"$processes")"; fi
printf '{"image": "%s@%s", "commit": "%s", "environment": %d, "variables": [%s]%s}\n' "$repository" "$digest" "$commit" \
  "${lines[0]}" "$(sed -E 's/[^ ]+/"&"/g; s/ /, /g' <<<"${lines[1]:-}")" "$workers"
