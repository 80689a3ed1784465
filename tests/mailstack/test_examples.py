"""The examples for POST /v1/rewrite do what they say, and say so when there is no answer."""

import os
import pathlib
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))

# pylint: disable=wrong-import-position
import harness

EXAMPLES = os.path.join(harness.ROOT, "deploy", "examples")
HTML = ('<html><head><meta charset="iso-8859-1"></head><body><p>Größe</p>'
        '<img src="http://sender.example/a.png" width="99">'
        '<img src="http://t.example/1.gif" width="1" height="1"></body></html>')


class Examples(harness.ServerTest):
    def setUp(self):
        self.server = self.shojid()

    def run_it(self, command):
        return subprocess.run([*command, self.server.submit, "anna@example.org", "2026-01-31"],
                              input=HTML.encode(), capture_output=True, timeout=60)

    def check(self, *command):
        done = self.run_it(command)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr.decode().strip(), "1 trackers")
        shown = done.stdout.decode()
        self.assertIn("<p>Größe</p>", shown)
        signed = shown.split('<img src="')[1].split('"')[0]
        _, out, _ = harness.shoji("open", "--keys", self.server.keys, "--base", harness.BASE, signed,
                                  check=0)
        self.assertEqual(out.decode().split(),
                         ["http://sender.example/a.png", "d=20484",
                          f"m={self.server.key.salt('anna@example.org')}"])
        self.server.stop()
        done = self.run_it(command)
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(done.stdout.count(b"sender.example"), 0)

    def test_python(self):
        self.check("/usr/bin/python3", "-B", os.path.join(EXAMPLES, "rewrite.py"))

    def test_php(self):
        php = shutil.which("php")
        if not php:
            self.skipTest("php is not installed")
        if b"curl" not in subprocess.run([php, "-m"], capture_output=True, check=True).stdout.split():
            self.skipTest("php-curl is not installed")
        self.check(php, os.path.join(EXAMPLES, "rewrite.php"))

    def test_node(self):
        node = shutil.which("node")
        if not node:
            self.skipTest("node is not installed")
        self.check(node, os.path.join(EXAMPLES, "rewrite.mjs"))


if __name__ == "__main__":
    unittest.main()
