"""Application Load Balancers: an interface with an address in each subnet, a state that takes time, and attributes.

moto's have entries only, are active when they are described, and keep target groups in use after their end.
"""

from functools import partial
from typing import Any

from moto.elbv2.exceptions import ELBClientError
from moto.elbv2.models import ELBv2Backend, FakeLoadBalancer

from . import public_addresses
from .lifecycle import settle
from .patching import replaces

# API reference, LoadBalancerAttribute, idle_timeout.timeout_seconds.
IDLE_TIMEOUT = 60


def interfaces_of(balancer: FakeLoadBalancer) -> list[Any]:
    return list(getattr(balancer, "interfaces", []))


def idle_timeout(balancer: FakeLoadBalancer) -> int:
    return int(balancer.attrs.get("idle_timeout.timeout_seconds", IDLE_TIMEOUT))


@replaces(ELBv2Backend, "create_load_balancer")
def create(original: Any, backend: Any, name: str, security_groups: list[str], *rest: Any, **named: Any) -> Any:
    named["scheme"] = named.get("scheme") or "internet-facing"
    if any(each.name == name for each in backend.load_balancers.values()):
        raise ELBClientError("DuplicateLoadBalancerName", f"A load balancer with the same name '{name}' exists")
    balancer = original(backend, name, security_groups, *rest, **named)
    vpc_id = balancer.vpc_id
    balancer.security_groups = security_groups or [backend.ec2_backend.get_default_security_group(vpc_id).id]
    balancer.interfaces = []
    connect(balancer, backend.ec2_backend, balancer.subnets)
    settle(balancer.arn, "active", partial(setattr, balancer, "state", "active"))
    return balancer


def connect(balancer: Any, ec2: Any, subnets: list[Any]) -> None:
    """Gives the load balancer an interface in each of the subnets, and takes those in others away."""
    wanted = {subnet.id: subnet for subnet in subnets}
    for interface in list(balancer.interfaces):
        if interface.subnet.id in wanted:
            del wanted[interface.subnet.id]
        else:
            balancer.interfaces.remove(interface)
            interface.delete()
    # ELB app/NAME/ID, by which providers find them.
    description = f"ELB {balancer.arn.split(':loadbalancer/')[1]}"
    for subnet in wanted.values():
        groups = balancer.security_groups
        interface = ec2.create_network_interface(subnet, None, group_ids=groups, description=description)
        interface.requester_managed, interface.status = True, "in-use"
        if balancer.scheme != "internal":
            interface.public_ip = public_addresses.rotation.take()
        balancer.interfaces.append(interface)


@replaces(FakeLoadBalancer, "activate")
def activate(_original: Any, _balancer: Any) -> None:
    """The controller reports when it is active."""


@replaces(ELBv2Backend, "set_subnets")
def set_subnets(original: Any, backend: Any, arn: str, *rest: Any) -> Any:
    zones = original(backend, arn, *rest)
    balancer = backend.load_balancers[arn]
    connect(balancer, backend.ec2_backend, balancer.subnets)
    return zones


@replaces(ELBv2Backend, "set_security_groups")
def set_security_groups(original: Any, backend: Any, arn: str, sec_groups: list[str]) -> None:
    original(backend, arn, sec_groups)
    for interface in interfaces_of(backend.load_balancers[arn]):
        interface._group_set = [backend.ec2_backend.get_security_group_from_id(each) for each in sec_groups]


@replaces(ELBv2Backend, "delete_load_balancer")
def delete(original: Any, backend: Any, arn: str) -> None:
    """Its interfaces and listeners go with it, and its target groups are free."""
    balancer = backend.load_balancers.get(arn)
    if balancer is not None:
        if balancer.attrs.get("deletion_protection.enabled") == "true":
            message = f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled"
            raise ELBClientError("OperationNotPermitted", message)
        for listener in list(balancer.listeners):
            backend.delete_listener(listener)
        connect(balancer, backend.ec2_backend, [])
    original(backend, arn)


@replaces(ELBv2Backend, "create_listener")
def create_listener(
    original: Any, backend: Any, load_balancer_arn: str, protocol: str, port: str, *rest: Any, **named: Any
) -> Any:
    balancer = backend.load_balancers.get(load_balancer_arn)
    if balancer and any(str(each.port) == str(port) for each in balancer.listeners.values()):
        raise ELBClientError("DuplicateListener", "A listener already exists on this port for this load balancer")
    listener = original(backend, load_balancer_arn, protocol, port, *rest, **named)
    note_balancers(backend)
    return listener


@replaces(ELBv2Backend, "modify_listener")
def modify_listener(original: Any, backend: Any, *rest: Any, **named: Any) -> Any:
    listener = original(backend, *rest, **named)
    note_balancers(backend)
    return listener


@replaces(ELBv2Backend, "delete_listener")
def delete_listener(original: Any, backend: Any, listener_arn: str) -> Any:
    listener = original(backend, listener_arn)
    note_balancers(backend)
    return listener


def note_balancers(backend: Any) -> None:
    """A target group is told the load balancers that use it; moto's only ever learns of more."""
    for group in backend.target_groups.values():
        group.load_balancer_arns = [
            arn
            for arn, balancer in backend.load_balancers.items()
            if any(map(partial(uses, backend, group.arn), balancer.listeners.values()))
        ]


def uses(backend: Any, group_arn: str, listener: Any) -> bool:
    actions = [action for rule in listener.rules.values() for action in rule.actions]
    return any(group_arn in backend._get_target_group_arns_from(action_data=action.data) for action in actions)
