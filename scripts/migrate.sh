#!/usr/bin/env bash
# migrate.sh IMAGE: brings the live schema to what the app in the image expects.
#
# An app that ships migrations, of Flask-Migrate or of Alembic alone, is upgraded by them. For one with Flask-SQLAlchemy that
# ships none the difference between the live schema and the models is generated, shown, and kept as revision files on the
# machine and with the backups. Before a schema that has tables is changed, it is backed up: no backup, no migration.
set -euo pipefail
. "$(dirname "$0")/common.sh"
image=$1
describe "$image"
if [ "$migrations_by" = none ]; then
  echo "nothing is migrated: the app has no $(if [ "$has_database" = true ]; then echo migrations; else echo database; fi)"
  rm -f "$migrated_tables"
  exit
fi
tool=(flask db) program=()
# An image of the app's own may name its app itself.
if [ -n "$module" ]; then program=(--env "FLASK_APP=$module"); fi
if [ "$migrations_by" = alembic ]; then tool=(alembic); fi
if [ "$migrations_by" = generated ]; then
  [ -n "$module" ] || fail "commit $commit does not tell which Flask app it has.
       The deployer compares the models of the app with the tables" \
    "name it: $pulumi config set appModule MODULE:NAME$flags;
        or, if the app makes its tables itself: $pulumi config set appMigrations none$flags"
  program=(--volume "$bin/migrated_app.py:/migrated_app.py:ro" --env FLASK_APP=/migrated_app.py --env "FLASK_ON_AWS_MODULE=$module")
fi

# Works on a copy of the revision files, which takes the place of the old ones when all has gone
# well: a run that was cut off leaves no revision behind that the database does not know.
work=$migrations.new
rm -rf "$work"
if [ -d "$migrations" ]; then cp -a "$migrations" "$work"; else mkdir "$work"; fi

# note_tables: for verify.sh.
note_tables() { query "SHOW TABLES" >"$migrated_tables"; }

# Some apps connect to Redis as soon as they are imported.
network=()
if [ "${APP_REDIS:-false}" = true ]; then network=(--network flask-on-aws_default); fi

# in_image COMMAND…: in a container of its own, as the user that owns the revision files.
in_image() {
  docker run --rm "${leftover[@]}" "${network[@]}" --user "$(id -u):$(id -g)" "${program[@]}" \
    --volume "$settings:/app.env:ro" --volume "$bin/app_settings.py:/app_settings.py:ro" \
    --volume "$authority:$authority:ro" --volume "$work:/migrations" \
    --entrypoint python "$image" /app_settings.py /app.env run "$@"
}
# flask_db ARGUMENT…: prints nothing; what it has said is in $output.
flask_db() {
  output=$(in_image "${tool[@]}" "$@" 2>&1) ||
    fail "${tool[*]} $1 failed" "correct the app's models or migrations" "$output"
}

# upgrade REVISION ARGUMENT…: to the newest revision, which is named.
upgrade() {
  local before after tables backup
  before=$(live_revision)
  if [ "$before" = "$1" ]; then
    echo "the schema is at revision $1 already"
    note_tables
    return
  fi
  tables=$(query "SHOW TABLES")
  # To look for a difference has made alembic's own.
  if grep -qvx alembic_version <<<"$tables" && [ -n "$tables" ]; then
    backup=$("$bin/backup.sh" "before-$1" "$work")
  fi
  if output=$(in_image "${tool[@]}" upgrade "${@:2}" 2>&1); then
    after=$(live_revision)
    [ "$after" = "$1" ] ||
      fail "the migration to $1 succeeded, but the schema in RDS is at ${after:-no revision}" \
        "have the migrations use the address in DATABASE_URL, then: $(release_command HASH)" "$output"
    note_tables
    echo "the schema went from revision ${before:-none} to $1${backup:+; backup: $backup}"
    return
  fi
  # MySQL commits each change of the schema by itself, so what was done before the failure stays.
  after=$(live_revision)
  if [[ $output == *"Can't locate revision"* ]]; then
    fail "the schema $SCHEMA is at revision $before, which commit $commit does not have.
       Another app has made it, or a newer version of this one. Nothing was changed" \
      "release a commit that has this revision: $(release_command HASH);
        or, for another app, DELETE all rows${backup:+, which the backup $backup keeps}:
          $ops mysql$flags -- -e 'DROP DATABASE $SCHEMA; CREATE DATABASE $SCHEMA CHARACTER SET utf8mb4'" "$output"
  fi
  fail "the migration from revision ${before:-none} to $1 failed.
       The schema is at ${after:-no revision}; tables added (>) or removed (<): $(
    diff <(echo "$tables") <(query "SHOW TABLES") | grep '^[<>]' | tr '\n' ' ' || true
  ); the failed revision may have changed more" \
    "correct the migration, then: $(release_command HASH)${backup:+;
        or restore the backup, losing rows written since: $ops restore $backup$flags}" "$output"
}

# The newest revision in the files; the app's own output stands between.
newest() {
  flask_db heads "$@"
  sed -n 's/^\([[:alnum:]_]*\) (.*head.*)$/\1/p' <<<"$output"
}

if [ "$migrations_by" != generated ]; then
  head=$(newest)
  [[ $head =~ ^[[:alnum:]_]+$ ]] ||
    fail "the app's migrations name no single newest revision but: ${head:-none}" "correct them: flask db heads, flask db merge"
  upgrade "$head" head
  exit 0
fi

generated=(--directory /migrations)
revision=$(live_revision)
has_live() { compgen -G "$work/versions/${revision}_*.py" >/dev/null; }

# A machine that has replaced another one has no files, but the database still names its last revision.
if [ ! -d "$migrations" ] && [ -n "$revision" ]; then
  key=$("$bin/backups.sh" find "$revision")
  archive=s3://$BUCKET/$key/migrations.tar.gz
  if [ -n "$key" ] && aws s3 ls "$archive" >/dev/null; then
    evidence=$({ "$bin/bucket.sh" get "$key/migrations.tar.gz" | tar --extract --gzip --directory "$work"; } 2>&1) ||
      fail "$archive cannot be read" "check the bucket and the role's policy, then run $pulumi up$flags again" "$evidence"
    # A backup made before a migration holds that migration, too, which the database does not know.
    while has_live && head=$(newest "${generated[@]}") && [[ $head =~ ^[[:alnum:]]+$ && $head != "$revision" ]]; do
      rm "$work/versions/$head"_*.py
    done
    if has_live && [ "$head" = "$revision" ]; then
      echo "the revision files are those of $key"
    else
      rm -rf "$work" && mkdir "$work"
    fi
  fi
fi
# Somebody has emptied the schema, for example for another app.
if [ -z "$revision" ] && ! query "SHOW TABLES" | grep -qvx alembic_version; then rm -rf "$work" && mkdir "$work"; fi
[ -e "$work/env.py" ] || flask_db init "${generated[@]}"
# Where no backup has them, an empty revision stands in, so that the next one has something to follow.
if [ -n "$revision" ] && ! has_live; then
  flask_db revision "${generated[@]}" --rev-id "$revision" --message "the schema as it was found"
fi

revisions() { find "$work/versions" -name '*.py' | sort; }
before=$(revisions)
flask_db migrate "${generated[@]}"
new=$(comm -13 <(echo "$before") <(revisions))
if [ -n "$new" ]; then
  # Only upgrade() is applied and judged: downgrade() drops whatever upgrade() adds.
  changes=$(sed -n '/^def upgrade/,/^def downgrade/{/^def /d;/^ *#/d;/^ *$/d;p}' "$new")
  if lost=$(grep -E 'drop_(table|column)\(' <<<"$changes") && [ "${ALLOW_DESTRUCTIVE:-}" != true ]; then
    serves=$(serving_commit)
    fail "the database has what the models of commit $commit lack. The migration would delete it:
$(awk '{ $1 = $1; print "         " $0 }' <<<"$lost")
       Nothing was changed." \
      "put it back into the models, then: $(release_command HASH)${serves:+;
        or keep the version that serves: $(release_command "$serves")};
        or, to serve an older version, restore a backup of its time: $ops backups$flags;
        or DELETE it, with its rows, after a backup:
          $pulumi config set allowDestructiveMigrations true$flags && $pulumi up$flags
          $pulumi config rm allowDestructiveMigrations$flags"
  fi
  echo "the migration $(basename "$new"):"
  echo "$changes"
fi
head=$(newest "${generated[@]}")
if [ -n "$head" ]; then
  upgrade "$head" "${generated[@]}"
else
  note_tables
  echo "nothing is migrated: the schema has what the models have"
fi

rm -rf "$migrations"
mv "$work" "$migrations"
