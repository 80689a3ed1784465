"""Four networks: the reader's, the provider's (this process and what it starts), the sender's and the
resolver's. The provider has a cable to each of the others, which are joined by nothing else:

    reader  ────────  provider  ────────  sender      (public addresses live there)
    10.240.1.2           │                10.240.2.2
                         └──────────────  resolver    10.240.3.2

Nothing is forwarded and nothing leads out. A Province has captures and servers of its own."""

import os
import socket

import network

READER, SENDER, RESOLVER = "10.240.1.2", "10.240.2.2", "10.240.3.2"
FRONT, EGRESS, TO_RESOLVER = "10.240.1.1", "10.240.2.1", "10.240.3.1"  # of the provider


def hardware_address(device):
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sock:
        sock.bind((device, 0))
        return sock.getsockname()[4]


class Province:
    def __init__(self, name, ours, theirs):
        self.name = name
        self.address = theirs
        self.fd = network.in_thread(network.make_network)
        network.ip("link", "add", f"to-{name}", "type", "veth", "peer", "name", "line", "netns",
                   f"/proc/{os.getpid()}/fd/{self.fd}")
        network.ip("address", "add", ours + "/24", "dev", f"to-{name}")
        network.ip("link", "set", f"to-{name}", "up")
        self.ip("address", "add", theirs + "/24", "dev", "line")
        self.ip("link", "set", "line", "up")
        self.hardware = self.run(hardware_address, "line")

    def run(self, function, *arguments):
        return network.inside(self.fd, function, *arguments)

    def ip(self, *arguments):
        self.run(network.ip, *arguments)

    def capture(self):
        return self.run(network.Capture)

    def arrived(self, capture):
        """TCP and UDP packets that came from the provider."""
        return [p for p in self.run(capture.packets) if p.source[0] not in (self.address, "127.0.0.1")
                and not p.source[0].startswith("93.")]


def enter(*public):
    """(reader, sender, resolver); `public`: addresses that live at the sender's."""
    network.enter_network()
    reader = Province("reader", FRONT, READER)
    sender = Province("sender", EGRESS, SENDER)
    resolver = Province("resolver", TO_RESOLVER, RESOLVER)
    network.ip("route", "add", "default", "via", SENDER)
    for address in public:
        sender.ip("address", "add", address + "/32", "dev", "lo")
    with open("/proc/sys/net/ipv4/ip_forward", encoding="ascii") as file:
        if file.read().strip() != "0":
            raise AssertionError("this network forwards packets")
    return reader, sender, resolver
