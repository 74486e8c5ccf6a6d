#!/usr/bin/env bash
# First process of an external client: a host on the lab's internet whose default route is the lab's, not Docker's.
# usage: external-client.sh PREFIX     198.18.N
set -euo pipefail
ip route replace default via "$1.2"
exec sleep infinity
