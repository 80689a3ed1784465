"""A server that dies: what was stored is served after the restart, and nobody is asked again."""

import unittest

import harness
import http1
import origin as origins
import pictures

PICTURES = 120
READERS = 8


class Crash(harness.ServerTest):
    def test_kill_during_load(self):
        sender = self.origin()
        for i in range(PICTURES):
            sender.pages[f"/{i}.png"] = origins.picture(pictures.plain_png(colour=(i, 1, 2)))
        server = self.shojid()
        paths = [server.key.sign(sender.url(f"/{i}.png")) for i in range(PICTURES)]
        got = {}

        def read(worker):
            for i in range(worker, PICTURES, READERS):
                try:
                    answer = server.get(paths[i])
                except (OSError, http1.Closed):
                    return
                if answer.status == 200:
                    got[i] = answer.body

        def kill(_):
            # Some were answered, many are on their way.
            sender.wait_for(None, PICTURES // 2)
            server.kill()

        harness.in_threads(READERS + 1, lambda n: kill(n) if n == READERS else read(n))
        self.assertGreater(len(got), 0)
        asked = {i: sender.count(f"/{i}.png") for i in range(PICTURES)}
        self.assertLessEqual(max(asked.values()), 1)

        server.start()
        for i, body in got.items():
            answer = server.get(paths[i])
            self.assertEqual((answer.status, answer.body), (200, body), f"picture {i}")
        # One that was claimed, and answered or not, is not asked for by a reader.
        for i in range(PICTURES):
            if asked[i]:
                self.assertIn(server.get(paths[i]).status, (200, 404))
        for i in range(PICTURES):
            if asked[i]:
                self.assertEqual(sender.count(f"/{i}.png"), 1, f"picture {i}")
        # What nobody had asked for is fetched as ever, but for what was claimed and not yet sent
        # when the end came, at most one a reader: a claim without outcome is a failed try.
        statuses = [server.get(paths[i]).status for i in range(PICTURES) if not asked[i]]
        self.assertLessEqual(sum(status != 200 for status in statuses), READERS)
        for i in range(PICTURES):
            self.assertLessEqual(sender.count(f"/{i}.png"), 1)

    def test_a_second_server_on_the_same_state_is_refused(self):
        first = self.shojid()
        second = harness.Shojid({"server": {"state": first.state, "keys": first.keys}})
        self.addCleanup(second.remove)
        with self.assertRaises(AssertionError) as refused:
            second.start()
        self.assertIn("and not that it is ready", str(refused.exception))
        self.assertEqual(first.get("/").status, 404)

    def test_many_restarts(self):
        sender = self.origin()
        sender.pages["/a.png"] = origins.picture(pictures.plain_png())
        server = self.shojid()
        path = server.key.sign(sender.url("/a.png"))
        bodies = set()
        for i in range(6):
            bodies.add(server.get(path).body)
            server.kill() if i % 2 else server.stop()
            server.start()
        self.assertEqual(len(bodies), 1)
        self.assertEqual(sender.count(), 1)

    def test_nothing_readable_on_the_disk(self):
        """No URL, host or address can be read in what was written (contract 6.6)."""
        import os
        sender = self.origin()
        names = self.names({"very-secret-sender.example": ["127.0.0.1"]})
        server = self.shojid({"fetch": {"resolvers": names.address, "wait": "1s"},
                              "prefetch": {"delay": "1h"}})
        sender.pages["/private-path-0123"] = origins.picture(pictures.plain_png())
        url = sender.url("/private-path-0123?reader=me", "very-secret-sender.example")
        sender.pages["/private-path-0123?reader=me"] = sender.pages["/private-path-0123"]
        self.assertPicture(server.open(url, m=server.key.salt("reader@example.org")))
        queued = "http://queued-sender.example/private-path-4567"
        answer = server.ask_submit("POST", "/v1/prefetch", body=harness.as_json({"urls": [queued]}),
                                   headers={"Content-Type": "application/json"})
        self.assertEqual(answer.status, 202)
        server.stop()
        words = [b"very-secret-sender", b"private-path", b"queued-sender", b"reader=me",
                 b"reader@example.org", server.key.salt("reader@example.org").encode()]
        read = 0
        for at, _, files in os.walk(server.state):
            for file in files:
                with open(os.path.join(at, file), "rb") as data:
                    data = data.read()
                read += len(data)
                for word in words:
                    self.assertNotIn(word, data, file)
        self.assertGreater(read, 1000)
        log = server.logged(10000).encode()
        for word in words + [b"127.0.0.1:%d" % sender.port]:
            self.assertNotIn(word, log)


if __name__ == "__main__":
    unittest.main()
