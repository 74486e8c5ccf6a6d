#!/usr/bin/env bash
# verify.sh IMAGE: checks that this image serves, that the app answers, and that its data is in RDS, with the tables that the last
# migration left.
set -euo pipefail
. "$(dirname "$0")/common.sh"

image=$1
as_served "$image"
page=$APP_URL$health_path
serves=$(serving '{{.Config.Image}}')
[ "$serves" = "$image" ] || fail "${serves:-nothing} serves, not $image" "run $pulumi up$flags again"
status=$(get_page --show-error --max-time 30 --output /dev/null --write-out '%{http_code}') || true
[ "$status" = "$health_status" ] ||
  fail "$page answers with status $status, not $health_status" "see $ops logs --all; then run $pulumi up$flags again"

anywhere "SHOW DATABASES" | grep -qx "$SCHEMA" || no_schema
if [ "$has_database" = false ]; then exit; fi
missing=$(comm -23 <(sort "$migrated_tables" 2>/dev/null) <(query "SHOW TABLES" | sort))
[ -z "$missing" ] ||
  fail "the schema $SCHEMA lacks tables of the last migration: ${missing//$'\n'/ }" \
    "restore a backup: $ops restore$flags; or, if the app can do without, run $pulumi up$flags again"

if [ "$database_check" = false ]; then exit; fi
quietly "$bin/check-database-connection.sh" "$(active_service)" "$port" "$health_path" "$health_status" || fail "${evidence##*$'\n'}" "run $pulumi up$flags again"
