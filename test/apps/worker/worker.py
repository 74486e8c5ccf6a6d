"""Does one job after the other. After SIGTERM it finishes its job and takes no other one."""

import signal
import sys
import time

from jobs import app, note, queue

# A job is its name and how many seconds it takes: `mail:5`.
ends = False


def end(*_):
    global ends
    ends = True


signal.signal(signal.SIGTERM, end)
print(f"worker {sys.argv[1] or 'without a name'} waits for jobs")
while not ends:
    taken = queue.blpop("jobs", timeout=1)
    if taken:
        job = taken[1].decode()
        print(f"begins {job}")
        # A signal does not shorten it.
        time.sleep(float(job.partition(":")[2] or 0))
        with app.app_context():
            note(job)
        print(f"has done {job}")
