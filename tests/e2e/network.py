"""A network of our own: a namespace with nothing in it but a loopback device, on which a test may
put any address it likes, public ones too, and watch every packet.

enter() moves this process (and what it starts from then on) there; call it before any thread."""

import ctypes
import os
import socket
import struct
import subprocess
import threading
import unittest

CLONE_NEWNET = 0x40000000
CLONE_NEWUSER = 0x10000000
entered = False


def enter(*addresses):
    """A new network with these addresses (with prefix lengths) on its loopback device. Skips the
    caller's tests where the kernel does not allow it."""
    global entered
    if not entered:
        libc = ctypes.CDLL(None, use_errno=True)
        uid, gid = os.getuid(), os.getgid()
        if libc.unshare(CLONE_NEWNET | (CLONE_NEWUSER if uid else 0)):
            raise unittest.SkipTest(f"no network namespace: {os.strerror(ctypes.get_errno())}")
        if uid:
            for file, text in (("setgroups", "deny"), ("uid_map", f"0 {uid} 1"),
                               ("gid_map", f"0 {gid} 1")):
                with open(f"/proc/self/{file}", "w", encoding="ascii") as out:
                    out.write(text)
        entered = True
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for address in addresses:
        subprocess.run(["ip", "address", "replace", address, "dev", "lo", "nodad"]
                       if ":" in address else ["ip", "address", "replace", address, "dev", "lo"],
                       check=True)


class Packet:
    def __init__(self, proto, source, target):
        self.proto = proto  # "tcp" or "udp"
        self.source = source  # (address, port)
        self.target = target

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
    return Packet(name, (source, ports[0]), (target, ports[1]))


class Capture:
    """Every TCP and UDP packet on the loopback device from now on. packets() returns them when all
    that were sent before the call have been seen."""

    def __init__(self):
        every = 0x0003  # ETH_P_ALL
        self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(every))
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self.sock.bind(("lo", 0))
        self.seen = []
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
                return [p for p in self.seen if (p.proto, p.source, p.target) != mark]

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
