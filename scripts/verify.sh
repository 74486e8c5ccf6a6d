#!/usr/bin/env bash
# verify.sh HOST: checks that the app answers and that its data is in the database at HOST.
# Prints the commit that is served.
set -euo pipefail
. "$(dirname "$0")/common.sh"
host=$1

# nginx has just been started or reloaded, and takes a moment to listen.
page=http://127.0.0.1:5085/login
status=$(curl --silent --show-error --retry 10 --retry-delay 1 --retry-connrefused --max-time 30 \
  --output /dev/null --write-out '%{http_code}' "$page") || true
[ "$status" = 200 ] ||
  fail "$page answers with status $status, not 200" "see: docker logs flask-on-aws-app-1"

tables=$(query "SHOW TABLES")
for table in users alembic_version; do
  grep -qx "$table" <<<"$tables" ||
    fail "the database at $host has no table $table, only: ${tables//$'\n'/ }" "see the migration's output"
done

served_from=$("${compose[@]}" exec -T app python -c '
from run import app
from sqlalchemy import make_url
print(make_url(app.config["SQLALCHEMY_DATABASE_URI"]).host)')
[ "$served_from" = "$host" ] ||
  fail "the app's data is at $served_from, not at $host" "see DB_ENGINE, DB_NAME and DB_USERNAME in $settings"

docker inspect --format "$revision_label" "$("${compose[@]}" ps --quiet app)"
