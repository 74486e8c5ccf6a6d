#!/usr/bin/env bash
# drop-old-user.sh HOST PORT MASTER_USER USER: removes the app's database user of before the last rotation, which
# nothing uses any more. Reads the master's password from standard input.
set -euo pipefail
. "$(dirname "$0")/common.sh"
host=$1 port=$2 master_user=$3 user=$4
IFS= read -r master_password

as_master "$host" "$port" "$master_user" "$master_password" "DROP USER IF EXISTS '$user'@'%';"
