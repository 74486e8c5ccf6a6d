#!/usr/bin/env bash
# certificate.sh: prints the state of the certificate that clients get, in one line with tabs: issued, late, expired or
#   self-signed; when it ends; its issuer; why the CA has issued no new one, if it has refused. Nothing without HTTPS.
# certificate.sh ask: has a proxy that serves no certificate of the CA ask for one now, and not when it would by itself. Not
#   more than four times an hour: Let's Encrypt allows five failed validations.
# certificate.sh await: asks, waits until the CA has answered, and prints what it said. A refusal does not end the release:
#   the page is served with a self-signed certificate until the proxy has a better one, which it asks for by itself.
#
# A certificate is late in the last quarter of its life: the proxy renews it in the last third.
set -euo pipefail
. "$(dirname "$0")/common.sh"

# served: the certificate, as openssl tells it. A client that visits an address names no host.
served() {
  local server_name=()
  if [ "$host" != "$ADDRESS" ]; then server_name=(-servername "$host"); fi
  timeout 10 openssl s_client -connect 127.0.0.1:443 "${server_name[@]}" </dev/null 2>/dev/null |
    openssl x509 -noout -issuer -startdate -enddate -ext subjectAltName 2>/dev/null
}

# refusal: what the CA said last of this host since the proxy was told to ask, if that was no certificate.
refusal() {
  local proxy_container since
  proxy_container=$("${compose[@]}" ps --quiet proxy)
  [ -n "$proxy_container" ] || return 0
  since=$((EPOCHSECONDS - 86400))
  if [ -e "$asked" ] && [ "$(stat --format %Y "$asked")" -gt "$since" ]; then since=$(stat --format %Y "$asked"); fi
  docker logs --since "$since" "$proxy_container" 2>&1 | grep -F "$host" |
    grep -E $'\ttls\\.(obtain|renew)\t(could not get certificate from issuer|certificate (obtained|renewed) successfully)\t|\tjob failed\t' | tail -n 1 |
    sed -n 's/.*"error": *"\(.*\)"}$/\1/p' | sed 's/\\"/"/g' | tr '\t' ' ' || true
}

state() {
  local certificate issuer begin end now=$EPOCHSECONDS state=issued
  certificate=$(served) ||
    fail "the proxy on $(hostname) serves no certificate at port 443" "see $ops logs --all$flags; then run $pulumi up$flags again"
  issuer=$(sed -n 's/^issuer=.*CN *= *//p' <<<"$certificate")
  begin=$(date --date "$(sed -n 's/^notBefore=//p' <<<"$certificate")" +%s)
  end=$(date --date "$(sed -n 's/^notAfter=//p' <<<"$certificate")" +%s)
  if grep -q 'DNS:self-signed\.invalid' <<<"$certificate"; then
    state=self-signed
  elif ((end <= now)); then
    state=expired
  elif (((end - now) * 4 < end - begin)); then
    state=late
  fi
  printf '%s\t%s\t%s\t%s\n' "$state" "$(date --utc --date "@$end" +%FT%TZ)" "$issuer" "$(refusal)"
}

# ask: a reload has the proxy ask for a certificate that it never had, and a restart for one that it could not renew.
ask() {
  local state refusal
  IFS=$'\t' read -r state _ _ refusal <<<"$(state 2>/dev/null)"
  if [ -n "$(find "$asked" -mmin -15 2>/dev/null)" ]; then return 0; fi
  case $state:$refusal in
  issued:*) return 0 ;;
  # The CA does not know the account. The proxy opens another one, but may then do so for the mail address "default", which is
  # that of no account's directory (CertMagic 0.25, account.go): it never gets over that by itself.
  *"no certificate chains"* | *'contact email "default"'*)
    sudo rm -rf "$certificates/caddy/acme"
    "${compose[@]}" restart proxy
    ;;
  self-signed:*) "${compose[@]}" exec -T proxy caddy reload --force --config /etc/caddy/Caddyfile ;;
  expired:*) "${compose[@]}" restart proxy ;;
  *) return 0 ;;
  esac >/dev/null 2>&1
  touch "$asked"
}

# await: one minute is more than a CA takes that answers at all.
await() {
  local state end issuer refusal begin=$SECONDS
  ask
  while true; do
    IFS=$'\t' read -r state end issuer refusal <<<"$(state 2>/dev/null)"
    case $state in
    issued)
      echo "$issuer has issued the certificate of $APP_URL, until $end"
      return
      ;;
    late)
      echo "note: the certificate of $APP_URL is valid until $end, but was not renewed. ${refusal:-No refusal by the CA is logged.}
      The proxy asks again by itself. See docs/https.md for causes and remedies."
      return
      ;;
    esac
    if [ -n "$refusal" ] || ((SECONDS - begin >= 60)); then break; fi
    sleep 1
  done
  echo "note: browsers warn of $APP_URL: its certificate is ${state:-missing}. ${refusal:-The CA has not answered within 60 s.}
      The proxy asks again by itself. See docs/https.md for causes and remedies."
}

if [[ $APP_URL != https:* ]]; then exit; fi
case ${1:-state} in
state) state ;;
ask) ask ;;
await) await ;;
esac
