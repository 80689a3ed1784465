"""Two tenants on one server, told apart by the keys that sign their URLs: what one alone has asked for
goes with a purge of that tenant, what both have stays (contract 5)."""

import json
import os
import unittest

import harness
import origin as origins
import pictures

JSON = {"Content-Type": "application/json"}


class Tenants(harness.ServerTest):
    def setUp(self):
        self.sender = self.origin()
        self.sender.default = origins.picture(pictures.plain_png())
        self.server = self.shojid({"fetch": {"wait": "20s"}}, start=False)
        self.one, self.two = harness.Key(), harness.Key()
        harness.write_keys(self.server.keys, self.server.key.line() + self.one.line(tenant="One")
                           + self.two.line(tenant="two"))
        self.server.start()

    def open(self, key, url, **options):
        return self.server.get(key.sign(url, **options))

    def purge(self, **request):
        answer = self.server.ask_admin("POST", "/v1/purge", JSON, harness.as_json(request))
        self.assertEqual(answer.status, 200, answer.body)
        return json.loads(answer.body)["purged"]

    def prefetch(self, *urls, **more):
        answer = self.server.ask_submit("POST", "/v1/prefetch", JSON,
                                        harness.as_json({"urls": urls, **more}))
        self.assertEqual(answer.status, 202, answer.body)

    def until_noted(self):
        """A note is written behind the answer; what is written after it, is there after it."""
        url = self.sender.url("/noted.png")
        self.prefetch(url)
        harness.until(lambda: self.server.open(url, d=harness.today()).status == 200)

    def test_what_one_alone_asked_for(self):
        mine, both, theirs, house = (self.sender.url(f"/{name}.png")
                                     for name in ("mine", "both", "theirs", "house"))
        for key, url in ((self.one, mine), (self.one, both), (self.two, both), (self.two, theirs),
                         (self.server.key, house)):
            self.assertPicture(self.open(key, url))
        self.until_noted()
        self.assertEqual(self.purge(tenant="one"), 0)  # names are told apart by case
        self.assertEqual(self.purge(tenant="One"), 1)
        for key in (self.one, self.two):
            self.assertPlaceholder(self.open(key, mine), 410)
            self.assertPicture(self.open(key, both))
        self.assertPicture(self.open(self.two, theirs))
        self.assertPicture(self.open(self.server.key, house))
        self.assertEqual(self.sender.count("/mine.png"), 1)

    def test_the_house_is_not_the_tenants(self):
        """Keys without a tenant share, too."""
        url = self.sender.url("/a.png")
        self.assertPicture(self.server.open(url))
        self.assertPicture(self.open(self.one, url))
        self.until_noted()
        self.assertEqual(self.purge(tenant="One"), 0)
        self.assertPicture(self.open(self.one, url))

    def test_a_hop_that_both_reach(self):
        self.sender.pages["/one"] = origins.redirect(self.sender.url("/target.png"))
        self.sender.pages["/two"] = origins.redirect(self.sender.url("/target.png"))
        self.assertPicture(self.open(self.one, self.sender.url("/one")))
        self.assertPicture(self.open(self.two, self.sender.url("/two")))
        self.until_noted()
        self.assertEqual(self.purge(tenant="One"), 1)
        self.assertPlaceholder(self.open(self.one, self.sender.url("/one")), 410)
        self.assertPicture(self.open(self.two, self.sender.url("/target.png")))

    def test_delivered_mail(self):
        """By the key that will sign: the queue knows it before any reader does."""
        self.server.stop()
        self.server.conf["prefetch"]["delay"] = "1h"
        self.server.start()
        mine, both = self.sender.url("/mine.png"), self.sender.url("/both.png")
        self.prefetch(mine, both, kid=self.one.kid)
        self.prefetch(both, kid=self.two.kid)
        self.assertEqual(self.purge(tenant="One", forget=True), 1)
        told = self.explain(mine), self.explain(both)
        self.assertEqual(told, ("none", "waiting"))

    def explain(self, url):
        answer = self.server.ask_admin("GET", f"/v1/explain?url={url}")
        steps = json.loads(answer.body)["steps"]
        return next(step["verdict"] for step in steps if step["step"] == "queue")

    def test_the_program_says_whose_they_are(self):
        """`shoji --keys` with a file in which the key stands without its tenant."""
        keys = os.path.join(self.server.directory, "keys.one")
        harness.write_keys(keys, self.one.line())
        html = f'<img src="{self.sender.url("/a.png")}" width=90 height=90>'.encode()
        out = harness.shoji("rewrite", "--config", self.server.config_file(), "--keys", keys, "--html",
                            "--prefetch", stdin=html, check=0)[1].decode()
        path = out.partition('src="')[2].partition('"')[0].removeprefix(harness.BASE)
        self.assertPicture(self.server.get(path))
        self.assertEqual(self.purge(tenant="One"), 1)
        self.assertPlaceholder(self.server.get(path), 410)

    def test_by_the_program(self):
        self.assertPicture(self.open(self.one, self.sender.url("/a.png")))
        told = harness.shoji("purge", "--config", self.server.config_file(), "--tenant", "One",
                             check=0)[1]
        self.assertEqual(told, b"purged 1\n")


class NoPrefetch(harness.ServerTest):
    def test_nothing_is_marked_as_delivered(self):
        """[prefetch] enabled = off: with d, nobody would ever fetch it."""
        sender = self.origin()
        sender.default = origins.picture(pictures.plain_png())
        server = self.shojid({"prefetch": {"enabled": "off"}})
        html = f'<img src="{sender.url("/a.png")}" width=90 height=90>'.encode()
        answer = server.ask_submit("POST", "/v1/rewrite?prefetch=1", {"Content-Type": "text/html"}, html)
        self.assertEqual(answer.status, 200)
        out = harness.shoji("rewrite", "--config", server.config_file(), "--html", "--prefetch",
                            stdin=html, check=0)[1]
        for text in (answer.body.decode(), out.decode()):
            path = text.partition('src="')[2].partition('"')[0].removeprefix(harness.BASE)
            self.assertPicture(server.get(path))
        answer = server.ask_submit("POST", "/v1/prefetch", JSON,
                                   harness.as_json({"urls": [sender.url("/b.png")]}))
        self.assertEqual(answer.status, 403)


if __name__ == "__main__":
    unittest.main()
