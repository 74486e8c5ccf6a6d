"""S3's website endpoints: http://BUCKET.s3-website-REGION.amazonaws.com, for everybody and without TLS.

Source: S3 user guide, "Website endpoints" and "Permissions required for website access": 404 for what does not
exist, 403 for what does but may not be read.
"""

import re
from collections.abc import Iterable
from typing import Any

from moto.s3.models import FakeBucket

import authorization

_HOST = re.compile(r"(.+)\.s3-website[.-][a-z0-9-]+\.amazonaws\.com")


def bucket_name(host: str) -> str | None:
    """The bucket whose website has that host name."""
    match = _HOST.fullmatch(host.split(":")[0])
    return match[1] if match else None


def respond(name: str, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    method = environ["REQUEST_METHOD"]
    status, headers, body = _answer(name, method, environ["PATH_INFO"].lstrip("/"))
    start_response(status, [*headers.items(), ("Content-Length", str(len(body)))])
    return [b"" if method == "HEAD" else body]


def _answer(name: str, method: str, path: str) -> tuple[str, dict[str, str], bytes]:
    if method not in ("GET", "HEAD"):
        return _error("405 Method Not Allowed", "MethodNotAllowed")
    bucket = authorization.bucket(name)
    if bucket is None:
        return _error("404 Not Found", "NoSuchBucket")
    if not bucket.website_configuration:
        return _error("404 Not Found", "NoSuchWebsiteConfiguration")
    configuration = bucket.website_configuration.decode()
    index = re.search("<Suffix>(.*?)</Suffix>", configuration)[1]
    key = path + index if path == "" or path.endswith("/") else path
    if key not in bucket.keys and f"{key}/{index}" in bucket.keys:
        return "302 Found", {"Location": f"/{key}/"}, b""
    if key not in bucket.keys:
        problem = ("404 Not Found", "NoSuchKey")
    elif not authorization.is_public_read(bucket, key):
        problem = ("403 Forbidden", "AccessDenied")
    else:
        return "200 OK", *_object(bucket, key)
    named = re.search("<ErrorDocument><Key>(.*?)</Key>", configuration)
    page = named[1] if named else ""
    if page in bucket.keys and authorization.is_public_read(bucket, page):
        return problem[0], *_object(bucket, page)
    return _error(*problem)


def _object(bucket: FakeBucket, key: str) -> tuple[dict[str, str], bytes]:
    found = bucket.keys[key]
    headers = {"Content-Type": found.metadata.get("Content-Type", "binary/octet-stream"), "ETag": found.etag}
    if "Cache-Control" in found.metadata:
        headers["Cache-Control"] = found.metadata["Cache-Control"]
    return headers, found.value


def _error(status: str, code: str) -> tuple[str, dict[str, str], bytes]:
    page = f"<html><head><title>{status}</title></head><body><h1>{status}</h1><ul><li>Code: {code}</li></ul></body></html>\n"
    return status, {"Content-Type": "text/html; charset=utf-8"}, page.encode()
