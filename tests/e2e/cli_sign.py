#!/usr/bin/env python3
"""The shoji program's keygen, sign and open, from outside: output, files and exit codes.

SHOJI_BUILD names the build directory. Nothing of this machine's own configuration is read: every run
gets --config with an empty file, unless the test is about that.
"""

import base64
import datetime
import hashlib
import hmac
import os
import pathlib
import re
import stat
import subprocess
import tempfile
import unittest

PROGRAM = pathlib.Path(os.environ["SHOJI_BUILD"]) / "src" / "cli" / "shoji"
BASE = "https://img.example.org"
URL = "https://example.org/a.png"
KEY_LINE = re.compile(r"([a-z0-9]{8})  ([A-Za-z0-9+/]{43}=)  sign(?:  tenant=(\S+))?\n")


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="shoji-cli-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.keys = self.folder / "keys"
        self.config = self.folder / "shoji.conf"
        self.config.write_text("")

    def run_shoji(self, *args, stdin="", code=0):
        done = subprocess.run([PROGRAM, "--config", self.config, *args], input=stdin, text=True,
                              capture_output=True, timeout=30, check=False)
        self.assertEqual(done.returncode, code, f"{args}: {done.stdout}{done.stderr}")
        return done

    def keygen(self, *args):
        self.run_shoji("keygen", "--keys", self.keys, *args)

    def sign(self, *args, **more):
        return self.run_shoji("sign", "--base", BASE, "--keys", self.keys, *args, **more)

    def open(self, *args, **more):
        return self.run_shoji("open", "--keys", self.keys, *args, **more)


class Usage(Case):
    def test_help_and_version_are_done(self):
        self.assertIn("sign", self.run_shoji("--help").stdout)
        self.assertIn("--mailbox", self.run_shoji("sign", "--help").stdout)
        self.assertRegex(self.run_shoji("--version").stdout, r"^shoji \d+\.\d+\.\d+\n$")

    def test_what_is_not_understood_is_usage(self):
        for args in ((), ("nothing",), ("--nothing",), ("sign",), ("sign", "--nothing", URL),
                     ("sign", "--form"), ("sign", "--form", "open", URL), ("open",),
                     ("keygen", "extra"), ("keygen", "--tenant", "a b"), ("sign", URL, "--keys"),
                     *(("sign", "--delivered", day, URL)
                       for day in ("2025-02-29", "2025-13-01", "2025-00-10", "1969-12-31",
                                   "2025-1-1", "25-01-01", "2025-01-01x", "tomorrow", ""))):
            with self.subTest(args=args):
                done = self.run_shoji(*args, code=2)
                self.assertEqual(done.stdout, "")
                self.assertNotEqual(done.stderr, "")


class Keygen(Case):
    def test_prints_a_line_without_keys(self):
        first = self.run_shoji("keygen").stdout
        second = self.run_shoji("keygen").stdout
        self.assertRegex(first, KEY_LINE)
        self.assertNotEqual(first, second)

    def test_makes_a_private_file_whatever_the_umask(self):
        for mask in (0o000, 0o022, 0o777):
            with self.subTest(mask=oct(mask)):
                before = os.umask(mask)
                try:
                    self.keygen()
                finally:
                    os.umask(before)
                self.assertEqual(stat.S_IMODE(self.keys.stat().st_mode), 0o600)
                self.keys.unlink()

    def test_appends_and_keeps_what_is_there(self):
        self.keygen()
        first = self.keys.read_text()
        self.keygen("--tenant", "Acme.1")
        both = self.keys.read_text()
        self.assertTrue(both.startswith(first))
        self.assertEqual(KEY_LINE.fullmatch(both[len(first):])[3], "Acme.1")

    def test_begins_a_line_of_its_own(self):
        self.keygen()
        self.keys.write_text(self.keys.read_text().rstrip("\n"))
        self.keygen()
        self.assertRegex(self.keys.read_text(), f"^{KEY_LINE.pattern}{KEY_LINE.pattern}$")

    def test_many_at_once_lose_nothing(self):
        running = [subprocess.Popen([PROGRAM, "keygen", "--keys", self.keys]) for _ in range(20)]
        self.assertEqual([one.wait(timeout=30) for one in running], [0] * 20)
        lines = self.keys.read_text().splitlines(keepends=True)
        self.assertEqual(len(lines), 20)
        self.assertEqual(len({KEY_LINE.fullmatch(line)[1] for line in lines}), 20)

    def test_leaves_a_file_alone_that_is_not_right(self):
        for text, mode in (("no key\n", 0o600), ("", 0o644), ("", 0o620)):
            with self.subTest(text=text, mode=oct(mode)):
                self.keys.write_text(text)
                self.keys.chmod(mode)
                done = self.run_shoji("keygen", "--keys", self.keys, code=3)
                self.assertEqual(self.keys.read_text(), text)
                self.assertEqual(done.stderr.count("\n"), 1)
                self.keys.unlink()


class SignAndOpen(Case):
    def setUp(self):
        super().setUp()
        self.keygen()
        self.kid, secret, _ = KEY_LINE.fullmatch(self.keys.read_text()).groups()
        self.secret = base64.b64decode(secret)

    def derived(self, purpose):
        return hmac.new(self.secret, b"shoji v1 " + purpose, hashlib.sha256).digest()

    def salt(self, mailbox):
        return b64url(hmac.new(self.derived(b"mailbox"), mailbox, hashlib.sha256).digest()[:8])

    def test_round_trip_of_both_forms(self):
        salt = self.salt(b"reader@example.org")
        days = (datetime.date(2026, 2, 28) - datetime.date(1970, 1, 1)).days
        for form, mark in (("sealed", "i"), ("signed", "s")):
            for args, options in (
                    ((), []), (("--consent",), ["c=1"]),
                    (("--delivered", "2026-02-28"), [f"d={days}"]),
                    (("--delivered", "1970-01-01"), ["d=0"]),
                    (("--mailbox", "reader@example.org"), [f"m={salt}"]),
                    (("--mailbox=reader@example.org", "--delivered=2026-02-28", "--consent"),
                     ["c=1", f"d={days}", f"m={salt}"])):
                with self.subTest(form=form, args=args):
                    signed = self.sign("--form", form, *args, URL).stdout
                    self.assertRegex(signed, f"^{BASE}/{mark}/{self.kid}/[A-Za-z0-9_/-]+\n$")
                    opened = self.open(signed.strip()).stdout
                    self.assertEqual(opened.splitlines(), [URL, *options])

    def test_the_signed_form_is_what_ten_lines_elsewhere_make(self):
        payload = b64url(URL.encode())
        tag = hmac.new(self.derived(b"sign"), f"{self.kid}/{payload}".encode(),
                       hashlib.sha256).digest()[:16]
        signed = f"{BASE}/s/{self.kid}/{b64url(tag)}/{payload}"
        self.assertEqual(self.sign("--form=signed", URL).stdout, signed + "\n")
        self.assertEqual(self.open(signed).stdout, URL + "\n")

    def test_sealed_is_the_default_and_hides(self):
        self.assertEqual(self.sign(URL).stdout, self.sign("--form", "sealed", URL).stdout)
        self.assertNotIn(b64url(URL.encode())[:8], self.sign(URL).stdout)

    def test_signs_the_canonical_spelling(self):
        signed = self.sign("HTTPS://User:Pw@EXAMPLE.org:443/x/../a.png#top").stdout
        self.assertEqual(signed, self.sign(URL).stdout)

    def test_refused_urls_do_not_stop_the_others(self):
        done = self.sign("http://a.example/1", "ftp://a.example/", "relative.png", "http://[",
                         "http://a.example/" + "a" * 4096, "http://a.example/2", code=1)
        opened = self.open(*done.stdout.split()).stdout
        self.assertEqual(opened.split(), ["http://a.example/1", "http://a.example/2"])
        self.assertEqual(done.stderr.count("\n"), 4)

    def test_stdin(self):
        done = self.sign("-", stdin="http://a.example/1\r\n\nhttp://a.example/2\nx:y", code=1)
        self.assertEqual(len(done.stdout.splitlines()), 2)
        opened = self.open("-", stdin=done.stdout).stdout
        self.assertEqual(opened.split(), ["http://a.example/1", "http://a.example/2"])

    def test_a_changed_url_is_a_no(self):
        signed = self.sign(URL).stdout.strip()
        for bad in (signed[:-2], signed + "A", signed.replace("/i/", "/s/"), "https://x", "x", "",
                    signed.replace(self.kid, "nobody")):
            with self.subTest(bad=bad):
                self.assertEqual(self.open(bad, code=1).stdout, "")

    def test_a_path_alone_opens(self):
        signed = self.sign(URL).stdout.strip()
        self.assertEqual(self.open(signed[len(BASE):]).stdout, URL + "\n")

    def test_revoked_and_verifying_keys(self):
        signed = self.sign(URL).stdout.strip()
        line = self.keys.read_text()
        self.keys.write_text(line.replace("  sign", "  verify"))
        self.open(signed)
        self.sign(URL, code=3)
        self.keys.write_text(line.replace("  sign", "  revoked"))
        self.open(signed, code=1)
        self.sign(URL, code=3)

    def test_a_file_that_others_can_read_is_refused(self):
        signed = self.sign(URL).stdout.strip()
        for mode in (0o640, 0o604, 0o660):
            self.keys.chmod(mode)
            done = self.sign(URL, code=3)
            self.assertIn(str(self.keys), done.stderr)
            self.assertEqual(done.stdout, "")
            self.open(signed, code=3)

    def test_common_options_stand_anywhere(self):
        signed = self.sign(URL).stdout
        for args in (("--base", BASE, "--keys", self.keys, "sign", URL),
                     (f"--base={BASE}", "sign", URL, f"--keys={self.keys}"),
                     ("sign", "--keys", self.keys, "--base", BASE, "--", URL)):
            self.assertEqual(self.run_shoji(*args).stdout, signed)

    def test_the_configuration_gives_what_the_command_line_does_not(self):
        signed = self.sign(URL).stdout.strip()
        self.config.write_text(f"[server]\nbase_url = {BASE}\nkeys = {self.keys}\n"
                               "url_suffix = .png\n")
        self.assertEqual(self.run_shoji("sign", URL).stdout, signed + ".png\n")
        self.assertEqual(self.run_shoji("open", signed + ".png").stdout, URL + "\n")
        self.assertEqual(self.run_shoji("open", signed).stdout, URL + "\n")
        self.run_shoji("open", signed + ".gif", code=1)

    def test_trouble_is_one_sentence(self):
        self.assertEqual(self.run_shoji("sign", "--keys", self.keys, URL, code=3)
                         .stderr.count("\n"), 1)
        for base in ("img.example.org", BASE + "/", BASE + "/p", BASE + "?q"):
            done = self.run_shoji("sign", "--keys", self.keys, "--base", base, URL, code=3)
            self.assertEqual(done.stderr.count("\n"), 1)
        self.run_shoji("sign", "--keys", self.folder / "none", "--base", BASE, URL, code=3)
        self.run_shoji("--config", self.folder / "none", "sign", URL, code=3)
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = subprocess.run([PROGRAM, "sign", "--base", BASE, "--keys", self.keys, URL],
                                  stdout=full, stderr=subprocess.PIPE, timeout=30, check=False)
        self.assertEqual(done.returncode, 3)


if __name__ == "__main__":
    unittest.main()
