"""What the name servers of the lab's internet answer: Route 53's public zones, and records of other DNS providers.

Zones of every account count. Delegation is not checked. The lab's own names are left out.
Records of type A have an effect, others have none.
"""

import re
from typing import Any

from moto.route53.models import FakeZone, route53_backends

from control_api import Answer

# Names of hosts that the lab plays itself, with all that is below them.
_RESERVED = ("amazonaws.com", "lab.test", "letsencrypt.org")
_HOST_NAME = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*")
# Addresses by name: records that no zone of Route 53 has.
_elsewhere: dict[str, str] = {}


def set_record(name: str, address: str) -> Answer:
    """From now on another DNS provider has an A record of that name; an empty address removes it."""
    plain = _plain(name)
    _elsewhere.pop(plain, None)
    if address:
        _elsewhere[plain] = address
    return {"name": plain, "address": address}


def answers() -> Answer:
    """`{"zones": [name, …], "records": [{"name": …, "address": …}, …]}`: of other names in a zone is known that they
    do not exist."""
    backends = [backend for account in route53_backends.values() for backend in account.values()]
    public = [zone for backend in backends for zone in backend.zones.values() if not zone.private_zone]
    records = {(name, address) for zone in public for name, address in _addresses(zone)} | set(_elsewhere.items())
    zones = {_plain(zone.name) for zone in public} | set(_elsewhere)
    return {
        "zones": sorted(filter(_may_have, zones)),
        "records": [{"name": name, "address": address} for name, address in sorted(records) if _may_have(name)],
    }


def _addresses(zone: FakeZone) -> list[tuple[str, str]]:
    return [
        (_plain(record.name), address)
        for record in zone.rrsets
        if record.type == "A"
        for address in _values(record.records)
    ]


def _values(records: Any) -> list[str]:
    return [record["Value"] if isinstance(record, dict) else record for record in records]


def _plain(name: str) -> str:
    return name.lower().removesuffix(".")


def _may_have(name: str) -> bool:
    own = any(name == reserved or name.endswith(f".{reserved}") for reserved in _RESERVED)
    return not own and _HOST_NAME.fullmatch(name) is not None
