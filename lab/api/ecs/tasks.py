"""Tasks of services as ECS describes them, with their network interfaces and targets."""

from datetime import UTC, datetime
from typing import Any

from moto.core.common_models import BaseModel
from moto.core.exceptions import ServiceException
from moto.ec2.models import ec2_backends
from moto.ecs.models import EC2ContainerServiceBackend
from moto.moto_api._internal import mock_random

from . import model
from .launch import Launch, log_stream, prepare

# Of the platform on which Fargate runs Linux tasks.
PLATFORM = "1.4.0"
# ECS developer guide, "Task definition parameters for Fargate", stopTimeout.
STOP_TIMEOUT = 30


def moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)


class TaskEntry(BaseModel):
    """Under moto's names, so that its calls describe, list and tag it."""

    def __init__(
        self, backend: EC2ContainerServiceBackend, entry: Any, task: model.Task, groups: tuple[str, ...]
    ) -> None:
        self.service, self.backend = entry, backend
        self.id = task.id
        self.group_ids = groups
        self.cluster_name, self.cluster_arn = entry.cluster_name, entry.cluster_arn
        self.task_arn = f"{entry.cluster_arn.replace(':cluster/', ':task/')}/{task.id}"
        self.task_definition_arn = task.task_definition
        self.definition = backend.describe_task_definition(task.task_definition)
        self.container: dict[str, Any] = self.definition.container_definitions[0]
        self.cpu, self.memory = self.definition.cpu, self.definition.memory
        self.group, self.started_by = f"service:{entry.name}", task.deployment
        self.launch_type, self.platform_version, self.platform_family = "FARGATE", PLATFORM, "Linux"
        self.container_instance_arn = None
        self.availability_zone = task.subnet.zone
        self.created_at = moment(task.created)
        self.overrides: dict[str, Any] = {"containerOverrides": []}
        self.tags = list(entry.tags) if entry.propagate_tags == "SERVICE" else []
        self.container_arn = f"{self.task_arn.replace(':task/', ':container/')}/{mock_random.uuid4()}"
        self.attachment_id = str(mock_random.uuid4())
        self.interface: Any = None
        self.launch = self._launch(backend, task)
        self.show(task)

    def _launch(self, backend: EC2ContainerServiceBackend, task: model.Task) -> Launch:
        ec2: Any = ec2_backends[backend.account_id][backend.region_name]
        arn = f"arn:aws:ecs:{backend.region_name}:{backend.account_id}:attachment/{self.attachment_id}"
        try:
            subnet = ec2.get_subnet(task.subnet.id)
            self.interface = ec2.create_network_interface(subnet, None, group_ids=list(self.group_ids), description=arn)
        except ServiceException as problem:
            what = f"Unexpected EC2 error while attempting to Create Network Interface in subnet '{task.subnet.id}'"
            return Launch({}, f"{what}: {problem.code}")
        self.interface.requester_managed = True
        self.interface.status = "in-use"
        return prepare(backend, self.definition, task.id)

    def show(self, task: model.Task) -> None:
        """Takes over what the scheduler knows of the task."""
        self.task = task
        self.last_status, self.desired_status = task.status, task.desired
        self.started_at, self.stopped_at = moment(task.started), moment(task.stopped)
        self.stop_code, self.stopped_reason = task.stop_code or None, task.stopped_reason or None
        if task.status == model.STOPPED and self.interface is not None:
            self.interface.delete()
            self.interface = None

    def advance(self) -> None:
        """moto's tasks go from state to state by being described."""

    @property
    def containers(self) -> list[dict[str, Any]]:
        failed = self.task.stopped_reason if self.task.stop_code == "TaskFailedToStart" else None
        return [
            {
                "containerArn": self.container_arn,
                "taskArn": self.task_arn,
                "name": self.container["name"],
                "image": self.container["image"],
                "lastStatus": {model.PROVISIONING: "PENDING", model.STOPPED: "STOPPED"}.get(
                    self.last_status, "RUNNING"
                ),
                "exitCode": self.task.exit_code,
                "reason": failed,
                "healthStatus": "UNKNOWN",
                "networkInterfaces": [
                    {"attachmentId": self.attachment_id, "privateIpv4Address": self.interface.private_ip_address}
                ]
                if self.interface
                else [],
            }
        ]

    @property
    def attachments(self) -> list[dict[str, Any]]:
        if self.interface is None:
            return []
        details = {
            "subnetId": self.interface.subnet.id,
            "networkInterfaceId": self.interface.id,
            "macAddress": self.interface.mac_address,
            "privateIPv4Address": self.interface.private_ip_address,
        }
        named = [{"name": name, "value": value} for name, value in details.items()]
        return [{"id": self.attachment_id, "type": "ElasticNetworkInterface", "status": "ATTACHED", "details": named}]

    def for_controller(self) -> dict[str, Any]:
        """See `GET /_lab/ecs/tasks` of the control API."""
        group, stream = log_stream(self.container, self.id)
        ports = self.container.get("portMappings") or []
        return {
            "id": self.id,
            "arn": self.task_arn,
            # AWS's own is STOPPED as soon as the target drains, while the container is still to serve.
            "desiredStatus": "STOPPED" if self.last_status == model.STOPPING else "RUNNING",
            "lastStatus": self.last_status,
            "image": self.container["image"],
            "entryPoint": self.container.get("entryPoint"),
            "command": self.container.get("command"),
            "environment": self.launch.environment,
            "problem": self.launch.problem,
            "credentialsPath": self.launch.credentials_path,
            "vpcId": self.interface and self.interface.vpc_id,
            "subnetId": self.task.subnet.id,
            "address": self.interface and self.interface.private_ip_address,
            "mac": self.interface and self.interface.mac_address,
            "groupIds": [each.id for each in self.interface.group_set] if self.interface else [],
            "cpu": int(self.cpu or 0),
            "memoryMiB": int(self.memory or 0),
            "port": ports[0]["containerPort"] if ports else None,
            "stopTimeout": self.container.get("stopTimeout") or STOP_TIMEOUT,
            "logGroup": group,
            "logStream": stream,
        }
