"""Explain: an operator learns why an image is not shown, a stranger does not (contract 3, 4)."""

import glob
import json
import os
import re
import shutil
import threading
import unittest
import urllib.parse

import harness
import origin as origins
import pictures

JSON = {"Content-Type": "application/json"}
STEPS = ["verify", "policy", "queue", "record", "picture", "plan"]


def silent(conn, _asked):
    conn.recv(1)


class ExplainTest(harness.ServerTest):
    def setUp(self):
        self.sender = self.origin()
        self.sender.default = origins.picture(pictures.plain_png())

    def explain(self, server, url):
        target = "/v1/explain?url=" + urllib.parse.quote(url, safe="")
        answer = server.ask_admin("GET", target)
        self.assertEqual(answer.status, 200, answer.body)
        told = json.loads(answer.body)
        names = [step["step"] for step in told["steps"]]
        self.assertEqual(names, [name for name in STEPS if name in names])
        for step in told["steps"]:
            self.assertRegex(step["sentence"], r"^[A-Z].*\.$")
            self.assertRegex(step["verdict"], r"^[a-z_]+$")
        return told["shown"], {step["step"]: (step["verdict"], step["sentence"])
                               for step in told["steps"]}

    def explain_signed(self, server, url, **options):
        return self.explain(server, harness.BASE + server.key.sign(url, **options))

    def prefetch(self, server, *urls):
        answer = server.ask_submit("POST", "/v1/prefetch", JSON, harness.as_json({"urls": urls}))
        self.assertEqual(answer.status, 202, answer.body)


class Causes(ExplainTest):
    """Each cause has a sentence of its own; all look the same from outside."""

    def evict(self, server):
        server.stop()
        for segment in glob.glob(f"{server.state}/seg-*"):
            shutil.rmtree(segment)
        server.start()

    def make_causes(self, server, private):
        """{cause: (server, URL)} of originals that a reader has asked for, all in vain."""
        self.sender.pages["/text"] = origins.picture(b"<html>no picture</html>" * 100)
        self.sender.pages["/large"] = origins.picture(pictures.noise_png(200, 200))
        self.sender.pages["/gone"] = origins.answer(b"", "404 Not Found")
        self.sender.pages["/down"] = origins.answer(b"", "503 Service Unavailable")
        self.sender.pages["/silent"] = silent
        self.sender.pages["/broken"] = origins.picture(pictures.plain_png()[:60])
        self.sender.pages["/circle"] = origins.redirect(self.sender.url("/circle"))
        causes = {name: (server, self.sender.url("/" + name)) for name in (
            "text", "large", "gone", "down", "silent", "broken", "circle")}
        causes["private"] = private, self.sender.url("/private.png")
        causes["nowhere"] = server, self.sender.url("/a.png", "nowhere.example")
        return causes

    def test_every_failure_has_its_sentence_and_none_shows_outside(self):
        names = self.names()
        fetch = {"resolvers": names.address, "timeout": "1s", "max_bytes": "64K", "wait": "20s"}
        server = self.shojid({"fetch": fetch})
        private = self.shojid({"fetch": dict(fetch, allow_private=None)})
        causes = self.make_causes(server, private)
        cases = list(causes.items())
        answers = harness.in_threads(len(cases), lambda i: cases[i][1][0].open(cases[i][1][1]))
        outside = set()
        for (name, _), answer in zip(cases, answers):
            self.assertPlaceholder(answer, 404)
            outside.add((answer.status, answer.reason, answer.body, tuple(
                (key, value) for key, value in answer.headers
                if key not in ("Date", "Cache-Control"))))
        self.assertEqual(len(outside), 1)

        told = {}
        for name, (asked, url) in causes.items():
            shown, steps = self.explain_signed(asked, url)
            self.assertFalse(shown, name)
            self.assertNotIn("picture", steps)
            verdict, sentence = steps["record"]
            self.assertRegex(sentence, r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC \(1 try\)", name)
            told[name] = verdict, re.sub(r" on \d{4}-.*", "", sentence)
            self.assertEqual(self.explain(asked, url)[1]["record"], steps["record"], name)
        self.assertEqual(len(set(told.values())), len(told), told)
        for name, word in (("private", "does not connect to"), ("nowhere", "does not exist"),
                           ("text", "no picture"), ("large", "too large"), ("gone", "404"),
                           ("down", "5xx"), ("silent", "in time"), ("broken", "damaged"),
                           ("circle", "circle")):
            self.assertIn(word, told[name][1], name)
        self.assertEqual({told[name][0] for name in ("private", "nowhere", "silent", "down")},
                         {"refused", "gone", "timeout", "down"})

    def test_bad_signature(self):
        server = self.shojid()
        path = server.key.sign(self.sender.url("/a.png"))
        shown, steps = self.explain(server, harness.BASE + path[:-1])
        self.assertEqual((shown, list(steps), steps["verify"][0]), (False, ["verify"], "refused"))
        self.assertIn("403", steps["verify"][1])
        self.assertEqual(server.get(path[:-1]).status, 403)
        harness.write_keys(server.keys, harness.Key().line() + server.key.line("revoked"))
        server.reload()
        self.assertEqual(self.explain(server, path)[1]["verify"][0], "refused")

    def test_what_is_no_url(self):
        server = self.shojid()
        for url in ("x", "ftp://a/b", "http://", "javascript:1", "/elsewhere", "%%%", "http://a b/"):
            shown, steps = self.explain(server, url)
            self.assertEqual((shown, list(steps), steps["verify"][0]), (False, ["verify"], "invalid"))

    def test_tracker(self):
        server = self.shojid(start=False)
        rules = os.path.join(server.directory, "rules")
        with open(rules, "w", encoding="ascii") as file:
            file.write("[Adblock Plus 2.0]\n||spy.example^\n")
        server.conf["trackers"] = {"rules": rules}
        server.start()
        url = "http://spy.example/open.gif"
        shown, steps = self.explain_signed(server, url)
        self.assertEqual((shown, steps["policy"][0]), (False, "tracker"))
        self.assertEqual(list(steps), ["verify", "policy"])
        answer = server.open(url)
        self.assertEqual((answer.status, answer.get("Content-Type")), (200, "image/gif"))

    def test_not_fetched_yet(self):
        server = self.shojid({"prefetch": {"delay": "1h"}, "fetch": {"wait": "1s"}})
        queued, unknown = self.sender.url("/queued.png"), self.sender.url("/unknown.png")
        self.prefetch(server, queued)
        shown, steps = self.explain_signed(server, queued, d=harness.today())
        self.assertEqual((shown, steps["queue"][0], steps["record"][0]), (False, "waiting", "none"))
        self.assertRegex(steps["queue"][1], r"due at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC")
        self.assertEqual(steps["plan"][0], "wait")
        shown, steps = self.explain_signed(server, unknown, d=harness.today())
        self.assertEqual((shown, steps["queue"][0], steps["plan"][0]), (False, "none", "wait"))
        shown, steps = self.explain_signed(server, unknown, d=harness.today() - 400)
        self.assertEqual((shown, steps["plan"][0]), (False, "gone"))
        self.assertIn("410", steps["plan"][1])
        shown, steps = self.explain_signed(server, unknown)
        self.assertEqual((shown, steps["plan"][0]), (False, "fetch"))
        self.assertEqual(self.sender.connections, 0)

    def test_being_fetched(self):
        server = self.shojid({"fetch": {"timeout": "30s"}})
        release = threading.Event()
        self.addCleanup(release.set)

        def held(conn, asked):
            release.wait(60)
            origins.picture(pictures.plain_png())(conn, asked)

        self.sender.pages["/held.png"] = held
        url = self.sender.url("/held.png")
        with server.client() as reader:
            reader.send("GET", server.key.sign(url))
            self.assertTrue(self.sender.wait_for("/held.png"))
            shown, steps = self.explain_signed(server, url)
            self.assertEqual((shown, steps["record"][0]), (False, "claimed"))
            release.set()
            self.assertPicture(reader.receive())
        shown, steps = self.explain_signed(server, url)
        self.assertEqual((shown, steps["plan"][0]), (True, "serve"))

    def test_purged(self):
        server = self.shojid()
        url = self.sender.url("/a.png")
        self.assertPicture(server.open(url))
        server.ask_admin("POST", "/v1/purge", JSON, harness.as_json({"url": url}))
        shown, steps = self.explain_signed(server, url)
        self.assertEqual((shown, steps["record"][0], steps["plan"][0]), (False, "purged", "gone"))
        self.assertIn("purge", steps["record"][1])
        self.assertIn("--forget", steps["plan"][1])
        self.assertPlaceholder(server.open(url), 410)

    def test_evicted(self):
        server = self.shojid()
        url = self.sender.url("/a.png")
        self.assertPicture(server.open(url))
        self.evict(server)
        shown, steps = self.explain_signed(server, url)
        self.assertEqual((shown, steps["picture"][0], steps["plan"][0]), (False, "evicted", "gone"))
        self.assertIn("no longer kept", steps["picture"][1])
        self.assertEqual(self.explain_signed(server, url, c=1)[1]["plan"][0], "fetch")
        self.assertPlaceholder(server.open(url), 410)

    def test_shown(self):
        server = self.shojid()
        url = self.sender.url("/a.png")
        self.assertPicture(server.open(url))
        shown, steps = self.explain_signed(server, url, d=harness.today())
        self.assertTrue(shown)
        self.assertEqual([verdict for verdict, _ in steps.values()],
                         ["ok", "pass", "none", "stored", "here", "serve"])
        self.assertEqual(list(steps), STEPS)
        self.assertEqual(self.explain(server, url)[1]["verify"][0], "original")


class Discretion(ExplainTest):
    def figures(self, server):
        """What asking could change. The decoder's workers still come while the server is ready."""
        figures = json.loads(server.ask_admin("GET", "/v1/stats").body)
        del figures["decoder"]["workers"]
        return figures

    def test_asking_changes_nothing(self):
        names = self.names({"known.example": ["127.0.0.1"]})
        server = self.shojid({"prefetch": {"delay": "1h"}, "fetch": {"resolvers": names.address}})
        queued = self.sender.url("/queued.png", "known.example")
        self.prefetch(server, queued)
        before = self.figures(server)
        said = self.explain_signed(server, queued, d=harness.today())
        for url in (queued, self.sender.url("/new.png"), self.sender.url("/n.png", "known.example")):
            for _ in range(3):
                self.explain(server, url)
                self.explain_signed(server, url)
                self.explain_signed(server, url, c=1, d=harness.today())
        self.assertEqual(self.explain_signed(server, queued, d=harness.today()), said)
        self.assertEqual(self.figures(server), before)
        self.assertEqual((self.sender.connections, names.questions), (0, []))

    def test_no_mailbox_is_named(self):
        server = self.shojid()
        url = self.sender.url("/a.png")
        salts = [server.key.salt(f"reader{i}@example.org") for i in range(3)]
        for salt in salts:
            self.assertPicture(server.open(url, m=salt))
        answer = json.dumps([self.explain_signed(server, url, m=salts[0]),
                             self.explain(server, url)])
        for salt in salts:
            self.assertNotIn(salt, answer)
        self.assertNotIn("reader", answer.replace("reader's", "").replace("readers", "")
                         .replace("Readers", "").replace("reader who", ""))

    def test_what_is_wrong_is_said(self):
        server = self.shojid()
        for target, status in (("/v1/explain", 400), ("/v1/explain?url=", 400),
                               ("/v1/explain?u=x", 400),
                               ("/v1/explain?url=http://a/" + "x" * 20000, 400)):
            answer = server.ask_admin("GET", target)
            self.assertEqual(answer.status, status)
            self.assertIn("error", json.loads(answer.body))
        self.assertEqual(server.ask_admin("POST", "/v1/explain?url=x", body=b"").status, 405)


class Command(ExplainTest):
    def test_numbered_steps_for_a_person(self):
        server = self.shojid()
        config = server.config_file()
        url = self.sender.url("/a.png?x=1&y=%20+z")
        signed = harness.BASE + server.key.sign(url)
        code, out, said = harness.shoji("explain", signed, "--config", config)
        self.assertEqual((code, said), (1, ""))
        lines = out.decode().splitlines()
        for number, line in enumerate(lines, 1):
            self.assertRegex(line, rf"^{number}\. [a-z]+ +[a-z_]+ +[A-Z].*\.$")
        self.assertEqual(lines[-1].split()[1:3], ["plan", "fetch"])
        self.assertPicture(server.open(url))
        for given in (signed, url):
            code, out, _ = harness.shoji("explain", given, "--config", config)
            self.assertEqual(code, 0)
            self.assertEqual(out.decode().splitlines()[-1].split()[1:3], ["plan", "serve"])
        code, out, _ = harness.shoji("explain", "--json", signed, "--config", config)
        self.assertEqual((code, json.loads(out)["shown"]), (0, True))
        self.assertEqual(json.loads(out)["steps"][0]["verdict"], "ok")

    def test_usage_and_trouble(self):
        server = self.shojid(start=False)
        config = server.config_file()
        for arguments in ((), ("a", "b"), ("--yes", "a")):
            code, out, said = harness.shoji("explain", *arguments, "--config", config)
            self.assertEqual((code, out), (2, b""))
            self.assertIn("usage: shoji explain", said)
        code, _, said = harness.shoji("explain", "http://a/", "--config", config)
        self.assertEqual(code, 3)
        self.assertIn("no server answers", said)


if __name__ == "__main__":
    unittest.main()
