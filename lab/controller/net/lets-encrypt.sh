#!/usr/bin/env bash
# Starts the lab's Let's Encrypt, Pebble, in the container that plays the internet; ends the one that runs. Each start
# makes a new root certificate, and forgets accounts and orders.
# usage: lets-encrypt.sh [VARIABLE=VALUE…]    how Pebble makes trouble: PEBBLE_WFE_NONCEREJECT=100, PEBBLE_VA_SLEEPTIME=20;
#                                             LIFETIME=180: seconds for which certificates of addresses are valid
set -euo pipefail
pkill -x pebble || true
while pgrep -x pebble >/dev/null; do sleep 0.1; done
# Without its pauses of up to 15 s before each validation.
if (($# == 0)); then set -- PEBBLE_VA_NOSLEEP=1; fi
dns=$(ip -4 -json address | grep -o '"local":"198\.18\.[0-9]*\.2"' | cut -d '"' -f 4)
# shellcheck disable=SC2016  # for the inner shell
env "$@" bash -c 'sed "s/576000/${LIFETIME:-576000}/" /lab/net/pebble.json >/run/pebble.json'
env "$@" setsid pebble -config /run/pebble.json -dnsserver "$dns:53" >>/var/log/pebble.log 2>&1 </dev/null &
