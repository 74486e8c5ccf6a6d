"""ECR's login: a password that is valid for 12 hours. moto's is always the same and ended in 2015."""

import secrets
from base64 import b64encode
from datetime import timedelta
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.ecr.responses import ECRResponse

from .patching import replaces

# ECR user guide, "Private registry authentication in Amazon ECR".
USER = "AWS"
LASTS = timedelta(hours=12)
# When each password ends.
_passwords: dict[str, Any] = {}


def is_valid(user: str, password: str) -> bool:
    return user == USER and password in _passwords and utcnow() < _passwords[password]


@replaces(ECRResponse, "get_authorization_token")
def get_authorization_token(_original: Any, response: Any) -> ActionResult:
    now = utcnow()
    for password in [each for each, end in _passwords.items() if end <= now]:
        del _passwords[password]
    data = []
    for registry in response._get_param("registryIds") or [response.current_account]:
        password = secrets.token_urlsafe(60)
        _passwords[password] = now + LASTS
        data.append(
            {
                "authorizationToken": b64encode(f"{USER}:{password}".encode()).decode(),
                "expiresAt": _passwords[password],
                "proxyEndpoint": f"https://{registry}.dkr.ecr.{response.region}.amazonaws.com",
            }
        )
    return ActionResult({"authorizationData": data})
