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

# In GRANT a schema's name is a pattern, in which an underscore would match any character. The second one is for
# restore-test.sh and restore.sh. No views and triggers: they belong to the user who makes them, and a rotation removes that one.
pattern=${schema//_/\\_}
privileges="SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX, REFERENCES, SHOW VIEW, LOCK TABLES"
as_master "$host" "$port" "$master_user" "$master_password" "$(
  cat <<SQL
CREATE USER IF NOT EXISTS '$app_user'@'%' IDENTIFIED BY '$(escape "'" "$app_password")' REQUIRE SSL;
ALTER USER '$app_user'@'%' IDENTIFIED BY '$(escape "'" "$app_password")' REQUIRE SSL;
GRANT $privileges ON \`$pattern\`.* TO '$app_user'@'%';
GRANT $privileges ON \`$pattern\\_drill%\`.* TO '$app_user'@'%';
SQL
)"

umask 077
{
  option_file "$host" "$port" "$app_user" "$app_password"
  printf '[mysql]\ndatabase=%s\n' "$schema"
} >"$client.new"
mv "$client.new" "$client"
