"""Ten thousand connections that say nothing, and more readers that wait for a picture than may: what
they cost, and that they are in nobody's way."""

import json
import re
import resource
import socket
import threading
import time
import unittest

import harness
import origin as origins
import pictures

MANY = 10000
PARKED = 4000  # requests of one front thread that wait; base/limits.h
A_CONNECTION = 16 * 1024  # bytes of the server's own memory: the pool of 8 KiB, and its book-keeping


def private_bytes(pid):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        return 1024 * sum(map(int, re.findall(r"^Private_(?:Clean|Dirty):\s+(\d+) kB", file.read(),
                                              re.M)))


class Idle(harness.ServerTest):
    def descriptors(self, count):
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        if hard < count + 1000:
            self.skipTest(f"{hard} descriptors are not enough")
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

    def test_more_that_wait_than_may(self):
        """Beyond the bound, 503 with Retry-After; hits go on; who waited is answered."""
        self.descriptors(PARKED)
        sender, release = self.origin(), threading.Event()
        self.addCleanup(release.set)

        def held(conn, asked):
            release.wait(100)
            origins.picture(pictures.plain_png())(conn, asked)

        sender.pages["/held.png"] = held
        sender.pages["/hit.png"] = origins.picture(pictures.noise_png(60, 60))
        server = self.shojid({"server": {"threads": "1"},
                              "fetch": {"wait": "60s", "timeout": "100s"}})
        hit = server.key.sign(sender.url("/hit.png"))
        self.assertPicture(server.get(hit))
        path = server.key.sign(sender.url("/held.png"))
        waiting = []
        self.addCleanup(lambda: [sock.close() for sock in waiting])
        for _ in range(PARKED):
            sock = socket.create_connection(server.address, 60)
            sock.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            waiting.append(sock)
        harness.until(lambda: json.loads(server.ask_admin("GET", "/v1/stats").body)["requests"][
            "waiting"] == PARKED)
        for _ in range(20):
            answer = server.get(path, timeout_s=10)
            self.assertEqual((answer.status, answer.body), (503, b""))
            self.assertRegex(answer.get("Retry-After"), r"^[1-9][0-9]*$")
            self.assertEqual(answer.get("Cache-Control"), "no-store")
            self.assertPicture(server.get(hit, timeout_s=10))
        release.set()
        for sock in waiting:
            self.assertEqual(sock.recv(12), b"HTTP/1.1 200")
        self.assertEqual(sender.count("/held.png"), 1)

    def test_ten_thousand(self):
        self.descriptors(MANY)
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
