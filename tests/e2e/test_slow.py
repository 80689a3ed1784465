"""Readers that dribble their requests, with the figures of a real server (unit/test_http.c has all
else, with short ones). Takes half a minute, most of it waiting for the server's patience to end."""

import contextlib
import select
import threading
import time
import unittest

import harness
import pictures

CONNECTIONS = 20
PACE_S = 0.5  # between two bytes of a slow reader
HEADER_S = 20  # a header may take so long
LATE_S = 15  # a busy machine


class Slow(harness.ServerTest):
    def start(self):
        self.sender = self.origin()
        self.released = threading.Event()
        self.addCleanup(self.released.set)
        self.server = self.shojid({
            "server": {"threads": "1", "max_connections": str(CONNECTIONS)},
            "fetch": {"timeout": "60s", "wait": "60s"},
        })

    def slow_page(self, conn, _asked):
        """Fast enough to be no drip, and not through before it is released."""
        body = pictures.noise_png(300, 300)
        conn.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode())
        while not self.released.wait(0.25):
            conn.sendall(body[:1024])
            body = body[1024:]
        conn.sendall(body)

    def park(self):
        """A reader whose picture is being fetched: it is the server that is slow here."""
        self.sender.pages["/slow.png"] = self.slow_page
        reader = self.server.client()
        self.addCleanup(reader.close)
        reader.send("GET", self.server.key.sign(self.sender.url("/slow.png")))
        self.assertTrue(self.sender.wait_for("/slow.png"))
        return reader

    def dribbler(self):
        client = self.server.client()
        self.addCleanup(client.close)
        client.send_raw(b"GET /")
        return client.sock

    def is_over(self, sock):
        try:
            return sock.recv(4096) == b""
        except ConnectionResetError:
            return True

    def test_they_lock_nobody_out(self):
        self.start()
        began = time.monotonic()
        parked = self.park()
        slow = [self.dribbler() for _ in range(CONNECTIONS)]  # the server rounds up: now it is full
        honest = self.server.client()
        self.addCleanup(honest.close)
        honest.send("GET", "/x")
        while not select.select([honest.sock], [], [], PACE_S)[0]:
            self.assertLess(time.monotonic() - began, HEADER_S + LATE_S, "nobody is let in")
            for sock in slow:
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    sock.sendall(b"x")
        self.assertEqual(honest.receive().status, 404)
        self.assertGreater(time.monotonic() - began, HEADER_S, "the server was not full")
        for sock in slow:
            self.assertTrue(self.is_over(sock))
        self.released.set()
        self.assertPicture(parked.receive())


if __name__ == "__main__":
    unittest.main()
