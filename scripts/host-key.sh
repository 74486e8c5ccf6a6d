#!/usr/bin/env bash
# Gives this machine an SSH host key that has never left it. Runs as root, and needs none of the other scripts:
# deployer/first-contact.ts sends it before there is a release.
# usage: host-key.sh prepare INSTANCE    makes the key, unless there is one, and prints its public half
#        host-key.sh activate INSTANCE   has sshd use it; the key of the machine's user data is gone
# Both can be repeated, wherever they were killed. Exit status 75: this machine is not INSTANCE.
set -euo pipefail
umask 077

instance=$(cat /var/lib/cloud/data/instance-id)
if [ "$instance" != "$2" ]; then
  echo "this address leads to $instance, not to $2" >&2
  exit 75 # EX_TEMPFAIL of sysexits.h: an Elastic IP takes a moment to move to a new machine
fi

cd /etc/ssh
used=ssh_host_ed25519_key prepared=ssh_host_ed25519_key.prepared

case $1 in
prepare)
  if [ ! -e "$prepared" ]; then
    # What a run that was killed has left: ssh-keygen would ask before it overwrites.
    rm -f "$prepared.new" "$prepared.new.pub"
    ssh-keygen -q -t ed25519 -N '' -C '' -f "$prepared.new"
    # On the disk, before anybody relies on it.
    sync "$prepared.new"
    mv "$prepared.new" "$prepared"
    sync .
  fi
  rm -f "$prepared.new.pub"
  ssh-keygen -y -f "$prepared"
  ;;
activate)
  # In one step: sshd finds a whole key at any time.
  if [ -e "$prepared" ]; then mv "$prepared" "$used"; fi
  ssh-keygen -y -f "$used" >"$used.pub.new"
  chmod 644 "$used.pub.new"
  mv "$used.pub.new" "$used.pub"
  # Else a crash of the machine could bring the key of the user data back.
  sync .
  systemctl reload ssh
  ;;
*) exit 2 ;;
esac
