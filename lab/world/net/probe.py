"""Which TCP ports of some addresses answer from here, and whether they answer a ping.

usage: probe.py ADDRESS...
Prints JSON: address -> {"ports": [answered], "ping": bool}. A refusal is an answer: the packets passed.
Run in a machine's network namespace, it speaks with the machine's address and needs nothing in it.
"""

import asyncio
import json
import subprocess
import sys

PORTS = [*range(1, 1025), 3306, 5005, 5085]
# Seconds. All that answers in the lab does so within milliseconds; a security group drops in silence.
PATIENCE = 1.5
# Open connections at once: well below the limit of file descriptors.
AT_ONCE = 800


async def answers(address: str, port: int, gate: asyncio.Semaphore) -> bool:
    async with gate:
        try:
            connecting = asyncio.open_connection(address, port)
            _, writer = await asyncio.wait_for(connecting, PATIENCE)
            writer.close()
            return True
        except ConnectionRefusedError:
            return True
        except (TimeoutError, OSError):
            return False


def pings(address: str) -> bool:
    command = ["ping", "-n", "-c", "2", "-i", "0.2", "-W", "1", address]
    return subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode == 0


async def main() -> None:
    gate = asyncio.Semaphore(AT_ONCE)
    result = {}
    for address in sys.argv[1:]:
        answered = await asyncio.gather(*(answers(address, port, gate) for port in PORTS))
        ports = [port for port, did in zip(PORTS, answered, strict=True) if did]
        result[address] = {"ports": ports, "ping": pings(address)}
    print(json.dumps(result))


asyncio.run(main())
