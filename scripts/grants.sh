#!/usr/bin/env bash
# grants.sh: checks that the app's user may do what a release needs in the schema, and in those beside it that a restore
# uses. Prints what it has found.
set -euo pipefail
. "$(dirname "$0")/common.sh"

message=$(anywhere "SELECT 1" 2>&1 >/dev/null) ||
  fail "the app's user cannot log in to $DB_HOST: $(grep ERROR <<<"$message")" \
    "if its password was changed by hand, raise the setting databasePasswordRotation by one"
grants=$(anywhere "SHOW GRANTS")
mode=$(anywhere "SHOW GLOBAL VARIABLES LIKE 'partial_revokes'")
for schema in "$SCHEMA" "$scratch" "$replaced"; do
  granted=$schema
  # As in prepare-database.sh; mysql --batch doubles backslashes.
  if [[ $mode != *ON ]]; then granted=${schema//_/'(\\\\)?_'}; fi
  for privilege in SELECT INSERT UPDATE DELETE CREATE ALTER DROP INDEX REFERENCES \
    'CREATE VIEW' TRIGGER 'CREATE ROUTINE' 'ALTER ROUTINE' EXECUTE EVENT; do
    grep -qE "[ ,]($privilege|ALL PRIVILEGES)(,.*)? ON \`$granted\`" <<<"$grants" ||
      fail "the app's user lacks the privilege $privilege on the schema $schema" \
        "raise databasePasswordRotation by one: the next user is made anew, with its privileges"
  done
done
charset=$(anywhere "SELECT DEFAULT_CHARACTER_SET_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = '$SCHEMA'")
[ -n "$charset" ] || no_schema
[ "$charset" = utf8mb4 ] ||
  fail "the schema $SCHEMA has the character set $charset: names beyond it would be lost" \
    "run: $ops mysql <<<'ALTER DATABASE $SCHEMA CHARACTER SET utf8mb4'"
value=${mode##*$'\t'}
echo "the app's user has its privileges on $SCHEMA, $scratch and $replaced; partial_revokes is ${value:-unknown to the server}"
