"""task_logs.py GROUP CLUSTER SERVICES SINCE LINES: prints what tasks have logged, a line for each event: "TIME task-ID TEXT", as
logs.sh has it; a worker's line has the name of its process in the place of "task". SERVICES have blanks between them. SINCE is as docker-compose takes it, a duration (30m, 24h) or a time; without it, the last LINES of each task
that runs or has stopped within the last hour.
task_logs.py GROUP follow: prints new lines, until it is ended.
"""

import re
import subprocess
import sys
import time
from datetime import datetime, timezone

from task_service import aws
from task_status import described

UNITS = {"s": 1, "m": 60, "h": 3600}
# Seconds after which CloudWatch shows an event at the latest, as a rule.
LATE = 10


def since(text, now):
    """The time in milliseconds."""
    durations = re.fullmatch(r"(\d+[smh])+", text)
    if durations:
        return int((now - sum(int(part[:-1]) * UNITS[part[-1]] for part in re.findall(r"\d+[smh]", text))) * 1000)
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return int((moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp() * 1000)


def line(stream, event):
    moment = datetime.fromtimestamp(event["timestamp"] / 1000, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    # Service, container and task: the service is the prefix of the task definition.
    service, container, task = stream.split("/")
    return f"{moment} {'task' if service == 'app' else container}-{task[:8]} {event['message'].rstrip()}"


def found(group, start):
    return aws("logs", "filter-log-events", "--log-group-name", group, "--start-time", str(start))["events"]


def streams(cluster, service):
    for status in ("RUNNING", "STOPPED"):
        for task in described(cluster, service, status):
            yield f"{service}/{task['containers'][0]['name']}/{task['taskArn'].rpartition('/')[2]}"


def past(group, cluster, services, when, lines):
    if when:
        for event in found(group, since(when, time.time())):
            print(line(event["logStreamName"], event))
        return
    for service in services.split():
        for stream in streams(cluster, service):
            try:
                events = aws(*("logs", "get-log-events", "--log-group-name", group, "--log-stream-name", stream, "--limit", lines))
            except subprocess.CalledProcessError:
                continue  # a task that has not started has no stream
            for event in events["events"]:
                print(line(stream, event))


def follow(group):
    began, seen = int(time.time() * 1000), set()
    while True:
        # What came late is asked for again, and what was printed is left out.
        start = max(began, int((time.time() - LATE) * 1000))
        events = found(group, start)
        for event in events:
            if event["eventId"] not in seen:
                print(line(event["logStreamName"], event), flush=True)
        seen = {event["eventId"] for event in events}
        time.sleep(2)


if __name__ == "__main__":
    if sys.argv[2] == "follow":
        follow(sys.argv[1])
    else:
        past(*sys.argv[1:])
