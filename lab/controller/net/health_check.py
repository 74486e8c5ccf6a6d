"""One request of a health checker of Route 53, from here.

usage: health_check.py TYPE ADDRESS PORT HOST PATH SNI
TYPE is HTTP, HTTPS or TCP; SNI is true or false. Prints `healthy`, or why not.

Route 53 developer guide, "How Amazon Route 53 determines whether a health check is healthy": it connects within four
seconds, and gets a status from 200 to 399 within two more. A certificate is not validated.
"""

import http.client
import socket
import ssl
import sys

CONNECT, ANSWER = 4, 2


def check(kind: str, address: str, port: int, host: str, path: str, sni: bool) -> str:
    try:
        with socket.create_connection((address, port), CONNECT) as plain:
            if kind == "TCP":
                return "healthy"
            plain.settimeout(ANSWER)
            connection = http.client.HTTPConnection(host, port)
            connection.sock = secured(plain, host if sni else None) if kind == "HTTPS" else plain
            connection.request("GET", path, headers={"User-Agent": "Amazon-Route53-Health-Check-Service"})
            status = connection.getresponse().status
            return "healthy" if 200 <= status < 400 else f"status {status}"
    except OSError as error:
        return str(error) or type(error).__name__
    except http.client.HTTPException as error:
        return f"no HTTP: {error!r}"


def secured(plain: socket.socket, name: str | None) -> ssl.SSLSocket:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(plain, server_hostname=name)


if __name__ == "__main__":
    kind, address, port, host, path, sni = sys.argv[1:]
    print(check(kind, address, int(port), host, path, sni == "true"))
