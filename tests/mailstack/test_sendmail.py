"""The lines of deploy/sendmail in a real Sendmail, with shoji-milter beside it."""

import pathlib
import re
import smtplib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

import harness  # noqa: E402
import milter  # noqa: E402
import network  # noqa: E402
import origin as origins  # noqa: E402
import pictures  # noqa: E402
import sendmail  # noqa: E402

SNIPPET = pathlib.Path(harness.ROOT, "deploy", "sendmail", "shoji.mc")
LISTEN = "inet:8894@127.0.0.1"
ANNA = "anna@example.org"
OURS = re.compile(re.escape(harness.BASE.encode()) + rb"(/i/[A-Za-z0-9._/-]+)")


def setUpModule():
    sendmail.unpacked()
    network.enter_network()


class Sendmail(harness.ServerTest):
    def setUp(self):
        self.sender = self.origin()
        self.sender.default = origins.picture(pictures.plain_png())
        self.server = self.shojid()
        self.milter = milter.Milter(self.server.config_file(), self.server.directory, listen=LISTEN)
        self.addCleanup(self.milter.stop)
        self.milter.start()
        self.mta = sendmail.Sendmail("example.org", SNIPPET.read_text(encoding="utf-8"))
        self.addCleanup(self.mta.remove)
        self.mta.start()

    def newsletter(self, kind="text/html; charset=utf-8", body=None):
        body = body or f'<p>Hello</p><img src="{self.sender.url("/a.png")}" width="90" height="90">'
        return (f"From: News <news@sender.example>\r\nTo: {ANNA}\r\nSubject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\n"
                f"\tto all of you\r\nX-Shoji: v=1; images=0; trackers=0; by=; fallback=no\r\n"
                f"Disposition-Notification-To: <read@sender.example>\r\nMIME-Version: 1.0\r\n"
                f"Content-Type: {kind}\r\n\r\n{body}\r\n").encode()

    def send(self, message, *recipients):
        with smtplib.SMTP(*sendmail.ADDRESS, timeout=60) as client:
            client.sendmail("news@sender.example", recipients or [ANNA], message)

    def arrived(self, count=1):
        harness.until(lambda: len(self.mta.delivered()) >= count)
        return [text.replace(b"\r\n", b"\n") for text in self.mta.delivered()]

    def rewritten(self, message, recipient=ANNA):
        """Header and body, as the program writes them."""
        out = harness.shoji("rewrite", "--config", self.server.config_file(), "--mailbox", recipient,
                            "--prefetch", stdin=message, check=0)[1]
        return out.replace(b"\r\n", b"\n").split(b"\n\n", 1)

    def test_mail_is_rewritten(self):
        message = self.newsletter()
        self.send(message)
        text, = self.arrived()
        head, body = text.split(b"\n\n", 1)
        wanted_head, wanted_body = self.rewritten(message)
        self.assertEqual(body.rstrip(b"\n"), wanted_body.rstrip(b"\n"))
        self.assertEqual(re.findall(rb"(?mi)^x-shoji:.*", head), [b"X-Shoji: v=1; images=1; "
                                                                  b"trackers=1; by=; fallback=no"])
        # Nothing of the header is lost, and nothing else is new but what says by which way it came.
        fields = lambda text: sorted(re.sub(rb"\n[ \t]+", b" ", text).split(b"\n"))  # noqa: E731
        came = [line for line in fields(head) if not re.match(
            rb"(From |Return-Path:|Received:|Message-I[dD]:|Date:)", line)]
        self.assertEqual(came, fields(wanted_head))
        path, = OURS.findall(text.replace(b"=\n", b""))
        self.assertTrue(self.sender.wait_for("/a.png"))
        harness.until(lambda: self.server.get(path.decode()).status == 200)
        self.assertEqual(self.sender.count("/a.png"), 1)

    def test_bodies_of_every_kind(self):
        """Long, with dots, in another charset, and nothing to be done for."""
        picture = self.sender.url("/b.png")
        bodies = [("text/html", f'<p>.</p>\r\n.\r\n..\r\n<img src="{picture}">\r\n.hidden'),
                  ("text/html; charset=utf-8", "<p>x</p>\r\n" * 20000 + f'<img src="{picture}">'),
                  ("text/plain", "Hello\r\n.\r\nFrom here\r\n"),
                  ("multipart/alternative; boundary=b", "--b\r\nContent-Type: text/plain\r\n\r\nHello\r\n"
                   f'--b\r\nContent-Type: text/html\r\n\r\n<img src="{picture}">\r\n--b--')]
        for number, (kind, body) in enumerate(bodies, 1):
            message = self.newsletter(kind, body)
            self.send(message)
            text = self.arrived(number)[-1]
            self.assertEqual(text.split(b"\n\n", 1)[1].rstrip(b"\n"),
                             self.rewritten(message)[1].rstrip(b"\n"), kind)
            self.assertNotIn(picture.encode(), text.replace(b"=\n", b""))

    def test_several_recipients_share_a_body(self):
        message = self.newsletter()
        self.send(message, "bert@example.org", "Anna+x@Example.org")
        for text in self.arrived(2):
            path, = OURS.findall(text.replace(b"=\n", b""))
            opened = harness.shoji("open", "--config", self.server.config_file(),
                                   harness.BASE + path.decode(), check=0)[1].decode()
            self.assertIn("m=" + self.server.key.salt(f"{ANNA},bert@example.org"), opened)

    def test_mail_waits_while_the_milter_is_away(self):
        self.milter.kill()
        with self.assertRaises((smtplib.SMTPSenderRefused, smtplib.SMTPRecipientsRefused,
                                smtplib.SMTPDataError, smtplib.SMTPHeloError)) as refused:
            self.send(self.newsletter())
        self.assertEqual(refused.exception.smtp_code // 100, 4)
        self.assertEqual(self.mta.delivered(), [])
        self.milter.start()
        self.send(self.newsletter())
        text, = self.arrived()
        self.assertNotIn(self.sender.url("").encode(), text)
        self.assertEqual(len(OURS.findall(text.replace(b"=\n", b""))), 1)


if __name__ == "__main__":
    unittest.main()
