# shellcheck shell=bash
# The Node that runs the TypeScript of this repository: package.json states the version. Sourced by ops, tools/run and the lab.

needed_node=$(sed -n 's/^ *"node": ">=\(.*\)"$/\1/p' "${BASH_SOURCE[0]%/*}/../package.json")

node_is_recent() {
  local version
  version=$(node --version 2>/dev/null) && printf '%s\n%s\n' "$needed_node" "${version#v}" | sort --version-sort --check=quiet
}

# require_node REMEDY: ends the program unless the Node on PATH is recent. REMEDY is another one.
require_node() {
  if node_is_recent; then return; fi
  echo "error: the Node on PATH is $(node --version 2>/dev/null || echo missing), and $needed_node or later is needed" >&2
  echo "remedy: install Node $needed_node or later: https://nodejs.org; $1" >&2
  exit 1
}
