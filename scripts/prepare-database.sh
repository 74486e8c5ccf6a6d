#!/usr/bin/env bash
# prepare-database.sh REGION HOST PORT MASTER_USER SCHEMA APP_USER: makes the app's database user, and one for backups.
# Reads the master's password and the app's from standard input, a line each.
set -euo pipefail
. "$(dirname "$0")/common.sh"
region=$1 host=$2 port=$3 master_user=$4 schema=$5 app_user=$6
IFS= read -r master_password
IFS= read -r app_password
master=("$host" "$port" "$master_user" "$master_password")

umask 022
bundle=https://truststore.pki.rds.amazonaws.com/$region/$region-bundle.pem
curl --fail --silent --show-error --max-time 60 --output "$authority.new" "$bundle" ||
  fail "$bundle cannot be fetched from $(hostname)" "check the way out: route, security group, DNS"
mv "$authority.new" "$authority"

# Where partial_revokes is off, the schema in a GRANT is a pattern, in which a bare underscore matches any character; where
# it is on, the schema is a name, and so is a backslash in it. So each needs another text, and the other mode's is removed.
ask_mode() { mode=$(as_master "${master[@]}" "SHOW GLOBAL VARIABLES LIKE 'partial_revokes';" 2>&1); }
# RDS may call the instance available before a new master password is in force. So a refused login (error 1045) is repeated
# for two minutes.
for ((refusals = 0; ; refusals += 1)); do
  if ask_mode; then break; fi
  if [[ $mode != *"ERROR 1045 "* ]] || ((refusals == 60)); then
    printf '%s\n' "$mode" >&2
    exit 1
  fi
  sleep 2
done
# Views, triggers, functions, procedures and events that the app makes belong to its user. lock-old-user.sh keeps that user, so
# a rotation does not break them.
privileges="SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX, REFERENCES, LOCK TABLES, CREATE VIEW, SHOW VIEW, TRIGGER, CREATE ROUTINE, ALTER ROUTINE, EXECUTE, EVENT"
# Without these, mysqldump leaves out what other users have made, and says nothing. It shows the text of their functions and
# procedures to those alone who may SELECT everywhere: RDS's master user lacks SHOW_ROUTINE, so it cannot give it.
reader_privileges="SHOW VIEW, TRIGGER, EVENT"
account="'$app_user'@'%'" reader="'app_backup'@'%'"
# Another one each time. Nothing but this machine uses it.
reader_password=$(od --address-radix=n --format=x1 --read-bytes=16 /dev/urandom | tr -d ' \n')
# grants PRIVILEGES ACCOUNT
grants() {
  local name pattern granted other
  # The live schema and the two of common.sh that are beside it during a restore.
  for name in "$schema" "${schema}_restore" "${schema}_replaced"; do
    pattern=${name//_/\\_} granted=$pattern other=$name
    if [[ $mode == *ON ]]; then granted=$name other=$pattern; fi
    echo "GRANT $1 ON \`$granted\`.* TO $2;"
    if [ "$granted" != "$other" ]; then revoke "$other" "$2"; fi
  done
}
revoke() { echo "REVOKE IF EXISTS ALL PRIVILEGES ON \`$1\`.* FROM $2;"; }
# user CREATE|ALTER ACCOUNT PASSWORD
user() { echo "$1 USER $2 IDENTIFIED BY '$(escape "'" "$3")' REQUIRE SSL ACCOUNT UNLOCK;"; }
# CREATE USER IF NOT EXISTS fails for a user that is there and owns an event, for example.
there=$(as_master "${master[@]}" "SELECT COUNT(*) FROM mysql.user WHERE User = '$app_user' AND Host = '%';")
as_master "${master[@]}" "$(
  if [[ $there == *1 ]]; then user ALTER "$account" "$app_password"; else user CREATE "$account" "$app_password"; fi
  grants "$privileges" "$account"
  # What earlier versions of restore.sh had beside the live schema.
  revoke "${schema//_/\\_}\\_drill%" "$account"
  echo "DROP DATABASE IF EXISTS \`${schema}_drill\`; DROP DATABASE IF EXISTS \`${schema}_drill_old\`;"
  # A new one each time. And the privilege on all schemas last: REVOKE would make an exception of it.
  echo "DROP USER IF EXISTS $reader;"
  user CREATE "$reader" "$reader_password"
  grants "$reader_privileges" "$reader"
  echo "GRANT SELECT ON *.* TO $reader;"
)"

umask 077
{
  option_file "$host" "$port" "$app_user" "$app_password"
  printf '[mysql]\ndatabase=%s\n' "$schema"
} >"$client.new"
mv "$client.new" "$client"
option_file "$host" "$port" app_backup "$reader_password" >"$root/backup.cnf.new"
mv "$root/backup.cnf.new" "$root/backup.cnf"
