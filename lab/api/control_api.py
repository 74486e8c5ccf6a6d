"""Answers of the control API to what the controller needs and no describe call of AWS tells."""

from datetime import timedelta
from typing import Any

from moto.core.base_backend import BaseBackend
from moto.core.utils import utcnow
from moto.ec2.models import EC2Backend, ec2_backends
from moto.rds.models import DBInstance, rds_backends
from moto.sts.models import AssumedRole, sts_backends

from alarms import metrics

Answer = dict[str, Any]
# IMDS renews an instance's credentials before they end.
CREDENTIALS_LAST = timedelta(hours=6)
RENEWED_BEFORE_END = timedelta(hours=1)


class NotFound(Exception):
    """There is no such resource, or it has not what was asked for."""


class Conflict(Exception):
    """The resource does not allow it."""


def master_password(identifier: str) -> Answer:
    """`{"password": …}` of the DB instance's master user. Raises NotFound."""
    return {"password": database(identifier)._master_user_password}


def address(identifier: str) -> Answer:
    """`{"address": …, "subnetId": …, "snapshot": …}` of the DB instance, which is in a subnet of its group; the
    snapshot is the one that it begins with, or None. Raises NotFound."""
    found = database(identifier)
    interface = getattr(found, "interface", None)
    if interface is None:
        raise NotFound(f"DB instance {identifier} is in no subnet group")
    return {
        "address": interface.private_ip_address,
        "subnetId": interface.subnet.id,
        "snapshot": getattr(found, "restored_from", None),
    }


def report_free_storage(identifier: str, bytes: float) -> Answer:  # noqa: A002
    """Raises NotFound."""
    instance = database(identifier)
    metric = {"name": "FreeStorageSpace", "dimensions": {"DBInstanceIdentifier": identifier}, "value": bytes}
    return metrics.report("AWS/RDS", instance.region, [metric])


def database(identifier: str) -> DBInstance:
    for account in rds_backends.values():
        for backend in account.values():
            if identifier in backend.databases:
                return backend.databases[identifier]
    raise NotFound(f"there is no DB instance {identifier}")


def instance_credentials(instance_id: str) -> Answer:
    """The temporary credentials of the instance's role, worded as IMDS does. Raises NotFound."""
    backend = backend_of(instance_id)
    association = backend.iam_instance_profile_associations.get(instance_id)
    roles = association.iam_instance_profile.roles if association else []
    if not roles:
        raise NotFound(f"instance {instance_id} has no role")
    session = role_session(backend, roles[0].arn, instance_id)
    began = f"{session.expiration - CREDENTIALS_LAST:%Y-%m-%dT%H:%M:%SZ}"
    return {"Code": "Success", "LastUpdated": began, "Type": "AWS-HMAC"} | credentials(session)


def credentials(session: AssumedRole) -> Answer:
    """What the metadata services of instances and of tasks tell alike."""
    return {
        "AccessKeyId": session.access_key_id,
        "SecretAccessKey": session.secret_access_key,
        "Token": session.session_token,
        "Expiration": f"{session.expiration:%Y-%m-%dT%H:%M:%SZ}",
    }


def role_session(backend: BaseBackend, role_arn: str, name: str) -> AssumedRole:
    """The role's session of that instance or task: the running one, or a new one shortly before it ends."""
    sts = sts_backends[backend.account_id][backend.partition]
    for session in sts.assumed_roles:
        lasts = session.expiration - utcnow() > RENEWED_BEFORE_END
        if lasts and (session.session_name, session.role_arn) == (name, role_arn):
            return session
    return sts.assume_role(
        region_name=backend.region_name,
        role_session_name=name,
        role_arn=role_arn,
        policy="",
        duration=int(CREDENTIALS_LAST.total_seconds()),
        external_id="",
    )


def backend_of(instance_id: str) -> EC2Backend:
    for account in ec2_backends.values():
        for backend in account.values():
            if backend.get_instance_by_id(instance_id):
                return backend
    raise NotFound(f"there is no instance {instance_id}")
