"""When an address begins and ceases to answer on a TCP port, as seen from here.

usage: changes.py ADDRESS PORT CHANGES
Prints `open TIME` or `closed TIME`, in seconds since the epoch, at first and with each of so many changes. A refusal
is an answer: the packets passed.
"""

import socket
import sys
import time

# Seconds without an answer that count as none; what answers in the lab does so within a few milliseconds.
PATIENCE = 0.1

target = (sys.argv[1], int(sys.argv[2]))
left = int(sys.argv[3])
seen = ""
while left >= 0:
    began = time.time()
    try:
        socket.create_connection(target, PATIENCE).close()
        state = "open"
    except ConnectionRefusedError:
        state = "open"
    except OSError:
        state = "closed"
    if state != seen:
        # The port was closed when the packet without an answer was sent.
        print(state, began if state == "closed" else time.time(), flush=True)
        seen = state
        left -= 1
    time.sleep(0.005)  # more would be load, not precision
