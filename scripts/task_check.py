"""task_check.py COMMIT SET CURRENT [workers]: judges the tasks, or the workers, for check-tasks.sh. Standard input has what
task_status.py prints.

COMMIT serves on the app server. SET is the number of the variables in the service's task definition, CURRENT that of the app's
present variables. Prints `KIND<tab>TEXT`. KIND is `ok`, `other` (tasks run something else), `unhealthy`, or `zone` (all are
in one zone).
"""

import json
import sys


def short(commit):
    return commit[:12] if commit else "unknown"


def check(status, commit, variables, current, kind="tasks"):
    running = [group for group in status["groups"] if group["running"]]
    wanted, healthy = status["wanted"], status["healthy"]
    others = sorted({short(group["commit"]) for group in running if group["commit"] != commit})
    problems = "".join(f"; {problem}" for problem in status["problems"])
    if others:
        return "other", f"commit {short(commit)} serves on the app server, and {kind} run {', '.join(others)}{problems}"
    if variables != current:
        return "other", f"the {kind} run with variables of before the last change"
    if healthy < wanted or problems:
        return "unhealthy", f"{healthy} of {wanted} {kind} are healthy{problems}"
    zones = sorted({group["zone"] for group in running if group["zone"]})
    where = " and ".join(zones) or "no zone"
    if wanted > 1 and len(zones) < 2:
        return "zone", f"all {wanted} {kind} are in {where}: its loss would be that of the app"
    return "ok", f"{healthy} of {wanted} {kind} are healthy, in {where}, and run commit {short(commit)}"


def main(commit, variables, current, *kind):
    status = json.load(sys.stdin)
    print("\t".join(check(status["workers"] if kind else status, commit, variables, current, *kind)))


if __name__ == "__main__":
    main(*sys.argv[1:])
