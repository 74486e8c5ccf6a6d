#!/usr/bin/env bash
# parameters.sh write PREFIX: has the app's variables in SSM, below PREFIX, where ECS gives them to tasks. Prints two lines: the
#   number of their set, and their names. The number grows by one if they have changed.
# parameters.sh current PREFIX: prints the number of the set that has the app's variables of now, or that would be made for them.
# parameters.sh keep PREFIX NUMBER: removes the sets below this one.
# parameters.sh remove PREFIX: does nothing. A stack of an earlier version runs it when its state forgets the step that removed
#   all sets, while tasks still need them. The program removes them itself, at the end of the tasks.
#
# A value is in no command line, which every process can read.
set -euo pipefail
. "$(dirname "$0")/common.sh"
prefix=$2
remedy="allow the app server's role to use the parameters below $prefix, then run the same command again"

# listed OPTION…
listed() { aws ssm get-parameters-by-path --path "$prefix" --recursive "$@"; }
# plan: of parameters.py.
plan() { listed --with-decryption --output json | python3 -B "$bin/parameters.py" plan "$prefix" "$settings"; }

# delete NAME…: AWS takes ten at a time.
delete() {
  while [ $# -gt 0 ]; do
    quietly aws ssm delete-parameters --names "${@:1:10}" ||
      fail "parameters of $prefix cannot be deleted" "$remedy"
    shift $(($# < 10 ? $# : 10))
  done
}

case $1 in
write)
  planned=$(plan) || fail "the parameters of $prefix cannot be read" "$remedy" ''
  mapfile -t lines <<<"$planned"
  for line in "${lines[@]:2}"; do
    quietly aws_with "$line" ssm put-parameter ||
      fail "the variable $(sed -E 's/.*"Name": "[^"]*\/([^"/]*)".*/\1/' <<<"$line") was not written to $prefix" "$remedy"
  done
  printf '%s\n' "${lines[@]:0:2}"
  ;;
current)
  planned=$(plan) || fail "the parameters of $prefix cannot be read" "$remedy" ''
  echo "${planned%%$'\n'*}"
  ;;
keep)
  listing=$(listed --query 'Parameters[].Name' --output text) || fail "the parameters of $prefix cannot be read" "$remedy" ''
  mapfile -t names < <(python3 -B "$bin/parameters.py" below "$prefix" "$3" <<<"$listing" | sed '/^$/d')
  delete "${names[@]}"
  ;;
remove) ;;
esac
