"""The lab's AWS API: moto with the lab's corrections, in one process, all state in memory.

Listens on 127.0.0.1:$LAB_API_PORT (default 4566; 0 takes any free port) and, when LAB_HOME is set, on the
unix socket $LAB_HOME/share/api.sock. The first line of standard output is `listening on http://127.0.0.1:PORT`;
it is written once both sockets accept connections. SIGTERM and SIGINT end the process.
"""

import logging
import os
import signal
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
from listeners import CannotListen, bind_loopback, bind_unix  # noqa: E402


def main() -> None:
    """Serve until SIGTERM or SIGINT; exits 1 with one line on standard error when it cannot listen."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    try:
        serve(os.environ.get("LAB_API_PORT", "4566"), os.environ.get("LAB_HOME"))
    except CannotListen as problem:
        sys.exit(str(problem))


def serve(port: str, home: str | None) -> None:
    """Serve on loopback and, where the lab has a home, on its unix socket. Raises CannotListen."""
    api = LabApi()
    loopback = bind_loopback(port)
    if home:
        path = Path(home, "share", "api.sock")
        unix = bind_unix(path)
        front = make_server(f"unix://{path}", 0, OnlyAws(api), True, 1, MotoRequestHandler, fd=unix.fileno())
        threading.Thread(target=front.serve_forever, daemon=True).start()
    bound: int = loopback.getsockname()[1]
    server = make_server("127.0.0.1", bound, api, True, 1, MotoRequestHandler, fd=loopback.fileno())
    print(f"listening on http://127.0.0.1:{bound}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
