"""One fetch: however many readers, opens and restarts, an answered original is asked for once."""

import socket
import struct
import threading
import unittest

import harness
import origin as origins
import pictures

READERS = 1000


class OneFetch(harness.ServerTest):
    def test_a_thousand_readers_of_one_cold_url(self):
        harness.many_sockets()
        origin = self.origin()
        all_asked = threading.Event()

        def page(conn, asked):
            all_asked.wait(30)
            origins.picture(pictures.plain_png())(conn, asked)

        origin.pages["/banner.png"] = page
        server = self.shojid({"fetch": {"timeout": "60s"}})
        path = server.key.sign(origin.url("/banner.png"))
        clients = [server.client() for _ in range(READERS)]
        try:
            for client in clients:
                client.send("GET", path)
            # The origin has the request, and holds its answer until every reader has asked.
            self.assertTrue(origin.wait_for("/banner.png"))
            all_asked.set()
            answers = [client.receive() for client in clients]
        finally:
            all_asked.set()
            for client in clients:
                client.close()
        self.assertEqual({answer.status for answer in answers}, {200})
        self.assertPicture(answers[0])
        self.assertEqual(len({answer.body for answer in answers}), 1)
        self.assertEqual(origin.connections, 1)
        self.assertEqual(origin.count(), 1)

    def test_two_signed_urls_of_one_original_share_the_fetch(self):
        """The cache is keyed by the original alone, never by kid, salt or form (contract 2)."""
        origin = self.origin()
        origin.pages["/a.png"] = origins.picture(pictures.plain_png())
        server = self.shojid()
        url = origin.url("/a.png")
        bodies = {server.open(url).body, server.open(url, c=1).body,
                  server.open(url, m=server.key.salt("a@example.org")).body,
                  server.open(url, m=server.key.salt("b@example.org")).body}
        self.assertEqual(len(bodies), 1)
        self.assertEqual(origin.count(), 1)

    def test_an_origin_that_forbids_caching_is_asked_once(self):
        origin = self.origin()
        origin.pages["/t.png"] = origins.picture(pictures.plain_png(), {
            "Cache-Control": "no-store, no-cache, max-age=0, must-revalidate", "Pragma": "no-cache",
            "Expires": "Thu, 01 Jan 1970 00:00:00 GMT", "Set-Cookie": "reader=1; Max-Age=99999",
            "ETag": '"tracking-1"', "Last-Modified": "Thu, 01 Jan 1970 00:00:00 GMT", "Vary": "*",
            "Age": "86400"})
        server = self.shojid()
        path = server.key.sign(origin.url("/t.png"))
        first = server.get(path)
        self.assertPicture(first)
        server.stop()
        server.start()
        with server.client() as client:
            for _ in range(READERS):
                again = client.ask("GET", path, {"Cache-Control": "no-cache", "Pragma": "no-cache"})
                self.assertEqual((again.status, again.body), (200, first.body))
        self.assertEqual(origin.count(), 1)
        self.assertEqual(origin.connections, 1)
        for name in ("set-cookie", "vary", "last-modified", "age", "expires", "pragma"):
            self.assertNotIn(name, first.names())
        self.assertNotIn("tracking-1", first.get("ETag") or "")

    def test_a_failure_is_remembered_too(self):
        """A reader's second look at what failed for good asks nobody (contract 6.1)."""
        origin = self.origin()
        origin.pages["/page.png"] = origins.answer(b"<html>not a picture</html>",
                                                   headers={"Content-Type": "text/html"})
        server = self.shojid()
        for path in ("/page.png", "/missing.png"):
            for _ in range(3):
                self.assertPlaceholder(server.open(origin.url(path)))
            self.assertEqual(origin.count(path), 1)
        server.stop()
        server.start()
        self.assertPlaceholder(server.open(origin.url("/missing.png")))
        self.assertEqual(origin.count("/missing.png"), 1)

    def test_each_hop_of_a_redirect_is_asked_once(self):
        """Every hop is an original like any other (contract 4)."""
        origin = self.origin()
        origin.pages["/one"] = origins.redirect("/shared.png")
        origin.pages["/two"] = origins.redirect(origin.url("/shared.png"), "301 Moved Permanently")
        origin.pages["/shared.png"] = origins.picture(pictures.plain_png())
        server = self.shojid()
        bodies = {server.open(origin.url(path)).body for path in ("/one", "/two", "/shared.png")}
        self.assertEqual(len(bodies), 1)
        for path in ("/one", "/two", "/shared.png"):
            self.assertEqual(origin.count(path), 1, path)

    def test_a_reader_that_leaves_does_not_cancel_the_fetch(self):
        origin = self.origin()
        go_on = threading.Event()
        self.addCleanup(go_on.set)

        def page(conn, asked):
            go_on.wait(20)
            origins.picture(pictures.plain_png())(conn, asked)

        origin.pages["/slow.png"] = page
        server = self.shojid({"fetch": {"timeout": "30s"}})
        path = server.key.sign(origin.url("/slow.png"))
        impatient = server.client()
        impatient.send("GET", path)
        self.assertTrue(origin.wait_for("/slow.png"))
        impatient.close()
        go_on.set()
        self.assertPicture(server.get(path))
        self.assertEqual(origin.count(), 1)

    def test_readers_that_left_are_not_waited_for(self):
        """Resumed connections whose reader is gone must not count as parked: the server could not end."""
        origin = self.origin()
        go_on = threading.Event()
        self.addCleanup(go_on.set)

        def page(conn, asked):
            go_on.wait(20)
            origins.picture(pictures.noise_png(300, 300))(conn, asked)

        origin.pages["/slow.png"] = page
        server = self.shojid({"fetch": {"timeout": "30s"}})
        path = server.key.sign(origin.url("/slow.png"))
        clients = [server.client() for _ in range(50)]
        for i, client in enumerate(clients):
            client.send("GET", path)
            if i % 2:
                client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.assertTrue(origin.wait_for("/slow.png"))
        for client in clients:
            client.close()
        go_on.set()
        self.assertPicture(server.get(path))
        server.stop()


if __name__ == "__main__":
    unittest.main()
