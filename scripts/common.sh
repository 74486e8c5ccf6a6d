# shellcheck shell=bash
# Sourced by the other scripts: where things are on the machine, and how a step fails.

root=${FLASK_ON_AWS_ROOT:-/opt/flask-on-aws}
# What the program knows: stackVariables of deployer/release.ts.
# shellcheck source=/dev/null
if [ -e "$root/stack.env" ]; then . "$root/stack.env"; fi
# shellcheck disable=SC2034  # each script uses some of these
{
  bin=$root/bin
  source=$root/source.git     # every fetched commit of the app
  settings=$root/app.env      # the app's variables with all secrets, which app_settings.py reads
  client=$root/mysql.cnf      # the same database user, for mysql and mysqldump
  authority=$root/rds-ca.pem  # what RDS's certificates are checked against
  migrations=$root/migrations # revision files of an app that ships none
  files=$root/files           # what the app keeps in the directory of the setting appFiles
  proxy=$root/proxy           # the proxy's configuration directory
  # The proxy's directory /data.
  certificates=$root/certificates
  # Its time is when the proxy was last told to ask for a certificate.
  asked=$proxy/asked
  variables=$root/release.env # the variables of compose.yml
  history=$root/ledger        # a file for each release
  last_backup=$root/last-backup last_copied=$root/last-copied
  # Their times are those of the last nightly backup, and of the first cron jobs of this machine.
  nightly_backup=$root/last-nightly-backup scheduled_since=$root/scheduled-since
  # A rollback of this machine that the tasks have yet to follow: rollback.sh says what is in it.
  unfinished=$root/rollback
  tasks_behind=$root/tasks-behind # a patch that the tasks have yet to get
  # The commands of the setting appSchedule, in the form that schedule.sh says.
  scheduled_commands=$root/app-schedule
  migrated_tables=$root/tables # those of the live schema after the last migration, or the last restore
  # Of the page: the domain or the address.
  host=${APP_URL-}
  host=${host#*://}
  descriptions=$root/descriptions # of each image that has served: what describe-app.sh printed
  lock=$root/lease                # the deploy lock: who holds it; a heartbeat renews its time
  lock_term=20                    # seconds after which a lock without a heartbeat is nobody's
  # Schemas beside the live one, which prepare-database.sh lets the app's user have: a backup that is loaded, and what a
  # restore has replaced. The longest name allows the setting databaseName 55 of MySQL's 64 characters.
  scratch=${SCHEMA:-}_restore replaced=${SCHEMA:-}_replaced
  # What describe-app.sh prints. Before it existed, an app had to be like this.
  module=run:app module_found=run.py health_path=/login health_status=200 has_database=true database_check=true migrations_by=generated
  dockerfile='' port=5005
  processes='' release_line=''
  # Docker's template for the commit that an image or a container was made of.
  revision_label='{{ index .Config.Labels "org.opencontainers.image.revision" }}'
  # Docker's template for the address of a container in the network of compose.yml.
  address_template='{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}'
  # Docker's options for builds and migrations: the serving containers weigh 1024, so these get the processor time that is
  # left.
  leftover=(--cpu-shares 64)
}
# set_compose: sets $compose, with the files of the app's processes that processes.sh has written.
set_compose() {
  local file
  compose=(docker-compose --progress quiet --project-name flask-on-aws --env-file "$variables" --file "$bin/compose.yml")
  for file in "$root"/processes.{blue,green}.yml; do
    if [ -s "$file" ]; then compose+=(--file "$file"); fi
  done
}
set_compose
# What messages call the operator's programs, and the options that name the stack there. ./ops leaves the options out
# where its user has named no stack.
# shellcheck disable=SC2034  # each script uses some of these
ops=${OPS:-./ops} pulumi=${PULUMI:-pulumi} flags=${STACK_FLAGS-${STACK:+ --stack $STACK}}
# unpatched IMAGE: its name without what patch.sh adds, as the program calls it.
unpatched() { sed -E 's/-p[0-9]+$//' <<<"$1"; }
# release_command [COMMIT]: how an operator releases a commit; without one, the configured one.
release_command() { echo "${1:+$pulumi config set appCommit $1$flags && }$pulumi up$flags"; }
export AWS_DEFAULT_REGION=${REGION:-} AWS_MAX_ATTEMPTS=5

# fail WHAT REMEDY [EVIDENCE]: ends a step. The verdict comes first, then the last lines of the evidence, which is by default
# what the last quiet command has said: 30 lines, or $evidence_lines. A step of a release, which sets $releasing, says what
# serves.
fail() {
  local evidence=${3-${evidence:-}} serves=''
  if [ -n "${releasing:-}" ]; then serves=$'\n       '$(what_serves); fi
  printf 'error: %s%s\nremedy: %s\n' "$1" "$serves" "$2" >&2
  if [ -n "$evidence" ]; then tail -n "${evidence_lines:-30}" <<<"$evidence" | redact | sed 's/^/  | /' >&2; fi
  exit 1
}

# quietly COMMAND…: keeps in $evidence what a command that fails has said.
quietly() { if evidence=$("$@" 2>&1); then evidence=''; else return 1; fi; }

# Copies log lines of docker-compose, which begins each with an escape code, without empty ones, requests of checks and the
# proxy's notices.
without_probes() { sed $'s/^\e\\[2K//' | grep -vE '^$|"(Python-urllib/|flask-on-aws-check)|^[0-9/]+ [0-9:.]+\sINFO\s' || true; }

# aws_with JSON WORD…: the AWS CLI with an input that no command line shows. It reads it more than once, so standard input does not do.
aws_with() (
  file=$(mktemp) && trap 'rm -f "$file"' EXIT
  echo "$1" >"$file"
  aws "${@:2}" --cli-input-json "file://$file"
)

# as_served IMAGE: sets the variables of describe-app.sh for an image that serves, or has served.
as_served() {
  # shellcheck source=/dev/null
  if [ -e "$descriptions/${1##*:}" ]; then . "$descriptions/${1##*:}"; fi
  # A description of an earlier version may say this alone.
  # shellcheck disable=SC2034  # the callers use it
  if [ "$has_database" = false ]; then database_check=false; fi
}

# run_task NAME IMAGE COMMAND: runs a line of a shell in a container of its own, with the app's variables, as the image's user. It
# gets the processor time that is left.
run_task() {
  docker rm --force "flask-on-aws-task-$1" >/dev/null 2>&1 || true # what a run that was killed has left
  FILES=${APP_FILES:+$files:$APP_FILES} TASK_IMAGE=$2 \
    "${compose[@]}" run --rm --no-deps -T --name "flask-on-aws-task-$1" ${module:+--env "FLASK_APP=$module"} \
    ${dockerfile:+--env "PORT=$port"} --entrypoint sh task -c "$3" </dev/null
}

# get_page OPTION…: asks the proxy on this machine for the app's page, by curl. Whether clients trust the certificate is the
# matter of certificate.sh.
get_page() {
  curl --silent --insecure --connect-to ::127.0.0.1: --user-agent flask-on-aws-check "$@" "$APP_URL$health_path"
}

# holds_lock: whether this run still has the deploy lock. It is also true for a step by hand while nobody has the lock.
holds_lock() { [ "${LOCK_HOLDER:-}" = "$(cat "$lock" 2>/dev/null)" ]; }

# Seconds since the last heartbeat of the deploy lock's holder.
lock_age() { echo $(($(date +%s) - $(stat --format %Y "$lock" 2>/dev/null || echo 0))); }

# need_space MB WHAT: fails unless there is room for it.
need_space() {
  local free taken=''
  free=$(df --output=avail --block-size=1M "$root" | tail -n 1)
  if [ "$free" -ge "$1" ]; then return; fi
  if [ -d "$files" ]; then
    taken=".
       The app's files take $(sudo du --summarize --block-size=1M "$files" | cut -f 1) MB"
  fi
  fail "$(hostname) has $((free)) MB free at $root; $2 needs $1 MB$taken" \
    "see: docker system df; df -h. Then remove what is not needed or give the volume more room"
}

# query SQL [OPTION…]: mysql as the app's user, on the app's schema; tab-separated rows without a header.
query() {
  mysql --defaults-extra-file="$client" --connect-timeout=10 --batch --skip-column-names "${@:2}" --execute "$1"
}

# anywhere SQL: as query, but not on the app's schema, which may have been dropped or closed to the user: every user may use
# information_schema.
anywhere() { query "$1" --database=information_schema; }

# Ends a step: the server has no schema of the app's any more. Rights on it outlive it.
no_schema() {
  fail "$DB_HOST has no schema $SCHEMA: somebody dropped it, or databaseSnapshot holds another one" "create it: $ops mysql$flags -- -D information_schema -e 'CREATE DATABASE $SCHEMA CHARACTER SET utf8mb4';
        then restore a backup: $ops restore$flags"
}

# How mysql is told a password without showing it in the process list.
# option_file HOST PORT USER PASSWORD
option_file() {
  printf '[client]\nhost=%s\nport=%s\nuser=%s\npassword="%s"\nssl-ca=%s\nssl-verify-server-cert\n' \
    "$1" "$2" "$3" "$(escape '"' "$4")" "$authority"
}
# escape QUOTE TEXT: puts a backslash before each backslash and each QUOTE of TEXT.
escape() {
  local text=${2//\\/\\\\}
  printf '%s' "${text//"$1"/\\"$1"}"
}
# as_master HOST PORT USER PASSWORD SQL: prints the rows that the last one selects.
as_master() {
  local messages
  # mysql repeats a statement that fails, with the password in it: only its ERROR lines are passed on.
  messages=$(mysql --defaults-extra-file=<(option_file "${@:1:4}") 2>&1 <<<"$5") ||
    fail "$3 cannot prepare the database at $1:$2: $(grep ERROR <<<"$messages")" \
      "check the security groups and the route. If somebody has changed the password of $3,
        raise databaseMasterPasswordRotation by one and run: $pulumi up$flags"
  printf %s "$messages"
}

# The revision of the live schema; nothing if there is none.
live_revision() {
  [ -z "$(query "SHOW TABLES LIKE 'alembic_version'")" ] || query "SELECT version_num FROM alembic_version"
}

# tables SCHEMA: the names of its tables; views are none.
tables() {
  query "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = '$1' AND TABLE_TYPE = 'BASE TABLE'"
}

# serving TEMPLATE: what Docker says of the container that serves; nothing if there is none.
serving() {
  local service container
  service=$(active_service)
  if [ -z "$service" ]; then return; fi
  container=$("${compose[@]}" ps --quiet "$service")
  if [ -n "$container" ]; then docker inspect --format "$1" "$container"; fi
}
# The commit that is served; nothing if there is none.
serving_commit() { serving "$revision_label"; }

# The same in words.
what_serves() {
  local commit
  commit=$(serving_commit 2>/dev/null) || true
  if [ -n "$commit" ]; then echo "Commit $commit serves."; else echo "Nothing serves yet."; fi
}

# offered COMMIT: the download that the site offers of a commit; nothing if it offers none.
offered() {
  if [ -n "${SITE_BUCKET:-}" ] && [ "${PUBLISH:-}" = true ] && [ -n "$1" ] && [ "$(cat "$root/published" 2>/dev/null)" = "$1" ]; then
    echo app.zip
  fi
}

# read_commit PROGRAM COMMIT ARGUMENT…: what app_image.py or describe-app.py finds in a fetched commit, for finding.
read_commit() {
  findings=$(GIT_DIR=$source python3 -B "$bin/$1" "${@:2}" 2>&1) ||
    fail "the files of commit $2 cannot be read" "run $pulumi up$flags again" "$findings"
}
# finding KIND: a line for each finding of a kind.
finding() { sed -n "s/^$1\t//p" <<<"$findings"; }

# describe IMAGE: sets $commit, and $description and the variables of describe-app.sh for an image that is to be released.
describe() {
  commit=$(docker image inspect --format "$revision_label" "$1")
  description=$("$bin/describe-app.sh" "$commit")
  eval "$description"
}

# Opens the repository of the app's commits for this process alone.
lock_source() {
  # What a restart of the machine has cut off leaves git's own lock behind; with this one held it is nobody's.
  exec 9>>"$root/fetch.lock"
  flock 9
  rm -f "$source/shallow.lock"
}

# The git tree of what a release makes of a commit: without its .env files, as in the image, and with the files that the
# release adds. Each step is tied to the one before, because callers may have switched `set -e` off.
# release_tree COMMIT
release_tree() (
  # entry FILE NAME: a file's line for git's index.
  entry() {
    local id
    id=$(git hash-object -w "$1") && printf '100644 %s\t%s\0' "$id" "$2"
  }
  entries() {
    # Mode 0 removes.
    git ls-files -z -- ':(glob)**/.env' ':(glob)**/.env/**' | sed -z 's/^/0 0000000000000000000000000000000000000000\t/' || return
    for file in Dockerfile.release compose.yml Caddyfile{,.http,.https}; do entry "$bin/$file" "release/$file" || return; done
    if [ ! -d "$migrations" ] || git cat-file -e "$1:migrations/env.py" 2>/dev/null; then return 0; fi
    find "$migrations" -name __pycache__ -prune -o -type f -printf '%P\0' |
      while IFS= read -r -d '' file; do entry "$migrations/$file" "migrations/$file" || return; done
  }
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  export GIT_DIR=$source GIT_INDEX_FILE=$work/index
  git read-tree "$1" && entries "$1" >"$work/entries" && git update-index -z --index-info <"$work/entries" &&
    git write-tree
)

# Has remote_git open a private repository by a credential, if there is one: an access token for https or a private key
# for ssh.
# use_credential CREDENTIAL
use_credential() {
  # A missing repository must fail: hosts answer with a login prompt to hide which ones exist.
  export GIT_TERMINAL_PROMPT=0 GIT_SSH_COMMAND="ssh -o BatchMode=yes -o StrictHostKeyChecking=accept-new"
  token=
  if [[ $1 == -----BEGIN* ]]; then
    key=$(mktemp)
    trap 'rm -f "$key"' EXIT
    printf '%s\n' "$1" >"$key"
    GIT_SSH_COMMAND+=" -o IdentitiesOnly=yes -i $key"
  else
    token=$1
  fi
}
# git, with the credential. The text names a variable of this process alone, so the token is in no command line and no file.
remote_git() {
  local with=()
  # shellcheck disable=SC2016
  if [ -n "$token" ]; then with=(-c 'credential.helper=!token() { echo username=x-access-token; echo "password=$credential"; }; token'); fi
  credential=$token git "${with[@]}" "$@"
}

# Which of the two services of compose.yml the proxy passes requests to: blue, green or, at first, none.
active_service() {
  if [ -e "$proxy/active" ]; then
    cat "$proxy/active"
  else
    # A machine of an earlier version has nginx until its next release.
    # shellcheck disable=SC2016  # a variable of nginx's
    sed -nE 's/^ *set \$app (.*):5005;$/\1/p' "$root/nginx/app.conf" 2>/dev/null || true
  fi
}

# Copies its input, line by line, with the app's secrets replaced.
redact() {
  # A machine without the file may not have Python yet.
  if [ -r "$settings" ]; then python3 "$bin/app_settings.py" "$settings" redact; else cat; fi
}
