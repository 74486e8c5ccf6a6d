"""Security groups as AWS keeps them.

The default group of a VPC allows traffic between its members; moto's allows none. A rule whose other end is a group
keeps its description; moto keeps it for networks alone.
"""

from typing import Any

from moto.ec2.models.security_groups import SecurityGroup, SecurityGroupBackend, SecurityGroupRule

from .patching import replaces


@replaces(SecurityGroupBackend, "create_security_group")
def create(original: Any, backend: Any, *arguments: Any, **named: Any) -> SecurityGroup:
    group: SecurityGroup = original(backend, *arguments, **named)
    if group.is_default:
        members = {"GroupId": group.id, "OwnerId": group.owner_id, "UserId": group.owner_id}
        rule = SecurityGroupRule(backend, "-1", group.id, None, None, None, members, is_egress=False)
        group.ingress_rules.append(rule)
    return group


@replaces(SecurityGroupRule, "description")
def description(original: Any, rule: SecurityGroupRule) -> str | None:
    own: str | None = original(rule)
    return own or (rule.source_group or {}).get("Description")
