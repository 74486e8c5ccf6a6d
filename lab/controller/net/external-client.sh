#!/usr/bin/env bash
# First process of a host on the lab's internet that is nobody's: its way out is the lab's, not Docker's.
# usage: stranger.sh PREFIX     198.18.N
set -euo pipefail
ip route replace default via "$1.2"
exec sleep infinity
