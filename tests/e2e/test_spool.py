"""Mail that is delivered while the server is down: its images lie in the spool, sealed, and are
fetched when it runs again, once."""

import os
import pathlib
import time
import unittest

import harness
import origin as origins
import pictures

DAY_S = 86400


class Spool(harness.ServerTest):
    def setUp(self):
        self.sender = self.origin()
        self.sender.default = origins.picture(pictures.plain_png())
        self.server = self.shojid(start=False)
        self.spool = pathlib.Path(self.server.directory, "spool")
        self.spool.mkdir()
        self.server.conf["prefetch"]["spool"] = str(self.spool)
        self.config = self.server.config_file()

    def shoji(self, command, *arguments, paths=("/a.png",)):
        html = "".join(f'<img src="{self.sender.url(path)}" width=90 height=90>' for path in paths)
        return harness.shoji(command, "--config", self.config, "--html", *arguments,
                             stdin=html.encode(), check=0)[1].decode()

    def files(self):
        return sorted(self.spool.iterdir())

    def empty(self):
        harness.until(lambda: not self.files())

    def fetched(self):
        """What stands before the last one in the queue has been fetched when that one is."""
        answer = self.server.ask_submit("POST", "/v1/prefetch", {"Content-Type": "application/json"},
                                        harness.as_json({"urls": [self.sender.url("/last.png")]}))
        self.assertEqual(answer.status, 202)
        self.assertTrue(self.sender.wait_for("/last.png"))

    def test_it_is_taken_over_and_fetched_once(self):
        html = self.shoji("rewrite", "--prefetch", paths=("/a.png", "/b.png"))
        file, = self.files()
        text = file.read_bytes()
        self.assertEqual(text.count(b"\n"), 2)
        for secret in (b"127.0.0.1", b"a.png", b"http"):
            self.assertNotIn(secret, text)
        self.assertEqual(file.stat().st_mode & 0o007, 0)
        self.server.start()
        self.assertTrue(self.sender.wait_for(None, 2))
        self.empty()
        path = html.partition('src="')[2].partition('"')[0].removeprefix(harness.BASE)
        harness.until(lambda: self.server.get(path).status == 200)
        self.assertEqual(self.sender.count(), 2)
        # Found once more after a crash of ours: nobody is asked twice.
        file.write_bytes(text)
        self.empty()
        self.fetched()
        self.assertEqual(self.sender.count("/a.png"), 1)
        self.assertEqual(self.sender.count("/b.png"), 1)

    def test_the_group_reads_it_whatever_the_umask(self):
        """Dovecot starts Sieve's programs with 077; the server is another user, of the group."""
        before = os.umask(0o077)
        try:
            self.shoji("prefetch")
        finally:
            os.umask(before)
        file, = self.files()
        self.assertEqual(file.stat().st_mode & 0o777, 0o640)

    def test_days_later(self):
        """Its times begin when it is taken over; what no reader can want any more is left out."""
        def days_ago(days):
            return time.strftime("%Y-%m-%d", time.gmtime(time.time() - days * DAY_S))

        self.shoji("rewrite", "--prefetch", "--delivered", days_ago(3), paths=["/3.png"])
        self.shoji("rewrite", "--prefetch", "--delivered", days_ago(16), paths=["/16.png"])
        self.shoji("prefetch", paths=["/old.png"])
        old = max(self.files(), key=lambda file: file.stat().st_mtime_ns)
        os.utime(old, (time.time() - 15 * DAY_S,) * 2)
        self.shoji("prefetch", paths=["/new.png"])
        self.server.start()
        self.empty()
        self.assertTrue(self.sender.wait_for("/3.png"))
        self.assertTrue(self.sender.wait_for("/new.png"))
        self.fetched()
        self.assertEqual(self.sender.count("/16.png"), 0)
        self.assertEqual(self.sender.count("/old.png"), 0)

    def test_half_files_and_what_is_none(self):
        whole = self.shoji("rewrite", "--prefetch")
        self.assertIn(harness.BASE, whole)
        file, = self.files()
        text = file.read_bytes()
        half, younger = self.spool / ".0123456789abcdef.new", self.spool / ".0123456789abcde0.new"
        half.write_bytes(text[:len(text) // 2])
        younger.write_bytes(text)
        os.utime(half, (time.time() - 2 * DAY_S,) * 2)
        (self.spool / "cut.urls").write_bytes(text[:len(text) // 2])
        (self.spool / "noise.urls").write_bytes(bytes(range(256)) * 50)
        (self.spool / "long.urls").write_bytes(b"x" * (17 << 20))
        (self.spool / "link.urls").symlink_to("/etc/hostname")
        os.mkfifo(self.spool / "fifo.urls")
        self.server.start()
        self.assertTrue(self.sender.wait_for("/a.png"))
        harness.until(lambda: {file.name for file in self.files()} ==
                      {younger.name, "long.urls.bad", "link.urls.bad", "fifo.urls.bad"})
        self.assertEqual(self.sender.count(), 1)

    def test_lines_whose_key_is_gone(self):
        """Counted in the log, by nothing that names them; the others are fetched."""
        self.shoji("rewrite", "--prefetch", paths=("/a.png", "/b.png", "/c.png"))
        old, = self.files()
        text = old.read_bytes()
        old.unlink()
        harness.write_keys(self.server.keys, harness.Key().line())
        self.shoji("rewrite", "--prefetch", paths=["/d.png"])
        new, = self.files()
        new.write_bytes(text + new.read_bytes())
        self.server.start()
        self.assertTrue(self.sender.wait_for("/d.png"))
        self.empty()
        harness.until(lambda: "spool: 3 of the lines" in self.server.logged(1000))
        for word in text.decode().split():
            self.assertNotIn(word, self.server.logged(1000))
        self.assertEqual(self.sender.count(), 1)


if __name__ == "__main__":
    unittest.main()
