#!/usr/bin/env bash
# fetch.sh REPOSITORY COMMIT: brings a commit of the app here and checks that it can be deployed.
set -euo pipefail
. "$(dirname "$0")/common.sh"
repository=$1 commit=$2

# A missing repository must fail: hosts answer with a login prompt to hide which ones exist.
export GIT_TERMINAL_PROMPT=0

git init --quiet --bare "$source"
ref=refs/releases/$commit
if ! git -C "$source" rev-parse --quiet --verify "$ref" >/dev/null; then
  git ls-remote --quiet "$repository" >/dev/null ||
    fail "the repository $repository cannot be read from $(hostname)" \
      "check the setting appRepository; a private one is not supported"
  git -C "$source" fetch --quiet --depth 1 "$repository" "$commit:$ref" ||
    fail "$repository has no commit $commit" \
      "set appCommit to the full hash of a commit that is pushed there"
fi

missing=()
for file in Dockerfile docker-compose.yml requirements.txt run.py; do
  git -C "$source" cat-file -e "$commit:$file" 2>/dev/null || missing+=("$file")
done
[ ${#missing[@]} -eq 0 ] ||
  fail "commit $commit of $repository has no ${missing[*]}; at its top are: $(
    git -C "$source" ls-tree --name-only "$commit" | head -n 8 | tr '\n' ' '
  )" "set appRepository and appCommit to a commit that holds the app; upstream flask-datta-able holds only a README since 2026"
