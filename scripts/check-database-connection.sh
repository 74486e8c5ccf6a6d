#!/usr/bin/env bash
# check-database-connection.sh SERVICE: proves that a service of compose.yml has its data in RDS: by the address that the app has settled
# on, and by a connection that its server process keeps open, since the app falls back to SQLite without a word.
set -euo pipefail
. "$(dirname "$0")/common.sh"

"${compose[@]}" exec -T "$1" python - "$DB_HOST" "$DB_PORT" <<'PYTHON'
import socket, sys
from run import app, db
from sqlalchemy import make_url, text

host, port = sys.argv[1], int(sys.argv[2])
url = make_url(app.config["SQLALCHEMY_DATABASE_URI"])
if url.host != host:
    sys.exit(f"the app's data is at {url.host or url.drivername}, not at {host}: see DB_* in app.env")
# As /proc/net/tcp writes it, of all processes in the container; 01 is an established connection.
addresses = {f"{int.from_bytes(socket.inet_aton(info[4][0]), sys.byteorder):08X}:{port:04X}"
             for info in socket.getaddrinfo(host, port, socket.AF_INET, socket.SOCK_STREAM)}
with open("/proc/net/tcp") as table:
    if not any(line.split()[2] in addresses and line.split()[3] == "01" for line in table):
        sys.exit(f"the app has answered requests, but none of its processes is connected to {host}:{port}")
with app.app_context():
    db.session.execute(text("SELECT COUNT(*) FROM users"))
PYTHON
