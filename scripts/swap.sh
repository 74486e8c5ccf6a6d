#!/usr/bin/env bash
# swap.sh: gives a machine with little memory a swap file, so that an image can be built beside the app that serves.
# Does nothing where there is enough memory or other swap. A machine that cannot have swap is used without.
set -euo pipefail
. "$(dirname "$0")/common.sh"
file=/swapfile table=/etc/fstab swappiness=/etc/sysctl.d/90-flask-on-aws.conf

read -r _ total _ < <(LC_ALL=C free --mebi | grep '^Mem:')
# The kernel keeps a part: a machine of 1 GiB has some 950 MiB, one of 2 GiB some 1900.
if [ "$total" -ge 1536 ]; then exit; fi

without() {
  sudo rm -f "$file"
  echo "note: $(hostname) has $total MiB of memory and no swap: $1"
  exit
}
make() {
  sudo install --mode=600 /dev/null "$file" && sudo fallocate --length 1GiB "$file" && sudo mkswap "$file" && sudo swapon "$file"
}
active=$(sudo swapon --show=NAME --noheadings)
if [ -z "$active" ]; then
  # What an earlier run that was cut off has left. It is not in use.
  sudo rm -f "$file"
  free=$(df --output=avail --block-size=1M / | tail -n 1)
  # Half of it is for the image and its release.
  [ "$free" -ge 3072 ] || without "it needs 3072 MiB free on /, and $((free)) MiB are"
  quietly make || without "$(tail -n 1 <<<"$evidence")"
  echo "$(hostname) has $total MiB of memory, and 1 GiB of swap from now on"
elif [ "$active" != "$file" ]; then
  exit
fi
# A run may have been cut off before this. The boot does not depend on the file: nofail.
sudo grep -q "^$file " "$table" || printf '\n%s none swap sw,nofail 0 0\n' "$file" | sudo tee -a "$table" >/dev/null
# The app's memory goes to the disk only when nothing else is left: its next request would wait for that.
sudo tee "$swappiness" >/dev/null <<<'vm.swappiness = 10'
sudo sysctl --quiet --load "$swappiness"
