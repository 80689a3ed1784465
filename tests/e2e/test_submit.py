"""The submit socket: programs sign, rewrite and prefetch (contract 5)."""

import base64
import json
import os
import re
import stat
import time
import unittest

import harness
import origin as origins
import pictures

JSON = {"Content-Type": "application/json"}
HTML = {"Content-Type": "text/html; charset=utf-8"}
MAIL = {"Content-Type": "message/rfc822"}


def unpad(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Submit(harness.ServerTest):
    def setUp(self):
        self.sender = self.origin()
        self.sender.default = origins.picture(pictures.plain_png())
        self.server = self.shojid({"fetch": {"wait": "1s"}})

    def post(self, target, body, headers):
        return self.server.ask_submit("POST", target, headers, body)

    def sign(self, *urls, **more):
        answer = self.post("/v1/sign", harness.as_json({"urls": urls, **more}), JSON)
        self.assertEqual(answer.status, 200, answer.body)
        self.assertTrue(answer.get("Content-Type").startswith("application/json"))
        return json.loads(answer.body)["signed"]

    def path_of(self, signed):
        self.assertTrue(signed.startswith(harness.BASE + "/"), signed)
        self.assertRegex(signed[len(harness.BASE):], r"^/[is]/[A-Za-z0-9._/-]+$")
        return signed[len(harness.BASE):]

    def test_the_socket_is_not_for_everybody(self):
        self.assertEqual(stat.S_IMODE(os.stat(self.server.submit).st_mode) & 0o007, 0)

    def test_sign(self):
        urls = [self.sender.url("/a.png"), self.sender.url("/b.png?x=1&y=%20")]
        signed = self.sign(*urls)
        self.assertEqual(len(signed), 2)
        for one in signed:
            self.assertPicture(self.server.get(self.path_of(one)))
        self.assertEqual([asked.path for asked in self.sender.asked], ["/a.png", "/b.png?x=1&y=%20"])
        self.assertEqual(signed, self.sign(*urls))
        self.assertNotIn("a.png", signed[0])

    def test_sign_for_a_mailbox(self):
        url = self.sender.url("/a.png")
        plain, = self.sign(url)
        one, = self.sign(url, mailbox="one@example.org")
        two, = self.sign(url, mailbox="two@example.org")
        self.assertEqual(len({plain, one, two}), 3)
        for signed in (plain, one, two):
            self.assertPicture(self.server.get(self.path_of(signed)))
        self.assertEqual(self.sender.count(), 1)

    def test_sign_for_delivered_mail(self):
        day = time.strftime("%Y-%m-%d", time.gmtime())
        signed, = self.sign(self.sender.url("/a.png"), delivered=day)
        self.assertPlaceholder(self.server.get(self.path_of(signed)))
        old, = self.sign(self.sender.url("/a.png"), delivered="2020-01-02")
        self.assertPlaceholder(self.server.get(self.path_of(old)), 410)
        self.assertEqual(self.sender.connections, 0)

    def test_what_is_signed_opens(self):
        signed, = self.sign("http://EXAMPLE.org:80/a/../b?q#fragment")
        _, out, _ = harness.shoji("open", "--keys", self.server.keys, "--base", harness.BASE,
                                  signed, check=0)
        self.assertEqual(out.split(b"\n")[0], b"http://example.org/b?q")

    def test_bad_requests(self):
        for body in (b"", b"{", b"[]", b'"x"', b"{}", b'{"urls":"x"}', b'{"urls":[1]}', b"\xff\xfe",
                     b'{"urls":["http://x/"]}{'):
            for target in ("/v1/sign", "/v1/prefetch"):
                with self.subTest(target=target, body=body):
                    self.assertEqual(self.post(target, body, JSON).status, 400)
        self.assertEqual(self.server.ask_submit("GET", "/v1/sign").status, 405)
        self.assertEqual(self.post("/v1/nothing", b"{}", JSON).status, 404)
        self.assertEqual(self.server.ask_submit("GET", "/s/a/b/c").status, 404)
        self.assertEqual(self.sender.connections, 0)

    def test_prefetch(self):
        urls = [self.sender.url(f"/{i}.png") for i in range(20)]
        answer = self.post("/v1/prefetch", harness.as_json({"urls": urls}), JSON)
        self.assertEqual(answer.status, 202)
        self.assertTrue(self.sender.wait_for(None, len(urls)))
        today = int(time.time()) // 86400
        for url in urls:
            self.assertPicture(self.server.open(url, d=today))
        self.assertEqual(self.post("/v1/prefetch", harness.as_json({"urls": urls}), JSON).status,
                         202)
        marker = self.sender.url("/marker.png")
        self.post("/v1/prefetch", harness.as_json({"urls": [marker]}), JSON)
        self.assertTrue(self.sender.wait_for("/marker.png"))
        self.assertEqual(self.sender.count(), len(urls) + 1)

    # ---- rewriting ----

    def report(self, answer):
        return json.loads(unpad(answer.get("Shoji-Report")))

    def test_rewrite_html(self):
        url = self.sender.url("/in-mail.png")
        answer = self.post("/v1/rewrite", f'<p>Hi<img src="{url}" alt=x></p>'.encode(), HTML)
        self.assertEqual(answer.status, 200)
        self.assertTrue(answer.get("Content-Type").startswith("text/html"))
        text = answer.body.decode()
        self.assertNotIn(f":{self.sender.port}", text)
        found = re.search(re.escape(harness.BASE) + r"/[A-Za-z0-9._/-]+", text)
        self.assertIsNotNone(found, text)
        report = self.report(answer)
        self.assertEqual(report["v"], 1)
        self.assertEqual(report["images"], {"proxied": 1, "inline": 0, "dropped": 0})
        self.assertIsNone(report["fallback"])
        self.assertEqual(self.sender.connections, 0)
        self.assertPicture(self.server.get(self.path_of(found.group(0))))

    def test_rewrite_as_json(self):
        url = self.sender.url("/in-mail.png")
        source = f'<img src="{url}">'.encode()
        plain = self.post("/v1/rewrite", source, HTML)
        answer = self.post("/v1/rewrite", source, {**HTML, "Accept": "application/json"})
        self.assertEqual(answer.status, 200)
        self.assertTrue(answer.get("Content-Type").startswith("application/json"))
        got = json.loads(answer.body)
        self.assertEqual(base64.b64decode(got["body_base64"]), plain.body)
        self.assertEqual(got["report"], self.report(plain))

    def test_rewrite_mail(self):
        url = self.sender.url("/in-mail.png")
        mail = ("From: a@example.org\r\nTo: b@example.org\r\nSubject: x\r\nMIME-Version: 1.0\r\n"
                "Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"
                f'<p>Hello <img src="{url}"></p>\r\n').encode()
        answer = self.post("/v1/rewrite", mail, MAIL)
        self.assertEqual(answer.status, 200)
        self.assertTrue(answer.get("Content-Type").startswith("message/rfc822"))
        head, _, body = answer.body.partition(b"\r\n\r\n")
        self.assertIn(b"Subject: x\r\n", head + b"\r\n")
        self.assertRegex(head, rb"(?m)^X-Shoji: v=1; images=1; trackers=0;")
        self.assertNotIn(b":%d" % self.sender.port, answer.body)
        again = self.post("/v1/rewrite", answer.body, MAIL)
        self.assertEqual(again.body, answer.body)

    def test_plain_mail_is_untouched(self):
        mail = b"From: a@example.org\r\nSubject: x\r\n\r\nhttp://sender.example/ is only text\r\n"
        self.assertEqual(self.post("/v1/rewrite", mail, MAIL).body, mail)

    def test_rewrite_modes(self):
        url = self.sender.url("/in-mail.png")
        source = f'<img src="{url}">'.encode()
        strip = self.post("/v1/rewrite?mode=strip", source, HTML).body.decode()
        self.assertNotIn(harness.BASE, strip)
        hold = self.post("/v1/rewrite?mode=hold", source, HTML).body.decode()
        self.assertIn(f'data-shoji-src="{harness.BASE}/', hold)
        self.assertNotIn(f' src="{harness.BASE}', hold)
        self.assertEqual(self.post("/v1/rewrite?mode=odd", source, HTML).status, 400)

    def test_rewrite_with_prefetch(self):
        """The image is fetched without a reader, and the URL says that it was delivered."""
        url = self.sender.url("/early.png")
        day = time.strftime("%Y-%m-%d", time.gmtime())
        answer = self.post(f"/v1/rewrite?prefetch=1&delivered={day}&mailbox=a@example.org",
                           f'<img src="{url}">'.encode(), HTML)
        self.assertEqual(answer.status, 200)
        self.assertTrue(self.sender.wait_for("/early.png"))
        signed = re.search(re.escape(harness.BASE) + r"/[A-Za-z0-9._/-]+", answer.body.decode())
        self.assertPicture(self.server.get(self.path_of(signed.group(0))))
        self.assertEqual(self.sender.count(), 1)

    def test_what_became_of_the_prefetch(self):
        """Said in both forms of the answer, also when there was nothing to fetch; else not at all."""
        for body in (b"<p>nothing</p>", f'<img src="{self.sender.url("/x.png")}">'.encode()):
            for form in ({}, {"Accept": "application/json"}):
                answer = self.post("/v1/rewrite?prefetch=1", body, {**HTML, **form})
                self.assertEqual(answer.get("Shoji-Prefetch"), "queued")
        self.assertIsNone(self.post("/v1/rewrite", body, HTML).get("Shoji-Prefetch"))
        off = self.shojid({"prefetch": {"enabled": "off"}})
        answer = off.ask_submit("POST", "/v1/rewrite?prefetch=1", HTML, body)
        self.assertEqual((answer.status, answer.get("Shoji-Prefetch")), (200, "off"))

    def fill_queue(self, server, count):
        """Until it takes no more of so many at once."""
        for i in range(1000):
            urls = [f"{self.sender.url('/')}{count}/{i}/{j}/{'x' * 1500}" for j in range(count)]
            answer = server.ask_submit("POST", "/v1/prefetch", JSON, harness.as_json({"urls": urls}))
            if answer.status != 202:
                self.assertEqual(answer.status, 503)
                return
        self.fail("it is never full")

    def test_a_prefetch_that_fails_is_said(self):
        """And its URLs carry no day: the reader's request fetches them."""
        server = self.shojid({"prefetch": {"delay": "1h"}})
        for count in (1000, 100, 10, 1):
            self.fill_queue(server, count)
        long = f"{self.sender.url('/')}{'y' * 1500}"
        answer = server.ask_submit("POST", "/v1/rewrite?prefetch=1", HTML,
                                   f'<img src="{long}">'.encode())
        self.assertEqual((answer.status, answer.get("Shoji-Prefetch")), (200, "failed"))
        signed = re.search(re.escape(harness.BASE) + r"/[A-Za-z0-9._/-]+", answer.body.decode())
        opened = harness.shoji("open", "--keys", server.keys, "--base", harness.BASE,
                               signed.group(0), check=0)[1]
        self.assertEqual(opened.decode().split(), [long])

    def test_rewrite_with_consent(self):
        """What was to be fetched at delivery, and was not, is fetched when the reader asks for it."""
        url = self.sender.url("/asked-for.png")
        source = f'<img src="{url}">'.encode()
        for consent, fetched in (("0", 0), ("1", 1)):
            answer = self.post(f"/v1/rewrite?consent={consent}&delivered=today", source, HTML)
            signed = re.search(re.escape(harness.BASE) + r"/[A-Za-z0-9._/-]+", answer.body.decode())
            self.server.get(self.path_of(signed.group(0)))
            self.assertEqual(self.sender.count(), fetched)
        self.assertEqual(self.post("/v1/rewrite?consent=yes", source, HTML).status, 400)

    def test_unrewrite(self):
        """Both ways: the URLs are the originals again, those of others stay as they are."""
        url = self.sender.url("/in-mail.png")
        forged = f"{harness.BASE}/i/{self.server.key.kid}/AAAA"
        there = self.post("/v1/rewrite?mailbox=a@example.org", f'<p><img src="{url}"></p>'.encode(),
                          HTML).body
        self.assertNotIn(url.encode(), there)
        back = self.post("/v1/unrewrite", there + f'<img src="{forged}">'.encode(), HTML)
        self.assertEqual(back.status, 200)
        self.assertIn(f'<img src="{url}">'.encode(), back.body)
        self.assertIn(f'<img src="{forged}">'.encode(), back.body)
        head = b"Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n"
        mail = self.post("/v1/unrewrite", head + there, MAIL)
        self.assertTrue(mail.get("Content-Type").startswith("message/rfc822"))
        self.assertIn(f'<img src="{url}">'.encode(), mail.body)
        self.assertEqual(self.post("/v1/unrewrite", b"x", JSON).status, 415)
        self.assertEqual(self.sender.connections, 0)

    def test_rewrite_of_another_type_is_refused(self):
        self.assertIn(self.post("/v1/rewrite", b"x", {"Content-Type": "image/png"}).status,
                      (400, 415))

    def test_what_is_not_understood_is_not_left_out(self):
        """A salt or a day that is silently missing would be a loss of privacy."""
        url = self.sender.url("/a.png")
        for wrong in ({"mailbox": 5}, {"delivered": 20000}, {"delivered": "2026-02-31"},
                      {"delivered": "tomorrow"}):
            with self.subTest(**wrong):
                body = harness.as_json({"urls": [url], **wrong})
                self.assertEqual(self.post("/v1/sign", body, JSON).status, 400)

    def test_max_message_may_be_more_than_its_default(self):
        server = self.shojid({"rewrite": {"max_message": "100M"}})
        body = b"<p>" + b"x" * (52 * 1024 * 1024) + b"</p>"
        answer = server.ask_submit("POST", "/v1/rewrite", {"Content-Type": "text/html"}, body)
        self.assertEqual(answer.status, 200)


if __name__ == "__main__":
    unittest.main()
