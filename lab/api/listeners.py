"""The sockets on which the API listens, bound here so that a refusal can be explained."""

import errno
import os
import socket
from pathlib import Path


class CannotListen(Exception):
    """A socket of the API cannot be had; the message is for the user."""


def bind_loopback(port: str) -> socket.socket:
    """A listening TCP socket on 127.0.0.1:`port` (0: any free port). Raises CannotListen."""
    if not port.isdecimal() or int(port) > 65535:
        raise CannotListen(f"LAB_API_PORT is '{port}': set it to a number from 0 to 65535")
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", int(port)))
    except OSError as error:
        reason = f"taken{_held_by(int(port))}" if error.errno == errno.EADDRINUSE else f"refused ({error.strerror})"
        raise CannotListen(
            f"port {port} of 127.0.0.1, on which the lab's AWS API listens, is {reason}: "
            "stop that program, or set LAB_API_PORT to a free port above 1023"
        ) from None
    listener.listen(128)
    return listener


def bind_unix(path: Path) -> socket.socket:
    """A listening unix socket at `path`, in place of what a killed server left there. Raises CannotListen."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(str(path))
    except OSError as error:  # Linux allows 107 bytes
        raise CannotListen(f"no socket at {path} ({error}): set LAB_HOME to a shorter, writable path") from None
    path.chmod(0o666)  # the lab's TLS front opens it as a user of its own, from inside a container
    listener.listen(128)
    return listener


def _held_by(port: int) -> str:
    """` by NAME (pid N)` for the program that listens on `port`, or nothing when /proc does not tell."""
    inodes = {
        f"socket:[{fields[9]}]"
        for table in ("/proc/net/tcp", "/proc/net/tcp6")
        if Path(table).exists()
        for fields in map(str.split, Path(table).read_text().splitlines()[1:])
        if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port
    }
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if any(os.readlink(fd) in inodes for fd in (process / "fd").iterdir()):
                return f" by {(process / 'comm').read_text().strip()} (pid {process.name})"
        except OSError:
            continue  # it ended meanwhile, or belongs to another user
    return ""
