#!/usr/bin/env bash
# verify.sh: checks that the app answers and that its data is in RDS. Prints the commit that is served.
set -euo pipefail
. "$(dirname "$0")/common.sh"

page=http://127.0.0.1:5085/login
status=$(curl --silent --show-error --max-time 30 --output /dev/null --write-out '%{http_code}' "$page") || true
[ "$status" = 200 ] ||
  fail "$page answers with status $status, not 200" "see: docker logs flask-on-aws-nginx-1; deploy again"

query "SHOW DATABASES" | grep -qx "$SCHEMA" || fail "$DB_HOST has no schema $SCHEMA" "deploy again, or restore a backup"
tables=$(query "SHOW TABLES")
for table in users alembic_version; do
  grep -qx "$table" <<<"$tables" ||
    fail "the schema $SCHEMA at $DB_HOST has no table $table, only: ${tables//$'\n'/ }" "see the migration's output"
done
[ -n "$(live_revision)" ] || fail "the schema $SCHEMA names no revision" "see the migration's output"

message=$("$bin/gate.sh" "$(active_service)" 2>&1) || fail "$message" "deploy again"
serving_commit
