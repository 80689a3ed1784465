"""shoji-milter, spoken to as a mail server speaks: what it makes of mail of every shape, for whom,
and what becomes of mail while something is down."""

import os
import pathlib
import quopri
import re
import shutil
import unittest

import harness
import milter
import origin as origins
import pictures
from milter import LEADING_SPACE, LOCAL, NR_HDR, OUTSIDE, SKIP, STEPS

DATA = pathlib.Path(harness.ROOT).parent / "shared" / "data" / "mails"
OURS = re.compile(rb"https://img\.example\.org/[A-Za-z0-9._/-]+")


def html(*urls):
    return "".join(f'<p><img src="{url}" width="90" height="90" alt=""></p>' for url in urls).encode()


def mail(body, *fields, kind=b"text/html; charset=utf-8"):
    head = [b"From: news@sender.example", b"To: anna@example.org", b"Subject: News", *fields,
            b"MIME-Version: 1.0", b"Content-Type: " + kind]
    return b"\r\n".join(head) + b"\r\n\r\n" + body


class MilterTest(harness.ServerTest):
    running = False  # does a server, beside the milter?

    def setUp(self):
        self.sender = self.origin()
        self.sender.default = origins.picture(pictures.plain_png())
        self.server = self.shojid(start=False)
        self.spool = pathlib.Path(self.server.directory, "spool")
        self.spool.mkdir()
        self.server.conf["prefetch"]["spool"] = str(self.spool)
        self.configure()
        self.milters = 0
        if self.running:
            self.server.start()

    def configure(self, **sections):
        for section, values in sections.items():
            self.server.conf.setdefault(section, {}).update(values)
        self.config = self.server.config_file()

    def milter(self, deliver=None, start=True):
        self.milters += 1
        program = milter.Milter(self.config, self.server.directory, deliver, f"m{self.milters}")
        self.addCleanup(program.stop)
        return program.start() if start else program

    def options(self, url):
        """What `shoji open` says of a signed URL: the original, then its options."""
        return harness.shoji("open", "--config", self.config, url.decode(), check=0)[1].decode()

    def assertRewritten(self, outcome, images=1):
        self.assertEqual(outcome.verdict, "c")
        plain = quopri.decodestring(outcome.message)
        self.assertNotIn(b"//127.0.0.1", plain)
        urls = OURS.findall(plain)
        self.assertEqual(len(urls), images, outcome.message[-2000:])
        said, = outcome.header(b"X-Shoji")
        self.assertTrue(said.startswith(b"v=1; images=%d;" % images), said)
        return urls

    def assertUntouched(self, outcome, verdict="c"):
        self.assertEqual(outcome.verdict, verdict)
        self.assertEqual(outcome.changes, [])
        self.assertFalse(outcome.changed)

    def spooled(self):
        return sum(file.read_bytes().count(b"\n") for file in self.spool.iterdir())


class Modes(MilterTest):
    running = True

    def test_rewrite(self):
        outcome = self.milter().send(mail(html(self.sender.url("/a.png"))))
        url, = self.assertRewritten(outcome)
        self.assertGreaterEqual(outcome.progress, 1)
        opened = self.options(url)
        self.assertIn(self.sender.url("/a.png"), opened)
        self.assertRegex(opened, r"(?m)^d=\d+$")
        self.assertIn("\nm=" + self.server.key.salt(LOCAL[0]), opened)
        self.assertTrue(self.sender.wait_for("/a.png"))
        path = url.decode().removeprefix(harness.BASE)
        harness.until(lambda: self.server.get(path).status == 200)
        self.assertEqual(self.sender.count("/a.png"), 1)

    def test_prefetch(self):
        program = self.milter("prefetch")
        message = mail(html(self.sender.url("/p.png")), b"Content-Transfer-Encoding: 8bit")
        self.assertUntouched(program.send(message))
        self.assertTrue(self.sender.wait_for("/p.png"))
        self.assertUntouched(program.send(mail(html(self.sender.url("/q.png"))), [OUTSIDE]), "a")
        self.assertUntouched(program.send(mail(html(self.sender.url("/last.png")))))
        self.assertTrue(self.sender.wait_for("/last.png"))
        self.assertEqual(self.sender.count("/q.png"), 0)

    def test_unrewrite(self):
        url = self.sender.url("/back.png")
        stored = self.milter().send(mail(html(url))).message
        back = self.milter("unrewrite")
        outcome = back.send(stored, [OUTSIDE])
        self.assertEqual(outcome.verdict, "c")
        self.assertNotIn(b"img.example.org", outcome.message)
        self.assertIn(url.encode(), quopri.decodestring(outcome.message))
        # Whoever is delivered here keeps what protects him.
        self.assertUntouched(back.send(stored, [LOCAL]), "a")
        self.assertNotIn(b"img.example.org", back.send(stored, [LOCAL, OUTSIDE]).message)

    def test_spam(self):
        """Marked by a milter before us: held, fetched by a click alone."""
        self.configure(rewrite={"spam_header": "X-Spam-Flag: YES"})
        marked = mail(html(self.sender.url("/spam.png")), b"X-Spam-Flag: YES")
        outcome = self.milter().send(marked)
        url, = self.assertRewritten(outcome)
        self.assertIn(b"data-shoji-src", outcome.message)
        self.assertNotIn(b' src="https://img', outcome.message.replace(b"=3D", b"="))
        self.assertIn("\nc=1", self.options(url))
        self.assertNotRegex(self.options(url), r"(?m)^d=")
        self.assertUntouched(self.milter("prefetch").send(marked))
        self.milter().send(mail(html(self.sender.url("/last.png")), b"X-Spam-Flag: NO"))
        self.assertTrue(self.sender.wait_for("/last.png"))
        self.assertEqual(self.sender.count("/spam.png"), 0)


class Recipients(MilterTest):
    def both(self, recipients, rewritten, program=None):
        outcome = (program or self.milter()).send(mail(html("http://127.0.0.1/a.png")), recipients)
        if rewritten:
            return self.assertRewritten(outcome)
        return self.assertUntouched(outcome, "a")

    def test_by_mailer(self):
        program = self.milter()
        self.both([LOCAL], True, program)
        self.both([OUTSIDE], False, program)
        self.both([OUTSIDE, OUTSIDE], False, program)
        self.both([OUTSIDE, LOCAL], True, program)
        self.both([LOCAL, OUTSIDE], True, program)
        self.both([("anna@example.org", "LMTP")], True, program)
        # Postfix resolves a domain of aliases to the mailer that says no, and accepts it.
        self.both([("info@aliases.example", "error")], True, program)

    def test_none_told(self):
        program = self.milter()
        self.both([("anna@example.org", None)], True, program)
        self.both([("anna@example.org", "")], True, program)

    def test_by_domain(self):
        self.configure(milter={"domains": "other.example, Example.ORG"})
        program = self.milter()
        self.both([("anna@EXAMPLE.org", "smtp")], True, program)
        self.both([("anna@example.org", None)], True, program)
        self.both([("postmaster", None)], True, program)
        self.both([("anna@sub.example.org", None)], False, program)
        self.both([("anna@example.org.evil.example", None)], False, program)
        self.both([('"a@example.org"@elsewhere.example', "smtp")], False, program)
        self.both([("anna@third.example", "virtual")], True, program)

    def test_salt(self):
        """One recipient has his own salt; several share one, in whatever order they were named."""
        bea = ("bea@example.org", "virtual")
        program = self.milter()
        alone, = self.both([LOCAL], True, program)
        self.assertIn(self.server.key.salt(LOCAL[0]), self.options(alone))
        again, = self.both([LOCAL, OUTSIDE], True, program)
        self.assertEqual(again, alone)
        one, = self.both([LOCAL, bea], True, program)
        other, = self.both([bea, LOCAL], True, program)
        self.assertEqual(one, other)
        self.assertNotEqual(one, alone)


class Shapes(MilterTest):
    def setUp(self):
        super().setUp()
        self.configure(prefetch={"enabled": "off"})

    def wanted(self, message, *more):
        """What the command line makes of it; the milter's result must be the same message."""
        return harness.shoji("rewrite", "--mail", "--config", self.config, "--mailbox", LOCAL[0],
                             *more, stdin=message, check=0)[1]

    def assertSame(self, outcome, wanted):
        self.assertEqual(outcome.verdict, "c")
        (got, got_body), (want, want_body) = milter.parse(outcome.message), milter.parse(wanted)
        self.assertEqual(got_body, want_body)

        def named(fields):
            rows = {}
            for name, value in fields:
                rows.setdefault(name.rstrip().lower(), []).append(value)
            return rows

        self.assertEqual(named(got), named(want))
        # A milter changes fields where they stand, and puts new ones behind the others: what is not
        # the rewriter's keeps its order.
        before = named(milter.parse(outcome.before)[0])
        still = {name for name, values in named(want).items() if values == before.get(name)
                 and name not in (b"x-shoji", b"content-transfer-encoding")}
        self.assertEqual([name for name, _ in got if name.rstrip().lower() in still],
                         [name for name, _ in want if name.rstrip().lower() in still])

    def check(self, message, program=None, chunk=milter.CHUNK, **options):
        program = program or self.milter()
        outcome = program.send(message, chunk=chunk, **options)
        self.assertSame(outcome, self.wanted(message))
        return outcome

    def test_fields(self):
        """With and without the blanks behind the colon, with and without a word for each field."""
        picture = html("http://127.0.0.1/a.png")
        messages = [
            mail(picture, b"X-Folded: one\r\n two\r\n\tthree", b"X-Tight:none", b"X-Two:  two",
                 b"X-Tab:\ttab", b"X-Empty:", b"X-Blank: ", b"X-8bit: gr\xfc\xdf\xc3\xbc"),
            mail(picture, b"Received: by one", b"Received: by two", b"Received: by one"),
            mail(picture, b"X-Shoji: v=1; images=99; trackers=0; fallback=no", b"X-Shoji: again",
                 b"Disposition-Notification-To: spy@sender.example",
                 b"disposition-notification-to: spy@sender.example",
                 b"Return-Receipt-To: spy@sender.example"),
            mail(picture, b"Content-Transfer-Encoding : 8bit"),
            mail(picture, b"Content-Transfer-Encoding:8bit", kind=b"text/html;\r\n\tcharset=utf-8"),
            mail(picture, b"Content-Type: text/plain"),
            b"\r\n" + picture,
            b"Content-Type: text/html\r\n\r\n" + picture,
        ]
        program = self.milter()
        for steps in (STEPS, STEPS & ~NR_HDR, STEPS & ~SKIP):
            with program.client(steps=steps) as client:
                for message in messages:
                    with self.subTest(steps=hex(steps), message=message[:400]):
                        self.assertSame(client.send(message), self.wanted(message))

    def test_without_leading_space(self):
        """An old mail server takes one blank away and puts it back: no value moves."""
        message = mail(html("http://127.0.0.1/a.png"), b"X-Two:  two", b"X-Folded: a\r\n b",
                       b"Return-Receipt-To: x@sender.example")
        with self.milter().client(steps=STEPS & ~LEADING_SPACE) as client:
            self.assertFalse(client.exact)
            self.assertSame(client.send(message), self.wanted(message))

    def test_without_steps(self):
        """Nothing offered but the right to change: the first protocol of all."""
        message = mail(html("http://127.0.0.1/a.png"))
        with self.milter().client(steps=0x3F, actions=0x1F) as client:
            self.assertSame(client.send(message), self.wanted(message))

    def test_no_right_to_change(self):
        with self.assertRaises(ConnectionError):
            self.milter().client(actions=milter.ADD_HEADERS)

    def test_a_field_of_90_kilobytes(self):
        """More than libmilter takes by itself; mail servers pass it on. In the way, it would keep the
        mail from being delivered for ever."""
        long = b"X-Long: " + b"a" * 90_000
        self.check(mail(html("http://127.0.0.1/a.png"), long))
        self.check(mail(html("http://127.0.0.1/a.png"), b"Content-Transfer-Encoding: 8bit",
                        kind=b"text/html; charset=utf-8; x=" + b"b" * 90_000))

    def test_bodies(self):
        program = self.milter()
        self.check(mail(b""), program)
        self.check(mail(b"a"), program)
        self.check(mail(b"<"), program)
        self.check(mail(b"plain", kind=b"text/plain"), program)
        for chunk in (1, 7, 1000):
            self.check(mail(b"<p>x</p>" * 40 + html("http://127.0.0.1/a.png")), program, chunk)
        self.check(mail(b"a\nb\r\n\r\n<b>\r c</b>", b"Content-Transfer-Encoding: 8bit"), program)

    def test_nothing_to_do(self):
        self.assertUntouched(self.milter().send(mail(b"Hello\r\n", kind=b"text/plain")))

    def test_large(self):
        message = mail(b"<p>" + b"word " * 4_000_000 + b"</p>" + html("http://127.0.0.1/a.png"))
        self.check(message)

    def test_too_large(self):
        """Becomes text, never the original markup, and says why; whatever lies beyond the ceiling."""
        self.configure(rewrite={"max_message": "200K"})
        program = self.milter()
        picture = html("http://127.0.0.1/a.png")
        # A sender who claims that we have seen it may send somewhat more, and no half of it counts.
        for size, claimed in ((250_000, False), (2_000_000, False), (6_000_000, False),
                              (6_000_000, True)):
            message = mail(picture + b"<i>word</i>\r\n" * (size // 13) + picture,
                           *[b"X-Shoji: v=1; images=1; trackers=0; by=; fallback=no"] * claimed)
            for steps in (STEPS, STEPS & ~SKIP):
                with self.subTest(size=size, claimed=claimed, steps=hex(steps)):
                    outcome = program.send(message, steps=steps)
                    self.assertEqual(outcome.verdict, "c")
                    self.assertNotIn(b"<img", outcome.message)
                    self.assertNotIn(b"<i>", outcome.message)
                    self.assertIsNotNone(outcome.new_body)
                    said, = outcome.header(b"X-Shoji")
                    self.assertTrue(said.endswith(b"; fallback=yes"), said)
                    self.assertEqual(outcome.header(b"X-Shoji-Fallback"), [b"size"])
                    self.assertEqual(outcome.skipped, bool(size > 5_000_000 and steps & SKIP))

    def test_larger_by_a_claim(self):
        """Between the two ceilings: all of it is rewritten, to its end."""
        self.configure(rewrite={"max_message": "200K"})
        message = mail(b"<i>word</i>\r\n" * 150_000 + html("http://127.0.0.1/z.png"),
                       b"X-Shoji: v=1; images=1; trackers=0; by=; fallback=no")
        self.assertRewritten(self.check(message))

    def test_real_mails(self):
        if not DATA.is_dir():
            self.skipTest(f"{DATA} is not here")
        paths = sorted(DATA.glob("*.eml"))
        program = self.milter()

        def some(first):
            with program.client() as client:
                for path in paths[first::4]:
                    text = path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
                    message = milter.unparse(*milter.parse(text))
                    with self.subTest(path.name):
                        self.assertSame(client.send(message), self.wanted(message))

        harness.in_threads(4, some)


class Connections(MilterTest):
    def setUp(self):
        super().setUp()
        self.configure(prefetch={"enabled": "off"})

    def test_one_after_the_other(self):
        """Nothing of a message is left in the next one."""
        with self.milter().client() as client:
            first, = self.assertRewritten(client.send(mail(html("http://127.0.0.1/first.png"))))
            # Broken off at every stage.
            client.sender()
            client.abort()
            client.sender()
            client.recipient(*OUTSIDE)
            client.field(b"X-Left", b" over")
            client.abort()
            client.sender()
            client.recipient("bea@example.org", "virtual")
            client.field(b"X-Left", b" over")
            client.ask(b"N")
            client.ask(b"B", html("http://127.0.0.1/left.png"))
            client.abort()
            client.sender()  # and without a word, as after RSET
            client.recipient("bea@example.org", "virtual")
            outcome = client.send(mail(html("http://127.0.0.1/first.png")))
            self.assertEqual(self.assertRewritten(outcome), [first])
            self.assertNotIn(b"X-Left", outcome.message)
            self.assertUntouched(client.send(mail(html("http://127.0.0.1/o.png")), [OUTSIDE]), "a")
            self.assertRewritten(client.send(mail(html("http://127.0.0.1/first.png"))))

    def test_200_at_once(self):
        harness.many_sockets()
        program = self.milter()
        clients = [program.client() for _ in range(200)]

        def one(i):
            with clients[i] as client:
                return client.send(mail(html(f"http://127.0.0.1/{i}.png") + b"<p>text</p>" * 2000))

        found = set()
        for outcome in harness.in_threads(200, one):
            found.update(self.assertRewritten(outcome))
        self.assertEqual(len(found), 200)

    def test_hung_up(self):
        """A mail server that dies in the middle costs nobody else anything."""
        program = self.milter()
        for _ in range(20):
            client = program.client()
            client.sender()
            client.recipient(*LOCAL)
            client.field(b"Subject", b" x")
            client.sock.close()
        self.assertRewritten(program.send(mail(html("http://127.0.0.1/a.png"))))


class Trouble(MilterTest):
    def test_another_key(self):
        """A keys file that is replaced counts from the next message on, without a restart; one that
        cannot be read leaves the old one in force."""
        program = self.milter()
        old, new = self.server.key, harness.Key()

        def kid():
            url, = self.assertRewritten(program.send(mail(html("http://127.0.0.1/a.png"))))
            return url.decode().split("/")[4]

        self.assertEqual(kid(), old.kid)
        harness.write_keys(self.server.keys + ".new", new.line() + old.line("verify"))
        os.rename(self.server.keys + ".new", self.server.keys)
        harness.until(lambda: kid() == new.kid)
        harness.write_keys(self.server.keys, "nonsense\n")
        harness.until(lambda: kid() and "not read again" in program.logged())
        self.assertEqual(kid(), new.kid)
        os.unlink(self.server.keys)
        harness.until(lambda: kid() and program.logged().count("not read again") == 2)
        self.assertEqual(kid(), new.kid)
        harness.write_keys(self.server.keys, old.line())
        harness.until(lambda: kid() == old.kid)

    def test_the_server_is_down(self):
        """Rewritten at once; the images wait in the spool and are fetched when it is back."""
        program = self.milter()
        outcome = program.send(mail(html(self.sender.url("/a.png"), self.sender.url("/b.png"))))
        urls = self.assertRewritten(outcome, 2)
        self.assertEqual(self.spooled(), 2)
        self.server.start()
        self.assertTrue(self.sender.wait_for(None, 2))
        path = urls[0].decode().removeprefix(harness.BASE)
        harness.until(lambda: self.server.get(path).status == 200)
        self.assertEqual(self.sender.count(), 2)

    def test_no_spool_either(self):
        """Still rewritten; the URLs do not say that anything was handed over."""
        program = self.milter()
        handed, = self.assertRewritten(program.send(mail(html("http://127.0.0.1/a.png"))))
        shutil.rmtree(self.spool)
        alone, = self.assertRewritten(program.send(mail(html("http://127.0.0.1/a.png"))))
        self.assertIn("cannot spool", program.logged())
        self.assertNotEqual(alone, handed)
        self.assertRegex(self.options(handed), r"(?m)^d=")
        self.assertNotRegex(self.options(alone), r"(?m)^d=")

    def test_no_keys(self):
        """It does not start without, and says so; with no milter there, the mail server waits."""
        os.unlink(self.server.keys)
        program = self.milter(start=False)
        with self.assertRaises(AssertionError) as raised:
            program.start()
        self.assertIn("keys", str(raised.exception))
        self.assertFalse(os.path.exists(program.address))
        harness.write_keys(self.server.keys, self.server.key.line())
        self.assertRewritten(program.start().send(mail(html("http://127.0.0.1/a.png"))))

    def test_killed(self):
        """The path that a killed one left behind is not in the way of the next."""
        program = self.milter()
        program.kill()
        self.assertTrue(os.path.exists(program.address))
        self.assertRewritten(program.start().send(mail(html("http://127.0.0.1/a.png"))))
        self.assertEqual(os.stat(program.address).st_mode & 0o007, 0)


if __name__ == "__main__":
    unittest.main()
