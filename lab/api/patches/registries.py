"""ECR's login, a password that is valid for 12 hours, and the images that the lab's registry has.

moto's password is always the same and ended in 2015.
"""

import json
import secrets
from base64 import b64encode
from datetime import timedelta
from typing import Any

from moto.core.responses import ActionResult
from moto.core.utils import utcnow
from moto.ecr.models import Image, ecr_backends
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


class NoRepository(Exception):
    """No account has such a repository."""


class TagIsImmutable(Exception):
    """The message is as ECR words it."""


def add_image(repository: str, digest: str, tag: str, size: int) -> None:
    """The registry has the image under that tag, for DescribeImages. Raises NoRepository and TagIsImmutable."""
    backends = [backend for account in ecr_backends.values() for backend in account.values()]
    found = next((each.repositories[repository] for each in backends if repository in each.repositories), None)
    if found is None:
        raise NoRepository(f"there is no repository {repository}")
    tagged = next((each for each in found.images if tag in each.image_tags), None)
    if tagged is not None and tagged.image_digest == digest:
        return
    if tagged is not None and found.is_tag_immutable():
        raise TagIsImmutable(
            f"The image tag '{tag}' already exists in the '{repository}' repository and cannot be overwritten because the "
            "tag is immutable."
        )
    if tagged is not None:
        tagged.remove_tag(tag)
    same = next((each for each in found.images if each.image_digest == digest), None)
    if same is not None:
        same.update_tag(tag)
        return
    # What moto reads of a manifest is the size.
    manifest = json.dumps({"layers": [], "config": {"size": size}})
    found.images.append(Image(found.account_id, tag, manifest, repository, digest=digest))
