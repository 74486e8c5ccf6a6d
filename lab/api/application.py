"""The WSGI application: AWS calls go to moto, one at a time; /_lab/* is the control API.

The control API, JSON, loopback only (what reaches the unix socket may come from the lab's machines):
  GET  /_lab/health                        {"status": "ok"}
  GET  /_lab/revision                      {"revision": n}; n grows with each call that may have changed something
  GET  /_lab/revision?after=N              the same once n is greater than N, and after 25 s at the latest
  POST /_lab/status                        {"resource": id, "status": word}: the controller has brought an instance to
                                           running, rebooted, stopped or terminated, a DB instance to
                                           available, deleted or, if it cannot be created, failed, and a DB
                                           snapshot, as snapshot.ID, to available;
                                           409 if that is not what it is on its way to, or too early
  POST /_lab/delay                         {"status": word, "seconds": n}: from now on what sets out for that status
                                           gets there after so many seconds, not before
  GET  /_lab/awaiting/WORD                 {"resources": [id, …]}: of which that status is awaited; "rebooted" is
                                           one that AWS's calls do not show
  GET  /_lab/db/ID/master-password         {"password": …}
  GET  /_lab/db/ID/address                 {"address": …, "subnetId": …, "snapshot": ID or null}: the private address, and
                                           the snapshot that it begins with
  POST /_lab/db/ID/free-storage            {"bytes": n}: CloudWatch's metric FreeStorageSpace of the DB instance, as of now
  GET  /_lab/instance-credentials/ID       the role's credentials, worded as instance metadata does
  GET  /_lab/task-credentials/ID           the same of a task on ECS, worded as ECS does
  GET  /_lab/dns                           {"zones": [name, …], "records": [{"name": …, "address": …}, …]}: what the
                                           name servers of the internet answer; a name may have several addresses
  POST /_lab/dns-record                    {"name": …, "address": …} or {"name": …, "target": …}: from now on a DNS
                                           provider that is not Route 53 has that A record, or that CNAME; an empty
                                           address or target removes it
  GET  /_lab/ecs/tasks                     {"tasks": [{"id", "arn", "desiredStatus", "lastStatus", "image", "entryPoint", "command",
                                           "environment", "problem", "credentialsPath", "vpcId", "subnetId", "address", "mac",
                                           "groupIds", "cpu", "memoryMiB", "port", "stopTimeout", "logGroup", "logStream"}, …]}: all
                                           that are not stopped; "environment" has the secrets in it; with a "problem"
                                           a task cannot start and is to be reported stopped with that reason;
                                           "desiredStatus" is STOPPED once the container is to get SIGTERM
  POST /_lab/ecs/task                      {"id", "status": "running"} or {"id", "status": "stopped", "exitCode": n} or,
                                           if it never ran, {"id", "status": "stopped", "reason": AWS's text}
  POST /_lab/ecs/usage                     {"tasks": {"id": percent, …}}: the CPU that each has used of its own since the last
                                           report; once in the "usageInterval" of its description, in seconds, which is
                                           null for tasks that are not scaled
  GET  /_lab/load-balancers                {"loadBalancers": [{"id", "vpcId", "dnsName", "groupIds", "idleTimeout",
                                           "interfaces": [{"subnetId", "address", "mac", "publicIp"}, …],
                                           "listeners": [{"port", "protocol", "certificateArn", "redirect": {"port",
                                           "protocol", "status"}, "targetGroup"}, …], "targetGroups": [{"id", "port",
                                           "healthCheck": {"path", "matcher", "interval", "timeout", "healthy",
                                           "unhealthy"}, "targets": [{"address", "port", "draining"}, …]}, …]},
                                           …]}
  POST /_lab/load-balancer                 {"id", "status": "active"}: the controller has made it
  POST /_lab/target-health                 {"targetGroup", "targets": [{"address", "port", "healthy", "reason"}, …]}: what
                                           the load balancer's checks say, with the thresholds passed; "reason" as AWS
                                           describes it
  GET  /_lab/certificate?arn=…             {"certificate", "chain", "privateKey"} in PEM, once it is issued
  GET  /_lab/acm-ca                        {"certificate": PEM}, the root of the lab's ACM
  POST /_lab/ecr-login                     {"user", "password"}: 404 unless ECR has issued that login
  POST /_lab/ecr-image                     {"repository", "digest", "tag", "size"}: the registry has got that image; 409
                                           if the tag is another image's and immutable
  POST /_lab/metrics                       {"namespace", "region", "metrics": [{"name", "dimensions": {…}, "value": n}, …]}: what
                                           a service of AWS reports of itself to CloudWatch, as of now
  GET  /_lab/health-checks                 {"healthChecks": [{"id", "type", "address", "domain", "port", "path", "interval",
                                           "threshold", "sni"}, …]}: those of Route 53; "address" is empty for a domain that
                                           does not resolve
  GET  /_lab/actions?principal=ARN         {"allowed": [action, …], "refused": [action, …]}: what a user or a role has called
  GET  /_lab/mails?address=…               {"mails": [{"to", "subject", "text", "time"}, …]}: what SNS has sent to an address,
                                           or to all
  POST /_lab/confirm                       {"address": …}: somebody follows the links in the mails of SNS to that address;
                                           {"confirmed": [topic, …]}
  GET  /_lab/checkip                       198.18.N.1, the host's own address in the lab, as text: what
                                           https://checkip.amazonaws.com is on AWS
  POST /_lab/caller                        {"address": …}: from now on checkip answers that, as for a teammate
  POST /_lab/oidc-token                    {"iss": …, "aud": …, "sub": …, …}: {"token": JWT} with those claims, signed as by that
                                           identity provider: what GitHub gives a job of its Actions
  POST /_lab/refuse                        {"share": 0.2, "code": word, "service": word, "seconds": n}: from now on that
                                           share of AWS's calls, to that service or, without one, to any, is refused,
                                           after so many seconds; {"refused": n}, how many have been so far
  POST /_lab/quota                         {"code": word, "value": n}: from now on that quota of Service Quotas is n
Errors are {"error": …} with 404, 405 or 409.
"""

import io
import json
import re
import threading
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

import authorization
import control_api
import control_services
import ecs.calls  # noqa: F401  # importing it replaces functions of moto
import identity_tokens
import public_dns
import replication
import validators  # noqa: F401  # importing it replaces functions of moto
import website
from alarms import metrics, watcher
from ecs.ticker import Ticker
from fault_injection import Refusals
from patches import lifecycle, quotas, topics
from patches.public_addresses import SUBNET_PREFIX

Environ = dict[str, Any]
READS = ("Describe", "Get", "List", "Head")
# What a program prints or measures changes no resource, and the controller itself sends it.
UNSEEN = ("PutLogEvents", "PutMetricData")


class LabApi:
    """AWS calls and the control API, for the host's programs."""

    def __init__(self) -> None:
        self._moto = DomainDispatcherApplication(create_backend_app)
        # moto's backends check and then act without a lock; two calls at once could take one address.
        self._lock = threading.Lock()
        self._revision = 0
        self._revised = threading.Condition()
        self._refusals = Refusals()
        self._ticker = Ticker(self._lock, self._revise)
        watcher.start(self._lock)
        replication.start(self._lock)
        self._caller = f"{SUBNET_PREFIX}.1"
        self._control_api: list[tuple[str, str, Callable[..., control_api.Answer]]] = [
            ("GET", r"health", lambda: {"status": "ok"}),
            ("POST", r"status", self._changing(self._report)),
            ("POST", r"delay", lifecycle.delay),
            ("GET", r"awaiting/([a-z-]+)", lambda status: {"resources": lifecycle.awaiting(status)}),
            ("GET", r"db/([^/]+)/master-password", control_api.master_password),
            ("GET", r"db/([^/]+)/address", control_api.address),
            ("POST", r"db/([^/]+)/free-storage", control_api.report_free_storage),
            ("GET", r"instance-credentials/([^/]+)", control_api.instance_credentials),
            ("GET", r"task-credentials/([^/]+)", control_services.task_credentials),
            ("POST", r"refuse", self._refusals.set),
            ("POST", r"quota", quotas.apply),
            ("POST", r"oidc-token", identity_tokens.issue),
            ("POST", r"caller", self._call_from),
            ("GET", r"dns", public_dns.answers),
            ("POST", r"dns-record", self._changing(public_dns.set_record)),
            ("GET", r"ecs/tasks", control_services.tasks),
            ("POST", r"ecs/task", self._serving(control_services.report_task)),
            ("POST", r"ecs/usage", self._serving(control_services.report_usage)),
            ("GET", r"load-balancers", control_services.balancers),
            ("POST", r"load-balancer", self._changing(control_services.report_balancer)),
            ("POST", r"target-health", self._serving(control_services.report_health)),
            ("GET", r"certificate", control_services.certificate),
            ("GET", r"acm-ca", control_services.authority),
            ("POST", r"metrics", metrics.report),
            ("GET", r"health-checks", metrics.health_checks),
            ("GET", r"actions", authorization.used),
            ("GET", r"mails", topics.mailbox),
            ("POST", r"confirm", topics.confirm),
            ("POST", r"ecr-login", control_services.login),
            ("POST", r"ecr-image", self._changing(control_services.report_image)),
        ]

    def __call__(self, environ: Environ, start_response: Any, over_loopback: bool = True) -> Iterable[bytes]:
        body = _buffer_body(environ)
        if environ["PATH_INFO"] == "/_lab/checkip":
            start_response("200 OK", [("Content-Type", "text/plain")])
            return [f"{self._caller}\n".encode()]
        if environ["PATH_INFO"] == "/_lab/revision":
            start_response("200 OK", [("Content-Type", "application/json")])
            return [json.dumps({"revision": self._revision_after(environ)}).encode()]
        if environ["PATH_INFO"].startswith("/_lab/"):
            status, answer = self._control(environ, body)
            start_response(status, [("Content-Type", "application/json")])
            return [json.dumps(answer).encode()]
        if refusal := self._refusals.answer(environ):
            status, content_type, text = refusal
            start_response(status, [("Content-Type", content_type)])
            return [text.encode()]
        changes = _may_change(environ, body)

        def respond(status: str, headers: Any, *rest: Any) -> Any:
            if changes and int(status[:3]) < 400:
                self._revise()
            return start_response(status, headers, *rest)

        with self._lock:
            site = website.bucket_name(environ.get("HTTP_HOST", ""))
            if site:
                return website.respond(site, environ, start_response)
            try:
                authorization.check(environ, body, over_loopback)
            except authorization.AccessDenied as problem:
                return authorization.denial(problem, environ, start_response)
            response: Iterable[bytes] = self._moto(environ, respond)
            if changes and self._ticker.touch():
                self._revise()
            return response

    def _control(self, environ: Environ, body: bytes) -> tuple[str, control_api.Answer]:
        path = environ["PATH_INFO"].removeprefix("/_lab/")
        for method, pattern, call in self._control_api:
            match = re.fullmatch(pattern, path)
            if match is None:
                continue
            if environ["REQUEST_METHOD"] != method:
                return "405 Method Not Allowed", {"error": f"{path} is for {method}"}
            query = {name: values[0] for name, values in parse_qs(environ.get("QUERY_STRING", "")).items()}
            arguments = json.loads(body) if method == "POST" else query
            try:
                with self._lock:
                    return "200 OK", call(*match.groups(), **arguments)
            except control_api.NotFound as problem:
                return "404 Not Found", {"error": str(problem)}
            except (lifecycle.NotAwaited, control_api.Conflict) as problem:
                return "409 Conflict", {"error": str(problem)}
        return "404 Not Found", {"error": f"there is no /_lab/{path}"}

    def _call_from(self, address: str) -> control_api.Answer:
        self._caller = address
        return {"address": address}

    def _report(self, resource: str, status: str) -> control_api.Answer:
        lifecycle.report(resource, status)
        return {"resource": resource, "status": status}

    def _changing(self, call: Callable[..., control_api.Answer]) -> Callable[..., control_api.Answer]:
        """The same call, after which the revision has grown."""

        def changed(*arguments: Any, **named: Any) -> control_api.Answer:
            answer = call(*arguments, **named)
            self._revise()
            return answer

        return changed

    def _serving(self, call: Callable[..., control_api.Answer]) -> Callable[..., control_api.Answer]:
        """The same call, after which the scheduler runs. The revision grows only if something has changed."""

        def reported(*arguments: Any, **named: Any) -> control_api.Answer:
            answer = call(*arguments, **named)
            if self._ticker.touch():
                self._revise()
            return answer

        return reported

    def _revise(self) -> None:
        with self._revised:
            self._revision += 1
            self._revised.notify_all()

    def _revision_after(self, environ: Environ) -> int:
        """Waits without the lock, so that other calls go on."""
        after = int(parse_qs(environ.get("QUERY_STRING", "")).get("after", ["-1"])[0])
        with self._revised:
            self._revised.wait_for(lambda: self._revision > after, timeout=25)
            return self._revision


class OnlyAws:
    """AWS calls alone, for the lab's TLS front."""

    def __init__(self, api: LabApi) -> None:
        self._api = api

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"].startswith(("/_lab/", "/moto-api")):
            start_response("404 Not Found", [("Content-Type", "text/plain")])
            return [b"not found\n"]
        return self._api(environ, start_response, over_loopback=False)


def _buffer_body(environ: Environ) -> bytes:
    """The whole body, read before the lock is taken, so that a slow upload does not delay other requests."""
    length = environ.get("CONTENT_LENGTH")
    if not length and not environ.get("wsgi.input_terminated"):
        return b""
    body: bytes = environ["wsgi.input"].read(int(length)) if length else environ["wsgi.input"].read()
    environ["wsgi.input"] = io.BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))
    return body


def _may_change(environ: Environ, body: bytes) -> bool:
    """Whether the call is more than a read, by AWS's naming of its actions and, for S3, by HTTP's methods."""
    target = environ.get("HTTP_X_AMZ_TARGET", "")
    if target:
        return not target.rpartition(".")[2].startswith(READS + UNSEEN)
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        action = parse_qs(body.decode()).get("Action", [""])[0]
        return not action.startswith(READS + UNSEEN)
    return environ["REQUEST_METHOD"] not in ("GET", "HEAD", "OPTIONS")
