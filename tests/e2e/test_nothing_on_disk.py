"""Promise 6: a search of everything that the server wrote, in every state that it can be in, finds no
URL, host, address or mailbox, whatever the encoding."""

import os
import shutil
import tempfile
import unittest

import dns
import harness
import origin as origins
import pictures
import traces

ADDRESS = "127.183.190.147"
DELIVERED = "dompfaff@postfach-eins.example"
OTHER = "kernbeisser@postfach-zwei.example"
READER = "Leserin-Rotkehlchen/1.0"

# A host and a path for everything that can become of an original.
HOSTS = {name: f"{name}.example" for name in (
    "kolibri-shown", "zaunkoenig-busy", "rotmilan-hop", "steinadler-target", "eisvogel-queued",
    "wiedehopf-spooled", "blaumeise-purged", "nachtigall-forgotten", "goldammer-gone",
    "pirol-broken", "seeadler-slow", "rohrdommel-refused", "waldkauz-mail", "sperling-odd",
    "drossel-pixel")}


def path_of(name):
    return f"/weg-{name}/bild.png?empfaenger=nummer-7"


class NothingOnDisk(harness.ServerTest):
    def setUp(self):
        self.sender = self.origin(ADDRESS)
        self.sender.default = origins.picture(pictures.plain_png())
        self.resolver = dns.Server(default=self.name)
        self.addCleanup(self.resolver.close)
        spool = tempfile.mkdtemp(prefix="shoji-spool-")
        self.addCleanup(shutil.rmtree, spool)
        self.server = self.shojid({
            "fetch": {"resolvers": self.resolver.address, "wait": "1s", "timeout": "5s"},
            "cache": {"hot_memory": "1M"},
            "prefetch": {"spool": spool}}, start=False)
        self.spool = spool
        # Each stands in the host and in the path of its URL.
        self.needles = traces.Needles([*HOSTS, ADDRESS, *DELIVERED.split("@"), *OTHER.split("@"), READER,
                                       "bild.png?empfaenger="])

    @staticmethod
    def name(question):
        if question.name == HOSTS["goldammer-gone"]:
            return question.answer(code=dns.NXDOMAIN)
        if question.name == HOSTS["rohrdommel-refused"]:
            return question.addresses("10.83.190.147")
        return question.addresses(ADDRESS)

    def url(self, name):
        return self.sender.url(path_of(name), HOSTS[name])

    def page(self, name, page):
        self.sender.pages[path_of(name)] = page

    def open(self, name, **options):
        return self.server.open(self.url(name), {"User-Agent": READER, "Referer": self.url(name)},
                                **options)

    def mail(self, name):
        return (f"From: {name}@{HOSTS[name]}\r\nTo: {DELIVERED}\r\nContent-Type: text/html\r\n\r\n"
                f'<img src="{self.url(name)}" width="64" height="48">\r\n').encode()

    def rewrite(self, name, mailbox):
        harness.shoji("rewrite", "--mail", "--prefetch", "--mailbox", mailbox, "--config",
                      self.server.config_file(), stdin=self.mail(name), check=0)

    def search(self, state):
        """Everything below the server's directory and the spool, but what an operator wrote there."""
        own = {self.server.keys, os.path.join(self.server.directory, "shoji.conf")}
        for folder in (self.server.directory, self.spool):
            found, read = self.needles.search(folder, own)
            self.assertEqual(found, [], state)
            if folder == self.server.directory:
                self.assertGreater(read, 20000, state)

    def check_open_files(self):
        """What is written is written there: no file elsewhere is open for writing."""
        for pid in (self.server.process.pid, *self.server.decoders()):
            for fd in os.listdir(f"/proc/{pid}/fd"):
                try:
                    target = os.readlink(f"/proc/{pid}/fd/{fd}")
                    with open(f"/proc/{pid}/fdinfo/{fd}", encoding="ascii") as info:
                        flags = int(info.read().split("flags:")[1].split()[0], 8)
                except FileNotFoundError:
                    continue
                if target.startswith("/") and flags & 3 and not target.startswith(
                        (self.server.directory, "/dev/null", "/memfd:")):
                    self.fail(f"{target} is open for writing")

    def purge(self, *arguments):
        code, _, said = harness.shoji("purge", *arguments, "--config", self.server.config_file())
        if "no such request" in said:
            print("# purging is not there yet: what it writes was not searched", flush=True)
        elif code:
            self.fail(f"shoji purge: {said}")
        return code == 0

    def test_everything_that_is_written(self):
        self.page("zaunkoenig-busy", origins.answer(status="503 Busy"))
        self.page("rotmilan-hop", origins.redirect(self.url("steinadler-target")))
        self.page("pirol-broken", origins.answer(b"GIF89a" + self.url("pirol-broken").encode()))
        self.page("sperling-odd", lambda conn, _: conn.sendall(
            b"HTTP/1.1 200 OK\r\nX-Sperling: " + HOSTS["sperling-odd"].encode() * 4000 + b"\r\n\r\n"))
        self.page("seeadler-slow", lambda conn, _: self.sender.stopping.wait(30))
        self.page("drossel-pixel", origins.picture(pictures.clear_png(1, 1)))
        server = self.server.start()
        self.assertEqual(self.open("drossel-pixel").status, 200)
        for name in ("kolibri-shown", "rotmilan-hop", "blaumeise-purged", "nachtigall-forgotten"):
            self.assertPicture(self.open(name, m=server.key.salt(DELIVERED)))
        for name in ("zaunkoenig-busy", "goldammer-gone", "pirol-broken", "rohrdommel-refused",
                     "sperling-odd"):
            self.assertPlaceholder(self.open(name, m=server.key.salt(OTHER)))
        self.search("answered, failed, redirected")

        # Requests that are no good: what stands in them may not go into the log.
        wrong = server.key.sign(self.url("kolibri-shown"))[:-3]
        for path in (wrong, f"/{self.url('kolibri-shown')}", "/" + "kolibri-shown" * 500):
            self.assertIn(server.get(path, {"User-Agent": READER}).status, (400, 403, 404, 414, 431))
        with server.client() as client:
            client.send_raw(b"GET /%s\r\n\r\n\0 kolibri-shown.example" % b"kolibri-shown.example")
        self.rewrite("waldkauz-mail", DELIVERED)
        harness.until(lambda: self.open("waldkauz-mail", d=harness.today()).status == 200)
        self.assertIn(HOSTS["drossel-pixel"].encode(),
                      harness.shoji("trackers", "--config", server.config_file(), check=0)[1])
        for command in ("explain", "stats"):
            harness.shoji(command, *([self.url("kolibri-shown")] if command == "explain" else []),
                          "--config", server.config_file())
        self.search("rewritten, explained, misused")
        self.check_open_files()

        self.killed_while_asking(server)
        self.queued_and_spooled(server)
        if self.purge("--url", self.url("blaumeise-purged")):
            self.purge("--url", self.url("nachtigall-forgotten"), "--forget")
            self.assertEqual(self.open("blaumeise-purged").status, 410)
            self.search("purged")
        # The record of pixels is written at the end; what the kill took with it is seen once more.
        self.sender.pages["/o.gif"] = origins.picture(pictures.clear_png(1, 1))
        server.open(self.sender.url("/o.gif", HOSTS["drossel-pixel"]))
        server.stop()
        self.assertTrue(os.path.exists(os.path.join(server.state, "memo")))
        self.search("stopped")

    def killed_while_asking(self, server):
        with server.client() as client:
            client.send("GET", server.key.sign(self.url("seeadler-slow")))
            self.assertTrue(self.sender.wait_for(path_of("seeadler-slow")))
            self.search("asking")
            server.kill()
        self.search("killed")
        server.start()
        self.search("started again")

    def queued_and_spooled(self, server):
        server.stop()
        server.conf["prefetch"]["delay"] = "1h"
        self.rewrite("wiedehopf-spooled", OTHER)
        self.assertEqual(len([f for f in os.listdir(self.spool) if f.endswith(".urls")]), 1)
        self.search("spooled")
        server.start()
        harness.until(lambda: not [f for f in os.listdir(self.spool) if f.endswith(".urls")])
        answer = server.ask_submit("POST", "/v1/prefetch", {"Content-Type": "application/json"},
                                   harness.as_json({"urls": [self.url("eisvogel-queued")]}))
        self.assertEqual(answer.status, 202)
        self.assertPlaceholder(self.open("eisvogel-queued", d=harness.today()))
        self.search("queued")
        self.assertEqual(self.sender.count(path_of("wiedehopf-spooled"))
                         + self.sender.count(path_of("eisvogel-queued")), 0)

    def test_the_search_finds(self):
        """Each encoding, in the middle of other bytes, by an encoder that the search does not use."""
        import binascii
        import urllib.parse
        word = "kolibri-shown"
        self.assertGreater(len(self.needles.forms), 500)
        plain = word.encode()
        for i, written in enumerate((
                plain, plain.upper(), plain[::-1], word.encode("utf-16-be"), word.encode("utf-16-le"),
                binascii.hexlify(b"ab" + plain + b"yz"), binascii.hexlify(plain).upper(),
                urllib.parse.quote_from_bytes(plain, safe="").encode(),
                *(binascii.b2a_base64(b"x" * n + plain + b"yz" * n) for n in range(6)))):
            folder = tempfile.mkdtemp(prefix="shoji-traces-")
            self.addCleanup(shutil.rmtree, folder)
            with open(os.path.join(folder, "file"), "wb") as file:
                file.write(os.urandom(500) + written + os.urandom(500))
            with self.subTest(i=i, written=written):
                self.assertTrue(any(word in line for line in self.needles.search(folder)[0]))


if __name__ == "__main__":
    unittest.main()
