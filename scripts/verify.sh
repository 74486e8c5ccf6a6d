#!/usr/bin/env bash
# verify.sh IMAGE: checks that this image serves, that the app answers, and that its data is in RDS.
set -euo pipefail
. "$(dirname "$0")/common.sh"

image=$1
serves=$(serving '{{.Config.Image}}')
[ "$serves" = "$image" ] || fail "${serves:-nothing} serves, not $image" "run $pulumi up$flags again"
status=$(get_page --show-error --max-time 30 --output /dev/null --write-out '%{http_code}') || true
[ "$status" = 200 ] ||
  fail "$page answers with status $status, not 200" "see $ops logs --all; then run $pulumi up$flags again"

anywhere "SHOW DATABASES" | grep -qx "$SCHEMA" || no_schema
tables=$(query "SHOW TABLES")
for table in users alembic_version; do
  grep -qx "$table" <<<"$tables" ||
    fail "the schema $SCHEMA at $DB_HOST has no table $table, only: ${tables//$'\n'/ }" "see the migration's output"
done
[ -n "$(live_revision)" ] || fail "the schema $SCHEMA names no revision" "see the migration's output"

quietly "$bin/check-database-connection.sh" "$(active_service)" || fail "${evidence##*$'\n'}" "run $pulumi up$flags again"
