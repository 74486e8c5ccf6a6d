"""What the name servers of the lab's internet answer: Route 53's public zones, load balancers, and records of other
DNS providers.

Zones of every account count. Delegation is not checked. The lab's own names are left out. Records of type A, their
aliases of load balancers and CNAMEs to those have an effect; a certificate is issued for a CNAME; others have none.
"""

import re
from collections.abc import Iterator
from typing import Any

from moto.elbv2.models import elbv2_backends
from moto.route53.models import route53_backends

# Names of hosts that the lab plays itself, with all that is below them.
_RESERVED = ("amazonaws.com", "lab.test", "letsencrypt.org")
_HOST_NAME = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*")
# By name, records that no zone of Route 53 has: addresses, and targets of CNAMEs.
_elsewhere: dict[str, str] = {}
_targets: dict[str, str] = {}


def set_record(name: str, address: str = "", target: str = "") -> dict[str, Any]:
    """From now on another DNS provider has an A record of that name, or a CNAME; without either it has none."""
    key = plain(name)
    _elsewhere.pop(key, None)
    _targets.pop(key, None)
    if address:
        _elsewhere[key] = address
    if target:
        _targets[key] = plain(target)
    return {"name": key, "address": address, "target": plain(target)}


def answers() -> dict[str, Any]:
    """`{"zones": [name, …], "records": [{"name": …, "address": …}, …]}`: of other names in a zone is known that they
    do not exist."""
    balancers = {plain(each.dns_name): _addresses_of(each) for each in _load_balancers()}
    records = {(name, address) for name, addresses in balancers.items() for address in addresses}
    own = {(name, address) for zone in _public_zones() for name, address in _records(zone, balancers)}
    own |= set(_elsewhere.items())
    own |= {(name, address) for name, target in _targets.items() for address in balancers.get(target, [])}
    zones = {plain(zone.name) for zone in _public_zones()} | set(_elsewhere) | set(_targets)
    shown = sorted(records | {(name, address) for name, address in own if _may_have(name)})
    return {
        "zones": sorted({*filter(_may_have, zones), *(name.partition(".")[2] for name in balancers)}),
        "records": [{"name": name, "address": address} for name, address in shown],
    }


def alias_of(name: str) -> str | None:
    """The target of the name's CNAME record, wherever it is."""
    key = plain(name)
    for zone in _public_zones():
        for record in zone.rrsets:
            if record.type == "CNAME" and plain(record.name) == key:
                return plain(_values(record.records)[0])
    return _targets.get(key)


def plain(name: str) -> str:
    return name.lower().removesuffix(".")


def _public_zones() -> list[Any]:
    backends = [backend for account in route53_backends.values() for backend in account.values()]
    return [zone for backend in backends for zone in backend.zones.values() if not zone.private_zone]


def _load_balancers() -> list[Any]:
    backends = [backend for account in elbv2_backends.values() for backend in account.values()]
    return [balancer for backend in backends for balancer in backend.load_balancers.values()]


def _addresses_of(balancer: Any) -> list[str]:
    """The public ones, or those in its subnets if it is internal."""
    return [each.public_ip or each.private_ip_address for each in getattr(balancer, "interfaces", [])]


def _records(zone: Any, balancers: dict[str, list[str]]) -> Iterator[tuple[str, str]]:
    for record in zone.rrsets:
        name = plain(record.name)
        if record.type == "A" and record.alias_target:
            # The console puts "dualstack." before a load balancer's name.
            target = plain(record.alias_target["DNSName"]).removeprefix("dualstack.")
            yield from ((name, address) for address in balancers.get(target, []))
        elif record.type == "A":
            yield from ((name, address) for address in _values(record.records))
        elif record.type == "CNAME":
            yield from ((name, address) for address in balancers.get(plain(_values(record.records)[0]), []))


def _values(records: Any) -> list[str]:
    return [record["Value"] if isinstance(record, dict) else record for record in records]


def _may_have(name: str) -> bool:
    own = any(name == reserved or name.endswith(f".{reserved}") for reserved in _RESERVED)
    return not own and _HOST_NAME.fullmatch(name) is not None
