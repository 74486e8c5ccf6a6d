"""The lab's AWS API: moto with the lab's corrections, in one process, all state in memory.

Listens on 127.0.0.1:$LAB_API_PORT (default 4566; 0 takes any free port) and, when LAB_HOME is set, on the
unix socket $LAB_HOME/share/api.sock. The first line of standard output is `listening on http://127.0.0.1:PORT`;
it is written once both sockets accept connections. SIGTERM and SIGINT end the process.
"""

import logging
import os
import signal
import socket
import sys
import threading
from pathlib import Path

HERE = Path(__file__).parent

# moto reads these while it is imported.
os.environ |= {
    "MOTO_AMIS_PATH": str(HERE / "amis.json"),
    "MOTO_ENABLE_AMI_VALIDATION": "1",
    "MOTO_ENABLE_KEYPAIR_VALIDATION": "1",
    "MOTO_EC2_ENABLE_INSTANCE_TYPE_VALIDATION": "1",
    "MOTO_IAM_LOAD_MANAGED_POLICIES": "true",
    "MOTO_DISABLE_GLOBAL_CORS": "1",  # no web page that the user visits may read the lab
}

from moto.moto_server.werkzeug_app import MotoRequestHandler  # noqa: E402
from werkzeug.serving import make_server  # noqa: E402

from application import LabApi, OnlyAws  # noqa: E402


def main() -> None:
    """Serve until SIGTERM or SIGINT; exits 1 with one line on standard error when it cannot listen."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    api = LabApi()
    loopback = bind_loopback(os.environ.get("LAB_API_PORT", "4566"))
    # Bound here, as werkzeug would ask a name server for the name of what it binds itself.
    if home := os.environ.get("LAB_HOME"):
        path = Path(home, "share", "api.sock")
        unix = bind_unix(path)
        front = make_server(f"unix://{path}", 0, OnlyAws(api), True, 1, MotoRequestHandler, fd=unix.fileno())
        threading.Thread(target=front.serve_forever, daemon=True).start()
    bound: int = loopback.getsockname()[1]
    server = make_server("127.0.0.1", bound, api, True, 1, MotoRequestHandler, fd=loopback.fileno())
    print(f"listening on http://127.0.0.1:{bound}", flush=True)
    server.serve_forever()


def bind_loopback(port: str) -> socket.socket:
    try:
        return socket.create_server(("127.0.0.1", int(port)))
    except (OSError, OverflowError, ValueError) as error:
        sys.exit(
            f"the lab's AWS API cannot listen on 127.0.0.1, LAB_API_PORT being {port}: {error}; "
            "lab/down, after which lab/up takes a free port, or the one that LAB_API_PORT is set to"
        )


def bind_unix(path: Path) -> socket.socket:
    """In place of what a killed server left there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    try:
        listener.bind(str(path))
    except OSError as error:  # Linux allows 107 bytes
        sys.exit(f"no socket at {path} ({error}): clone into a directory with a shorter path")
    path.chmod(0o666)  # the lab's TLS front opens it as a user of its own, from inside a container
    listener.listen()
    return listener


if __name__ == "__main__":
    main()
