"""Runs on the app server: times a command and its parts, and measures the memory of its processes.

usage: measure.py [MARK…] -- COMMAND…

Each MARK begins a line of the trace of `bash -x` of the COMMAND. Prints seconds in all, the most memory in MB, and for each
MARK the seconds after the start at which its line began; then what the command has printed.
"""

import os
import subprocess
import sys
import tempfile
import threading
import time

# Seconds. A sample reads two files of each process of the machine.
INTERVAL = 0.2


def memory(group: int) -> int:
    """What the processes of a group use, in kB: a page that several share counts as a part for each (proc(5), Pss)."""
    total = 0
    for process in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.getpgid(int(process)) != group:
                continue
            with open(f"/proc/{process}/smaps_rollup") as rollup:
                total += sum(int(line.split()[1]) for line in rollup if line.startswith("Pss:"))
        except (OSError, ProcessLookupError):
            continue  # it has ended
    return total


def main(marks: list[str], command: list[str]) -> None:
    with tempfile.TemporaryFile("w+") as trace:
        environment = os.environ | {"PS4": "+ $EPOCHREALTIME ", "BASH_XTRACEFD": str(trace.fileno())}
        began = time.time()
        run = subprocess.Popen(
            ["bash", "-x", *command],
            env=environment,
            pass_fds=[trace.fileno()],
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        most = 0

        def watch() -> None:
            nonlocal most
            while run.poll() is None:
                most = max(most, memory(run.pid))
                time.sleep(INTERVAL)

        watcher = threading.Thread(target=watch)
        watcher.start()
        printed = run.stdout.read().decode() if run.stdout else ""
        watcher.join()
        ended = time.time()
        if run.returncode:
            sys.exit(run.returncode)
        trace.seek(0)
        lines = [line.split(" ", 2) for line in trace if line.startswith("+ ")]
    times = [next(float(at) - began for _, at, what in lines if what.startswith(mark)) for mark in marks]
    print(*(f"{number:.3f}" for number in [ended - began, most / 1000, *times]))
    print(printed, end="")


split = sys.argv.index("--")
main(sys.argv[1:split], sys.argv[split + 1 :])
