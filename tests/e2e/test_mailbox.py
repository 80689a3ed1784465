"""One mailbox has one salt, whatever the spelling of its address and the way that it comes by."""

import json
import os
import re
import unittest

import harness
import lmtp
import milter

NAME = "anna@example.org"
SPELLINGS = (NAME, "Anna@example.org", "anna@EXAMPLE.Org", "ANNA+Shop@example.org")
URL = "http://pictures.example.net/big.png"
HTML = f'<p><img src="{URL}" width="300" height="200"></p>'.encode()
MAIL = (b"From: sender@example.net\r\nTo: all@example.org\r\nSubject: news\r\nMIME-Version: 1.0\r\n"
        b"Content-Type: text/html; charset=utf-8\r\n\r\n" + HTML + b"\r\n")


class Mailbox(harness.ServerTest):
    def setUp(self):
        self.server = self.shojid(start=False)
        self.server.conf["prefetch"]["enabled"] = "off"
        self.configure()

    def configure(self, **rewrite):
        self.server.conf["rewrite"] = rewrite
        self.conf = self.server.config_file()

    def salts(self, text):
        """Of all signed URLs in it."""
        text = text.replace(b"=\r\n", b"").replace(b"=\n", b"").decode()
        urls = re.findall(r"https://img\.example\.org/i/[A-Za-z0-9._/-]+", text)
        self.assertTrue(urls, text)
        opened = [harness.shoji("open", "--config", self.conf, url, check=0)[1] for url in urls]
        return [re.search(rb"(?m)^m=(.*)$", one).group(1).decode() for one in opened]

    def assertSalt(self, name, text, times=1):
        self.assertEqual(self.salts(text), [self.server.key.salt(name)] * times)

    def shoji(self, *arguments, stdin=b""):
        return harness.shoji(arguments[0], "--config", self.conf, *arguments[1:], stdin=stdin,
                             check=0)[1]

    def test_the_program(self):
        for spelling in SPELLINGS:
            self.assertSalt(NAME, self.shoji("rewrite", "--mailbox", spelling, stdin=MAIL))

    def test_who_signs_says_which(self):
        """A signer of somebody else's comes to the same URLs: nothing is done to the name."""
        for spelling in SPELLINGS:
            self.assertSalt(spelling, self.shoji("sign", "--mailbox", spelling, URL))

    def test_the_delimiters_are_the_providers(self):
        self.configure(recipient_delimiter="-_")
        self.assertSalt(NAME, self.shoji("rewrite", "--mailbox", "Anna_Shop-2@example.org",
                                         stdin=MAIL))
        self.assertSalt("anna+a@example.org",
                        self.shoji("rewrite", "--mailbox", "anna+A@example.org", stdin=MAIL))
        self.configure(recipient_delimiter="")
        self.assertSalt("anna+a@example.org",
                        self.shoji("rewrite", "--mailbox", "anna+A@example.org", stdin=MAIL))

    def test_the_submit_socket(self):
        self.server.start()
        for spelling in SPELLINGS:
            query = "mailbox=" + spelling.replace("+", "%2B")
            answer = self.server.ask_submit("POST", "/v1/rewrite?" + query,
                                            {"Content-Type": "text/html"}, HTML)
            self.assertSalt(NAME, answer.body)
            answer = self.server.ask_submit("POST", "/v1/sign", {"Content-Type": "application/json"},
                                            harness.as_json({"urls": [URL], "mailbox": spelling}))
            self.assertSalt(spelling, json.loads(answer.body)["signed"][0].encode())

    def test_lmtp(self):
        store = lmtp.Store(self.server.directory)
        self.addCleanup(store.close)
        front = lmtp.Front(self.conf, "unix:" + store.path,
                           "unix:" + os.path.join(self.server.directory, "front.sock"))
        self.addCleanup(front.stop)
        mta = lmtp.Mta(front.address)
        self.addCleanup(mta.close)
        mta.envelope(*SPELLINGS)
        mta.message(MAIL, len(SPELLINGS))
        self.assertEqual(len(store.transactions), len(SPELLINGS))
        for spelling, done in zip(SPELLINGS, store.transactions):
            self.assertEqual(done.recipients, [f"RCPT TO:<{spelling}>".encode()])  # as it came
            self.assertSalt(NAME, done.text)

    def test_the_milter(self):
        program = milter.Milter(self.conf, self.server.directory)
        self.addCleanup(program.stop)
        program.start()
        for spelling in SPELLINGS:
            self.assertSalt(NAME, program.send(MAIL, [(spelling, "virtual")]).message)
        # One mailbox, also when it stands there twice; two have another one together.
        self.assertSalt(NAME, program.send(MAIL, [(one, "virtual") for one in SPELLINGS]).message)
        two = [("Bert@example.org", "virtual"), *((one, "virtual") for one in SPELLINGS)]
        self.assertSalt(f"{NAME},bert@example.org", program.send(MAIL, two).message)


if __name__ == "__main__":
    unittest.main()
