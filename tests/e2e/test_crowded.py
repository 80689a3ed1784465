"""One host that never answers holds a share of all places: others are fetched as ever."""

import json
import socket
import unittest

import harness
import origin as origins
import pictures

SHARE = 5000 // 16  # README: of all originals that are fetched at once, for readers of one domain


class Crowded(harness.ServerTest):
    def statuses(self, server, urls):
        """Of many requests at once, each on a connection of its own."""
        socks = [socket.create_connection(server.address) for _ in urls]
        try:
            for sock, url in zip(socks, urls):
                path = server.key.sign(url)
                sock.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            found = []
            for sock in socks:
                sock.settimeout(60)
                found.append(int(sock.recv(64).split(b" ")[1]))
            return found
        finally:
            for sock in socks:
                sock.close()

    def test_a_host_that_never_answers(self):
        slow, quiet = self.origin(), self.origin("127.0.0.2")
        slow.default = lambda _conn, _asked: slow.stopping.wait(60)
        quiet.default = origins.picture(pictures.plain_png())
        server = self.shojid({"fetch": {"wait": "1s", "timeout": "60s"}})
        found = self.statuses(server, [slow.url(f"/{i}.png") for i in range(SHARE + 50)])
        self.assertEqual(found.count(503), 50)
        self.assertEqual(found.count(404), SHARE)
        active = json.loads(server.ask_admin("GET", "/v1/stats").body)["flights"]["active"]
        self.assertEqual(active, SHARE)
        self.assertPicture(server.open(quiet.url("/read.png")))
        answer = server.ask_submit("POST", "/v1/prefetch", {"Content-Type": "application/json"},
                                   harness.as_json({"urls": [quiet.url("/mail.png")]}))
        self.assertEqual(answer.status, 202)
        self.assertTrue(quiet.wait_for("/mail.png"))
        slow.stopping.set()
        harness.until(lambda: json.loads(
            server.ask_admin("GET", "/v1/stats").body)["flights"]["active"] == 0)
        self.assertEqual(server.open(slow.url("/more.png")).status, 404)  # a place is free again
        self.assertTrue(slow.wait_for("/more.png"))


if __name__ == "__main__":
    unittest.main()
