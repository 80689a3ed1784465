"""Two networks of our own, joined by one cable: here, where the server and the test run, and *far*,
where a test may put any address it likes, public ones too. Nothing leads out of them, and every
packet that the server sends is seen. (An address of the server's own machine would not do for an
origin: those are refused.)

enter() moves this process, and what it starts from then on, to the near one; call it before any
thread. far() calls a function in the other: a socket made there stays there."""

import ctypes
import os
import socket
import struct
import subprocess
import threading
import time
import unittest

CLONE_NEWNET = 0x40000000
CLONE_NEWUSER = 0x10000000
SO_RCVBUFFORCE = 33
SOL_PACKET, PACKET_STATISTICS = 263, 6
HERE, FAR = "10.231.0.1", "10.231.0.2"
HERE6, FAR6 = "fd31::1", "fd31::2"

libc = ctypes.CDLL(None, use_errno=True)
far_network = None  # a descriptor, which keeps it alive


def new_network(flags=CLONE_NEWNET):
    if libc.unshare(flags):
        raise unittest.SkipTest(f"no network namespace: {os.strerror(ctypes.get_errno())}")


def ip(*arguments):
    subprocess.run(["ip", *arguments], check=True)


def in_thread(function, *arguments):
    """What it returns or raises, from a thread of its own: a namespace belongs to a thread."""
    got = {}

    def work():
        try:
            got["value"] = function(*arguments)
        except BaseException as error:  # pylint: disable=broad-except
            got["error"] = error

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    if "error" in got:
        raise got["error"]
    return got["value"]


def inside(network_fd, function, *arguments):
    """What it returns, from a thread in that network; a socket made there stays there."""
    def work():
        if libc.setns(network_fd, CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")
        return function(*arguments)

    return in_thread(work)


def far(function, *arguments):
    return inside(far_network, function, *arguments)


def make_network():
    new_network()
    ip("link", "set", "lo", "up")
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


def enter_network():
    """This process, and what it starts from now on, has one of its own."""
    uid, gid = os.getuid(), os.getgid()
    new_network(CLONE_NEWNET | (CLONE_NEWUSER if uid else 0))
    if uid:
        for file, text in (("setgroups", "deny"), ("uid_map", f"0 {uid} 1"),
                           ("gid_map", f"0 {gid} 1")):
            with open(f"/proc/self/{file}", "w", encoding="ascii") as out:
                out.write(text)
    ip("link", "set", "lo", "up")


def enter(*addresses):
    """`addresses`: those of the far network, beside its end of the cable. Skips the caller's tests
    where the kernel does not allow it."""
    global far_network
    if far_network is None:
        enter_network()
        far_network = in_thread(make_network)
        ip("link", "add", "here", "type", "veth", "peer", "name", "far", "netns",
           f"/proc/{os.getpid()}/fd/{far_network}")
        for address in (HERE + "/24", HERE6 + "/64"):
            ip("address", "add", address, "dev", "here", *no_check(address))
        ip("link", "set", "here", "up")
        for address in (FAR + "/24", FAR6 + "/64"):
            far(ip, "address", "add", address, "dev", "far", *no_check(address))
        far(ip, "link", "set", "far", "up")
        ip("route", "add", "default", "via", FAR)
        ip("-6", "route", "add", "default", "via", FAR6)
    for address in addresses:
        width = "/128" if ":" in address else "/32"
        far(ip, "address", "replace", address + width, "dev", "lo", *no_check(address))


def no_check(address):
    """IPv6 would wait a second to find out whether somebody else has the address."""
    return ["nodad"] if ":" in address else []


class Packet:
    def __init__(self, proto, source, target, rest):
        self.proto = proto  # "tcp" or "udp"
        self.source = source  # (address, port)
        self.target = target
        self.rest = rest  # from the TCP or UDP header on
        self.when = time.time()

    def opens(self):
        """A SYN alone: somebody wants a connection."""
        return self.proto == "tcp" and self.rest[13] & 0x12 == 0x02

    def __repr__(self):
        return f"{self.proto} {self.source} > {self.target}"


def parse(frame):
    data = frame[14:]
    kind = struct.unpack(">H", frame[12:14])[0]
    if kind == 0x0800 and len(data) >= 20:
        proto, header = data[9], (data[0] & 15) * 4
        source = socket.inet_ntop(socket.AF_INET, data[12:16])
        target = socket.inet_ntop(socket.AF_INET, data[16:20])
    elif kind == 0x86DD and len(data) >= 40:
        proto, header = data[6], 40
        source = socket.inet_ntop(socket.AF_INET6, data[8:24])
        target = socket.inet_ntop(socket.AF_INET6, data[24:40])
    else:
        return None
    name = {6: "tcp", 17: "udp"}.get(proto)
    if not name or len(data) < header + 4:
        return None
    ports = struct.unpack(">HH", data[header:header + 4])
    return Packet(name, (source, ports[0]), (target, ports[1]), data[header:])


class Capture:
    """Every TCP and UDP packet that comes or goes here from now on, on any device. packets() returns them when all
    that were sent before the call have been seen."""

    def __init__(self):
        every = 0x0003  # ETH_P_ALL
        self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(every))
        try:
            self.sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 32 << 20)
        except PermissionError:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self.seen = []
        self.frames = []  # as they were on the line, of whatever protocol
        self.changed = threading.Condition()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        while True:
            try:
                frame = self.sock.recv(65536)
            except OSError:
                return
            packet = parse(frame)
            with self.changed:
                self.frames.append(frame)
                if packet:
                    self.seen.append(packet)
                self.changed.notify_all()

    def packets(self):
        # A marker that is sent last arrives last.
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as there, \
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as here:
            there.bind(("127.0.0.1", 0))
            here.bind(("127.0.0.1", 0))
            mark = ("udp", here.getsockname(), there.getsockname())
            here.sendto(b"mark", there.getsockname())
            with self.changed:
                if not self.changed.wait_for(lambda: any(
                        (p.proto, p.source, p.target) == mark for p in self.seen), 10):
                    raise AssertionError("the capture lost its marker")
                _, lost = struct.unpack("II", self.sock.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))
                if lost:
                    raise AssertionError(f"the capture lost {lost} packets")
                return [p for p in self.seen if (p.proto, p.source, p.target) != mark]

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
