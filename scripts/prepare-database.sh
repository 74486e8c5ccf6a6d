#!/usr/bin/env bash
# prepare-database.sh REGION HOST PORT MASTER_USER SCHEMA APP_USER: makes the app's database user.
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
# No views and triggers: they belong to the user who makes them, and a rotation removes that one.
privileges="SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX, REFERENCES, SHOW VIEW, LOCK TABLES"
account="'$app_user'@'%'"
grants() {
  local name pattern granted other
  # The live schema and the two of common.sh that are beside it during a restore.
  for name in "$schema" "${schema}_restore" "${schema}_replaced"; do
    pattern=${name//_/\\_} granted=$pattern other=$name
    if [[ $mode == *ON ]]; then granted=$name other=$pattern; fi
    echo "GRANT $privileges ON \`$granted\`.* TO $account;"
    if [ "$granted" != "$other" ]; then revoke "$other"; fi
  done
}
revoke() { echo "REVOKE IF EXISTS ALL PRIVILEGES ON \`$1\`.* FROM $account;"; }
as_master "${master[@]}" "$(
  cat <<SQL
CREATE USER IF NOT EXISTS $account IDENTIFIED BY '$(escape "'" "$app_password")' REQUIRE SSL;
ALTER USER $account IDENTIFIED BY '$(escape "'" "$app_password")' REQUIRE SSL;
SQL
  grants
  # What earlier versions of restore.sh had beside the live schema.
  revoke "${schema//_/\\_}\\_drill%"
  echo "DROP DATABASE IF EXISTS \`${schema}_drill\`; DROP DATABASE IF EXISTS \`${schema}_drill_old\`;"
)"

umask 077
{
  option_file "$host" "$port" "$app_user" "$app_password"
  printf '[mysql]\ndatabase=%s\n' "$schema"
} >"$client.new"
mv "$client.new" "$client"
