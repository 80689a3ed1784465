"""A tracker is never fetched: not when a mail is rewritten, not when its signed URL is asked for, not
behind a redirect; and a partner's is (contract 3, 4 and 7)."""

import base64
import json
import os
import re
import unittest

import harness
import origin as origins
import pictures

HTML = {"Content-Type": "text/html"}
RULES = "shoji-rules 1\nvendor Acme Mail\npixel */o/open.gif?\n"


class Trackers(harness.ServerTest):
    def setUp(self):
        self.sender = self.origin()
        self.sender.default = origins.picture(pictures.plain_png())
        self.pixel = self.sender.url("/o/open.gif?u=1")

    def server(self, **trackers):
        server = self.shojid(start=False)
        path = os.path.join(server.directory, "trackers.rules")
        with open(path, "w", encoding="ascii") as file:
            file.write(RULES)
        server.conf["trackers"] = {"rules": path, **trackers}
        return server.start()

    def assertBlank(self, answer):
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.get("Content-Type"), "image/gif")
        self.assertEqual(answer.get("Cache-Control"), "public, max-age=86400")
        self.assertLess(len(answer.body), 60)

    def rewrite(self, server, html):
        answer = server.ask_submit("POST", "/v1/rewrite?prefetch=1", HTML, html.encode())
        self.assertEqual(answer.status, 200)
        text = answer.get("Shoji-Report")
        report = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        return answer.body.decode(), report

    def test_never_at_rewriting(self):
        server = self.server()
        banner = self.sender.url("/banner.png")
        body, report = self.rewrite(server, f'<img src="{self.pixel}"><img src="{banner}">')
        self.assertTrue(self.sender.wait_for("/banner.png"))
        self.assertEqual([asked.path for asked in self.sender.asked], ["/banner.png"])
        self.assertRegex(body, r'src="data:image/gif;base64,[^"]+" data-shoji-tracker="Acme Mail"')
        self.assertEqual(report["trackers"], [{
            "vendor": "Acme Mail", "host": "127.0.0.1", "kind": "pixel", "evidence": "path",
            "action": "blocked"}])
        self.assertEqual(report["images"]["proxied"], 1)

    def test_never_at_a_request(self):
        server = self.server()
        self.assertBlank(server.open(self.pixel))
        self.assertBlank(server.open(self.pixel))
        self.assertBlank(server.open(self.pixel, c=1))
        self.assertBlank(server.open(self.pixel, d=1))
        self.assertEqual(self.sender.connections, 0)
        refused = server.get(server.key.sign(self.pixel)[:-1])
        self.assertEqual(refused.status, 403)

    def test_never_from_the_queue(self):
        server = self.server()
        fence = self.sender.url("/fence.png")
        for url in (self.pixel, fence):
            answer = server.ask_submit("POST", "/v1/prefetch",
                                       {"Content-Type": "application/json"},
                                       harness.as_json({"urls": [url]}))
            self.assertEqual(answer.status, 202)
        self.assertTrue(self.sender.wait_for("/fence.png"))
        self.assertEqual([asked.path for asked in self.sender.asked], ["/fence.png"])

    def test_never_behind_a_redirect(self):
        server = self.server()
        self.sender.pages["/go"] = origins.redirect(self.pixel)
        self.assertBlank(server.open(self.sender.url("/go")))
        self.assertEqual([asked.path for asked in self.sender.asked], ["/go"])

    def test_policy_proxy(self):
        server = self.server(policy="proxy")
        body, report = self.rewrite(server, f'<img src="{self.pixel}">')
        self.assertEqual(report["trackers"][0]["action"], "proxied")
        self.assertTrue(re.search(re.escape(harness.BASE) + "/i/", body))
        self.assertTrue(self.sender.wait_for(None, 1))

    def test_partner(self):
        server = self.server(allow="127.0.0.1")
        self.assertPicture(server.open(self.pixel))

    def test_wrong_rules_stop_the_start(self):
        server = self.shojid(start=False)
        path = os.path.join(server.directory, "trackers.rules")
        with open(path, "w", encoding="ascii") as file:
            file.write("shoji-rules 1\nvendor A\npixel\n")
        server.conf["trackers"] = {"rules": path}
        with self.assertRaisesRegex(AssertionError, r"trackers\.rules:3: "):
            server.start()


if __name__ == "__main__":
    unittest.main()
