"""Reads app.env, which deployer/environment.ts writes in the form of docker-compose: `NAME=value`, or `NAME="value"` with
escapes. Docker's own --env-file reads another form, without line breaks.

app_settings.py FILE run COMMAND…: runs the command with these variables in its environment
app_settings.py FILE redact: copies standard input, with the values of secrets replaced
"""

import json
import os
import re
import signal
import sys
from urllib.parse import quote, unquote_to_bytes

ESCAPED = {b"n": b"\n", b"r": b"\r"}
# The app's own secrets are named in a comment.
SECRETS = {b"DB_PASS", b"SECRET_KEY"}
COMMENT = b"# secrets: "
# Shorter values would hide what is not secret.
SHORTEST = 4


def read(path):
    """The variables as they stand in the file, and the names of those that are secret."""
    written, secrets = {}, set(SECRETS)
    with open(path, "rb") as file:
        for line in file.read().split(b"\n"):
            name, separator, value = line.partition(b"=")
            if line.startswith(COMMENT):
                secrets.update(line[len(COMMENT) :].split())
            elif separator and not line.startswith(b"#"):
                written[name] = value
    return written, secrets


def decode(value):
    if not value.startswith(b'"'):
        return value
    return re.sub(rb"\\(.)", lambda match: ESCAPED.get(match[1], match[1]), value[1:-1])


def forms(name, written):
    """What a log may show of a secret: as the file, the app, a URL or JSON has it, and each of its lines."""
    value = decode(written)
    text = value.decode(errors="replace")
    yield from (written[1:-1] if written.startswith(b'"') else written, value, quote(text, safe="").encode())
    yield from (json.dumps(text, ensure_ascii=ascii)[1:-1].encode() for ascii in (True, False))
    yield from (line.strip() for line in value.splitlines())
    if name == b"DB_PASS":
        yield unquote_to_bytes(value)


def redact(path):
    written, secrets = read(path)
    hidden = {form for name in secrets & written.keys() for form in forms(name, written[name])}
    # The longest first: one may begin like another.
    hidden = sorted((form for form in hidden if len(form) >= SHORTEST), key=len, reverse=True)
    pattern = re.compile(b"|".join(map(re.escape, hidden))) if hidden else None
    for line in sys.stdin.buffer:
        text = line.rstrip(b"\n")
        sys.stdout.buffer.write((pattern.sub(b"[secret]", text) if pattern else text) + b"\n")
        sys.stdout.buffer.flush()


def main(path, action, *command):
    # As other commands of a pipe, without a trace.
    for number in (signal.SIGPIPE, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    if action == "redact":
        return redact(path)
    written, _ = read(path)
    os.environb.update({name: decode(value) for name, value in written.items()})
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(*sys.argv[1:])
