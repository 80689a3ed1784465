"""Purging: what an operator takes out is gone at once, wherever it was, and stays gone (contract 5)."""

import json
import threading
import unittest

import harness
import origin as origins
import pictures

JSON = {"Content-Type": "application/json"}


class Purge(harness.ServerTest):
    def setUp(self):
        self.sender = self.origin()
        self.sender.default = origins.picture(pictures.plain_png())

    def purge(self, server, status=200, **request):
        answer = server.ask_admin("POST", "/v1/purge", JSON, harness.as_json(request))
        self.assertEqual(answer.status, status, answer.body)
        return json.loads(answer.body)

    def prefetch(self, server, *urls):
        answer = server.ask_submit("POST", "/v1/prefetch", JSON, harness.as_json({"urls": urls}))
        self.assertEqual(answer.status, 202, answer.body)

    def assertGone(self, server, url, times=8, **options):
        """On every front: each connection may meet another one."""
        for _ in range(times):
            self.assertPlaceholder(server.open(url, **options), 410)

    def make_hot(self, server, url, times=8, **options):
        for _ in range(times):
            self.assertPicture(server.open(url, **options))

    # ---- one URL ----

    def test_hot_on_every_front_and_gone_at_once(self):
        server = self.shojid()
        url, other = self.sender.url("/a.png"), self.sender.url("/b.png")
        self.make_hot(server, url)
        self.make_hot(server, url, m=server.key.salt("a@example.org"))
        self.make_hot(server, other)
        self.assertEqual(self.purge(server, url=url), {"purged": 1})
        self.assertGone(server, url)
        self.assertGone(server, url, m=server.key.salt("a@example.org"))
        self.assertPicture(server.open(other))
        self.assertEqual(self.sender.count("/a.png"), 1)

    def test_nothing_brings_it_back(self):
        server = self.shojid({"cache": {"refetch": "always"}, "fetch": {"wait": "1s"}})
        url = self.sender.url("/a.png")
        self.assertPicture(server.open(url))
        self.purge(server, url=url)
        self.assertGone(server, url, times=2)
        self.assertGone(server, url, times=2, c=1)
        self.assertGone(server, url, times=2, d=harness.today())
        self.prefetch(server, url)
        self.assertGone(server, url, times=2, d=harness.today())
        server.stop()
        server.start()
        self.assertGone(server, url, times=2, c=1)
        self.assertEqual(self.sender.count(), 1)

    def test_one_that_was_never_here_stays_away(self):
        server = self.shojid()
        url = self.sender.url("/never.png")
        self.purge(server, url=url)
        self.assertGone(server, url, times=2)
        self.assertGone(server, url, times=2, c=1)
        self.assertEqual(self.sender.connections, 0)

    def test_named_as_it_is_signed(self):
        server = self.shojid()
        for number, name in enumerate((lambda path: harness.BASE + path, lambda path: path)):
            url = self.sender.url(f"/{number}.png")
            self.assertPicture(server.open(url))
            path = server.key.sign(url, m=server.key.salt("a@example.org"))
            self.assertEqual(self.purge(server, url=name(path)), {"purged": 1})
            self.assertGone(server, url, times=2)

    def test_named_in_another_spelling(self):
        server = self.shojid()
        url = self.sender.url("/a.png")
        self.assertPicture(server.open(url))
        spelt = url.replace("http://", "HTTP://user:word@").replace("/a.png", "/x/../a.png#there")
        self.assertEqual(self.purge(server, url=spelt), {"purged": 1})
        self.assertGone(server, url, times=2)

    def test_forgotten_it_may_come_again(self):
        server = self.shojid()
        url = self.sender.url("/a.png")
        self.make_hot(server, url)
        self.assertEqual(self.purge(server, url=url, forget=True), {"purged": 1})
        self.assertPicture(server.open(url))
        self.assertEqual(self.sender.count(), 2)
        # What was taken out for good may be forgotten, too.
        self.purge(server, url=url)
        self.assertGone(server, url, times=2)
        self.purge(server, url=url, forget=True)
        self.assertPicture(server.open(url))
        self.assertEqual(self.sender.count(), 3)

    # ---- under way ----

    def hold(self, path):
        release = threading.Event()
        self.addCleanup(release.set)

        def held(conn, asked):
            release.wait(60)
            origins.picture(pictures.plain_png())(conn, asked)

        self.sender.pages[path] = held
        return release

    def test_what_is_being_fetched(self):
        server = self.shojid({"fetch": {"timeout": "30s", "wait": "30s"}})
        for forget in (False, True):
            path = f"/held-{forget}.png"
            release = self.hold(path)
            url = self.sender.url(path)
            with server.client() as reader:
                reader.send("GET", server.key.sign(url))
                self.assertTrue(self.sender.wait_for(path))
                self.purge(server, url=url, forget=forget)
                if not forget:
                    self.assertGone(server, url, times=2)
                release.set()
                self.assertNotEqual(reader.receive().status, 200)
            if not forget:
                self.assertGone(server, url, times=2)
            self.assertEqual(self.sender.count(path), 1)

    def test_forgotten_in_flight_and_delivered_anew(self):
        """The fetch that was under way ends for nobody; the later delivery's is made all the same."""
        server = self.shojid({"fetch": {"timeout": "30s"}, "prefetch": {"delay": "2s"}})
        release = self.hold("/a.png")
        url = self.sender.url("/a.png")
        self.prefetch(server, url)
        self.assertTrue(self.sender.wait_for("/a.png"))
        self.purge(server, url=url, forget=True)
        self.prefetch(server, url)
        release.set()
        self.assertTrue(self.sender.wait_for("/a.png", 2))
        harness.until(lambda: server.open(url, d=harness.today()).status == 200)
        self.assertEqual(self.sender.count("/a.png"), 2)

    def test_what_a_redirect_leads_to(self):
        server = self.shojid({"fetch": {"timeout": "30s", "wait": "30s"}})
        release = self.hold("/target.png")
        self.sender.pages["/r"] = origins.redirect(self.sender.url("/target.png"))
        url = self.sender.url("/r")
        with server.client() as reader:
            reader.send("GET", server.key.sign(url))
            self.assertTrue(self.sender.wait_for("/target.png"))
            self.purge(server, url=self.sender.url("/target.png"))
            release.set()
            self.assertNotEqual(reader.receive().status, 200)
        self.assertGone(server, self.sender.url("/target.png"), times=2)
        self.assertEqual(self.sender.count(), 2)

    def test_what_waits_in_the_queue(self):
        server = self.shojid({"prefetch": {"delay": "1h"}, "fetch": {"wait": "1s"}})
        urls = [self.sender.url(f"/{i}.png") for i in range(3)]
        self.prefetch(server, *urls)
        self.purge(server, url=urls[0])
        self.assertGone(server, urls[0], times=2, d=harness.today())
        stats = json.loads(server.ask_admin("GET", "/v1/stats").body)
        self.assertEqual(stats["queue"]["length"], 2)
        self.purge(server, all=True)
        stats = json.loads(server.ask_admin("GET", "/v1/stats").body)
        self.assertEqual(stats["queue"]["length"], 0)
        for url in urls:
            self.assertGone(server, url, times=2, d=harness.today())
        self.assertEqual(self.sender.connections, 0)

    # ---- many ----

    def test_a_host_and_no_other(self):
        names = self.names({name: ["127.0.0.1"] for name in (
            "one.example", "sub.one.example", "two.example")})
        server = self.shojid({"fetch": {"resolvers": names.address}})
        ours = [self.sender.url(f"/{i}.png", "one.example") for i in range(5)]
        others = [self.sender.url("/0.png", host) for host in ("sub.one.example", "two.example")]
        for url in ours + others:
            self.make_hot(server, url, times=3)
        self.assertEqual(self.purge(server, host="ONE.example"), {"purged": 5})
        for url in ours:
            self.assertGone(server, url, times=3)
        for url in others:
            self.assertPicture(server.open(url))
        self.assertEqual(self.purge(server, host="two.example", forget=True), {"purged": 1})
        self.assertPicture(server.open(others[1]))
        self.assertEqual(self.sender.count(), 8)

    def test_what_redirects_to_a_host_in_the_end(self):
        hosts = ("one.example", "two.example", "three.example")
        names = self.names({name: ["127.0.0.1"] for name in hosts})
        server = self.shojid({"fetch": {"resolvers": names.address}})
        first, second, third = (self.sender.url(f"/{host}.png", host) for host in hosts)
        self.sender.pages["/one.example.png"] = origins.redirect(second)
        self.sender.pages["/two.example.png"] = origins.redirect(third)
        other = self.sender.url("/other.png", "one.example")
        for url in (first, other):
            self.make_hot(server, url, times=3)
        self.assertEqual(self.purge(server, host="three.example"), {"purged": 3})
        for url in (first, second, third):
            self.assertGone(server, url, times=3)
        self.assertPicture(server.open(other))
        self.assertEqual(self.sender.count(), 4)

    def test_a_host_in_its_own_letters(self):
        # UTS 46: all are the host xn--bcher-kva.example (RFC 3492, RFC 5891).
        names = self.names({"xn--bcher-kva.example": ["127.0.0.1"]})
        server = self.shojid({"fetch": {"resolvers": names.address}})
        url = self.sender.url("/a.png", "xn--bcher-kva.example")
        for spelling in ("B\u00dcCHER.example", "bu\u0308cher.EXAMPLE", "xn--bcher-kva.example"):
            self.assertPicture(server.open(url))
            self.assertEqual(self.purge(server, host=spelling, forget=True)["purged"], 1, spelling)
        self.assertPicture(server.open(url))
        self.assertEqual(self.purge(server, host="b\u00fccher.example")["purged"], 1)
        self.assertGone(server, url, times=2)
        self.assertEqual(self.sender.count(), 4)

    def test_a_host_that_is_an_address(self):
        server = self.shojid()
        url = self.sender.url("/a.png")
        self.assertPicture(server.open(url))
        self.assertEqual(self.purge(server, host="0x7f.1"), {"purged": 1})
        self.assertGone(server, url, times=2)

    def test_a_host_in_the_queue(self):
        names = self.names({"one.example": ["127.0.0.1"], "two.example": ["127.0.0.1"]})
        server = self.shojid({"fetch": {"resolvers": names.address, "wait": "1s"},
                              "prefetch": {"delay": "1h"}})
        one, two = (self.sender.url("/a.png", f"{name}.example") for name in ("one", "two"))
        self.prefetch(server, one, two)
        self.purge(server, host="one.example")
        self.assertGone(server, one, times=2, d=harness.today())
        self.assertPlaceholder(server.open(two, d=harness.today()), 404)
        self.assertEqual(self.sender.connections, 0)

    def test_all(self):
        server = self.shojid()
        urls = [self.sender.url(f"/{i}.png") for i in range(40)]
        for url in urls:
            self.assertPicture(server.open(url))
        self.assertEqual(self.purge(server, all=True), {"purged": 40})
        for url in urls:
            self.assertGone(server, url, times=1)
        new = self.sender.url("/new.png")
        self.assertPicture(server.open(new))
        self.assertEqual(self.purge(server, all=True, forget=True)["purged"], 41)
        self.assertPicture(server.open(urls[0]))
        self.assertPicture(server.open(new))

    def test_while_many_read(self):
        """From the answer to the purge on, no reader sees the picture: not one of them."""
        server = self.shojid()
        url = self.sender.url("/a.png")
        path = server.key.sign(url)
        self.make_hot(server, url)
        purged, wrong = threading.Event(), []

        def read(_):
            with server.client() as client:
                for _ in range(100000):
                    late = purged.is_set()
                    client.send("GET", path)
                    status = client.receive().status
                    if late:
                        if status != 410:
                            wrong.append(status)
                        return

        def work(i):
            if i > 0:
                return read(i)
            self.purge(server, url=url)
            return purged.set()

        harness.in_threads(5, work)
        self.assertEqual(wrong, [])
        self.assertEqual(self.sender.count(), 1)

    # ---- asking wrongly ----

    def test_what_is_wrong_is_said_and_purges_nothing(self):
        server = self.shojid()
        url = self.sender.url("/a.png")
        self.assertPicture(server.open(url))
        for request in ({}, {"forget": True}, {"url": url, "all": True}, {"all": False},
                        {"all": "yes"}, {"url": 7}, {"url": ""}, {"url": "ftp://x/"},
                        {"url": harness.BASE + "/i/abc/def"}, {"url": url, "forgot": True},
                        {"url": url, "forget": "yes"}, {"host": ""}, {"host": "127.0.0.1:80"},
                        {"host": f"127.0.0.1:{self.sender.port}"}, {"host": "http://127.0.0.1"},
                        {"host": "127.0.0.1/"}, {"host": "a@127.0.0.1"}, {"host": "a b"},
                        {"tenant": ""}, {"tenant": "x" * 65}):
            self.assertRegex(self.purge(server, 400, **request)["error"], r"^\S.+")
        for body, status in ((b"", 400), (b"{", 400), (b'{"all":true', 400), (b"[]", 400),
                             (b'{"all":true,"all":true}', 400), (b'"all"', 400),
                             (b"\xff\xfe", 400), (b" " * 100000, 413)):
            answer = server.ask_admin("POST", "/v1/purge", JSON, body)
            self.assertEqual(answer.status, status, body[:20])
            self.assertIn("error", json.loads(answer.body))
        self.assertEqual(server.ask_admin("GET", "/v1/purge").status, 405)
        self.assertPicture(server.open(url))
        self.assertEqual(self.sender.count(), 1)

    # ---- the command ----

    def test_the_command(self):
        server = self.shojid()
        config = server.config_file()
        one, two = self.sender.url("/1.png"), self.sender.url("/2.png")
        self.assertPicture(server.open(one))
        self.assertPicture(server.open(two))
        code, out, _ = harness.shoji("purge", "--url", one, "--config", config)
        self.assertEqual((code, out), (0, b"purged 1\n"))
        self.assertGone(server, one, times=2)
        code, out, _ = harness.shoji("purge", "--forget", "--host", "127.0.0.1", "--config", config)
        self.assertEqual((code, out), (0, b"purged 2\n"))
        self.assertPicture(server.open(one))
        code, out, _ = harness.shoji("purge", "--all", "--config", config)
        self.assertEqual((code, out), (0, b"purged 1\n"))
        self.assertGone(server, one, times=2)
        for arguments in ((), ("--all", "--url", one), (one,), ("--url",), ("--every",),
                          ("--forget",)):
            code, out, said = harness.shoji("purge", *arguments, "--config", config)
            self.assertEqual((code, out), (2, b""), arguments)
            self.assertIn("usage: shoji purge", said)
        for arguments in (("--url", "ftp://x/"), ("--host", "a/b"), ("--url", "")):
            code, out, said = harness.shoji("purge", *arguments, "--config", config)
            self.assertEqual((code, out), (1, b""), arguments)
            self.assertRegex(said, r"^shoji: .+\n$")
        server.stop()
        code, _, said = harness.shoji("purge", "--all", "--config", config)
        self.assertEqual(code, 3)
        self.assertIn("no server answers", said)


class Race(harness.ServerTest):
    def test_parked_readers_do_not_make_it_hot_again(self):
        """Many wait for one fetch while it is purged again and again: whichever comes first, what
        is told afterwards is that it is gone."""
        sender = self.origin()
        sender.default = origins.picture(pictures.plain_png())
        server = self.shojid()
        for number in range(20):
            url = sender.url(f"/{number}.png")

            def work(i, url=url):
                if i < 4:
                    return server.open(url).status
                answer = server.ask_admin("POST", "/v1/purge", JSON, harness.as_json({"url": url}))
                return answer.status

            statuses = harness.in_threads(5, work)
            self.assertEqual(statuses[4], 200)
            self.assertLessEqual(set(statuses[:4]), {200, 404, 410})
            for _ in range(6):
                self.assertPlaceholder(server.open(url), 410)
            self.assertLessEqual(sender.count(f"/{number}.png"), 1)


if __name__ == "__main__":
    unittest.main()
