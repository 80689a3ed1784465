"""Each part of each way dies once while a newsletter is on its way: TABLE says where the mail waits
meanwhile, and what lies in the reader's mailbox in the end. It is never lost, never there twice, and
never there as it came where it was to be rewritten. Who opens it in the webmail while shojid is dead
reads it without its pictures, and nobody learns of that."""

import collections
import email
import email.policy
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

# pylint: disable=wrong-import-position
import browser
import dkim_filter
import harness
import http1
import network
import reader
import sender
import sieve
import stack
import webmail

Row = collections.namedtuple("Row", "way dead waits becomes")

# dead:     "server" shojid · "hook" what stands in the way of the mail: shoji-milter, shoji lmtp, the
#           filter · "store" Dovecot · "keys" the key file is gone, and what needs it starts anew ·
#           "disk" shojid, and the spool is on a disk that is full
# waits:    in whose queue, or nowhere
# becomes:  "rewritten", "text" or "as it came"; its images are fetched once, later, where they could
#           be handed over to somebody
TABLE = [Row(*line.split(None, 3)) for line in """
milter    server  nowhere     rewritten
milter    hook    sender      rewritten
milter    store   provider    rewritten
milter    keys    sender      rewritten
milter    disk    nowhere     rewritten
lmtp      server  nowhere     rewritten
lmtp      hook    provider    rewritten
lmtp      store   provider    rewritten
lmtp      keys    provider    rewritten
lmtp      disk    nowhere     rewritten
sieve     server  nowhere     rewritten
sieve     hook    nowhere     text
sieve     store   provider    rewritten
sieve     keys    nowhere     text
sieve     disk    nowhere     rewritten
prefetch  server  nowhere     as it came
prefetch  hook    sender      as it came
prefetch  store   provider    as it came
prefetch  keys    sender      as it came
prefetch  disk    nowhere     as it came
""".strip().splitlines()]

CLONE_NEWNS = 0x20000
OPENED = ("milter", "prefetch")  # rewritten as it is stored, and as it is shown
DRAWN_FROM = """
Array.from(document.querySelectorAll('#messagebody img'))
     .filter(img => img.complete && img.naturalWidth > 1).map(img => new URL(img.src).hostname)
"""
readers_network = senders_network = None


def setUpModule():
    global readers_network, senders_network
    stack.need()
    if not os.path.exists(sieve.PLUGIN):
        raise unittest.SkipTest("dovecot-sieve is not installed")
    readers_network, senders_network = stack.enter()
    # What is mounted here is seen here alone, and gone with us.
    if network.libc.unshare(CLONE_NEWNS):
        raise unittest.SkipTest("no mount namespace")
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)


class Killed(harness.ServerTest):
    def kill(self, what):
        provider = self.provider
        if what in ("server", "disk"):
            provider.server.kill()
            if what == "disk":
                self.fill(provider.spool)
        elif what == "store":
            provider.store.stop(signal.SIGKILL)
        elif provider.way == "sieve":
            path = {"hook": "programs/shoji-rewrite", "keys": "keys"}[what]
            self.hide(provider.folder / "sieve" / path)
        else:
            provider.hook.kill()
            if what == "keys":
                self.hide(pathlib.Path(provider.server.keys))
                with self.assertRaises(AssertionError):
                    provider.hook.start()

    def revive(self, what):
        provider = self.provider
        if what in ("server", "disk"):
            if what == "disk":
                subprocess.run(["umount", provider.spool], check=True)
            provider.start_server()
        elif what == "store":
            provider.store.start()
        elif provider.way == "sieve":
            self.show()
        else:
            if what == "keys":
                self.show()
            provider.hook.start()

    def hide(self, path):
        self.hidden = path
        path.rename(path.with_suffix(".hidden"))

    def show(self):
        self.hidden.with_suffix(".hidden").rename(self.hidden)

    def fill(self, folder):
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k,mode=777", "tmpfs", folder], check=True)
        (folder / "other").write_bytes(bytes(4096))

    def queues(self):
        return {"sender": stack.waiting(self.sender.mta), "provider": stack.waiting(self.provider.mta)}

    def assertWaits(self, row, name):
        """There, deferred, and nowhere else; not in the mailbox, and nothing has been fetched."""
        wanted = {"sender": [], "provider": [], row.waits: ["deferred"]}
        harness.until(lambda: self.queues() == wanted, 60)
        self.assertEqual(self.provider.mails(name), [])

    def body(self, mail):
        return email.message_from_bytes(mail, policy=email.policy.default)

    def assertBecame(self, row, news, mail, sent):
        url = news.images[0].encode()
        if row.becomes == "as it came":
            self.assertTrue(mail.endswith(sent.replace(b"\r\n", b"\n")))
            self.assertTrue(dkim_filter.holds(mail, self.sender.record))
        elif row.becomes == "text":
            self.assertEqual(self.body(mail).get_content_type(), "text/plain")
            self.assertRegex(self.body(mail)["X-Shoji"], r"fallback=filter$")
        else:
            html = stack.html_of(mail)
            self.assertEqual(len(set(stack.OURS.findall(html))), len(news.shown))
            self.assertNotIn(url.decode(), html)

    def assertNobodyKnew(self, row, news, mail):
        """Its images have not been fetched. Where the mail was rewritten, its URLs say that: they are
        fetched when the reader asks. Otherwise they can be handed over once more."""
        self.assertEqual(self.sender.asked(*news.shown), [])
        if row.becomes == "rewritten":
            for url in set(stack.OURS.findall(stack.html_of(mail))):
                opened = harness.shoji("open", "--config", self.provider.server.config_file(), url, check=0)
                self.assertNotIn("d=", [line[:2] for line in opened[1].decode().splitlines()])
            self.assertShown(mail)
        else:
            harness.shoji("prefetch", "--config", self.provider.server.config_file(), stdin=mail, check=0)
            harness.until(lambda: len(self.sender.asked(*news.shown)) == len(news.shown))

    def assertOpenedInVain(self, name):
        """The reader reads it, twice, in a browser that could reach the sender."""
        if webmail.missing() or not browser.CHROMIUM:
            self.skipTest("no webmail is opened: " + (webmail.missing() or "chromium is not installed"))
        resolver = readers_network.run(reader.Resolver, stack.HOSTS)
        self.addCleanup(resolver.close)
        self.provider.webmail()
        uid = len(self.provider.store.mails(stack.ANNA))
        learned = self.sender.learned()
        with tempfile.NamedTemporaryFile("w", prefix="shoji-reader-") as resolv:
            resolv.write("nameserver 127.0.0.1\n")
            resolv.flush()
            with readers_network.run(reader.Browser, resolv.name,
                                     f"http://{stack.MAIL}:{stack.WEBMAIL_PORT}/") as one:
                one.log_in(stack.ANNA, stack.PASSWORD)
                for _ in range(2):
                    one.show(uid)
                    # Where it may not show a picture, the webmail has one of its own.
                    self.assertLessEqual(set(one.value(DRAWN_FROM)), {stack.MAIL})
                    page = one.value("document.body.innerText")
                    self.assertIn(f"News {name}", page)
                    self.assertIn("Twelve offers for you", page)
                self.assertLessEqual(one.hosts(), {stack.IMG, stack.MAIL})
        self.assertEqual({question.name for question in resolver.questions
                          if question.name.endswith(sender.ZONES)}, set())
        self.assertEqual(self.sender.learned(), learned)

    def assertShown(self, mail):
        for url in set(stack.OURS.findall(stack.html_of(mail))):
            self.assertPicture(http1.ask(self.provider.server.address, url.removeprefix(stack.BASE)))

    def go_through(self, way):
        self.sender = sender.Sender(self, senders_network, stack.MX)
        self.provider = stack.Provider(self, way).start()
        for row in [row for row in TABLE if row.way == way]:
            with self.subTest(dead=row.dead):
                self.one(row)

    def one(self, row):
        name = f"{row.way}-{row.dead}"
        news = sender.Newsletter(name)
        sent = news.message(stack.ANNA)
        self.kill(row.dead)
        try:
            self.sender.send(sent, stack.ANNA)
            if row.waits == "nowhere":
                harness.until(lambda: self.provider.mails(name), 60)
                self.assertEqual(self.sender.asked(*news.shown), [])
                if row.dead == "server" and row.way in OPENED:
                    with self.subTest("opened"):
                        self.assertOpenedInVain(name)
            else:
                self.assertWaits(row, name)
        finally:
            self.revive(row.dead)
        for mta in (self.sender.mta, self.provider.mta):
            mta.flush()
        harness.until(lambda: self.provider.mails(name) and
                      self.queues() == {"sender": [], "provider": []}, 60)
        mail, = self.provider.mails(name)
        self.assertBecame(row, news, mail, sent)
        self.assertEqual(self.provider.mails(name, ".Unprotected"), [])
        if row.becomes == "text":
            return
        if row.dead == "disk":
            self.assertNobodyKnew(row, news, mail)
            return
        # What waited in a queue, or in the spool, is fetched all the same: once.
        harness.until(lambda: len(self.sender.asked(*news.shown)) >= len(news.shown), 60)
        self.assertEqual(sorted(one.path for one in self.sender.asked()
                                if f"/{name}/" in one.path or one.path.endswith("=" + name)),
                         sorted("/" + url.split("/", 3)[3] for url in news.shown))
        if row.becomes == "rewritten":
            self.assertShown(mail)

    def test_milter(self):
        self.go_through("milter")

    def test_lmtp(self):
        self.go_through("lmtp")

    def test_sieve(self):
        self.go_through("sieve")

    def test_prefetch(self):
        self.go_through("prefetch")


if __name__ == "__main__":
    unittest.main()
