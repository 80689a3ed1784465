"""Debian's Dovecot with the scripts of deploy/dovecot, by dovecot-lda and by LMTP: what is stored, and
where, also when the filters fail. The server's socket and spool are open to a group alone."""

import email
import http.server
import os
import pathlib
import pwd
import re
import shutil
import smtplib
import socketserver
import subprocess
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))

# pylint: disable=wrong-import-position
import dovecot
import harness
import origin as origins
import pictures
import sieve

LDA = "/usr/lib/dovecot/dovecot-lda"
ANNA = "anna@example.org"

CONF = """
base_dir = {0}/run
log_path = {0}/log
ssl = no
mail_location = maildir:~/Maildir
postmaster_address = postmaster@example.org
lda_mailbox_autocreate = yes
"""


def missing():
    if not os.path.exists(LDA) or not os.path.exists(sieve.PLUGIN):
        return "dovecot-sieve is not installed"
    return None if os.geteuid() == 0 else "Dovecot is started by root here, for another user"


def setUpModule():
    if not missing():
        sieve.enter()


@unittest.skipIf(missing(), missing())
class Sieve(harness.ServerTest):
    def setUp(self):
        self.sender = self.origin()
        self.sender.default = origins.picture(pictures.plain_png())
        self.server = self.shojid()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="shoji-sieve-"))
        self.addCleanup(shutil.rmtree, self.folder, True)
        os.chmod(self.server.directory, 0o755)
        self.arrange()

    def arrange(self):
        sieve.install(self.folder, self.server, sendmail=self.folder / "sendmail")
        sieve.open_socket(self.server)
        (self.folder / "home").mkdir()
        sendmail = self.folder / "sendmail"
        sendmail.write_text(f"#!/bin/sh\ncat >> {self.folder}/home/sent\n")
        sendmail.chmod(0o755)
        sieve.give_away(self.folder / "home", sendmail)

    def configure(self, script, more=""):
        (self.folder / "dovecot.conf").write_text(
            CONF.format(self.folder) + sieve.configuration(self.folder, script) + more)

    def deliver(self, message, script="shoji.sieve", more=""):
        """As a Postfix with `user=vmail:shoji` does it."""
        self.configure(script, more)
        done = subprocess.run(
            [LDA, "-c", self.folder / "dovecot.conf", "-f", "news@sender.example", "-a", ANNA],
            input=message, user="nobody", group=sieve.GID, extra_groups=[], umask=0o077,
            timeout=60, capture_output=True, env={"USER": "nobody", "HOME": str(self.folder / "home")})
        log = self.folder / "log"
        self.assertEqual(done.returncode, 0, done.stderr + (log.read_bytes() if log.exists() else b""))

    def stored(self, folder=""):
        """[(name, content)] of what is in a folder."""
        at = self.folder / "home" / "Maildir" / folder
        return [(path.name, path.read_bytes()) for sub in ("new", "cur")
                for path in (at / sub).glob("*")]

    def newsletter(self, pixel=False, receipt="Disposition-Notification-To: x@y.example\n"):
        more = '<img src="http://t.example/1.gif" width="1" height="1">' if pixel else ""
        return (f"From: News <news@sender.example>\nTo: {ANNA}\nSubject: news\nMIME-Version: 1.0\n"
                f"Content-Type: text/html; charset=utf-8\n{receipt}\n"
                f'<p>Hello</p><img src="{self.sender.url("/a.png")}">{more}\n').encode()

    def test_mail_is_rewritten_for_its_mailbox(self):
        self.deliver(self.newsletter(pixel=True))
        (name, content), = self.stored()
        self.assertNotIn(b"sender.example:", content)
        self.assertNotIn(self.sender.url("").encode(), content)
        html = email.message_from_bytes(content).get_payload(decode=True).decode()
        signed = html.split('<img src="')[1].split('"')[0]
        _, out, _ = harness.shoji("open", "--keys", self.server.keys, "--base", harness.BASE, signed,
                                  check=0)
        self.assertEqual(out.decode().split(), [self.sender.url("/a.png"), f"d={harness.today()}",
                                                f"m={self.server.key.salt(ANNA)}"])
        self.assertTrue(self.sender.wait_for("/a.png"))
        keywords = (self.folder / "home/Maildir/dovecot-keywords").read_text()
        self.assertIn("$Trackers", keywords)
        self.assertRegex(name, r":2,.*a")

    def test_mail_without_trackers_has_no_keyword(self):
        self.deliver(self.newsletter(receipt=""))
        (name, _), = self.stored()
        self.assertNotRegex(name, r":2,.*[a-z]")

    def test_the_server_is_down(self):
        self.server.stop()
        self.deliver(self.newsletter())
        (_, content), = self.stored()
        self.assertIn(b"X-Shoji: v=1; images=1;", content)
        file, = (self.folder / "spool").iterdir()
        self.assertEqual((file.stat().st_gid, file.stat().st_mode & 0o777), (sieve.GID, 0o640))

    def test_without_keys_it_becomes_text(self):
        (self.folder / "keys").unlink()
        self.deliver(self.newsletter())
        self.assertText(self.stored())

    def assertText(self, stored):
        (_, content), = stored
        message = email.message_from_bytes(content)
        self.assertEqual(message.get_content_type(), "text/plain")
        self.assertEqual(message["Subject"], "news")
        self.assertIn("fallback=filter", message["X-Shoji"])
        self.assertIsNone(message["Disposition-Notification-To"])
        self.assertIn(b"<p>Hello</p>", content)
        self.assertEqual(self.stored(".Unprotected"), [])

    def test_without_any_filter_it_is_set_apart(self):
        shutil.rmtree(self.folder / "programs")
        self.deliver(self.newsletter())
        self.assertEqual(self.stored(), [])
        (_, content), = self.stored(".Unprotected")
        self.assertIn(self.sender.url("/a.png").encode(), content)

    def redirect(self, message, before=False):
        """What goes out for a redirect in the user's own script, or in one before ours."""
        script = self.folder / "home" / "redirect.sieve"
        script.write_text('require "copy"; redirect :copy "bob@example.net";\n')
        sieve.give_away(script)
        if before:
            self.deliver(message, script, f"plugin {{\nsieve_before2 = {self.folder}/shoji.sieve\n}}\n")
        else:
            self.deliver(message, more=f"plugin {{\nsieve = {script}\n}}\n")
        for _, content in self.stored():
            self.assertNotIn(self.sender.url("").encode(), content)
        return (self.folder / "home/sent").read_bytes().replace(b"\r\n", b"\n")

    def test_a_redirect_gets_its_urls_back(self):
        sent = self.redirect(self.newsletter(pixel=True))
        self.assertNotIn(harness.BASE.encode(), sent)
        self.assertIn(self.sender.url("/a.png").encode(), sent)
        self.assertNotIn(b"http://t.example", sent)  # a tracker does not come back

    def test_a_redirect_before_the_filter_gets_the_original(self):
        message = self.newsletter(pixel=True)
        self.assertTrue(self.redirect(message, before=True).endswith(message))

    def test_a_redirect_that_cannot_get_them_goes_all_the_same(self):
        program = self.folder / "programs/shoji-sendmail"
        program.write_text(program.read_text().replace("unrewrite --mail", "none").replace(
            "/v1/unrewrite", "/v1/none"))
        sent = self.redirect(self.newsletter())
        self.assertIn(harness.BASE.encode() + b"/i/", sent)
        self.assertNotIn(self.sender.url("").encode(), sent)

    def test_prefetch_leaves_the_mail_as_it_came(self):
        message = self.newsletter(pixel=True)
        self.deliver(message, "prefetch.sieve")
        (name, content), = self.stored()
        self.assertTrue(content.replace(b"\r\n", b"\n").endswith(message), content)
        self.assertTrue(self.sender.wait_for("/a.png"))
        self.assertNotRegex(name, r":2,.*[a-z]")

    def test_prefetch_that_fails_loses_nothing(self):
        message = self.newsletter()
        shutil.rmtree(self.folder / "programs")
        self.deliver(message, "prefetch.sieve")
        (name, content), = self.stored()
        self.assertTrue(content.replace(b"\r\n", b"\n").endswith(message), content)
        self.assertEqual(self.sender.connections, 0)
        self.assertRegex(name, r":2,.*a")
        keywords = (self.folder / "home/Maildir/dovecot-keywords").read_text()
        self.assertEqual(keywords.split(), ["0", "$NotPrefetched"])


class Times(unittest.TestCase):
    def test_no_program_is_ended_before_it_gives_up_itself(self):
        """Pigeonhole's default for either is 10 s."""
        limits = {int(number) for file in sieve.DEPLOY.glob("shoji-*")
                  for number in re.findall(r"--max-time (\d+)", file.read_text())}
        self.assertTrue(limits)
        for file in sieve.DEPLOY.glob("dovecot-*.conf"):
            for what in ("filter", "execute"):
                seconds = re.findall(rf"(?m)^ *sieve_{what}_exec_timeout = (\d+)s$", file.read_text())
                self.assertGreater(int((seconds or [10])[0]), max(limits), f"{file.name}: {what}")


class Answer(http.server.BaseHTTPRequestHandler):
    def do_POST(self):  # pylint: disable=invalid-name
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        if self.server.became:
            self.send_header("Shoji-Prefetch", self.server.became)
        self.end_headers()

    def log_message(self, *_):  # pylint: disable=arguments-differ
        pass


class OverLmtp:
    """A mixin. The programs have what groups deploy/dovecot gives to Dovecot's service."""

    gid = None  # in the userdb; None: that of the user nobody
    configuration = staticmethod(sieve.configuration)

    def deliver(self, message, script="shoji.sieve", more=""):
        store = dovecot.Dovecot(ANNA, more=(
            f"postmaster_address = postmaster@example.org\n"
            f"mail_location = maildir:{self.folder}/home/Maildir\nlda_mailbox_autocreate = yes\n" +
            self.configuration(self.folder, script) + more))
        self.addCleanup(store.remove)
        if self.gid:
            nobody = pwd.getpwnam("nobody")
            users = store.directory / "users"
            users.write_text(users.read_text().replace(f":{nobody.pw_uid}:{nobody.pw_gid}:",
                                                       f":{nobody.pw_uid}:{self.gid}:"))
        store.start()
        try:
            with smtplib.LMTP(store.socket) as client:
                client.sendmail("news@sender.example", [ANNA], message.replace(b"\n", b"\r\n"))
        except smtplib.SMTPException as why:
            self.fail(f"{why}\n{store.logged()}")


@unittest.skipIf(missing(), missing())
class Lmtp(OverLmtp, Sieve):
    pass


@unittest.skipIf(missing() or not shutil.which("curl"), missing() or "curl is not installed")
class WithoutKeys(Sieve):
    """No mail.conf: the server does it, and nobody else has its keys."""

    def arrange(self):
        super().arrange()
        (self.folder / "mail.conf").unlink()
        (self.folder / "keys").unlink()

    def test_the_server_is_down(self):
        self.server.stop()
        self.deliver(self.newsletter())
        self.assertText(self.stored())

    def test_without_keys_it_becomes_text(self):
        """Nor where the server has none that signs."""
        harness.write_keys(self.server.keys, self.server.key.line("verify"))
        self.server.reload()
        self.deliver(self.newsletter())
        self.assertText(self.stored())

    def test_prefetch_fails_when_the_server_could_not(self):
        program, path = self.folder / "programs/shoji-prefetch", str(self.folder / "answers.sock")
        program.write_text(program.read_text().replace(self.server.submit, path))
        with socketserver.UnixStreamServer(path, Answer) as answers:
            for answers.became, code in (("queued", 0), ("off", 0), ("failed", 1), (None, 1)):
                thread = threading.Thread(target=answers.handle_request)
                thread.start()
                done = subprocess.run([program], input=self.newsletter(), timeout=60,
                                      capture_output=True, check=False)
                thread.join()
                self.assertEqual(done.returncode, code, (answers.became, done.stderr))

    def test_large_mail(self):
        self.deliver(self.newsletter() + 100000 * b"<p>Hello</p>\n")
        (_, content), = self.stored()
        self.assertIn(b"X-Shoji: v=1; images=1;", content)
        self.assertGreater(len(content), 1200000)


@unittest.skipIf(missing() or not shutil.which("curl"), missing() or "curl is not installed")
class LmtpWithoutKeys(OverLmtp, WithoutKeys):
    pass


@unittest.skipIf(missing() or not shutil.which("curl"), missing() or "curl is not installed")
class LmtpAsRoot(LmtpWithoutKeys):
    """Each mailbox has a uid of its own, and the userdb names the group as the gid of all."""

    gid = sieve.GID

    @staticmethod
    def configuration(folder, script="shoji.sieve"):
        return re.sub(r"(?ms)^service lmtp \{.*?^\}\n", "", sieve.configuration(folder, script))


if __name__ == "__main__":
    unittest.main()
