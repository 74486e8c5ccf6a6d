#!/usr/bin/env bash
# What a schema has beside its tables: views, triggers, functions, procedures and events, whoever made them.
#
# objects.sh list SCHEMA: prints a line `KIND<tab>NAME` for each, sorted. An event of the kind `event once` has an end: MySQL
#   removes it then, and does not create it afterwards.
# objects.sh check: fails unless the backup's user can see all of them in the live schema.
# objects.sh dump SCHEMA: prints the statements that create them; nothing if there are none.
# objects.sh own [disabled]: copies these statements, without their definers: they are the app's user's, who runs them. It may
#   not create objects of another user, and on AWS nobody but the master user may. With `disabled`, events do not start.
# objects.sh drop SCHEMA KIND…: drops those of these kinds.
# objects.sh replace SCHEMA FILE: drops all of them, and creates those of a file that `own` has written.
set -euo pipefail
. "$(dirname "$0")/common.sh"
. "$(dirname "$0")/dumps.sh"

# as_reader SQL
as_reader() { client=$reader query "$1" --database=information_schema; }

# A statement for each kind: their names have different collations, which UNION refuses.
list() {
  [ -e "$reader" ] || fail "$(hostname) has no user of the database for backups" \
    "create it: raise databasePasswordRotation by one and run $pulumi up$flags"
  as_reader "SELECT IF(ON_COMPLETION = 'PRESERVE' OR EVENT_TYPE = 'RECURRING' AND ENDS IS NULL, 'event', 'event once'), EVENT_NAME
      FROM EVENTS WHERE EVENT_SCHEMA = '$1';
    SELECT LOWER(ROUTINE_TYPE), ROUTINE_NAME FROM ROUTINES WHERE ROUTINE_SCHEMA = '$1';
    SELECT 'trigger', TRIGGER_NAME FROM TRIGGERS WHERE TRIGGER_SCHEMA = '$1';
    SELECT 'view', TABLE_NAME FROM VIEWS WHERE TABLE_SCHEMA = '$1'" | sort
}

# Without one of these privileges, information_schema leaves out objects of other users, and mysqldump does, too, without an
# error.
check() {
  local grants mode pattern=$SCHEMA privilege
  grants=$(as_reader "SHOW GRANTS")
  mode=$(as_reader "SHOW GLOBAL VARIABLES LIKE 'partial_revokes'")
  # As in grants.sh.
  if [[ $mode != *ON ]]; then pattern=${SCHEMA//_/'(\\\\)?_'}; fi
  for privilege in 'SELECT(,.*)? ON \*\.\*' {'SHOW VIEW',TRIGGER,EVENT}"(,.*)? ON \`$pattern\`"; do
    grep -qE "[ ,]$privilege" <<<"$grants" ||
      fail "the user for backups lacks the privilege ${privilege%%(*} on ${SCHEMA}, so a backup would be incomplete" \
        "raise databasePasswordRotation by one and run $pulumi up$flags: the user gets its privileges again" ""
  done
}

# quoted NAME: as an identifier.
# shellcheck disable=SC2016  # MySQL's quotes
quoted() { printf '`%s`' "${1//\`/\`\`}"; }

dump() {
  local all views
  all=$(list "$1")
  if [ -z "$all" ]; then return; fi
  mapfile -t views < <(sed -n 's/^view\t//p' <<<"$all")
  dumped --no-data --no-create-info --triggers --routines --events "${views[@]/#/--ignore-table=$1.}" "$1"
  # After the functions, which views may call.
  if [ "${#views[@]}" -gt 0 ]; then dumped --no-data --skip-triggers "$1" "${views[@]}"; fi
}

# The statements begin as mysqldump writes them: an object that keeps its definer is refused when it is created.
own() {
  # shellcheck disable=SC2016  # MySQL's quotes
  local user='DEFINER=`([^`]|``)*`@`([^`]|``)*`' disabled=()
  if [ "${1:-}" = disabled ]; then
    disabled=(-e '/^\/\*!50106 CREATE\*\//s/( ON COMPLETION (NOT )?PRESERVE) ENABLE/\1 DISABLE/')
  fi
  sed -E -e "s/^(\/\*![0-9]+ CREATE\*\/ )\/\*![0-9]+ $user\*\/ /\1/" -e "s/^CREATE $user /CREATE /" \
    -e "s/^(\/\*![0-9]+ )$user (SQL SECURITY )/\1\4/" "${disabled[@]}"
}

# drop SCHEMA KIND…
drop() {
  local all kind name statements=''
  all=$(list "$1")
  while IFS=$'\t' read -r kind name; do
    kind=${kind% once}
    if [ -n "$kind" ] && [[ " ${*:2} " == *" $kind "* ]]; then
      statements+="DROP ${kind^^} IF EXISTS $(quoted "$1").$(quoted "$name"); "
    fi
  done <<<"$all"
  if [ -n "$statements" ]; then query "$statements" --database=information_schema; fi
}

case $1 in
list | dump) "$1" "$2" ;;
check) check ;;
own) own "${2:-}" ;;
drop) drop "${@:2}" ;;
replace)
  drop "$2" event function procedure trigger view
  mysql --defaults-extra-file="$client" --database="$2" <"$3"
  ;;
esac
