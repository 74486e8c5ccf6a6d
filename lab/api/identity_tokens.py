"""Tokens of OpenID Connect, signed as GitHub signs those of its Actions: JWT with RS256 (RFC 7519, RFC 7515).

The lab plays every identity provider, with one key that is made with the first token.
"""

import base64
import binascii
import json
import time
from functools import cache
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

Claims = dict[str, Any]
# Seconds. GitHub's last five minutes.
LASTS = 300


class NotAToken(Exception):
    """It is no JWT, or nobody in the lab has signed it."""


@cache
def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def issue(**claims: Any) -> dict[str, str]:
    """`{"token": …}` with these claims and the times that are not among them."""
    now = int(time.time())
    header = {"alg": "RS256", "typ": "JWT"}
    whole = {"iat": now, "nbf": now, "exp": now + LASTS} | claims
    signed = ".".join(_encode(json.dumps(part).encode()) for part in (header, whole))
    return {"token": f"{signed}.{_encode(_key().sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"}


def read(token: str) -> Claims:
    """The claims. Raises NotAToken; who asks looks at the times."""
    try:
        signed, _, signature = token.rpartition(".")
        header, claims = (json.loads(_decode(part)) for part in signed.split("."))
        if header["alg"] != "RS256":
            raise NotAToken
        _key().public_key().verify(_decode(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return dict(claims)
    except (ValueError, KeyError, TypeError, binascii.Error, InvalidSignature) as problem:
        raise NotAToken from problem


def _encode(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def _decode(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
