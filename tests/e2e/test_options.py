"""When an original is fetched: the options d, c and m (contract 4)."""

import threading
import time
import unittest

import harness
import http1
import origin as origins
import pictures


def today():
    return int(time.time()) // 86400


class Options(harness.ServerTest):
    def setUp(self):
        self.sender = self.origin()
        self.sender.default = origins.picture(pictures.plain_png())

    def prefetch(self, server, *urls):
        answer = server.ask_submit("POST", "/v1/prefetch", {"Content-Type": "application/json"},
                                   harness.as_json({"urls": urls}))
        self.assertEqual(answer.status, 202, answer.body)

    def test_a_reader_never_causes_the_fetch_of_delivered_mail(self):
        server = self.shojid({"fetch": {"wait": "1s"}})
        url = self.sender.url("/delivered.png")
        for day in (today(), today() - 3):
            answer, took_s = http1.timed(server.open, url, d=day)
            self.assertPlaceholder(answer)
            self.assertLess(took_s, 8)
        self.assertPlaceholder(server.open(url, d=today(), m=server.key.salt("a@example.org")))
        self.assertEqual(self.sender.connections, 0)

    def test_not_even_when_the_mail_is_old(self):
        server = self.shojid({"fetch": {"wait": "1s", "fetch_window": "7d"}})
        url = self.sender.url("/old.png")
        for days in (9, 400):
            self.assertPlaceholder(server.open(url, d=today() - days), 410)
        self.assertPlaceholder(server.open(url, d=0), 410)
        self.assertEqual(self.sender.connections, 0)

    def test_without_d_it_is_fetched_at_once(self):
        server = self.shojid()
        self.assertPicture(server.open(self.sender.url("/now.png")))
        self.assertEqual(self.sender.count("/now.png"), 1)

    def test_consent_fetches(self):
        server = self.shojid({"fetch": {"wait": "1s", "fetch_window": "7d"}})
        url = self.sender.url("/consent.png")
        self.assertPlaceholder(server.open(url, d=today()))
        self.assertPicture(server.open(url, c=1))
        self.assertPicture(server.open(url, d=today()))
        self.assertPicture(server.open(self.sender.url("/both.png"), c=1, d=today()))
        self.assertPicture(server.open(self.sender.url("/old.png"), c=1, d=today() - 100))
        self.assertEqual(self.sender.count(), 3)

    def test_what_was_prefetched_is_served_whenever_it_is_opened(self):
        server = self.shojid()
        url = self.sender.url("/early.png")
        self.prefetch(server, url)
        self.assertTrue(self.sender.wait_for("/early.png"))
        self.assertPicture(server.open(url, d=today()))
        self.assertPicture(server.open(url, d=today() - 300))
        self.assertEqual(self.sender.count(), 1)

    def test_a_request_waits_for_the_scheduled_fetch(self):
        """It gets the picture when the schedule does, and the schedule does not hurry for it."""
        server = self.shojid({"fetch": {"wait": "20s"}, "prefetch": {"delay": "3s"}})
        url = self.sender.url("/soon.png")
        began = time.monotonic()
        self.prefetch(server, url)
        answers = harness.in_threads(8, lambda _: server.open(url, d=today()))
        for answer in answers:
            self.assertPicture(answer)
        # The due time has a resolution of one second.
        self.assertGreater(self.sender.asked[0].when - began, 1.9)
        self.assertEqual(self.sender.count(), 1)

    def test_a_request_does_not_wait_for_ever(self):
        server = self.shojid({"fetch": {"wait": "1s"}, "prefetch": {"delay": "1h"}})
        url = self.sender.url("/late.png")
        self.prefetch(server, url)
        answer, took_s = http1.timed(server.open, url, d=today())
        self.assertPlaceholder(answer)
        self.assertEqual(answer.get("Cache-Control"), "public, max-age=60")
        self.assertGreater(took_s, 0.9)
        self.assertLess(took_s, 8)
        self.assertEqual(self.sender.connections, 0)

    def test_the_queue_outlives_a_restart(self):
        server = self.shojid({"fetch": {"wait": "20s"}, "prefetch": {"delay": "4s"}})
        url = self.sender.url("/kept.png")
        self.prefetch(server, url)
        server.kill()
        self.assertEqual(self.sender.count(), 0)
        server.start()
        self.assertTrue(self.sender.wait_for("/kept.png", timeout_s=30))
        self.assertPicture(server.open(url, d=today()))
        self.assertEqual(self.sender.count(), 1)

    def test_a_queued_url_that_a_reader_consents_to_is_fetched_once(self):
        server = self.shojid({"prefetch": {"delay": "3s"}, "fetch": {"wait": "20s"}})
        url = self.sender.url("/both-ways.png")
        other = self.sender.url("/marker.png")
        self.prefetch(server, url, other)
        self.assertPicture(server.open(url, c=1))
        # The marker was queued with it and is due no earlier.
        self.assertPicture(server.open(other, d=today()))
        self.assertEqual(self.sender.count("/both-ways.png"), 1)

    def test_opening_a_failed_prefetch_asks_nobody(self):
        server = self.shojid({"fetch": {"wait": "1s"}})
        self.sender.default = origins.answer(status="503 Service Unavailable")
        url = self.sender.url("/failing.png")
        self.prefetch(server, url)
        self.assertTrue(self.sender.wait_for("/failing.png"))
        for _ in range(3):
            self.assertPlaceholder(server.open(url, d=today()))
            self.assertPlaceholder(server.open(url))
        self.assertEqual(self.sender.count(), 1)

    def test_the_order_of_arrival_does_not_matter(self):
        """A reader without d and one with d at the same time: one fetch, both served."""
        release = threading.Event()
        self.addCleanup(release.set)

        def page(conn, asked):
            release.wait(20)
            origins.picture(pictures.plain_png())(conn, asked)

        self.sender.pages["/mixed.png"] = page
        server = self.shojid({"fetch": {"wait": "20s", "timeout": "30s"}})
        url = self.sender.url("/mixed.png")
        with server.client() as plain, server.client() as delivered:
            plain.send("GET", server.key.sign(url))
            self.assertTrue(self.sender.wait_for("/mixed.png"))
            delivered.send("GET", server.key.sign(url, d=today()))
            release.set()
            self.assertPicture(plain.receive())
            self.assertPicture(delivered.receive())
        self.assertEqual(self.sender.count(), 1)


if __name__ == "__main__":
    unittest.main()
