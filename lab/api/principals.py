"""Who calls: a user or a role's session, by the access key of the call, with the policies that hold for it."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from moto.iam.models import IAMBackend, Role, User, iam_backends
from moto.sts.models import AssumedRole, sts_backends

import policies

ADMINISTRATOR_ARN = "arn:aws:iam::123456789012:user/administrator"


@dataclass(frozen=True)
class Principal:
    # None is who gives no credentials.
    arn: str | None
    # None: everything is allowed.
    statements: list[policies.Statement] | None
    # What it may do at most; None: no limit.
    boundary: list[policies.Statement] | None = None

    def decision(self, action: str, resource: str, context: policies.Context) -> bool | None:
        """As `policies.decision`. IAM user guide, "Permissions boundaries for IAM entities": both must allow it."""
        if self.statements is None:
            return True
        own = policies.decision(self.statements, action, resource, context)
        if self.boundary is None or own is not True:
            return own
        return policies.decision(self.boundary, action, resource, context)


ADMINISTRATOR = Principal(ADMINISTRATOR_ARN, None)
NOBODY = Principal(None, [])


def of_key(access_key: str) -> Principal | None:
    """The user or the role whose key it is; None for a key that IAM does not know."""
    if not access_key:
        return NOBODY
    return _role(access_key) or _user(access_key)


def _role(access_key: str) -> Principal | None:
    for account, by_partition in sts_backends.items():
        for partition, backend in by_partition.items():
            for session in backend.assumed_roles:
                if session.access_key_id == access_key:
                    return _of_session(iam_backends[account][partition], session)
    return None


def _of_session(iam: IAMBackend, session: AssumedRole) -> Principal | None:
    """None for a role that IAM does not have: moto lets everybody assume one."""
    if session.policy:
        raise NotImplementedError("the lab does not know session policies")
    for role in iam.roles.values():
        if role.arn == session.role_arn:
            return Principal(role.arn, statements_of(role), _boundary(iam, role.permissions_boundary_arn))
    return None


def _user(access_key: str) -> Principal | None:
    for by_partition in iam_backends.values():
        for iam in by_partition.values():
            for user in iam.users.values():
                if any(key.access_key_id == access_key and key.status == "Active" for key in user.access_keys):
                    groups = iam.get_groups_for_user(user.name)
                    stated = [statement for each in (user, *groups) for statement in statements_of(each)]
                    return Principal(user.arn, stated)
    return None


def _boundary(iam: IAMBackend, arn: str | None) -> list[policies.Statement] | None:
    return None if not arn else _documents(iam.get_policy(arn).versions)


def statements_of(identity: Role | User | Any) -> list[policies.Statement]:
    """Of its own policies and of the managed ones that are attached to it."""
    versions = [version for policy in identity.managed_policies.values() for version in policy.versions]
    own = [each for text in identity.policies.values() for each in policies.statements(json.loads(text))]
    return own + _documents(versions)


def _documents(versions: Iterable[Any]) -> list[policies.Statement]:
    current = (json.loads(version.document) for version in versions if version.is_default)
    return [each for document in current for each in policies.statements(document)]
