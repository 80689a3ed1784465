"""A partner that is known by its DKIM signature: its images are shown in the mail that it signed, if our
own border says so (RFC 8601), and in no other; forged words count for nothing (contract 7, `allow`)."""

import base64
import json
import os
import unittest

import harness
import origin as origins
import pictures

MAIL = {"Content-Type": "message/rfc822"}
HTML = {"Content-Type": "text/html"}
RULES = "shoji-rules 1\nvendor Acme Mail\npixel */o/open.gif?\n"
SIGNED = "Authentication-Results: mx.example.org;\r\n\tdkim=pass (ok) header.d=news.example header.s=a\r\n"
RECEIVED = "Received: from x.example by mx.example.org; Thu, 1 Jan 2026 00:00:00 +0000\r\n"


def authres(text):
    return f"Authentication-Results: {text}\r\n"


NOT_SIGNED = {
    "no field": "",
    "another's": authres("mx.example.net; dkim=pass header.d=news.example"),
    "failed": authres("mx.example.org; dkim=fail header.d=news.example"),
    "another signer": authres("mx.example.org; dkim=pass header.d=other.example"),
    "in a comment": authres("mx.example.org; dkim=none (dkim=pass header.d=news.example)"),
    "in quotes": authres('mx.example.org; spf=pass smtp.mailfrom="; dkim=pass header.d=news.example"'),
    "forged, and overruled": authres("mx.example.org; dkim=none") + RECEIVED + SIGNED,
}


class Partner(harness.ServerTest):
    def setUp(self):
        self.sender = self.origin()
        self.sender.default = origins.picture(pictures.plain_png())
        self.pixel = self.sender.url("/o/open.gif?u=1")
        self.server = self.shojid(start=False)
        rules = os.path.join(self.server.directory, "trackers.rules")
        with open(rules, "w", encoding="ascii") as file:
            file.write(RULES)
        self.server.conf["trackers"] = {"rules": rules, "allow": "news.example/127.0.0.1",
                                        "authserv_id": "mx.example.org"}
        self.server.start()
        self.config = self.server.config_file()

    def mail(self, header):
        return (f"{header}From: a@news.example\r\nMIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n"
                f'<img src="{self.pixel}">\r\n').encode()

    def is_shown(self, body):
        """True: by a URL of ours; False: as a blank of ours; never in any other way."""
        shown, blank = f"{harness.BASE}/i/".encode() in body, b"data-shoji-tracker" in body
        self.assertNotEqual(shown, blank, body)
        self.assertNotIn(b"open.gif", body)
        return shown

    def by_program(self, mail, *arguments):
        return harness.shoji("rewrite", "--config", self.config, *arguments, stdin=mail, check=0)[1]

    def by_server(self, mail, kind=MAIL):
        answer = self.server.ask_submit("POST", "/v1/rewrite", kind, mail)
        self.assertEqual(answer.status, 200)
        text = answer.get("Shoji-Report")
        return answer.body, json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))

    def test_signed(self):
        mail = self.mail(RECEIVED + SIGNED + RECEIVED)
        self.assertTrue(self.is_shown(self.by_program(mail)))
        body, report = self.by_server(mail)
        self.assertTrue(self.is_shown(body))
        self.assertEqual((report["images"]["proxied"], report["trackers"]), (1, []))

    def test_not_signed(self):
        for name, header in NOT_SIGNED.items():
            with self.subTest(name):
                self.assertFalse(self.is_shown(self.by_program(self.mail(header))))
                body, report = self.by_server(self.mail(header))
                self.assertFalse(self.is_shown(body))
                self.assertEqual(report["trackers"][0]["action"], "blocked")

    def test_html_has_no_header(self):
        html = f'<img src="{self.pixel}">'.encode()
        self.assertFalse(self.is_shown(self.by_program(html, "--html")))
        self.assertFalse(self.is_shown(self.by_server(html, HTML)[0]))
        self.server.stop()
        self.server.conf["trackers"]["allow"] = "127.0.0.1"
        self.server.start()
        self.server.config_file()
        self.assertTrue(self.is_shown(self.by_program(html, "--html")))
        self.assertTrue(self.is_shown(self.by_server(html, HTML)[0]))

    def test_prefetch(self):
        """What is fetched is what was shown: the unsigned mail's is not, the signed one's is."""
        fence = self.sender.url("/fence.png")
        unsigned = self.mail("").replace(b"<img", f'<img src="{fence}"><img'.encode())
        for mail in (unsigned, self.mail(SIGNED)):
            harness.shoji("prefetch", "--config", self.config, stdin=mail, check=0)
            self.assertTrue(self.sender.wait_for("/fence.png"))
        self.assertTrue(self.sender.wait_for("/o/open.gif?u=1"))
        self.assertEqual([asked.path for asked in self.sender.asked], ["/fence.png", "/o/open.gif?u=1"])


if __name__ == "__main__":
    unittest.main()
