"""Which TCP ports of some addresses answer from here, and whether they answer a ping.

usage: probe.py PORT,PORT... ADDRESS...
Prints JSON: address -> {"ports": [answered], "ping": bool}. A refusal is an answer: the packets passed.
Run in a machine's network namespace, it speaks with the machine's address and needs nothing in it.
"""

import asyncio
import json
import sys

PORTS = [int(port) for port in sys.argv[1].split(",")]
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


async def pings(address: str) -> bool:
    command = ["ping", "-n", "-c", "2", "-i", "0.2", "-W", "1", address]
    ping = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.DEVNULL)
    return await ping.wait() == 0


async def look(address: str, gate: asyncio.Semaphore) -> dict:
    tries = [answers(address, port, gate) for port in PORTS]
    ping, *answered = await asyncio.gather(pings(address), *tries)
    return {"ports": [port for port, did in zip(PORTS, answered, strict=True) if did], "ping": ping}


async def main() -> None:
    gate = asyncio.Semaphore(AT_ONCE)
    addresses = sys.argv[2:]
    found = await asyncio.gather(*(look(address, gate) for address in addresses))
    print(json.dumps(dict(zip(addresses, found, strict=True))))


asyncio.run(main())
