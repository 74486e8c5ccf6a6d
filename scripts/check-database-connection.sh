#!/usr/bin/env bash
# check-database-connection.sh SERVICE PORT PATH STATUS: proves that a service of compose.yml has its data in RDS: asks for a page,
# which must answer with STATUS, and looks at the connections of the container. An app may fall back to SQLite without a word. It
# runs outside of the container, whose image may have no Python.
set -euo pipefail
. "$(dirname "$0")/common.sh"

read -r pid address _ < <(docker inspect --format "{{.State.Pid}} $address_template" "$("${compose[@]}" ps --quiet "$1")")
python3 - "$DB_HOST" "$DB_PORT" "/proc/$pid/net/tcp" "$bin/check-page.sh" "$address:$2" "$3" "$4" <<'PYTHON'
import socket, subprocess, sys, time

host, port, sockets, *check_page = sys.argv[1:]
port, (_, _, path, status) = int(port), check_page
# As /proc/net/tcp writes it, of all processes in the container.
addresses = {f"{int.from_bytes(socket.inet_aton(info[4][0]), sys.byteorder):08X}:{port:04X}"
             for info in socket.getaddrinfo(host, port, socket.AF_INET, socket.SOCK_STREAM)}

def connections():
    """States of the connections to the database, by the local port."""
    with open(sockets) as table:
        rows = [line.split()[1:4] for line in table]
    return {local: state for local, remote, state in rows if remote in addresses}

def ask():
    check = subprocess.run(check_page, stdout=subprocess.PIPE, text=True)
    if check.returncode:
        sys.exit(f"the app answers GET {path} with {check.stdout.strip()}, not {status}")

# An app that opens a connection for each request does so each time. One that fell back tries once.
for _ in range(4):
    before = connections()
    ask()
    time.sleep(0.2)
    after = connections()
    # Established: a pool keeps it.
    if "01" in after.values():
        sys.exit()
    # Closed by the app, which is FIN_WAIT or TIME_WAIT; who may not log in is closed by the server.
    if not any(state in ("04", "05", "06") and local not in before for local, state in after.items()):
        sys.exit(f"the app answers GET {path} without a connection to {host}:{port}")
PYTHON
