"""The units of deploy/systemd under a systemd of their own: installed and set up as its README says,
started, asked, replaced under load, killed, and looked at from outside."""

import base64
import os
import pathlib
import re
import unittest

import harness
import http1
import lmtp
import manager
import milter
import network
import origin as origins
import pictures
import samples
from test_restart import Reader

DEPLOY = pathlib.Path(harness.ROOT, "deploy", "systemd")
READERS = ("127.0.0.1", 8080)
SERVICES = ("shojid.service", "shoji-milter.service", "shoji-lmtp.service")
SOCKETS = ("shojid.socket", "shojid-submit.socket", "shojid-admin.socket")
CONF = "\n[fetch]\nallow_private = 127.0.0.0/8\nports = any\n[cache]\nsize = 64M\nindex_size = 16M\n"
# Where the store of the unit's default is on Debian.
STORE = "/run/dovecot"


def setUpModule():
    if manager.missing():
        raise unittest.SkipTest(manager.missing())
    network.enter_network()


def mail(url):
    return (f"From: news@sender.example\r\nTo: anna@example.org\r\nSubject: News\r\n"
            f"MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
            f'<p><img src="{url}" width="90" height="90"></p>\r\n').encode()


class Systemd(harness.ServerTest):
    @classmethod
    def setUpClass(cls):
        cls.machine = manager.Machine()
        cls.addClassCleanup(cls.machine.stop)
        cls.machine.boot()
        readme = (DEPLOY / "README.md").read_text(encoding="utf-8")
        first, start = re.search(r"(?s)```\n(.*)(systemctl .*?)```", readme).groups()
        more = f"printf '{CONF}' >> /etc/shoji/shoji.conf\n"
        cls.machine.run("sh", "-euc", first + more + start)
        kid, secret, _ = pathlib.Path(cls.machine.path("/etc/shoji/keys")).read_text(
            encoding="ascii").split()
        cls.key = harness.Key(kid, base64.b64decode(secret))

    def setUp(self):
        self.systemctl = lambda *words: self.machine.run("systemctl", *words)
        self.systemctl("start", "shojid.service")
        self.sender = self.origin()
        self.sender.default = origins.picture(pictures.plain_png())

    def read(self, path):
        return http1.ask(READERS, path)

    def status(self, unit):
        """/proc/PID/status of its first process."""
        text = self.machine.run("cat", f"/proc/{self.machine.main_process(unit)}/status").stdout
        return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)

    def kill(self, unit):
        """And waits until it is there again."""
        pid = self.machine.main_process(unit)
        self.machine.run("kill", "-9", pid)
        harness.until(lambda: self.machine.main_process(unit) not in ("0", pid))
        harness.until(lambda: self.machine.show(unit, "ActiveState") == "active")

    def store(self):
        folder = self.machine.path(STORE)
        os.makedirs(folder, exist_ok=True)
        store = lmtp.Store(folder)
        self.addCleanup(os.unlink, store.path)
        self.addCleanup(store.close)
        os.chmod(store.path, 0o666)
        os.makedirs(self.machine.path("/etc/default"), exist_ok=True)
        pathlib.Path(self.machine.path("/etc/default/shoji-lmtp")).write_text(
            f"TO=unix:{STORE}/store.sock\n", encoding="ascii")
        return store

    def milter_client(self):
        self.systemctl("start", "shoji-milter.service")
        return milter.Client(self.machine.path("/run/shoji/milter.sock"))

    def assertProxied(self, text, url):
        """The path of the one signed URL."""
        self.assertNotIn(url.encode(), text)
        text = text.replace(b"=\r\n", b"")
        urls = re.findall(rb"https://img\.example\.org(/i/[A-Za-z0-9._/-]+)", text)
        self.assertEqual(len(urls), 1, text)
        return urls[0].decode()

    # ---- the server ----

    def test_a_picture_comes_through_the_sandbox(self):
        self.assertPicture(self.read(self.key.sign(self.sender.url("/a.png"))), "png")
        self.assertPicture(self.read(self.key.sign(self.sender.url("/a.png"))), "png")
        self.assertEqual(self.sender.count("/a.png"), 1)

    def test_the_unit_takes_no_wall_from_the_decoders(self):
        """And they make of every kind of picture what they make elsewhere."""
        self.systemctl("restart", "shojid.service")
        said, = re.findall("decoder: .*", self.machine.run(
            "journalctl", "--no-pager", "_PID=" + self.machine.main_process("shojid.service")).stdout)
        alone = self.shojid()
        self.assertEqual(said, re.search("decoder: .*", alone.logged()).group())
        self.assertIn("own namespaces, empty root", said)
        for kind, data in samples.every().items():
            self.sender.pages[f"/{kind}"] = origins.picture(data)
            here = self.read(self.key.sign(self.sender.url(f"/{kind}")))
            self.assertPicture(here)
            self.assertEqual(here.body, alone.open(self.sender.url(f"/{kind}")).body, kind)

    def test_the_first_request_starts_it(self):
        self.systemctl("stop", "shojid.service")
        self.assertEqual(self.machine.show("shojid.service", "ActiveState"), "inactive")
        for unit in SOCKETS:
            self.assertEqual(self.machine.show(unit, "ActiveState"), "active")
        self.assertPicture(self.read(self.key.sign(self.sender.url("/first.png"))))
        self.assertEqual(self.machine.show("shojid.service", "ActiveState"), "active")

    def test_a_restart_refuses_no_reader(self):
        path = self.key.sign(self.sender.url("/load.png"))
        self.assertPicture(self.read(path))
        before = self.machine.main_process("shojid.service")
        readers = [Reader(READERS, path, keep=i % 2 == 0) for i in range(4)]
        for reader in readers:
            reader.start()
        for _ in range(4):
            seen = sum(reader.answered for reader in readers)
            self.systemctl("restart", "shojid.service")
            harness.until(lambda: sum(reader.answered for reader in readers) > seen + 20)
        for reader in readers:
            reader.stop.set()
        for reader in readers:
            reader.join()
            self.assertEqual(reader.failures, [])
        self.assertNotEqual(self.machine.main_process("shojid.service"), before)
        self.assertEqual(self.machine.show("shojid.service", "Result"), "success")
        self.assertEqual(self.sender.count("/load.png"), 1)

    def test_reload_reads_the_keys(self):
        other = harness.Key()
        path = other.sign(self.sender.url("/reload.png"))
        self.assertEqual(self.read(path).status, 403)
        keys = pathlib.Path(self.machine.path("/etc/shoji/keys"))
        before = keys.read_text(encoding="ascii")
        pid = self.machine.main_process("shojid.service")
        keys.write_text(before + other.line("verify"), encoding="ascii")
        self.systemctl("reload", "shojid.service")
        harness.until(lambda: self.read(path).status == 200)
        keys.write_text(before, encoding="ascii")
        self.systemctl("reload", "shojid.service")
        harness.until(lambda: self.read(path).status == 403)
        self.assertEqual(self.machine.main_process("shojid.service"), pid)

    def test_what_is_killed_comes_again(self):
        """Also the sixth time in a row, when systemd's own rule would be to leave it."""
        self.store()
        self.systemctl("restart", *SERVICES)
        for unit in (*SERVICES, *6 * ["shojid.service"]):
            self.kill(unit)
        self.assertPicture(self.read(self.key.sign(self.sender.url("/again.png"))))

    # ---- mail ----

    def test_the_milter(self):
        with self.milter_client() as client:
            outcome = client.send(mail(self.sender.url("/m.png")))
        path = self.assertProxied(outcome.message, self.sender.url("/m.png"))
        self.assertTrue(self.sender.wait_for("/m.png"))
        harness.until(lambda: self.read(path).status == 200)
        self.systemctl("stop", "shoji-milter.service")
        self.assertEqual(self.machine.show("shoji-milter.service", "Result"), "success")

    def test_lmtp(self):
        store = self.store()
        self.systemctl("restart", "shoji-lmtp.service")
        mta = lmtp.Mta(("127.0.0.1", 2424))
        self.addCleanup(mta.close)
        mta.envelope("anna@example.org")
        self.assertEqual(mta.message(mail(self.sender.url("/l.png"))), [(250, "2.0.0 saved\r\n")])
        self.assertProxied(store.transactions[0].text, self.sender.url("/l.png"))
        self.assertTrue(self.sender.wait_for("/l.png"))
        self.systemctl("stop", "shoji-lmtp.service")
        self.assertEqual(self.machine.show("shoji-lmtp.service", "Result"), "success")

    def test_mail_flows_while_the_server_is_away(self):
        with self.milter_client() as client:
            self.systemctl("stop", *SOCKETS, "shojid.service")
            outcome = client.send(mail(self.sender.url("/spool.png")))
        path = self.assertProxied(outcome.message, self.sender.url("/spool.png"))
        self.assertEqual(len(os.listdir(self.machine.path("/var/spool/shoji"))), 1)
        self.assertEqual(self.sender.connections, 0)
        self.systemctl("start", "shojid.service")
        self.assertTrue(self.sender.wait_for("/spool.png"))
        harness.until(lambda: self.read(path).status == 200)
        self.assertEqual(os.listdir(self.machine.path("/var/spool/shoji")), [])

    # ---- walls ----

    def test_what_they_may_not(self):
        self.store()
        self.systemctl("start", *SERVICES)
        for unit in SERVICES:
            status = self.status(unit)
            for name in ("CapEff", "CapPrm", "CapBnd", "CapAmb"):
                self.assertEqual(int(status[name], 16), 0, (unit, name))
            self.assertEqual(status["NoNewPrivs"], "1", unit)
            self.assertNotIn("0", status["Uid"].split(), unit)
            self.assertEqual(status["Seccomp"], "2", unit)
            inside = ["nsenter", "-t", self.machine.main_process(unit), "--mount"]
            for place in ("/usr", "/etc", "/etc/shoji", "/var", "/boot"):
                done = self.machine.run(*inside, "touch", f"{place}/written", check=False)
                self.assertIn("Read-only file system", done.stderr, (unit, place))
            done = self.machine.run(*inside, "sh", "-c", "ls -A /home /root | grep -v :", check=False)
            self.assertEqual(done.stdout.strip(), "", unit)
            written = "/var/spool/shoji/.written"
            self.machine.run(*inside, "sh", "-c", f"touch {written} && rm {written}")

    def test_systemd_has_nothing_to_say(self):
        units = [f"/usr/local/lib/systemd/system/{unit}" for unit in (*SERVICES, *SOCKETS)]
        done = self.machine.run("systemd-analyze", "verify", "--man=no", *units)
        self.assertEqual(done.stdout + done.stderr, "")


if __name__ == "__main__":
    unittest.main()
