"""Postfix, `shoji lmtp` and Dovecot: what comes to rest in the mailboxes of several recipients. What
becomes of mail while one of the programs is dead, test_killed.py knows."""

import email
import email.policy
import os
import pathlib
import re
import signal
import smtplib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

import dovecot  # noqa: E402
import harness  # noqa: E402
import lmtp  # noqa: E402
import network  # noqa: E402
import origin as origins  # noqa: E402
import pictures  # noqa: E402
import postfix  # noqa: E402

ANNA, BERT, NOBODY = "anna@example.org", "bert@example.org", "nobody@example.org"
OURS = re.compile(re.escape(harness.BASE) + r"/i/[A-Za-z0-9._/-]+")


def setUpModule():
    postfix.need()
    dovecot.need()
    network.enter()


class Stack(harness.ServerTest):
    deliver = "rewrite"

    def setUp(self):
        self.sender = self.origin()
        self.sender.default = origins.picture(pictures.plain_png())
        self.server = self.shojid(start=False)
        spool = os.path.join(self.server.directory, "spool")
        os.mkdir(spool)
        self.server.conf["prefetch"]["spool"] = spool
        self.server.start()
        self.store = dovecot.Dovecot(ANNA, BERT)
        self.addCleanup(self.store.remove)
        self.store.start()
        self.path = os.path.join(self.server.directory, "front.sock")
        self.start_front("127.0.0.1:0")
        self.mta = postfix.Postfix("example.org", "[127.0.0.1]", ["127.0.0.1:25 inet n - n - - smtpd"],
                                   {"virtual_transport": "lmtp:inet:%s:%d" % self.front.address,
                                    "mynetworks": "127.0.0.0/8"})
        self.addCleanup(self.mta.remove)
        self.mta.start()

    def start_front(self, listen):
        self.front = lmtp.Front(self.server.config_file(), f"unix:{self.store.socket}", listen,
                                "--deliver", self.deliver)
        self.addCleanup(self.front.stop)

    def message(self, path="/big.png"):
        return (f"From: news@sender.example\r\nTo: {ANNA}\r\nSubject: News\r\nMIME-Version: 1.0\r\n"
                "Message-Id: <1@sender.example>\r\nDate: Sun, 22 Nov 2026 08:00:00 +0000\r\n"
                "Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
                f"<p>Grüße</p>\r\n.\r\n.. <img src=\"{self.sender.url(path)}\" width=\"300\" "
                "height=\"200\">\r\n").encode()

    def send(self, message, *recipients):
        with smtplib.SMTP("127.0.0.1", 25, timeout=30) as client:
            client.sendmail("news@sender.example", recipients, message)

    def images(self, message):
        html = email.message_from_bytes(message, policy=email.policy.default).get_content()
        return OURS.findall(html)

    def options(self, url):
        _, out, _ = harness.shoji("open", "--config", self.server.config_file(), url, check=0)
        original, *options = out.decode().splitlines()
        return original, dict(option.split("=") for option in options)

    def received(self, user, count=1):
        harness.until(lambda: len(self.store.mails(user)) >= count, 30)
        return self.store.mails(user)


class Rewritten(Stack):
    def test_each_his_own(self):
        self.send(self.message(), ANNA, NOBODY, BERT)
        for user in (ANNA, BERT):
            mail, = self.received(user)
            self.assertNotIn(self.sender.url("/big").encode(), mail)
            self.assertIn(b"\nX-Shoji: v=1; images=1;", mail)
            url, = self.images(mail)
            original, options = self.options(url)
            self.assertEqual(original, self.sender.url("/big.png"))
            self.assertEqual(options, {"d": str(harness.today()), "m": self.server.key.salt(user)})
        self.mta.wait_for(r"to=<nobody@example\.org>.* dsn=5\.1\.1, status=bounced")
        harness.until(lambda: self.sender.count() == 1)  # at delivery, once for both
        for user in (ANNA, BERT):
            url, = self.images(self.store.mails(user)[0])
            self.assertPicture(self.server.get(url.removeprefix(harness.BASE)))
        self.assertEqual(self.sender.count(), 1)

    def test_the_store_is_dead(self):
        self.store.stop(signal.SIGKILL)
        self.send(self.message(), ANNA, BERT)
        self.mta.wait_for(r"to=<bert@example\.org>.* status=deferred")
        self.store.start()
        self.mta.flush()
        self.mta.wait_for(r"status=sent", 2)
        for user in (ANNA, BERT):
            self.assertEqual(len(self.store.mails(user)), 1)

    def test_nothing_is_smuggled_into_it(self):
        """Past a store that takes more for the end of a message than it should."""
        inner = (f"MAIL FROM:<evil@sender.example>\r\nRCPT TO:<{BERT}>\r\nDATA\r\n"
                 "Subject: smuggled\r\n\r\n").encode()
        mta = lmtp.Mta(self.front.address)
        self.addCleanup(mta.close)
        ends = (b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r\n", b"\r.\r")
        for end in ends:
            self.assertEqual(mta.envelope(ANNA), [250, 250, 354])
            mta.send(b"Subject: outer\r\n\r\ntext" + end + inner + b"\r\n.\r\n")
            self.assertEqual(mta.answer()[0], 250, end)
        mails = self.received(ANNA, len(ends))
        self.assertEqual(len(mails), len(ends))
        self.assertTrue(all(b"Subject: smuggled" in mail for mail in mails))
        self.assertEqual(self.store.mails(BERT), [])


class AsItCame(Stack):
    deliver = "prefetch"

    def test_byte_for_byte(self):
        message = self.message()
        self.send(message, ANNA, BERT)
        lines = message.replace(b"\r\n", b"\n")
        for user in (ANNA, BERT):
            mail, = self.received(user)
            self.assertTrue(mail.endswith(lines), mail)
            self.assertNotIn(b"X-Shoji", mail)
        harness.until(lambda: self.sender.count() == 1)


if __name__ == "__main__":
    unittest.main()
