"""Failed tries are repeated on the server's clock, never on a reader's: days in seconds, by a clock
that the test moves on (shifted_clock.c). The times are the README's: again after about 1 minute, 15
minutes and 4 hours, each up to half as long again, and then no more."""

import glob
import json
import os
import shutil
import struct
import subprocess
import tempfile
import unittest
from unittest import mock

import dns
import harness
import http1
import meter
import origin as origins
import pictures
import proxy as proxies

MINUTE, HOUR, DAY = 60, 3600, 86400
# About 1 minute, 15 minutes and 4 hours after the first try was due, each up to half as much later,
# whenever the tries between were made. Since the one before came for certain: not yet at the first,
# at the second for certain.
RETRIES = [(55, 95), (13 * MINUTE, 22 * MINUTE), (4 * HOUR - 25 * MINUTE, 6 * HOUR - 20 * MINUTE)]

WAIT_S = 2

library = None


def setUpModule():
    global library
    compiler = shutil.which("cc") or shutil.which("gcc")
    if not compiler:
        raise unittest.SkipTest("no C compiler for the clock")
    if not meter.is_plain(harness.SHOJID):
        raise unittest.SkipTest("a sanitizer wants to be loaded first")
    folder = tempfile.mkdtemp(prefix="shoji-clock-")
    unittest.addModuleCleanup(shutil.rmtree, folder)
    library = os.path.join(folder, "clock.so")
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "shifted_clock.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-Wall", "-o", library, source], check=True)


class ShiftedClock(harness.ServerTest):
    def setUp(self):
        self.sender = self.origin()
        self.sender.default = origins.picture(pictures.plain_png())
        self.resolver = dns.Server(default=lambda q: q.addresses("127.0.0.1"))
        self.addCleanup(self.resolver.close)
        clock, self.clock = tempfile.mkstemp(prefix="shoji-clock-")
        os.close(clock)
        self.addCleanup(os.unlink, self.clock)
        self.ahead_s = 0
        self.move(0)
        self.pokes = 0
        with mock.patch.dict(os.environ, {"LD_PRELOAD": library, "SHOJI_TEST_CLOCK": self.clock}):
            self.server = self.shojid({"fetch": {"resolvers": self.resolver.address, "wait": f"{WAIT_S}s"},
                                       "cache": {"retention": "3650d"}})

    def move(self, seconds):
        self.ahead_s += seconds
        with open(self.clock, "r+b") as file:
            file.write(struct.pack("=q", self.ahead_s))

    def poke(self):
        """Wakes the server, which may be asleep for what it took for a long time, with another
        original; when that is here, what was due before it has begun."""
        self.pokes += 1
        url = self.sender.url(f"/poke{self.pokes}.png", f"poke{self.pokes}.example")
        self.prefetch(url)
        harness.until(lambda: self.server.open(url, d=harness.today()).status == 200)

    def prefetch(self, *urls):
        answer = self.server.ask_submit("POST", "/v1/prefetch", {"Content-Type": "application/json"},
                                        harness.as_json({"urls": urls}))
        self.assertEqual(answer.status, 202)

    def start(self):
        with mock.patch.dict(os.environ, {"LD_PRELOAD": library, "SHOJI_TEST_CLOCK": self.clock}):
            self.server.start()


class Retries(ShiftedClock):
    def open_often(self, url):
        """As delivered mail and as other mail, by several mailboxes; nobody is shown anything."""
        ages = set()
        for who in ("a", "b", "c"):
            salt = self.server.key.salt(f"{who}@example.org")
            for options in ({"d": harness.today(), "m": salt}, {"m": salt}):
                answer = self.server.open(url, **options)
                self.assertPlaceholder(answer)
                ages.add(answer.get("Cache-Control"))
        return ages

    def tries(self, name):
        return (self.sender.count(f"/{name}.png"), len(self.resolver.asked(f"{name}.example")))

    def url(self, name):
        return self.sender.url(f"/{name}.png", f"{name}.example")

    def settle(self, name):
        """Until the failure is written down: as long as it is asked for, its readers wait."""
        harness.until(lambda: http1.timed(self.server.open, self.url(name), d=harness.today())[1]
                      < WAIT_S / 2)

    def until_failed(self, name, count, age="60"):
        """So many tries there were, and the last is written down."""
        harness.until(lambda: self.tries(name)[0] == count)
        self.settle(name)
        self.assertEqual(self.open_often(self.url(name)), {f"public, max-age={age}"})

    def test_a_picture_that_comes_late(self):
        """503 at the delivery, an image ever after: the second try is the clock's, not the reader's."""
        name = "late"
        self.sender.pages["/late.png"] = origins.answer(status="503 Busy", headers={"Retry-After": "1"})
        self.prefetch(self.url(name))
        self.until_failed(name, 1)
        self.sender.pages["/late.png"] = origins.picture(pictures.plain_png())
        not_yet, certainly = RETRIES[0]
        for seconds in (0, 1, 20, not_yet - 21):
            self.move(seconds)
            self.assertEqual(self.open_often(self.url(name)), {"public, max-age=60"})
            self.poke()
            self.assertEqual(self.tries(name), (1, 2))
        self.prefetch(self.url(name))  # another mail with it advances nothing either
        self.assertEqual(self.tries(name), (1, 2))
        self.move(certainly - not_yet)
        self.poke()
        harness.until(lambda: self.server.open(self.url(name), d=harness.today()).status == 200)
        self.assertEqual(self.tries(name), (2, 4))

    def fails_for_ever(self, name, one_try, how):
        """Four tries in all, however often it is opened; `one_try`: what each adds to tries()."""
        how()
        expected = list(one_try)
        harness.until(lambda: list(self.tries(name)) == expected)
        self.settle(name)
        self.assertEqual(self.open_often(self.url(name)), {"public, max-age=60"})
        for number, (not_yet, certainly) in enumerate(RETRIES):
            self.move(not_yet)
            self.open_often(self.url(name))
            self.poke()
            self.assertEqual(list(self.tries(name)), expected, f"early, after {number + 1} tries")
            self.move(certainly - not_yet)
            self.poke()
            expected = [a + b for a, b in zip(expected, one_try)]
            harness.until(lambda: list(self.tries(name)) == expected)
            age = "300" if number + 1 == len(RETRIES) else "60"
            self.settle(name)
            self.assertEqual(self.open_often(self.url(name)), {f"public, max-age={age}"})
        for seconds in (HOUR, DAY, 10 * DAY, 40 * DAY):
            self.move(seconds)
            self.assertEqual(self.open_often(self.url(name)), {"public, max-age=300"})
            self.poke()
            self.assertEqual(list(self.tries(name)), expected)

    def test_a_server_that_stays_busy(self):
        self.sender.pages["/busy.png"] = origins.answer(status="503 Busy")
        self.fails_for_ever("busy", (1, 2), lambda: self.prefetch(self.url("busy")))

    def test_the_same_for_mail_that_was_not_prefetched(self):
        self.sender.pages["/first.png"] = origins.answer(status="503 Busy")
        self.fails_for_ever("first", (1, 2), lambda: self.server.open(self.url("first")))

    def test_a_name_that_cannot_be_resolved(self):
        """Its questions are packets, too."""
        self.resolver.handlers["lame.example"] = lambda q: q.answer(code=dns.SERVFAIL)
        self.fails_for_ever("lame", (0, 2), lambda: self.prefetch(self.url("lame")))

    def test_restarts_do_not_change_the_schedule(self):
        self.sender.pages["/busy.png"] = origins.answer(status="503 Busy")
        self.prefetch(self.url("busy"))
        self.until_failed("busy", 1)
        with mock.patch.dict(os.environ, {"LD_PRELOAD": library, "SHOJI_TEST_CLOCK": self.clock}):
            for end in (self.server.kill, self.server.stop):
                self.move(25)
                end()
                self.server.start()
                self.open_often(self.url("busy"))
                self.poke()
                self.assertEqual(self.tries("busy"), (1, 2))
            self.server.stop()
            self.move(60)  # due while nobody was there: once, when somebody is
            self.server.start()
        self.until_failed("busy", 2)

    def test_delivered_mail_that_was_never_queued(self):
        """A URL with d that the queue does not know is never fetched, now or when the window is over."""
        url, day = self.url("unknown"), harness.today()
        self.assertPlaceholder(self.server.open(url, d=day))
        self.move(13 * DAY)
        self.assertPlaceholder(self.server.open(url, d=day))
        self.move(3 * DAY)
        self.assertPlaceholder(self.server.open(url, d=day), 410)
        self.assertEqual(self.tries("unknown"), (0, 0))

    def test_evicted_and_shared_comes_back_at_no_time_of_a_reader(self):
        """Somewhere in the hour after he asked; that all of ten fall on its first seconds is as good as
        impossible."""
        urls = [self.sender.url(f"/shared{i}.png") for i in range(10)]
        salts = [self.server.key.salt(f"reader{i}@example.org") for i in range(6)]
        for i, url in enumerate(urls):
            self.sender.pages[f"/shared{i}.png"] = origins.picture(pictures.noise_png(20 + i, 20))
            for salt in salts:
                self.assertPicture(self.server.open(url, m=salt))
        self.server.stop()
        for segment in glob.glob(f"{self.server.state}/seg-*"):
            shutil.rmtree(segment)
        self.start()
        for url in urls:
            self.assertPlaceholder(self.server.open(url, m=salts[0]), 404)
            self.assertPlaceholder(self.server.open(url, d=harness.today(), m=salts[1]), 404)
        self.poke()
        shared = lambda: sum(self.sender.count(f"/shared{i}.png") for i in range(10))
        self.assertLess(shared(), 20)
        self.move(HOUR)
        self.poke()
        harness.until(lambda: shared() == 20)
        for url in urls:
            harness.until(lambda url=url: self.server.open(url, m=salts[0]).status == 200)
        self.assertEqual(shared(), 20)

    def test_an_answered_original_within_retention(self):
        """Served for years, asked for once."""
        self.prefetch(self.url("kept"))
        harness.until(lambda: self.server.open(self.url("kept")).status == 200)
        for _ in range(8):
            self.move(400 * DAY)
            self.assertPicture(self.server.open(self.url("kept"), m=self.server.key.salt("x")))
            self.prefetch(self.url("kept"))
            self.poke()
        self.assertEqual(self.tries("kept"), (1, 2))


class AnEgressThatFails(ShiftedClock):
    """Where nobody was asked, that was no try: it neither adds one nor moves those that are left."""

    def setUp(self):
        self.proxy = proxies.Proxy("socks5", "127.0.0.1")
        self.addCleanup(lambda: self.proxy.close())
        super().setUp()
        self.server.stop()
        self.server.conf["egress far"] = {"type": "socks5", "address": self.proxy.address,
                                          "resolvers": self.resolver.address}
        self.start()

    def poke(self):
        self.pokes += 1
        url = self.sender.url(f"/poke{self.pokes}.png")
        self.prefetch(url)
        return url

    def shown(self, url):
        return self.server.open(url, d=harness.today()).status == 200

    def until_it_works(self):
        """What comes first after a pause tries the egress; what comes meanwhile waits for a minute."""
        harness.until(lambda: self.shown(self.poke()))

    def record(self, url):
        answer = self.server.ask_admin("GET", f"/v1/explain?url={url}")
        return next(step for step in json.loads(answer.body)["steps"] if step["step"] == "record")

    def test_its_turn_is_no_try(self):
        self.sender.pages["/busy.png"] = origins.answer(status="503 Busy")
        url = self.sender.url("/busy.png")
        self.prefetch(url)
        harness.until(lambda: self.record(url)["verdict"] == "down")
        self.proxy.close()
        self.move(RETRIES[0][1])
        self.poke()
        harness.until(lambda: self.record(url)["verdict"] == "ours")
        self.assertIn("(1 try)", self.record(url)["sentence"])
        self.proxy = proxies.Proxy("socks5", "127.0.0.1", port=self.proxy.port)
        for options in ({}, {"d": harness.today()}, {"c": 1}):
            self.assertPlaceholder(self.server.open(url, **options))
        self.assertEqual(self.sender.count("/busy.png"), 1)
        self.move(8 * MINUTE)
        self.until_it_works()
        counts = []
        for seconds in (2 * MINUTE, 2 * MINUTE, 23 * MINUTE, 7 * HOUR, DAY):
            self.move(seconds)
            poked = self.poke()
            harness.until(lambda poked=poked: self.shown(poked))
            harness.until(lambda: self.record(url)["verdict"] == "down")
            counts.append(self.sender.count("/busy.png"))
        self.assertEqual(counts, [2, 2, 3, 4, 4])


if __name__ == "__main__":
    unittest.main()
