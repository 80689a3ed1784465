"""A newsletter from its sender's mail server to the reader, through Postfix and shoji-milter, in the
networks of all who are part of it: what does the sender learn? Without a store and a webmail; with
them, and with programs that die, see test_newsletter.py and test_killed.py."""

import email
import email.policy
import pathlib
import re
import smtplib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

import dns  # noqa: E402
import harness  # noqa: E402
import http1  # noqa: E402
import milter  # noqa: E402
import origin as origins  # noqa: E402
import pictures  # noqa: E402
import postfix  # noqa: E402
import provinces  # noqa: E402

PUBLIC = "93.184.215.14"
IMAGES, BACKGROUNDS = 12, 3
RULES = "shoji-rules 1\nvendor Acme Mail\npixel */o/open.gif?\n"
OURS = re.compile(re.escape(harness.BASE) + r"(/i/[A-Za-z0-9_/-]+)")

reader = sender = resolver = None


def setUpModule():
    global reader, sender, resolver
    postfix.need()
    reader, sender, resolver = provinces.enter(PUBLIC)


class Stack(harness.ServerTest):
    deliver = "rewrite"
    listen = None  # at a socket in the file system

    def setUp(self):
        self.web = sender.run(origins.Origin, PUBLIC)
        self.addCleanup(self.web.close)
        self.web.default = origins.picture(pictures.plain_png(), {"Cache-Control": "no-store"})
        self.dns = resolver.run(lambda: dns.Server(default=lambda q: q.addresses(PUBLIC),
                                                   host=provinces.RESOLVER))
        self.addCleanup(self.dns.close)
        self.provider()
        self.theirs = sender.run(self.postfix, "sender.example", f"[{provinces.EGRESS}]",
                                 ["25 inet n - n - - smtpd"], {"mynetworks": "127.0.0.0/8"})
        self.at_sender = sender.capture()
        self.addCleanup(self.at_sender.close)

    def postfix(self, *arguments):
        server = postfix.Postfix(*arguments)
        self.addCleanup(server.remove)
        return server.start()

    def provider(self):
        self.server = self.shojid({
            "server": {"listen": f"{provinces.FRONT}:0"},
            "fetch": {"allow_private": None, "resolvers": self.dns.address, "per_host": "50"},
            }, start=False)
        folder = pathlib.Path(self.server.directory)
        (folder / "spool").mkdir()
        (folder / "rules").write_text(RULES, encoding="ascii")
        self.server.conf["prefetch"]["spool"] = str(folder / "spool")
        self.server.conf["trackers"] = {"rules": str(folder / "rules")}
        self.start_server()
        ours = postfix.Postfix("example.org", f"[{provinces.SENDER}]", [])
        self.addCleanup(ours.remove)
        self.ours = ours
        milters = {"in": self.listen or f"unix:{ours.sockets}/in.sock",
                   "out": f"unix:{ours.sockets}/out.sock"}
        self.incoming, self.outgoing = (
            milter.Milter(self.server.config_file(), str(ours.sockets), deliver, name, listen)
            for name, deliver, listen in (("in", self.deliver, self.listen),
                                          ("out", "unrewrite", None)))
        for program in (self.incoming, self.outgoing):
            self.addCleanup(program.stop)
            program.start()
        services = [f"{provinces.EGRESS}:25 inet n - n - - smtpd",
                    f"  -o smtpd_milters={milters['in'].replace('8894@127.0.0.1', '127.0.0.1:8894')}",
                    "127.0.0.1:587 inet n - n - - smtpd",
                    f"  -o smtpd_milters={milters['out']}"]
        master = ours.conf / "master.cf"
        master.write_text("\n".join(services) + master.read_text(encoding="utf-8"),
                          encoding="utf-8")
        with open(ours.conf / "main.cf", "a", encoding="utf-8") as main:
            main.write("milter_default_action = tempfail\nmynetworks = 127.0.0.0/8\n")
        ours.start()

    def start_server(self):
        self.server.start()
        port = re.search(r" listen=10\.240\.1\.1:(\d+)", self.server.ready_line).group(1)
        self.server.address = (provinces.FRONT, int(port))

    # ---- the mail ----

    def url(self, path, host="img"):
        return self.web.url(path, f"{host}.sender.example")

    def newsletter(self):
        images = "\r\n".join(f'<p><img src="{self.url(f"/{i}.png", f"img{i}")}" alt="" width="64" '
                         'height="48"></p>' for i in range(IMAGES))
        html = (f'<html><head><style>.hero {{ background: url("{self.url("/b0.png")}") }}</style></head>'
                f'<body background="{self.url("/b1.png")}">\r\n<div class="hero">News</div>'
                f'<div style="background-image: url({self.url("/b2.png")})">more</div>\r\n{images}\r\n'
                f'<img src="{self.url("/o/open.gif?u=1")}" alt="">'
                f'<img src="{self.url("/t/1.gif")}" width="1" height="1" alt="">'
                f'<audio src="{self.url("/beacon.mp3")}" autoplay></audio>'
                f'<bgsound src="{self.url("/beacon.wav")}"></body></html>')
        return ("From: news@sender.example\r\nTo: anna@example.org\r\nSubject: News\r\n"
                "Date: Mon, 1 Jun 2026 10:00:00 +0000\r\nMessage-ID: <1@sender.example>\r\n"
                "MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
                f"{html}\r\n").encode()

    def send(self, message):
        """Hands it to the sender's own mail server."""
        def submit():
            with smtplib.SMTP("127.0.0.1", 25, timeout=30) as client:
                client.sendmail("news@sender.example", ["anna@example.org"], message)

        sender.run(submit)

    def received(self, count=1):
        harness.until(lambda: len(self.ours.delivered()) >= count, 30)
        self.assertEqual(len(self.ours.delivered()), count)
        return self.ours.delivered()[-1]

    def html(self, message):
        return email.message_from_bytes(message, policy=email.policy.default).get_content()

    def open(self, message):
        return [reader.run(http1.ask, self.server.address, path).status
                for path in dict.fromkeys(OURS.findall(self.html(message)))]

    def assertRewritten(self, message):
        html = self.html(message)
        self.assertNotIn("sender.example:", html)
        self.assertEqual(len(set(OURS.findall(html))), IMAGES + BACKGROUNDS, html)
        self.assertIn(b"\nX-Shoji: v=1; images=", message)

    def assertFetchedOnce(self):
        harness.until(lambda: self.web.count() >= IMAGES + BACKGROUNDS, 40)
        self.assertEqual(sorted(asked.path for asked in self.web.asked), sorted(
            [f"/{i}.png" for i in range(IMAGES)] + [f"/b{i}.png" for i in range(BACKGROUNDS)]))
        self.assertEqual({asked.peer[0] for asked in self.web.asked}, {provinces.EGRESS})


class Rewritten(Stack):
    def test_newsletter(self):
        """Fetched once each, at delivery, by the provider; opened three times, nothing more."""
        self.send(self.newsletter())
        message = self.received()
        self.assertRewritten(message)
        self.assertFetchedOnce()
        harness.until(lambda: set(self.open(message)) == {200})
        web = [p for p in sender.arrived(self.at_sender) if p.target[1] == self.web.port]
        questions = len(self.dns.questions)
        for _ in range(3):
            self.assertEqual(self.open(message), [200] * (IMAGES + BACKGROUNDS))
        self.assertFetchedOnce()
        self.assertEqual(len(self.dns.questions), questions)
        after = [p for p in sender.arrived(self.at_sender) if p.target[1] == self.web.port]
        self.assertEqual(sum(p.opens() for p in after), sum(p.opens() for p in web))
        self.assertEqual(sum(p.opens() for p in after), IMAGES + BACKGROUNDS)
        self.assertEqual({p.source[0] for p in after}, {provinces.EGRESS})

    def test_reply(self):
        """What a reader quotes leaves the house with the sender's own URLs."""
        self.send(self.newsletter())
        quoted = self.html(self.received())
        reply = email.message.EmailMessage()
        reply["From"], reply["To"], reply["Subject"] = ("anna@example.org", "news@sender.example",
                                                        "Re: News")
        reply.set_content(f"<html><body><p>No.</p><blockquote>{quoted}</blockquote></body></html>",
                          subtype="html")
        with smtplib.SMTP("127.0.0.1", 587, timeout=30) as client:
            client.send_message(reply)
        harness.until(lambda: len(self.theirs.delivered()) == 1, 30)
        arrived = self.theirs.delivered()[0]
        html = self.html(arrived)
        self.assertNotIn("img.example.org", html)
        for i in range(IMAGES):
            self.assertIn(self.url(f"/{i}.png", f"img{i}"), html)
        for i in range(BACKGROUNDS):
            self.assertIn(self.url(f"/b{i}.png"), html)

    def test_strange_fields(self):
        """What Postfix itself makes of our changes: every field once, in the form of the new body."""
        message = self.newsletter().replace(
            b"MIME-Version: 1.0", b"Content-Transfer-Encoding : 7bit\r\nX-Long: " + b"a " * 40_000
            + b"\r\nMIME-Version : 1.0").replace(b"Content-Type: ", b"content-type:")
        self.send(message)
        stored = self.received()
        self.assertRewritten(stored)
        head = stored.partition(b"\n\n")[0]
        for name in (rb"content-type", rb"content-transfer-encoding", rb"mime-version", rb"x-shoji"):
            self.assertEqual(len(re.findall(rb"(?mi)^" + name + rb"[ \t]*:", head)), 1, head[-2000:])


class AsItCame(Stack):
    deliver = "prefetch"
    listen = "inet:8894@127.0.0.1"  # in a network of our own

    def test_newsletter(self):
        """Stored byte for byte as it was sent, so that its DKIM signature holds; its images are here
        when a webmail rewrites it at last, and opening it tells the sender nothing."""
        sent = self.newsletter()
        self.send(sent)
        stored = self.received()
        self.assertTrue(stored.endswith(sent.replace(b"\r\n", b"\n")), stored)
        self.assertNotIn(b"X-Shoji", stored)
        self.assertFetchedOnce()
        day = time.strftime("%Y-%m-%d", time.gmtime())
        shown = harness.shoji("rewrite", "--mail", "--delivered", day, "--mailbox", "anna@example.org",
                              "--config", self.server.config_file(), stdin=stored, check=0)[1]
        harness.until(lambda: set(self.open(shown)) == {200})
        for _ in range(3):
            self.assertEqual(self.open(shown), [200] * (IMAGES + BACKGROUNDS))
        self.assertFetchedOnce()


if __name__ == "__main__":
    unittest.main()
