"""Gratuitous ARP: tell the network on an interface that these IPv4 addresses live here now.

usage: announce.py INTERFACE ADDRESS...
"""

import socket
import sys

ARP = 0x0806


def main() -> None:
    interface, *addresses = sys.argv[1:]
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as link:
        link.bind((interface, ARP))
        mac = link.getsockname()[4]
        for address in addresses:
            ip = socket.inet_aton(address)
            # RFC 5227, 3: an ARP request for one's own address, to everyone.
            header = b"\xff" * 6 + mac + ARP.to_bytes(2, "big")
            arp = bytes.fromhex("0001080006040001") + mac + ip + bytes(6) + ip
            link.send(header + arp)


main()
