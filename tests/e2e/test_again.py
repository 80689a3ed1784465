"""Fetching again: what was here and is gone, what redirects there, and what a reader may not do."""

import contextlib
import glob
import itertools
import os
import shutil
import signal
import threading
import time
import unittest
import unittest.mock

import harness
import origin as origins
import pictures


class Again(harness.ServerTest):
    def setUp(self):
        self.sender = self.origin()
        self.sender.default = origins.picture(pictures.plain_png())
        self.release = threading.Event()
        self.addCleanup(self.release.set)

    def held(self, conn, asked):
        self.release.wait(60)
        origins.picture(pictures.plain_png())(conn, asked)

    def evict(self, server):
        """The pictures go, what is remembered stays: as after a ring has turned."""
        server.stop()
        segments = glob.glob(f"{server.state}/seg-*")
        self.assertTrue(segments)
        for segment in segments:
            shutil.rmtree(segment)
        server.start()

    @staticmethod
    def refused(server, url):
        """Without waiting for one that was fetched while nobody knew yet that nothing decodes."""
        with contextlib.suppress(TimeoutError):
            return server.open(url, timeout_s=1).status == 503
        return False

    def test_no_decoder(self):
        """What cannot be decoded is not fetched; what was fetched before is kept until it can be."""
        server = self.shojid({"fetch": {"wait": "60s", "timeout": "60s"}}, start=False)
        decoder = os.path.join(server.directory, "shoji-decode")
        os.symlink(os.path.join(harness.BUILD, "src", "worker", "shoji-decode"), decoder)
        with unittest.mock.patch.dict(os.environ, {"SHOJI_DECODE": decoder}):
            server.start()
        self.sender.pages["/held.png"] = self.held
        held, other = self.sender.url("/held.png"), self.sender.url("/other.png")
        with server.client() as reader:
            reader.send("GET", server.key.sign(held))
            self.assertTrue(self.sender.wait_for("/held.png"))
            os.rename(decoder, decoder + ".away")
            for pid in server.decoders():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            early = self.sender.url("/early%d.png")
            numbers = itertools.count()
            harness.until(lambda: self.refused(server, early % next(numbers)))
            self.release.set()
            began = time.monotonic()
            while time.monotonic() - began < 8:
                self.assertEqual(server.open(other).status, 503)
                time.sleep(0.1)
            self.assertEqual(self.sender.count("/other.png"), 0)
            os.rename(decoder + ".away", decoder)
            self.assertPicture(reader.receive())
        harness.until(lambda: server.open(other).status == 200)
        for path in ("/held.png", "/other.png"):
            self.assertEqual(self.sender.count(path), 1)

    def test_evicted_is_gone_without_consent(self):
        server = self.shojid()
        url = self.sender.url("/a.png")
        self.assertPicture(server.open(url))
        self.evict(server)
        self.assertPlaceholder(server.open(url), 410)
        self.assertPlaceholder(server.open(url, d=harness.today()), 410)
        self.assertEqual(self.sender.count("/a.png"), 1)
        self.assertPicture(server.open(url, c=1))
        self.assertPicture(server.open(url))
        self.assertEqual(self.sender.count("/a.png"), 2)

    def test_delivered_anew_after_it_was_evicted(self):
        """By the rule of `refetch`, like everything evicted; and with the delivery, not with a reader."""
        server = self.shojid()
        self.sender.pages["/alone.png"] = origins.picture(pictures.noise_png(20, 20))
        shared, alone = self.sender.url("/shared.png"), self.sender.url("/alone.png")
        for i in range(6):
            self.assertPicture(server.open(shared, m=server.key.salt(f"reader{i}@example.org")))
        self.assertPicture(server.open(alone))
        self.evict(server)
        answer = server.ask_submit("POST", "/v1/prefetch", {"Content-Type": "application/json"},
                                   harness.as_json({"urls": [shared, alone]}))
        self.assertEqual(answer.status, 202)
        self.assertTrue(self.sender.wait_for("/shared.png", 2))
        harness.until(lambda: server.open(shared, d=harness.today()).status == 200)
        self.assertPlaceholder(server.open(alone, d=harness.today()), 410)
        self.assertEqual(self.sender.count("/shared.png"), 2)
        self.assertEqual(self.sender.count("/alone.png"), 1)

    def test_a_placeholder_does_not_stay_hot(self):
        """It was answered while the picture was on its way: the same path must find it later."""
        server = self.shojid({"server": {"threads": "1"}, "fetch": {"wait": "1s", "timeout": "30s"}})
        url = self.sender.url("/c.png")
        self.assertPicture(server.open(url))
        self.evict(server)
        self.sender.pages["/c.png"] = self.held
        self.assertPlaceholder(server.open(url, c=1), 404)
        self.release.set()
        harness.until(lambda: server.open(url, c=1).status == 200)
        self.assertEqual(self.sender.count("/c.png"), 2)

    def test_consent_reaches_behind_a_redirect(self):
        server = self.shojid()
        self.sender.pages["/r"] = origins.redirect(self.sender.url("/target.png"))
        url = self.sender.url("/r")
        self.assertPicture(server.open(url))
        self.evict(server)
        self.assertPlaceholder(server.open(url), 410)
        self.assertPlaceholder(server.open(self.sender.url("/target.png")), 410)
        self.assertPicture(server.open(url, c=1))
        self.assertPicture(server.open(url))

    def test_a_long_chain_does_not_harm_an_original_in_it(self):
        """Somebody's redirects lead to another's original: its own record must not pay for them."""
        server = self.shojid({"fetch": {"max_redirects": "2"}})
        hops = ["/evil0", "/evil1", "/victim", "/real.png"]
        for here, there in zip(hops, hops[1:]):
            self.sender.pages[here] = origins.redirect(self.sender.url(there))
        evil = server.open(self.sender.url("/evil0"))
        self.assertPlaceholder(evil, 404)
        self.assertEqual(evil.get("Cache-Control"), "public, max-age=300")
        victim = server.open(self.sender.url("/victim"))
        self.assertPlaceholder(victim, 404)
        self.assertEqual(victim.get("Cache-Control"), "public, max-age=60")

    def test_a_key_revoked_while_a_reader_waits(self):
        server = self.shojid({"server": {"threads": "1"}, "fetch": {"wait": "20s",
                                                                     "timeout": "30s"}})
        self.sender.pages["/h.png"] = self.held
        path = server.key.sign(self.sender.url("/h.png"))
        with server.client() as client:
            client.send("GET", path)
            self.assertTrue(self.sender.wait_for("/h.png"))
            harness.write_keys(server.keys, server.key.line("revoked") + harness.Key().line())
            server.reload()
            self.release.set()
            self.assertEqual(client.receive().status, 403)
        self.assertEqual(server.get(path).status, 403)

    def test_a_failed_try_of_a_reader_is_repeated_on_an_idle_server(self):
        """Nothing else happens here that could wake the queue: the first retry comes after 60 to 90 s."""
        server = self.shojid()
        self.sender.pages["/late.png"] = origins.answer(status="503 Service Unavailable")
        self.assertPlaceholder(server.open(self.sender.url("/late.png")), 404)
        self.sender.pages["/late.png"] = origins.picture(pictures.plain_png())
        self.assertTrue(self.sender.wait_for("/late.png", 2, timeout_s=120))
        harness.until(lambda: server.open(self.sender.url("/late.png")).status == 200)

    def test_ending_right_after_a_prefetch(self):
        for _ in range(3):
            server = self.shojid()
            url = self.sender.url("/p.png")
            answer = server.ask_submit("POST", "/v1/prefetch", {"Content-Type": "application/json"},
                                       harness.as_json({"urls": [url]}))
            self.assertEqual(answer.status, 202)
            harness.until(lambda: server.open(url, d=harness.today()).status == 200)
            server.stop()

    def test_many_are_prefetched_without_pauses(self):
        """Four hundred originals are more than are fetched at once; none waits for a clock."""
        server = self.shojid()
        urls = [self.sender.url(f"/many/{i}.png") for i in range(400)]
        answer = server.ask_submit("POST", "/v1/prefetch", {"Content-Type": "application/json"},
                                   harness.as_json({"urls": urls}))
        self.assertEqual(answer.status, 202)
        self.assertTrue(self.sender.wait_for(None, len(urls), timeout_s=60))
        self.assertEqual(self.sender.count(), len(urls))


if __name__ == "__main__":
    unittest.main()
