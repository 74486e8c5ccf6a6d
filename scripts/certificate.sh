#!/usr/bin/env bash
# certificate.sh: prints the state of the certificate that clients get, in one line with tabs: issued, late, expired or
#   self-signed; when it ends; its issuer; why the CA has issued no new one, if it has refused. Nothing without HTTPS.
# certificate.sh await: waits until the CA has answered, and prints what it said. A refusal does not end the release: the
#   page is served with a self-signed certificate until the proxy has a better one, which it asks for by itself.
#
# A certificate is late in the last quarter of its life: the proxy renews it in the last third.
set -euo pipefail
. "$(dirname "$0")/common.sh"

# served: the certificate, as curl prints it.
served() {
  local certificates
  certificates=$(get_page --head --max-time 10 --output /dev/null --write-out '%{certs}') || return
  sed '/^-----END/q' <<<"$certificates"
}

# refusal: what the CA said last, if that was no certificate.
refusal() {
  local proxy_container
  proxy_container=$("${compose[@]}" ps --quiet proxy)
  [ -n "$proxy_container" ] || return 0
  # Of this host: another one may have been refused before.
  docker logs --since 24h "$proxy_container" 2>&1 | grep -F "\"$host\"" |
    grep -E $'\ttls\\.(obtain|renew)\t(could not get certificate from issuer|certificate (obtained|renewed) successfully)\t' | tail -n 1 |
    sed -n 's/.*"error": *"\(.*\)"}$/\1/p' | sed 's/\\"/"/g' | tr '\t' ' ' || true
}

state() {
  local certificate issuer begin end now=$EPOCHSECONDS state=issued
  certificate=$(served) ||
    fail "the proxy on $(hostname) serves no certificate at port 443" "see $ops logs --all$flags; then run $pulumi up$flags again"
  field() { sed -n "s/^$1: *//p" <<<"$certificate" | head -n 1; }
  issuer=$(field Issuer | sed 's/.*CN = //')
  begin=$(date --date "$(field 'Start date')" +%s) end=$(date --date "$(field 'Expire date')" +%s)
  if grep -q 'DNS:self-signed\.invalid' <<<"$certificate"; then
    state=self-signed
  elif ((end <= now)); then
    state=expired
  elif (((end - now) * 4 < end - begin)); then
    state=late
  fi
  printf '%s\t%s\t%s\t%s\n' "$state" "$(date --utc --date "@$end" +%FT%TZ)" "$issuer" "$(refusal)"
}

# await: one minute is more than a CA takes that answers at all.
await() {
  local second state end issuer refusal
  for ((second = 0; second < 60; second++)); do
    IFS=$'\t' read -r state end issuer refusal <<<"$(state)"
    if [ "$state" = issued ]; then
      echo "$issuer has issued the certificate of $APP_URL, until $end"
      return
    fi
    if [ -n "$refusal" ]; then break; fi
    sleep 1
  done
  echo "note: browsers warn of $APP_URL: its certificate is $state. ${refusal:-The CA has not answered within 60 s.}
      The proxy asks again by itself, at least once an hour. See docs/https.md for causes and remedies."
}

if [[ $APP_URL != https:* ]]; then exit; fi
case ${1:-state} in
state) state ;;
await) await ;;
esac
