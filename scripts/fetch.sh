#!/usr/bin/env bash
# fetch.sh REPOSITORY COMMIT [MODULE DOCKERFILE]: brings a commit of the app here and checks that it can be deployed. MODULE and
# DOCKERFILE are the settings appModule and appDockerfile.
# Reads from standard input what opens a private repository, if anything: an access token for https, a private key
# for ssh.
set -euo pipefail
. "$(dirname "$0")/common.sh"
export releasing=1
repository=$1 commit=$2 dockerfile=${4:-}
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
read_commit app_image.py "$commit" "$dockerfile"
refused=$(finding refused) packages=$(finding packages) export=$(finding export)
if [ -n "$refused" ] && [ -n "$dockerfile" ]; then
  there=$(finding dockerfile | paste --serial --delimiters ,)
  fail "commit $commit has no $dockerfile, which appDockerfile names.
       Its Dockerfiles: ${there:-none}" \
    "set appDockerfile to one of them;
        or, for the project's own: $pulumi config rm appDockerfile$flags"
elif [ -n "$refused" ]; then
  fail "the packages of commit $commit cannot be installed:
       ${refused//$'\n'/$'\n       '}" \
    "list all packages in requirements.txt, or in pyproject.toml with uv.lock;
        then: $(release_command HASH)"
elif [ -z "$packages" ] && [ -n "$export" ]; then
  fail "commit $commit has a lock that is not supported, and no requirements.txt" \
    "make requirements.txt of it, and commit that: ${export%%$'\n'*}"
elif [ -z "$packages" ]; then
  fail "commit $commit of $repository has no requirements.txt; at its top are: $(
    git -C "$source" ls-tree --name-only "$commit" | head -n 8 | tr '\n' ' '
  )" "set appRepository and appCommit to a commit that holds the app, with its packages
        in requirements.txt, in pyproject.toml with uv.lock, or in pyproject.toml alone;
        or set appDockerfile to a Dockerfile of the app;
        upstream flask-datta-able holds only a README since 2026"
fi
found=$("$bin/describe-app.sh" "$commit" "${3:-}" "$dockerfile")
eval "$found"
if [ -n "$module" ]; then echo "the app is $module, by $module_found"; fi
unused=$(finding unused)
if [ "$packages" != requirements.txt ] || [ -n "$unused" ]; then
  echo "the image is made of $packages${unused:+, and not of ${unused//$'\n'/ or }}"
fi
finding warning | sed 's/^/warning: /'
if has .gitmodules; then echo "warning: the commit has submodules, which are not fetched"; fi
if git -C "$source" grep --quiet filter=lfs "$commit" -- ':(glob)**/.gitattributes'; then
  echo "warning: the commit has files in Git LFS, of which only the pointers are fetched"
fi
