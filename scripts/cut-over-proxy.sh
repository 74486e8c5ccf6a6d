# shellcheck shell=bash disable=SC2034,SC2154  # cut-over.sh sets and reads these variables
# Sourced by cut-over.sh: the proxy's configuration, and how a release starts the proxy with it.

# proxy_configuration: for the address of the app.
proxy_configuration() {
  local scheme=${APP_URL%%:*} without=() authority_file
  # Another certificate has another name, or the proxy would see no change.
  authority_file=acme-ca-$(cksum <<<"$ACME_CA_CERTIFICATE" | cut -d ' ' -f 1).pem
  # Let's Encrypt issues certificates of addresses in this profile only; other CAs have no such profile.
  if [[ ! $host =~ ^[0-9.]+$ ]] || [[ $ACME_DIRECTORY != *.letsencrypt.org/* ]]; then without+=(-e '/profile shortlived/d'); fi
  # For addresses there is no HSTS.
  if [[ $host =~ ^[0-9.]+$ ]]; then without+=(-e '/Strict-Transport-Security/d'); fi
  if [ -z "$ACME_EMAIL" ]; then without+=(-e '/@ACME_EMAIL@/d'); fi
  if [ -n "$ACME_CA_CERTIFICATE" ]; then
    echo "$ACME_CA_CERTIFICATE" >"$proxy/$authority_file"
  else
    without+=(-e '/acme_ca_root/d')
  fi
  cat "$bin/Caddyfile" "$bin/Caddyfile.$scheme" | sed "${without[@]}" -e "s/@UPLOAD_LIMIT@/$UPLOAD_LIMIT/" \
    -e "s/@HOST@/$host/" -e "s|@ACME_DIRECTORY@|$ACME_DIRECTORY|" -e "s/@ACME_EMAIL@/$ACME_EMAIL/" \
    -e "s/@ACME_CA_FILE@/$authority_file/"
}

# start_proxy: the proxy, with its configuration. A running proxy loads it without a restart; an unchanged one changes
# nothing.
start_proxy() {
  local run_before ca_before is_changed=''
  suspect=proxy remedy="correct the setting proxyImage ($PROXY_IMAGE), acmeDirectory or acmeCaCertificate, or set it back"
  # A setting that has just been changed does not stand in the way of a rollback.
  if [ "$action" != release ] && [ -e "$proxy/Caddyfile" ]; then
    cp "$proxy/Caddyfile" "$proxy/Caddyfile.new"
  else
    proxy_configuration >"$proxy/Caddyfile.new"
  fi
  cmp --quiet "$proxy/Caddyfile.new" "$proxy/Caddyfile" || is_changed=1
  if [ "$PROXY_IMAGE" != "$proxy_before" ] || [ "$is_changed" ]; then
    # What does not fit is refused before anything that serves is changed.
    quietly "${compose[@]}" run --rm --no-deps -T proxy caddy validate --config /etc/caddy/Caddyfile.new --adapter caddyfile ||
      give_up "the proxy refuses its configuration"
  fi
  if [ -e "$root/nginx" ]; then replace_nginx; fi
  run_before=$(proxy_run)
  ca_before=$(authority_in "$proxy/Caddyfile")
  if [ "$is_changed" ]; then touch "$asked"; fi
  proxy_is_touched=1
  mv "$proxy/Caddyfile.new" "$proxy/Caddyfile"
  quietly up proxy || give_up "the proxy did not start"
  # One that has just been started has read the configuration.
  if [ -z "$run_before" ] || [ "$(proxy_run)" != "$run_before" ]; then return; fi
  if [ -n "$ca_before" ] && [ "$ca_before" != "$(authority_in "$proxy/Caddyfile")" ]; then
    # A reload would keep the certificate of the CA before.
    quietly "${compose[@]}" restart proxy || give_up "the proxy did not start"
  else
    quietly "${compose[@]}" exec -T proxy caddy reload --config /etc/caddy/Caddyfile || give_up "the proxy refuses its configuration"
  fi
}

# authority_in FILE: the CA that a configuration names.
authority_in() { sed -n 's/^\tacme_ca //p' "$1" 2>/dev/null || true; }

# proxy_run: which container is the proxy, and when it was started; nothing if it does not run.
proxy_run() {
  local id
  id=$("${compose[@]}" ps --quiet proxy)
  if [ -n "$id" ]; then docker inspect --format '{{.Id}} {{.State.StartedAt}}' "$id"; fi
}

# restore_proxy: the proxy of before, once its configuration is back.
restore_proxy() {
  up proxy 2>/dev/null
  "${compose[@]}" exec -T proxy caddy reload --config /etc/caddy/Caddyfile 2>/dev/null
}

# replace_nginx: removes the nginx of an earlier version, which holds the proxy's port.
replace_nginx() {
  quietly docker rm --force flask-on-aws-nginx-1 || give_up "nginx, the proxy of before, cannot be removed"
  rm -r "$root/nginx"
}
