#!/usr/bin/env bash
# prepare-database.sh REGION HOST PORT MASTER_USER SCHEMA APP_USER: makes the app's database user.
# Reads the master's password and the app's from standard input, a line each.
set -euo pipefail
. "$(dirname "$0")/common.sh"
region=$1 host=$2 port=$3 master_user=$4 schema=$5 app_user=$6
IFS= read -r master_password
IFS= read -r app_password

umask 022
bundle=https://truststore.pki.rds.amazonaws.com/$region/$region-bundle.pem
curl --fail --silent --show-error --max-time 60 --output "$authority.new" "$bundle" ||
  fail "$bundle cannot be fetched from $(hostname)" "check the way out: route, security group, DNS"
mv "$authority.new" "$authority"

umask 077
# option_file USER PASSWORD: how mysql is told a password without showing it in the process list.
option_file() {
  printf '[client]\nhost=%s\nport=%s\nuser=%s\npassword="%s"\nssl-ca=%s\nssl-verify-server-cert\n' \
    "$host" "$port" "$1" "$(escape '"' "$2")" "$authority"
}
# escape QUOTE TEXT: puts a backslash before each backslash and each QUOTE of TEXT.
escape() {
  local text=${2//\\/\\\\}
  printf '%s' "${text//"$1"/\\"$1"}"
}

# mysql repeats a statement that fails, with the password in it: only its ERROR lines are passed on.
# In GRANT the schema's name is a pattern, in which an underscore would match any character.
messages=$(
  mysql --defaults-extra-file=<(option_file "$master_user" "$master_password") 2>&1 <<SQL
CREATE USER IF NOT EXISTS '$app_user'@'%' IDENTIFIED BY '$(escape "'" "$app_password")' REQUIRE SSL;
ALTER USER '$app_user'@'%' IDENTIFIED BY '$(escape "'" "$app_password")' REQUIRE SSL;
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX, REFERENCES, CREATE VIEW, SHOW VIEW,
  TRIGGER, LOCK TABLES ON \`${schema//_/\\_}\`.* TO '$app_user'@'%';
SQL
) || fail "$master_user cannot prepare the database at $host:$port: $(grep ERROR <<<"$messages")" \
  "the usual causes are a security group, a route or a changed password"

{
  option_file "$app_user" "$app_password"
  printf '[mysql]\ndatabase=%s\n' "$schema"
} >"$client.new"
mv "$client.new" "$client"
