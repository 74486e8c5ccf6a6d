#!/usr/bin/env bash
# fetch.sh REPOSITORY COMMIT [MODULE]: brings a commit of the app here and checks that it can be deployed. MODULE is the setting
# appModule.
# Reads from standard input what opens a private repository, if anything: an access token for https, a private key
# for ssh.
set -euo pipefail
. "$(dirname "$0")/common.sh"
export releasing=1
repository=$1 commit=$2
use_credential "$([ -t 0 ] || cat)"

# Else git's failure would be taken for a missing commit.
need_space 512 "a release"
lock_source
git init --quiet --bare "$source"
ref=refs/releases/$commit
if ! git -C "$source" rev-parse --quiet --verify "$ref" >/dev/null; then
  quietly remote_git ls-remote --quiet "$repository" ||
    fail "the repository $repository cannot be read from $(hostname)" \
      "check the setting appRepository and, for a private one, appRepositoryCredential"
  quietly remote_git -C "$source" fetch --quiet --depth 1 "$repository" "$commit:$ref" ||
    fail "$repository has no commit $commit" \
      "set appCommit to the full hash of a commit that is pushed there"
fi

has() { git -C "$source" cat-file -e "$commit:$1" 2>/dev/null; }
has requirements.txt ||
  fail "commit $commit of $repository has no requirements.txt; at its top are: $(
    git -C "$source" ls-tree --name-only "$commit" | head -n 8 | tr '\n' ' '
  )" "set appRepository and appCommit to a commit that holds the app, with its requirements;
        upstream flask-datta-able holds only a README since 2026"
found=$("$bin/describe-app.sh" "$commit" "${3:-}")
eval "$found"
echo "the app is $module, by $module_found"
if has .gitmodules; then echo "warning: the commit has submodules, which are not fetched"; fi
if git -C "$source" grep --quiet filter=lfs "$commit" -- ':(glob)**/.gitattributes'; then
  echo "warning: the commit has files in Git LFS, of which only the pointers are fetched"
fi
