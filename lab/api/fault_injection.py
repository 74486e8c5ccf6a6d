"""Refusals on demand, so that it can be seen how a program takes them: a share of the calls gets an error."""

import json
import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape

Environ = dict[str, Any]
# How each protocol of AWS words an error.
XML = "<Error><Code>{code}</Code><Message>{message}</Message></Error>"
WORDINGS: dict[str, Callable[[str], str]] = {
    "s3": lambda error: error,
    "ec2": lambda error: f"<Response><Errors>{error}</Errors><RequestID>refused</RequestID></Response>",
}

THROTTLING = "Throttling"
# What services say, and with which status, that do not call it that. The answer to a HEAD is known by its status alone.
TOO_OFTEN = {"s3": ("SlowDown", "503 Slow Down"), "ec2": ("RequestLimitExceeded", "503 Service Unavailable")}


@dataclass
class Refusals:
    """What is refused at present: nothing, until it is told."""

    share: float = 0
    code: str = ""
    service: str = ""
    seconds: float = 0
    refused: int = 0
    # The same each time, so that a test that fails fails again.
    _chance: random.Random = field(default_factory=lambda: random.Random(1))

    def set(self, share: float, code: str = THROTTLING, service: str = "", seconds: float = 0) -> dict[str, object]:
        """From now on a share of 0 to 1 of the calls to the service, as it is signed for, or to all, after so many
        seconds without an answer. Returns how many have been refused so far."""
        self.share, self.code, self.service, self.seconds = share, code, service, seconds
        return {"refused": self.refused}

    def answer(self, environ: Environ) -> tuple[str, str, str] | None:
        """Status, content type and body for a call that is refused; None for one that goes on."""
        if self._chance.random() >= self.share:
            return None
        scope = re.search(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/", environ.get("HTTP_AUTHORIZATION", ""))
        service = scope.group(1) if scope else "s3"
        if self.service not in ("", service):
            return None
        self.refused += 1
        # The server has a thread for each call, so that others are answered meanwhile.
        time.sleep(self.seconds)
        code, status = self.code, "403 Forbidden"
        if code == THROTTLING:
            code, status = TOO_OFTEN.get(service, (THROTTLING, "400 Bad Request"))
        message = f"the lab refuses calls with {code} at present"
        if environ.get("HTTP_X_AMZ_TARGET"):
            body = json.dumps({"__type": code, "message": message})
            return status, "application/x-amz-json-1.1", body
        error = XML.format(code=escape(code), message=escape(message))
        wording = WORDINGS.get(service, lambda error: f"<ErrorResponse>{error}<RequestId>refused</RequestId></ErrorResponse>")
        return status, "text/xml", wording(error)
