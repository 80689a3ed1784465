"""SIGHUP and what says when an original is fetched: how long it is remembered, after which delivery it
is no longer waited for, and whether one that was evicted comes back."""

import glob
import json
import shutil
import unittest

import harness
import origin as origins
import pictures
import test_retries

DAY = 86400


class ReloadTerms(harness.ServerTest):
    def setUp(self):
        self.sender = self.origin()
        self.sender.default = origins.picture(pictures.plain_png())

    def changed(self, server, /, **sections):
        """Takes over other values, and sees the log say of each that it did."""
        for section, values in sections.items():
            server.conf.setdefault(section, {}).update(values)
        server.config_file()
        said = len(server.logged(1000))
        server.reload()
        for section, values in sections.items():
            for name in values:
                self.assertIn(f"[{section}] {name}: changed", server.logged(1000)[said:])

    def evicted(self, mailboxes, **cache):
        """A server whose one picture, asked for by so many mailboxes, went with its segments; and
        the picture's URL."""
        server = self.shojid({"cache": cache, "fetch": {"wait": "20s"}})
        url = self.sender.url("/a.png")
        for i in range(mailboxes):
            self.assertPicture(server.open(url, m=server.key.salt(f"{i}@example.org")))
        server.stop()
        for segment in glob.glob(f"{server.state}/seg-*"):
            shutil.rmtree(segment)
        server.start()
        return server, url

    @staticmethod
    def verdict(server, url):
        """What `shoji explain` says of the queue."""
        steps = json.loads(server.ask_admin("GET", f"/v1/explain?url={url}").body)["steps"]
        return {step["step"]: step["verdict"] for step in steps}["queue"]

    def test_how_old_a_delivery_may_be(self):
        server = self.shojid({"fetch": {"wait": "200ms"}})
        url, day = self.sender.url("/a.png"), harness.today() - 20
        self.assertPlaceholder(server.open(url, d=day), 410)
        self.changed(server, fetch={"fetch_window": "30d"})
        self.assertPlaceholder(server.open(url, d=day), 404)
        self.changed(server, fetch={"fetch_window": "10d"})
        self.assertPlaceholder(server.open(url, d=day), 410)
        self.assertEqual(self.sender.count(), 0)

    def test_whether_what_was_evicted_comes_back(self):
        server, url = self.evicted(1, refetch="never")
        self.assertPlaceholder(server.open(url), 410)
        self.changed(server, cache={"refetch": "always"})
        self.assertPlaceholder(server.open(url, d=harness.today()))  # queued, as for all of them
        self.assertEqual(self.sender.count(), 1)
        self.assertPicture(server.open(url))
        self.assertEqual(self.sender.count(), 2)

    def test_by_how_many_it_must_be_shared(self):
        server, url = self.evicted(3)
        self.assertPlaceholder(server.open(url), 410)
        self.assertEqual(self.verdict(server, url), "none")
        self.changed(server, cache={"shared_by": "3"})
        self.assertPlaceholder(server.open(url), 404)
        harness.until(lambda: self.verdict(server, url) == "waiting")
        self.assertEqual(self.sender.count(), 1)  # at a time of the server's own


class ReloadRetention(test_retries.ShiftedClock):
    """With a calendar that the test moves on."""

    changed = ReloadTerms.changed

    @classmethod
    def setUpClass(cls):
        test_retries.setUpModule()  # makes the calendar, or says why there is none
        super().setUpClass()

    def test_how_long_an_answer_is_remembered(self):
        self.sender.pages["/no.png"] = origins.answer(status="404 Not Found")
        url = self.sender.url("/no.png")
        self.assertPlaceholder(self.server.open(url))
        self.move(40 * DAY)
        self.assertPlaceholder(self.server.open(url))
        self.assertEqual(self.sender.count("/no.png"), 1)
        self.changed(self.server, cache={"retention": "30d"})
        self.assertPlaceholder(self.server.open(url))
        harness.until(lambda: self.sender.count("/no.png") == 2)


if __name__ == "__main__":
    unittest.main()
