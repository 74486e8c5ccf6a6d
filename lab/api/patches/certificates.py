"""ACM: certificates of the lab's own authority, issued once their DNS records are there.

moto signs each certificate by itself, gives all the same validation record, and issues them after a minute.
"""

import hashlib
from typing import Any

from moto.acm.models import AWS_ROOT_CA, AWSCertificateManagerBackend, CertBundle
from moto.core.exceptions import AWSError
from moto.elbv2.models import elbv2_backends

import certificate_authority
import public_dns

from .patching import replaces


class ResourceInUse(AWSError):
    """ACM API reference, DeleteCertificate."""

    TYPE = "ResourceInUseException"


@replaces(CertBundle, "generate_cert")
def generate(
    _original: Any,
    domain_name: str,
    account_id: str,
    region: str,
    sans: list[str] | None = None,
    cert_authority_arn: str | None = None,
) -> CertBundle:
    names = list(dict.fromkeys([domain_name, *(sans or [])]))
    certificate, key = certificate_authority.issue(names)
    bundle = CertBundle(
        account_id, certificate, key, region=region, cert_type="AMAZON_ISSUED", cert_status="PENDING_VALIDATION"
    )
    bundle.account_id = account_id  # type: ignore[attr-defined]
    bundle.chain = certificate_authority.ROOT_PEM
    return bundle


@replaces(CertBundle, "check")
def check(_original: Any, bundle: Any) -> None:
    """It is issued once every validation record is in the public DNS."""
    if bundle.status == "PENDING_VALIDATION" and all(
        public_dns.alias_of(each["Name"]) == public_dns.plain(each["Value"]) for each in records_of(bundle)
    ):
        bundle.status = "ISSUED"


def records_of(bundle: Any) -> list[dict[str, str]]:
    """The validation records, in the order of the names; a name and its wildcard have the same.

    ACM user guide, "AWS Certificate Manager DNS validation": one for each name and account, for good.
    """
    return [record_of(bundle.account_id, name) for name in bundle.sans]


def record_of(account: str, name: str) -> dict[str, str]:
    plain = name.removeprefix("*.")
    left, right = (hashlib.sha256(f"{side} {account} {plain}".encode()).hexdigest()[:32] for side in ("name", "value"))
    zone = hashlib.sha256(account.encode()).hexdigest()[:10]
    return {"Name": f"_{left}.{plain}.", "Type": "CNAME", "Value": f"_{right}.{zone}.acm-validations.aws."}


@replaces(CertBundle, "describe")
def describe(original: Any, bundle: Any) -> dict[str, Any]:
    result: dict[str, Any] = original(bundle)
    shown = result["Certificate"]
    if bundle.type == "AMAZON_ISSUED":
        status = {"ISSUED": "SUCCESS"}.get(bundle.status, bundle.status)
        shown["DomainValidationOptions"] = [
            {
                "DomainName": name,
                "ValidationDomain": name,
                "ValidationStatus": status,
                "ValidationMethod": "DNS",
                "ResourceRecord": record,
            }
            for name, record in zip(bundle.sans, records_of(bundle), strict=True)
        ]
    shown["InUseBy"] = balancers_with(bundle.arn)
    return result


def balancers_with(arn: str) -> list[str]:
    return [
        balancer.arn
        for account in elbv2_backends.values()
        for backend in account.values()
        for balancer in backend.load_balancers.values()
        if any(arn in listener.certificates for listener in balancer.listeners.values())
    ]


@replaces(AWSCertificateManagerBackend, "delete_certificate")
def delete(original: Any, backend: Any, arn: str) -> None:
    if balancers_with(arn):
        raise ResourceInUse(f"Certificate {arn} in account {backend.account_id} is in use.")
    original(backend, arn)


def chain_of(bundle: CertBundle) -> str:
    """What stands between the certificate and a root; moto adds Amazon's root to what was imported."""
    return bundle.chain.replace(AWS_ROOT_CA, b"").strip().decode() + "\n"
