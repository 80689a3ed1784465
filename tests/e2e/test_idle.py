"""Ten thousand connections that say nothing: what they cost, and that they are in nobody's way."""

import re
import resource
import socket
import time
import unittest

import harness
import origin as origins
import pictures

MANY = 10000
A_CONNECTION = 16 * 1024  # bytes of the server's own memory: the pool of 8 KiB, and its book-keeping


def private_bytes(pid):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        return 1024 * sum(map(int, re.findall(r"^Private_(?:Clean|Dirty):\s+(\d+) kB", file.read(),
                                              re.M)))


class Idle(harness.ServerTest):
    def test_ten_thousand(self):
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        if hard < MANY + 1000:
            self.skipTest(f"{hard} descriptors are not enough")
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        sender = self.origin()
        sender.default = origins.picture(pictures.noise_png(60, 60))
        server = self.shojid({"server": {"max_connections": str(MANY + 500)}})
        path = server.key.sign(sender.url("/a.png"))
        for _ in range(8):  # on each front
            self.assertPicture(server.get(path))
        before = private_bytes(server.process.pid)
        idle = []
        self.addCleanup(lambda: [sock.close() for sock in idle])
        began = time.monotonic()
        for i in range(MANY):
            sock = socket.create_connection(server.address, 20)
            if i % 2:  # some have begun to say something
                sock.send(b"GET /s/")
            idle.append(sock)
        took = time.monotonic() - began
        grown = private_bytes(server.process.pid) - before
        for _ in range(20):
            self.assertPicture(server.get(path, timeout_s=10))
        print(f"# {grown / MANY:.0f} bytes a connection, {took:.1f} s to open them", flush=True)
        self.assertLess(grown, MANY * A_CONNECTION)
        self.assertEqual(sender.count(), 1)


if __name__ == "__main__":
    unittest.main()
