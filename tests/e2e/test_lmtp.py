"""`shoji lmtp`: each recipient his own body, nothing acknowledged that the store has not taken, and
no byte that two readers could take for two different things (RFC 2033, RFC 5321)."""

import os
import pathlib
import re
import stat
import subprocess
import threading
import unittest

import harness
import lmtp

MAILS = pathlib.Path(harness.ROOT).parent / "shared" / "data" / "mails"
ANNA, BERT, CORA = "anna@example.org", "bert@example.org", "cora@example.org"
IMAGE = "http://pictures.example.net/big.png"
MAIL = (f"From: sender@example.net\r\nTo: all@example.org\r\nSubject: news\r\nMIME-Version: 1.0\r\n"
        f"Content-Type: text/html; charset=utf-8\r\n\r\n<p>Hello</p>\r\n"
        f"<img src=\"{IMAGE}\" width=\"300\" height=\"200\">\r\n").encode()


def proxied(text):
    text = text.replace(b"=\r\n", b"")  # soft line breaks of quoted-printable
    return re.findall(rb"https://img\.example\.org/i/[A-Za-z0-9._/-]+", text)


class Lmtp(harness.ServerTest):
    keywords = ("PIPELINING", "8BITMIME", "ENHANCEDSTATUSCODES")

    def setUp(self):
        self.server = self.shojid(start=False)
        self.server.conf["prefetch"]["spool"] = os.path.join(self.server.directory, "spool")
        os.mkdir(self.server.conf["prefetch"]["spool"])
        self.conf = self.server.config_file()
        self.store = lmtp.Store(self.server.directory, self.keywords)
        self.addCleanup(self.store.close)

    def front(self, *arguments, listen=None):
        listen = listen or "unix:" + os.path.join(self.server.directory, "front.sock")
        front = lmtp.Front(self.conf, "unix:" + self.store.path, listen, *arguments)
        self.addCleanup(front.stop)
        return front

    def mta(self, front=None, greet=True):
        mta = lmtp.Mta((front or self.front()).address, greet)
        self.addCleanup(mta.close)
        return mta

    def plain(self, url):
        """(the original, its options) of a signed URL."""
        _, out, _ = harness.shoji("open", "--config", self.conf, url.decode(), check=0)
        original, *options = out.decode().splitlines()
        return original, dict(option.split("=") for option in options)

    def rewritten(self, text, mailbox):
        _, out, _ = harness.shoji("rewrite", "--config", self.conf, "--mail", "--mailbox", mailbox,
                                  "--prefetch", stdin=text, check=0)
        return out


class Dialogue(Lmtp):
    def test_one_recipient(self):
        mta = self.mta()
        self.assertEqual(mta.greeting[0], 220)
        self.assertIn("LMTP", mta.greeting[1])
        self.assertEqual(mta.envelope(ANNA), [250, 250, 354])
        self.assertEqual(mta.message(MAIL), [(250, "2.0.0 saved\r\n")])
        done, = self.store.transactions
        self.assertEqual(done.sender, b"MAIL FROM:<sender@example.net>")
        self.assertEqual(done.recipients, [b"RCPT TO:<anna@example.org>"])
        self.assertNotIn(IMAGE.encode(), done.text)
        self.assertIn(b"X-Shoji: v=1; images=1;", done.text)
        url, = proxied(done.text)
        original, options = self.plain(url)
        self.assertEqual(original, IMAGE)
        self.assertEqual(options["m"], self.server.key.salt(ANNA))
        self.assertEqual(options["d"], str(harness.today()))  # handed over: to the spool

    def test_several_recipients_mixed(self):
        refused = {b"RCPT TO:<bert@example.org>": "550 5.1.1 nobody of that name"}
        self.store.on_command[b"RCPT"] = lambda _, line: refused.get(line.rstrip())
        full = {b"RCPT TO:<cora@example.org>": "452 4.2.2 mailbox full"}
        self.store.on_message = lambda done, i: full.get(done.recipients[i])
        mta = self.mta()
        self.assertEqual(mta.envelope(ANNA, BERT, CORA, "dan@example.org"),
                         [250, 250, 550, 250, 250, 354])
        self.assertEqual(mta.message(MAIL, 3), [(250, "2.0.0 saved\r\n"),
                                                (452, "4.2.2 mailbox full\r\n"),
                                                (250, "2.0.0 saved\r\n")])
        self.assertEqual([done.recipients for done in self.store.transactions],
                         [[b"RCPT TO:<anna@example.org>"], [b"RCPT TO:<cora@example.org>"],
                          [b"RCPT TO:<dan@example.org>"]])
        salts = [self.plain(proxied(done.text)[0])[1]["m"] for done in self.store.transactions]
        self.assertEqual(salts, [self.server.key.salt(one)
                                 for one in (ANNA, CORA, "dan@example.org")])
        self.assertEqual(mta.envelope(ANNA), [250, 250, 354])  # and on it goes
        self.assertEqual([code for code, _ in mta.message(MAIL)], [250])

    def test_a_recipient_who_is_refused_at_the_second_asking(self):
        asked = []

        def on_rcpt(_, line):
            asked.append(line)
            return "452 4.3.0 too busy" if asked.count(line) == 2 and b"bert" in line else None

        self.store.on_command[b"RCPT"] = on_rcpt
        mta = self.mta()
        self.assertEqual(mta.envelope(ANNA, BERT, CORA), [250, 250, 250, 250, 354])
        self.assertEqual([code for code, _ in mta.message(MAIL, 3)], [250, 452, 250])

    def test_answers_come_one_by_one(self):
        wait = threading.Event()
        self.addCleanup(wait.set)
        self.store.on_message = lambda done, _: (
            wait.wait(lmtp.WAIT_S) and None if b"bert" in done.recipients[0] else None)
        mta = self.mta()
        mta.envelope(ANNA, BERT)
        mta.send(MAIL + b".\r\n")
        self.assertEqual(mta.answer()[0], 250)  # while the second is still with the store
        wait.set()
        self.assertEqual(mta.answer()[0], 250)

    def test_refused_sender_and_data(self):
        self.store.on_command[b"MAIL"] = lambda *_: "550 5.7.1 not you"
        mta = self.mta()
        self.assertEqual(mta.envelope(ANNA), [550, 503, 503])
        del self.store.on_command[b"MAIL"]
        self.store.on_command[b"DATA"] = lambda *_: "452 4.3.1 not now"
        self.assertEqual(mta.envelope(ANNA), [250, 250, 354])
        self.assertEqual(mta.message(MAIL), [(452, "4.3.1 not now\r\n")])
        self.assertEqual(self.store.transactions, [])
        del self.store.on_command[b"DATA"]
        self.assertEqual(mta.envelope(ANNA), [250, 250, 354])
        self.assertEqual(mta.message(MAIL)[0][0], 250)

    def test_parameters_are_passed_on(self):
        mta = self.mta()
        line = b"MAIL FROM:<a@example.net> BODY=8BITMIME"
        self.assertEqual(mta.ask(line)[0], 250)
        rcpt = b'RCPT TO:<"odd>one"@example.org> NOTIFY=NEVER'
        self.assertEqual(mta.ask(rcpt)[0], 250)
        self.assertEqual(mta.ask(b"DATA")[0], 354)
        text = MAIL.replace(b"Hello", "grüße".encode())
        self.assertEqual(mta.message(text)[0][0], 250)
        done, = self.store.transactions
        self.assertEqual((done.sender, done.recipients), (line, [rcpt]))
        self.assertEqual(self.plain(proxied(done.text)[0])[1]["m"],
                         self.server.key.salt('"odd>one"@example.org'))
        self.assertEqual(done.text, self.rewritten(text, '"odd>one"@example.org'))

    def test_wrong_order_and_wrong_words(self):
        mta = self.mta(greet=False)
        mta.answer()
        for line, code in ((b"MAIL FROM:<a@b.example>", 503), (b"EHLO x", 500), (b"HELO x", 500),
                           (b"LHLO", 501), (b"LHLO mta.example", 250), (b"RCPT TO:<a@b.example>", 503),
                           (b"DATA", 503), (b"MAIL TO:<x>", 501), (b"MAIL FROM:<a", 501),
                           (b"MAIL FROM:<a@b.example>", 250), (b"MAIL FROM:<a@b.example>", 503),
                           (b"RCPT TO:<>", 501), (b"RCPT FROM:<a>", 501), (b"DATA", 503),
                           (b"RSET", 250), (b"RCPT TO:<a@b.example>", 503), (b"NOOP", 250),
                           (b"VRFY anna", 252), (b"BDAT 5 LAST", 500), (b"STARTTLS", 500),
                           (b"", 500), (b"NOOP " + b"x" * 3000, 500), (b"NOOP " + b"x" * 50000, 500),
                           (b"NOOP", 250), (b"QUIT", 221)):
            self.assertEqual(mta.ask(line)[0], code, line[:40])
        self.assertEqual(mta.answer(), (None, ""))

    def test_tcp_and_stdin(self):
        front = self.front(listen="127.0.0.1:0")
        mta = self.mta(front)
        self.assertEqual(mta.envelope(ANNA), [250, 250, 354])
        self.assertEqual(mta.message(MAIL)[0][0], 250)
        talk = (b"LHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<anna@example.org>\r\nDATA\r\n" + MAIL +
                b".\r\nQUIT\r\n")
        done = subprocess.run([harness.SHOJI, "lmtp", "--config", self.conf, "--to",
                               self.store.path], input=talk, capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        codes = [line[:3] for line in done.stdout.decode().splitlines() if line[3] == " "]
        self.assertEqual(codes, ["220", "250", "250", "250", "354", "250", "221"])
        one, two = self.store.transactions
        self.assertEqual(one.text, two.text)


class CommandLine(Lmtp):
    def test_exit_codes(self):
        store = "unix:" + self.store.path
        for code, *arguments in ((2,), (2, "--to", "elsewhere"), (2, "--to", "host:99999"),
                                 (2, "--to", store, "--deliver", "unrewrite"),
                                 (2, "--to", store, "--listen", "nowhere"), (2, "--to", store, "x"),
                                 (3, "--to", store, "--listen", "unix:/nowhere/at/all.sock"),
                                 (3, "--to", store, "--keys", "/nowhere/at/all")):
            got, _, said = harness.shoji("lmtp", "--config", self.conf, *arguments)
            self.assertEqual(got, code, arguments)
            self.assertTrue(said.startswith("shoji: "), said)

    def test_the_socket(self):
        """Is not for everybody, is not taken from who listens there, and is taken over from the dead."""
        front = self.front()
        self.assertEqual(stat.S_IMODE(os.stat(front.address).st_mode), 0o660)
        code, _, _ = harness.shoji("lmtp", "--config", self.conf, "--to", self.store.path, "--listen",
                                   front.address)
        self.assertEqual(code, 3)
        self.assertEqual(self.mta(front).said[0], 250)
        front.process.kill()
        front.process.wait()
        front.process.stdout.close()
        front.process = None
        self.assertEqual(self.mta(self.front()).said[0], 250)


class Keywords(Lmtp):
    keywords = ("SIZE 12345678", "SMTPUTF8", "CHUNKING", "STARTTLS", "XCLIENT ADDR", "8BITMIMES")

    def test_what_both_hold(self):
        words = set(self.mta().said[1].split("\r\n")[1:-1])
        self.assertEqual(words, {"PIPELINING", "SIZE 12345678", "SMTPUTF8"})


class Bytes(Lmtp):
    def deliver(self, mta, text, mailbox=ANNA):
        self.assertEqual(mta.envelope(mailbox), [250, 250, 354])
        self.assertEqual([code for code, _ in mta.message(text)], [250])
        return self.store.transactions[-1]

    def test_dots_and_eight_bits(self):
        text = (b"Subject: dots\r\n\r\n.\r\n..\r\n.a\r\n...\r\n a.\r\n\xff\x80\xe4 8 bits\r\n" +
                b"x" * 5000 + b"\r\n\r\n.\r\n")
        done = self.deliver(self.mta(), text)
        self.assertEqual(done.text, text)
        done = self.deliver(self.mta(self.front("--deliver", "prefetch",
                            listen=f"unix:{self.server.directory}/second.sock")), text)
        self.assertEqual(done.text, text)

    def test_every_split(self):
        """Wherever the wire is cut, the same message comes out."""
        text = b"Subject: x\r\n\r\n.a\r\n..\r\nb\rc\nd\r\n"
        wire = b"Subject: x\r\n\r\n..a\r\n...\r\nb\rc\nd\r\n.\r\n"
        mta = self.mta(self.front("--deliver", "prefetch"))
        for at in range(1, len(wire)):
            self.assertEqual(mta.envelope(ANNA), [250, 250, 354])
            mta.send(wire[:at])
            mta.send(wire[at:])
            self.assertEqual(mta.answer()[0], 250)
            self.assertEqual(self.store.transactions[-1].text,
                             text.replace(b"b\rc\nd", b"b c d"))

    def test_smuggling(self):
        """What one server takes for the end of a message and another does not."""
        inner = (b"MAIL FROM:<evil@example.net>\r\nRCPT TO:<bert@example.org>\r\nDATA\r\n"
                 b"Subject: smuggled\r\n\r\n")
        for mode in ("rewrite", "prefetch"):
            front = self.front("--deliver", mode,
                               listen=f"unix:{self.server.directory}/{mode}.sock")
            for end in (b"\n.\n", b"\r.\r", b"\n.\r\n", b"\r\n.\n", b"\r\n.\r", b"\r.\r\n", b"\r\n\0.\r\n",
                        b"\r\n.\0\r\n", b"\r\n.\r\r\n", b"\n\n.\r\r\n", b"\r\r\n.\r\r\n"):
                self.store.transactions.clear()
                mta = self.mta(front)
                self.assertEqual(mta.envelope(ANNA), [250, 250, 354])
                mta.send(b"Subject: outer\r\n\r\ntext" + end + inner + b"\r\n.\r\n")
                self.assertEqual(mta.answer()[0], 250, end)
                self.assertEqual(mta.ask(b"NOOP")[0], 250, end)  # nothing came in between
                done, = self.store.transactions
                self.assertEqual(done.recipients, [b"RCPT TO:<anna@example.org>"])
                self.assertIn(b"Subject: smuggled", done.text, end)
                self.assertNotRegex(done.wire, rb"\r(?!\n)|(?<!\r)\n", end)
                self.assertNotRegex(b"\r\n" + done.wire, rb"\r\n\.\r\n", end)

    def test_commands_cannot_be_smuggled(self):
        mta = self.mta()
        for line in (b"MAIL FROM:<a@b.example>\nRSET", b"MAIL FROM:<a@b.example>\rRSET", b"NOOP\0"):
            mta.send(line + b"\r\n")
            codes = [mta.answer()[0] for _ in range(1 + line.count(b"\n"))]
            self.assertEqual(codes[0], 500, line)
        self.assertNotIn(b"MAIL", b"".join(self.store.commands))

    @unittest.skipUnless(MAILS.is_dir(), "wants ../shared/data/mails")
    def test_real_mail(self):
        """As `shoji rewrite` writes it, for each mailbox."""
        mails = sorted(MAILS.iterdir())
        mta = self.mta(self.front())
        for path in mails[::len(mails) // 100]:
            text = re.sub(rb"\r?\n", b"\r\n", path.read_bytes())
            text = re.sub(rb"\r(?!\n)", b" ", text)
            text += b"" if text.endswith(b"\r\n") else b"\r\n"
            self.store.transactions.clear()
            self.assertEqual(mta.envelope(ANNA, BERT), [250, 250, 250, 354])
            self.assertEqual([code for code, _ in mta.message(text, 2)], [250, 250])
            for done, mailbox in zip(self.store.transactions, (ANNA, BERT)):
                self.assertEqual(done.text, self.rewritten(text, mailbox), path.name)


class Trouble(Lmtp):
    def test_a_store_that_is_not_there(self):
        front = self.front()
        self.store.close()
        os.unlink(self.store.path)
        mta = self.mta(front)
        self.assertEqual(mta.said[0], 421)
        self.assertEqual(mta.answer(), (None, ""))

    def test_a_store_that_is_not_willing(self):
        self.store.on_command[b"LHLO"] = lambda *_: "450 4.3.2 not now"
        self.assertEqual(self.mta().said[0], 421)

    def test_a_store_that_is_none(self):
        self.store.on_command[b"LHLO"] = lambda *_: "HTTP/1.1 400 Bad Request"
        self.assertEqual(self.mta().said[0], 421)

    def hang_up(self, *_):
        raise lmtp.Hangup

    def test_killed_before_data(self):
        for verb in (b"MAIL", b"RCPT"):
            self.store.on_command = {verb: self.hang_up}
            mta = self.mta(self.front(listen=f"unix:{self.server.directory}/{verb.decode()}"))
            lines = {b"MAIL": [b"MAIL FROM:<>"], b"RCPT": [b"MAIL FROM:<>", b"RCPT TO:<a@b.example>"]}
            codes = [mta.ask(line)[0] for line in lines[verb]]
            self.assertEqual(codes[-1], 421)
            self.assertEqual(mta.answer(), (None, ""))

    def test_killed_with_messages(self):
        """Whom it had taken the message for is done; the others are put off, none is lost."""
        def die_at_bert(done, _):
            if b"bert" in done.recipients[0]:
                raise lmtp.Hangup

        self.store.on_message = die_at_bert
        front = self.front()
        mta = self.mta(front)
        self.assertEqual(mta.envelope(ANNA, BERT, CORA), [250, 250, 250, 250, 354])
        self.assertEqual([code for code, _ in mta.message(MAIL, 3)], [250, 451, 451])
        self.assertEqual(mta.answer(), (None, ""))
        self.store.on_message = None
        again = self.mta(front)
        self.assertEqual(again.envelope(BERT, CORA), [250, 250, 250, 354])
        self.assertEqual([code for code, _ in again.message(MAIL, 2)], [250, 250])

    def test_killed_as_it_came(self):
        self.store.on_command[b"DATA"] = self.hang_up
        mta = self.mta(self.front("--deliver", "prefetch"))
        self.assertEqual(mta.envelope(ANNA), [250, 250, 451])

    def test_an_mta_that_dies(self):
        """In the middle of a message: the store never sees an end of it."""
        for mode in ("rewrite", "prefetch"):
            front = self.front("--deliver", mode, listen=f"unix:{self.server.directory}/{mode}.sock")
            mta = self.mta(front)
            self.assertEqual(mta.envelope(ANNA, BERT), [250, 250, 250, 354])
            mta.send(MAIL)
            mta.close()
            other = self.mta(front)
            other.envelope(CORA)
            other.message(MAIL)
            self.assertEqual([done.recipients for done in self.store.transactions],
                             [[b"RCPT TO:<cora@example.org>"]])
            self.store.transactions.clear()

    def test_the_end_lets_messages_through(self):
        front = self.front()
        busy, idle = self.mta(front), self.mta(front)
        self.assertEqual(busy.envelope(ANNA), [250, 250, 354])
        front.process.terminate()
        self.assertEqual(idle.answer()[0], 421)
        self.assertEqual(busy.message(MAIL)[0][0], 250)
        self.assertEqual(busy.answer()[0], 421)
        self.assertEqual(front.process.wait(lmtp.WAIT_S), 0)

    def test_many_at_once(self):
        front = self.front()

        def one(i):
            mta = self.mta(front)
            self.assertEqual(mta.envelope(f"u{i}@example.org"), [250, 250, 354])
            self.assertEqual(mta.message(MAIL)[0][0], 250)
            mta.close()

        harness.in_threads(80, one)  # more than there are places
        urls = {proxied(done.text)[0] for done in self.store.transactions}
        self.assertEqual(len(urls), 80)  # each with a salt of its own

    def test_a_new_key(self):
        """Is signed with as soon as its file is seen, in a connection that stands, too."""
        mta = self.mta()
        fresh = harness.Key()

        def kid():
            self.assertEqual(mta.envelope(ANNA), [250, 250, 354])
            self.assertEqual(mta.message(MAIL)[0][0], 250)
            return proxied(self.store.transactions[-1].text)[0].decode().split("/")[4]

        self.assertEqual(kid(), self.server.key.kid)
        harness.write_keys(self.server.keys, self.server.key.line("verify") + fresh.line())
        harness.until(lambda: kid() == fresh.kid)

    def test_beyond_the_limits(self):
        self.server.conf["rewrite"] = {"max_message": "64K"}
        self.conf = self.server.config_file()
        long = MAIL + b"<p>more of it</p>\r\n" * 100000
        mta = self.mta()
        self.assertEqual(mta.envelope(ANNA), [250, 250, 354])
        self.assertEqual(mta.message(long)[0][0], 250)
        done = self.store.transactions[-1]
        self.assertRegex(done.text, rb"X-Shoji: .*fallback=(?!no)")
        self.assertNotIn(b"<img", done.text)
        mta = self.mta(self.front("--deliver", "prefetch",
                                  listen=f"unix:{self.server.directory}/second.sock"))
        self.assertEqual(mta.envelope(ANNA), [250, 250, 354])
        self.assertEqual(mta.message(long)[0][0], 250)
        self.assertEqual(self.store.transactions[-1].text, long)

    def test_larger_by_a_claim(self):
        """Who says that we have seen a message may send a larger one; half of it counts never."""
        self.server.conf["rewrite"] = {"max_message": "64K"}
        self.conf = self.server.config_file()
        seen = b"X-Shoji: v=1; images=1; trackers=0; by=; fallback=no\r\n" + MAIL
        mta = self.mta()
        for lines, whole in ((150_000, True), (500_000, False)):
            with self.subTest(lines=lines):
                self.assertEqual(mta.envelope(ANNA), [250, 250, 354])
                self.assertEqual(mta.message(seen + b"<i>word</i>\r\n" * lines + b"the end\r\n"
                                             )[0][0], 250)
                done = self.store.transactions[-1]
                self.assertEqual(b"the end" in done.text, whole)
                head = done.text.partition(b"\r\n\r\n")[0]
                self.assertRegex(head, rb"X-Shoji: .*fallback=" + (b"no" if whole else b"yes"))


class AsItCame(Lmtp):
    def test_stored_as_it_came_and_fetched(self):
        sender = self.origin()
        sender.default = harness.origins.picture(harness.pictures.plain_png())
        self.server.start()
        text = MAIL.replace(IMAGE.encode(), sender.url("/big.png").encode())
        mta = self.mta(self.front("--deliver", "prefetch"))
        self.assertEqual(mta.envelope(ANNA, BERT), [250, 250, 250, 354])
        self.assertEqual([code for code, _ in mta.message(text, 2)], [250, 250])
        done, = self.store.transactions  # one body, one transaction
        self.assertEqual(done.text, text)
        self.assertEqual(len(done.recipients), 2)
        harness.until(lambda: [asked.path for asked in sender.asked] == ["/big.png"])

    def test_nothing_is_fetched_that_nobody_took(self):
        self.store.on_message = lambda *_: "552 5.2.2 too much"
        mta = self.mta(self.front("--deliver", "prefetch"))
        mta.envelope(ANNA)
        self.assertEqual(mta.message(MAIL)[0][0], 552)
        self.assertEqual(os.listdir(self.server.conf["prefetch"]["spool"]), [])
        self.store.on_message = None
        mta.envelope(ANNA)
        self.assertEqual(mta.message(MAIL)[0][0], 250)
        self.assertEqual(len(os.listdir(self.server.conf["prefetch"]["spool"])), 1)

    def test_spam_is_not_fetched(self):
        self.server.conf["rewrite"] = {"spam_header": "X-Spam-Flag: YES"}
        self.conf = self.server.config_file()
        for mode in ("rewrite", "prefetch"):
            mta = self.mta(self.front("--deliver", mode,
                                      listen=f"unix:{self.server.directory}/{mode}.sock"))
            mta.envelope(ANNA)
            self.assertEqual(mta.message(b"X-Spam-Flag: YES\r\n" + MAIL)[0][0], 250)
            self.assertEqual(os.listdir(self.server.conf["prefetch"]["spool"]), [])
        held, same = self.store.transactions
        self.assertIn(b"data-shoji-src", held.text)
        self.assertEqual(same.text, b"X-Spam-Flag: YES\r\n" + MAIL)


if __name__ == "__main__":
    unittest.main()
