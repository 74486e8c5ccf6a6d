#!/usr/bin/env bash
# publish.sh REPOSITORY BRANCH DUMP: adds the tree that serves, with what the release added to it, to a branch of another
# repository, and offers it on the site, if there is one, as app.zip; if DUMP is true, the database's rows as dump.sql.gz, too.
# Reads the repository's access token from standard input. To be run by deploy-lock.sh.
set -euo pipefail
. "$(dirname "$0")/common.sh"
repository=$1 branch=$2 dump=$3
use_credential "$(cat)"
commit=$(serving_commit)
[ -n "$commit" ] || fail "nothing serves, so there is nothing to publish" "deploy first: $pulumi up$flags"
tree=$(release_tree "$commit")
ref=refs/heads/$branch

refused() {
  fail "$repository refused $1.
       The release serves; what was published before is unchanged" \
    "check publishRepository, and that publishToken may read and write there"
}
lock_source
archive=$(mktemp) heads=$(mktemp)
trap 'rm -f "$archive" "$heads"' EXIT
# shellcheck disable=SC2317  # quietly runs it
list_heads() { remote_git ls-remote "$repository" "$ref" >"$heads"; }
quietly list_heads || refused "to list its branches"
tip=$(cut -f 1 "$heads")
if [ -n "$tip" ]; then
  quietly remote_git -C "$source" fetch --quiet --depth 1 "$repository" "$tip" || refused "to give the branch $branch"
fi
if [ -n "$tip" ] && [ "$(git -C "$source" rev-parse "$tip^{tree}")" = "$tree" ]; then
  echo "the branch $branch holds this tree already: $tip"
else
  # What others have added there stays in the branch's history, and a push that would lose it is refused.
  new=$(git -C "$source" -c user.name=flask-on-aws -c user.email="$(id -un)@$(hostname)" commit-tree "$tree" ${tip:+-p "$tip"} \
    -m "Commit $commit as released: release/ and migrations/ added, .env files left out")
  quietly remote_git -C "$source" push --quiet "$repository" "$new:$ref" || refused "the branch $branch"
  echo "the branch $branch is now at $new"
fi

if [ -z "$SITE_BUCKET" ]; then
  rm -f "$root/published" # a site that is created later has no download yet
  exit 0
fi
# upload TYPE FROM KEY
upload() {
  # IAM takes some seconds to know a right that this very `up` has given.
  for _ in {1..5}; do
    quietly aws s3 cp --only-show-errors --metadata-directive REPLACE --content-type "$1" "$2" "s3://$SITE_BUCKET/$3" && return
    sleep 3
  done
  fail "$3 was not put on the site" "check the bucket $SITE_BUCKET and the policy of the machine's role: $pulumi up --refresh$flags"
}
git -C "$source" archive --format=zip "$tree" >"$archive"
upload application/zip "$archive" app.zip
if [ "$dump" = true ]; then
  backup=$("$bin/backup.sh" publish)
  upload application/gzip "s3://$BUCKET/$backup/dump.sql.gz" dump.sql.gz
fi
echo "$commit" >"$root/published"
"$bin/publish-status.sh"
