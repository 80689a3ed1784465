"""The way out, over a whole Maildir: what changes, what stays, and that it may be interrupted."""

import gzip
import importlib.machinery
import importlib.util
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest
from unittest import mock

import harness

SCRIPT = os.path.join(harness.ROOT, "deploy", "unrewrite-maildir")
URL = "https://sender.example/banner.png"
PLAIN = b"From: a@example.org\nSubject: x\n\nno picture\n"
CAME_NS = 1_600_000_000_123_456_789

# Does as shoji does, and meanwhile what a mail server does to the message.
MEDDLER = """#!/bin/sh
{shoji} "$@"
cd {folder}/cur && {what}
"""


class UnrewriteMaildir(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="shoji-maildir-"))
        self.addCleanup(shutil.rmtree, self.folder, True)
        key = harness.Key()
        harness.write_keys(self.folder / "keys", key.line())
        self.conf = self.folder / "shoji.conf"
        self.conf.write_text(f"[server]\nbase_url = {harness.BASE}\nkeys = {self.folder}/keys\n")
        self.maildir = self.folder / "Maildir"
        for box in ("", ".Junk", ".Lists.big"):
            for sub in ("cur", "new", "tmp"):
                (self.maildir / box / sub).mkdir(parents=True)
        mail = ("From: a@example.org\nSubject: x\nMIME-Version: 1.0\nContent-Type: text/html\n\n"
                f'<p>Hi<img src="{URL}"></p>\n').encode()
        _, self.mail, _ = harness.shoji("--config", str(self.conf), "rewrite", stdin=mail, check=0)
        self.assertNotIn(URL.encode(), self.mail)

    def put(self, name, text=None, box=""):
        path = self.maildir / box / name
        path.write_bytes(self.mail if text is None else text)
        path.chmod(0o640)
        os.utime(path, ns=(CAME_NS, CAME_NS))
        return path

    def run_it(self, *more, shoji=harness.SHOJI):
        done = subprocess.run([SCRIPT, "--shoji", shoji, "--config", self.conf, *more, self.maildir],
                              capture_output=True, text=True, timeout=60)
        return done.returncode, done.stdout.strip().split("\n")[-1], done.stderr

    def files(self):
        return {str(path.relative_to(self.maildir)): path for path in self.maildir.rglob("*")
                if path.is_file()}

    def test_a_whole_maildir(self):
        crlf = self.mail.replace(b"\n", b"\r\n")
        self.put("cur/100.M1P2.host,S=1,W=2:2,RSa")
        self.put("new/101.M1P2.host,S=9", crlf)
        self.put("cur/102.host:2,", box=".Junk")
        same = [self.put("cur/103.host,S=44:2,S", PLAIN), self.put("new/104.host", b"", ".Lists.big"),
                self.put("cur/105.host:2,S", gzip.compress(self.mail))]
        before = [(path.stat(), path.read_bytes()) for path in same]
        self.assertEqual(self.run_it("--dry-run")[:2],
                         (0, "3 changed, 2 as they were, 1 compressed, 0 failed"))
        self.assertIn("cur/100.M1P2.host,S=1,W=2:2,RSa", self.files())
        self.assertEqual(self.run_it()[:2], (0, "3 changed, 2 as they were, 1 compressed, 0 failed"))
        after = self.files()
        self.assertEqual(len(after), 6)
        for path, (stat, text) in zip(same, before):
            self.assertEqual((path.stat().st_ino, path.read_bytes()), (stat.st_ino, text))
            del after[str(path.relative_to(self.maildir))]
        for name, path in after.items():
            text, stat = path.read_bytes(), path.stat()
            self.assertIn(URL.encode(), text)
            self.assertEqual((stat.st_mtime_ns, stat.st_mode & 0o777), (CAME_NS, 0o640))
            if ",S=" in name:
                self.assertIn(f",S={stat.st_size}", name)
        one, = [name for name in after if name.startswith("cur/100.M1P2.host,")]
        lines = after[one].read_bytes().count(b"\n")
        self.assertTrue(one.endswith(f",W={after[one].stat().st_size + lines}:2,RSa"), one)
        self.assertEqual(sum(name.startswith("new/101.M1P2.host,") for name in after), 1)
        self.assertEqual(sum(name.startswith(".Junk/cur/102.host") for name in after), 1)
        self.assertEqual(self.run_it()[:2], (0, "0 changed, 5 as they were, 1 compressed, 0 failed"))

    def test_an_interrupted_run_is_gone_on_with(self):
        """Killed while the new one was written; and when it was in place, and the old one not gone:
        the reader has thrown the new one away since."""
        self.put("cur/100.host,S=1:2,S")
        self.run_it()
        new, = self.files().values()
        whole = new.read_bytes()
        self.put(f"tmp/{new.name}", b"half")
        new.unlink()
        self.put("cur/100.host,S=1:2,S")
        self.run_it()
        self.assertEqual(list(self.files().values()), [new])
        self.assertEqual(new.read_bytes(), whole)
        flagged = new.rename(new.with_name(new.name + "T"))
        self.put("cur/100.host,S=1:2,S")
        self.assertEqual(self.run_it()[1], "1 changed, 1 as they were, 0 compressed, 0 failed")
        self.assertEqual(list(self.files().values()), [flagged])

    def meddle(self, what):
        program = self.folder / "meddler"
        program.write_text(MEDDLER.format(shoji=harness.SHOJI, folder=self.maildir, what=what))
        program.chmod(0o755)
        return self.run_it(shoji=program)

    def test_flags_that_change_meanwhile_are_kept(self):
        self.put("cur/100.host:2,")
        self.meddle("mv 100.host:2, 100.host:2,FS")
        for name, path in self.files().items():
            self.assertTrue(name.endswith(":2,FS"), name)
        self.run_it()
        (name, path), = self.files().items()
        self.assertIn(URL.encode(), path.read_bytes())
        self.assertTrue(name.endswith(":2,FS"), name)

    def test_what_is_deleted_meanwhile_stays_deleted(self):
        self.put("cur/100.host:2,")
        self.assertEqual(self.meddle("rm 100.host:2,")[0], 0)
        self.assertEqual(self.files(), {})

    def replace(self, what):
        """The step by itself, with what happens once the new one stands beside the old one."""
        loader = importlib.machinery.SourceFileLoader("unrewrite_maildir", SCRIPT)
        script = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
        loader.exec_module(script)
        old = self.put("cur/100.host,S=1:2,S")
        with mock.patch.object(script, "sync", lambda _: what(old)):
            script.replace(str(self.maildir), "cur", old.name, b"changed\n")

    def test_flags_that_change_at_the_last_moment(self):
        self.replace(lambda old: old.rename(old.with_name("100.host,S=1:2,FS")))
        (name, path), = self.files().items()
        self.assertEqual((name, path.read_bytes()),
                         ("cur/100.host,shoji=back,S=8:2,FS", b"changed\n"))

    def test_deleted_at_the_last_moment(self):
        self.replace(lambda old: old.unlink())
        self.assertEqual(self.files(), {})

    def test_without_keys_nothing_changes(self):
        path = self.put("cur/100.host:2,")
        (self.folder / "keys").unlink()
        code, line, _ = self.run_it()
        self.assertEqual((code, line), (1, "0 changed, 0 as they were, 0 compressed, 1 failed"))
        self.assertEqual(path.read_bytes(), self.mail)
        self.assertEqual(len(self.files()), 1)

    def test_what_is_no_maildir_is_said(self):
        shutil.rmtree(self.maildir / "new")
        shutil.rmtree(self.maildir / ".Junk")
        shutil.rmtree(self.maildir / ".Lists.big")
        self.assertEqual(self.run_it()[0], 3)


if __name__ == "__main__":
    unittest.main()
