"""The instance metadata service (IMDS) of one VPC, in its router, and what tells tasks on ECS the credentials of their role.

usage: metadata.py METADATA
  METADATA  JSON file: address of an instance or a task -> what it is told (lab/controller/instance-metadata.ts)

Who asks is told by the source address: the router drops packets with a spoofed one.
Sources of the rules: Amazon EC2 user guide, "Use the Instance Metadata Service to access instance metadata"; Amazon ECS
developer guide, "Amazon ECS task IAM role".
"""

import base64
import json
import re
import secrets
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from threading import Thread

METADATA = sys.argv[1]
ADDRESS = ("169.254.169.254", 80)
OF_TASKS = ("169.254.170.2", 80)
TTL_HEADER = "X-aws-ec2-metadata-token-ttl-seconds"
MAX_TTL = 21600

# token -> (address it was given to, when it ends)
tokens: dict[str, tuple[str, float]] = {}


def read(tree: dict[str, str], path: str) -> str | None:
    """The text at a path, or the names below it, one a line."""
    if path in tree:
        return tree[path]
    prefix = f"{path.rstrip('/')}/"
    below = {key[len(prefix) :] for key in tree if key.startswith(prefix)}
    names = {name if "/" not in name else f"{name.split('/')[0]}/" for name in below}
    # A key pair is listed by number and name; cloud-init looks for the "=".
    if path.rstrip("/").endswith("public-keys"):
        names = {"0=key"}
    return "\n".join(sorted(names)) if names else None


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_PUT(self) -> None:
        ttl = self.headers.get(TTL_HEADER, "")
        if self.headers.get("X-Forwarded-For"):
            self.answer(403)
        elif self.path != "/latest/api/token":
            self.answer(404)
        elif not ttl.isdigit() or not 1 <= int(ttl) <= MAX_TTL:
            self.answer(400)
        else:
            token = secrets.token_urlsafe(42)
            tokens[token] = (self.client_address[0], time.time() + int(ttl))
            self.answer(200, token.encode(), {TTL_HEADER: ttl})

    def do_GET(self) -> None:
        with open(METADATA) as file:
            instance = json.load(file).get(self.client_address[0])
        version = re.match(r"/(latest|\d{4}-\d\d-\d\d)/(.*)", self.path)
        if instance is None or version is None:
            self.answer(404)
        elif not self.allowed(instance["tokensRequired"]):
            self.answer(401)
        else:
            body = self.find(instance, version[2])
            self.answer(404) if body is None else self.answer(200, body)

    def allowed(self, required: bool) -> bool:
        token = self.headers.get("X-aws-ec2-metadata-token")
        if token is None:
            return not required
        address, end = tokens.get(token, ("", 0))
        return address == self.client_address[0] and time.time() < end

    def find(self, instance: dict, path: str) -> bytes | None:
        if path.rstrip("/") == "user-data":
            return base64.b64decode(instance["userData"]) or None
        text = read(instance["tree"], path)
        return None if text is None else text.encode()

    def answer(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class TaskHandler(Handler):
    """The path is in the task's environment: AWS_CONTAINER_CREDENTIALS_RELATIVE_URI."""

    def do_GET(self) -> None:
        with open(METADATA) as file:
            task = json.load(file).get(self.client_address[0], {"tree": {}})
        credentials = task["tree"].get(self.path)
        self.answer(404) if credentials is None else self.answer(200, credentials.encode())

    def do_PUT(self) -> None:
        self.answer(405)


class Service(ThreadingHTTPServer):
    def server_bind(self) -> None:
        # HTTPServer asks a name server for this address's name, and waits seconds where none answers.
        TCPServer.server_bind(self)


Thread(target=Service(OF_TASKS, TaskHandler).serve_forever, daemon=True).start()
Service(ADDRESS, Handler).serve_forever()
