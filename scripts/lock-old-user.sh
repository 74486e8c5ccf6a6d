#!/usr/bin/env bash
# lock-old-user.sh HOST PORT MASTER_USER USER: locks the app's database user of before the last rotation, which nothing logs in
# as any more. Reads the master's password from standard input.
#
# It is not dropped: a view, trigger, function, procedure or event of a user that does not exist fails, and those of a locked
# user work. The next rotation unlocks it, with another password.
set -euo pipefail
. "$(dirname "$0")/common.sh"
host=$1 port=$2 master_user=$3 user=$4
IFS= read -r master_password

as_master "$host" "$port" "$master_user" "$master_password" "ALTER USER IF EXISTS '$user'@'%' ACCOUNT LOCK;"
