#!/usr/bin/env bash
# migrate.sh IMAGE: brings the live schema to what the app in the image expects.
#
# An app that ships a migrations folder is upgraded by it. For one that ships none the difference
# between the live schema and the models is generated, into files that are kept on the machine.
set -euo pipefail
. "$(dirname "$0")/common.sh"
image=$1

# Works on a copy of the revision files, which takes the place of the old ones when all has gone
# well: a run that was cut off leaves no revision behind that the database does not know.
work=$migrations.new
rm -rf "$work"
if [ -d "$migrations" ]; then cp -a "$migrations" "$work"; else mkdir "$work"; fi

# in_image COMMAND…: in a container of its own, as the user that owns the revision files.
in_image() {
  docker run --rm --user "$(id -u):$(id -g)" --env-file "$settings" \
    --volume "$authority:$authority:ro" --volume "$work:/migrations" "$image" "$@"
}
flask_db() {
  in_image flask db "$@" ||
    fail "flask db $1 failed, see above" "correct the app's models or migrations; the old version still serves"
}

commit=$(docker image inspect --format "$revision_label" "$image")
if git -C "$source" cat-file -e "$commit:migrations/env.py" 2>/dev/null; then
  flask_db upgrade
  exit 0
fi

generated=(--directory /migrations)
[ -e "$work/env.py" ] || flask_db init "${generated[@]}"

# On a new machine the files are gone, but the database still names its last revision. An empty
# revision of that name stands in for them, so that the next one has something to follow.
if [ -n "$(query "SHOW TABLES LIKE 'alembic_version'")" ]; then
  revision=$(query "SELECT version_num FROM alembic_version")
  if [ -n "$revision" ] && ! compgen -G "$work/versions/${revision}_*.py" >/dev/null; then
    flask_db revision "${generated[@]}" --rev-id "$revision" --message "the schema as it was found"
  fi
fi

revisions() { find "$work/versions" -name '*.py' | sort; }
before=$(revisions)
flask_db migrate "${generated[@]}"
new=$(comm -13 <(echo "$before") <(revisions))
# Only upgrade() is judged: downgrade() drops whatever upgrade() adds.
if [ -n "$new" ] && lost=$(sed '/^def downgrade/,$d' "$new" | grep -E 'drop_(table|column)\('); then
  fail "the database has what the models lack, and to follow them would lose it: $lost" \
    "put it back into the models, or ship a migrations folder with the app"
fi
flask_db upgrade "${generated[@]}"

rm -rf "$migrations"
mv "$work" "$migrations"
