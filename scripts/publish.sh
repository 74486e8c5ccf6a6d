#!/usr/bin/env bash
# publish.sh REPOSITORY BRANCH DUMP: adds the tree that serves, with what the release added to it, to a branch of another
# repository, and offers it on the site as app.zip; if DUMP is true, the database's rows as dump.sql.gz, too.
# Reads the repository's access token from standard input. To be run by lease.sh.
set -euo pipefail
. "$(dirname "$0")/common.sh"
repository=$1 branch=$2 dump=$3
use_credential "$(cat)"
commit=$(serving_commit)
tree=$(release_tree "$commit")
ref=refs/heads/$branch

refused() {
  fail "$repository refused $1, see above. The release serves; on the site is what was published before" \
    "check publishRepository, and that publishToken may read and write there"
}
git() { command git "${with[@]}" -C "$source" "$@"; }
tip=$(git ls-remote "$repository" "$ref" | cut -f 1) || refused "to list its branches"
if [ -n "$tip" ]; then git fetch --quiet --depth 1 "$repository" "$tip" || refused "to give the branch $branch"; fi
if [ -n "$tip" ] && [ "$(git rev-parse "$tip^{tree}")" = "$tree" ]; then
  echo "the branch $branch holds this tree already: $tip"
else
  # What others have added there stays in the branch's history, and a push that would lose it is refused.
  new=$(git -c user.name=flask-on-aws -c user.email="$(id -un)@$(hostname)" commit-tree "$tree" ${tip:+-p "$tip"} \
    -m "Commit $commit as released: release/ and migrations/ added, .env files left out")
  git push --quiet "$repository" "$new:$ref" || refused "the branch $branch"
  echo "the branch $branch is now at $new"
fi

upload() {
  aws s3 cp --only-show-errors --content-type "$1" - "s3://$SITE_BUCKET/$2" ||
    fail "$2 was not put on the site, see above" "see that the bucket $SITE_BUCKET can be written, then try again"
}
git archive --format=zip "$tree" | upload application/zip app.zip
if [ "$dump" = true ]; then
  key=$("$bin/backup.sh" publish)
  aws s3 cp --only-show-errors "s3://$BUCKET/$key/dump.sql.gz" - | upload application/gzip dump.sql.gz
fi
echo "$commit" >"$root/published"
"$bin/publish-status.sh"
