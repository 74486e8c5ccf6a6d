#!/usr/bin/env bash
# certificate-store.sh save: copies the proxy's certificates, with their keys and the account at the CA, to their bucket,
#   where a machine that replaces this one finds them: a CA issues few certificates a week for the same name. Does nothing if
#   they are as at the last copy.
# certificate-store.sh load: gets them on a machine that has none. What cannot be used is left out, and the CA is asked
#   for a new certificate.
# Both do nothing without HTTPS.
set -euo pipefail
. "$(dirname "$0")/common.sh"
stored=s3://${CERTIFICATE_BUCKET:-}/certificates.tar.gz
saved=$root/certificates.saved # the digest of what was saved last, and where

# archive: the certificates of CAs and the accounts there, as a tar file that is the same for the same content. The proxy's
# container has written them, as root.
archive() {
  sudo tar --create --directory "$certificates" --sort=name --mtime=@0 --owner=0 --group=0 --exclude=./caddy/locks \
    --exclude=./caddy/pki --exclude=./caddy/certificates/local .
}

# fits DIRECTORY: whether it has certificates, and each one's key is its own. While the proxy writes new ones, and after a
# damage, that is not so.
fits() {
  local file found=''
  while IFS= read -r file; do
    found=$(openssl x509 -pubkey -noout -in "$file" 2>/dev/null) || return
    [ "$found" = "$(openssl pkey -pubout -in "${file%.crt}.key" 2>/dev/null)" ] || return
  done < <(find "$1/caddy/certificates" -name '*.crt' 2>/dev/null)
  [ "$found" ]
}

save() {
  local work digest
  if ! sudo test -e "$certificates/caddy/certificates"; then return 0; fi
  need_space 10 "copying the certificate"
  work=$(mktemp --directory)
  # shellcheck disable=SC2064  # the directory of now
  trap "rm -rf '$work'" EXIT
  archive >"$work/tar"
  digest="$(sha256sum <"$work/tar") $stored"
  if [ "$(cat "$saved" 2>/dev/null)" = "$digest" ]; then return 0; fi
  mkdir "$work/content"
  tar --extract --file "$work/tar" --directory "$work/content"
  if ! fits "$work/content"; then return 0; fi
  upload() { gzip --no-name <"$work/tar" | aws s3 cp --only-show-errors - "$stored"; }
  quietly upload ||
    fail "the certificate was not copied to $stored" "check the policy of the machine's role: $pulumi up --refresh$flags"
  echo "$digest" >"$saved"
}

load() {
  local work
  if sudo test -e "$certificates/caddy"; then return 0; fi
  work=$(mktemp --directory)
  # shellcheck disable=SC2064
  trap "rm -rf '$work'" EXIT
  if ! quietly aws s3 cp --only-show-errors "$stored" "$work/tar.gz"; then
    # A bucket without it is that of a stack without a certificate yet.
    if [[ $evidence != *404* ]]; then echo "note: the certificates in $stored cannot be read: ${evidence##*$'\n'}"; fi
    return 0
  fi
  mkdir "$work/content"
  if ! tar --extract --gzip --file "$work/tar.gz" --directory "$work/content" 2>/dev/null || ! fits "$work/content"; then
    echo "note: the certificates in $stored are damaged; the CA is asked for new ones"
    return 0
  fi
  sudo mkdir --parents "$certificates"
  sudo cp --recursive "$work/content/." "$certificates"
  sudo chown --recursive 0:0 "$certificates"
  echo "the certificates of the machine before are here again"
}

if [[ $APP_URL != https:* ]]; then exit; fi
case $1 in
save) save ;;
load) load ;;
esac
