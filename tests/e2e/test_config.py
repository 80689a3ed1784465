"""Starting, checking and reloading: configuration and key file (contract 2 and 7)."""

import json
import os
import re
import signal
import subprocess
import tempfile
import threading
import unittest

import harness
import http1
import origin as origins
import pictures


def check_config(path):
    done = subprocess.run([harness.SHOJID, "--check-config", "--config", path], timeout=60,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return done.returncode, done.stderr


class CheckConfig(harness.ServerTest):
    def written(self, change=lambda text: text):
        server = self.shojid(start=False)
        path = server.config_file()
        with open(path, encoding="utf-8") as file:
            text = change(file.read())
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path, text

    def test_a_good_one(self):
        path, _ = self.written()
        self.assertEqual(check_config(path)[0], 0)
        self.assertFalse(os.path.exists(os.path.join(os.path.dirname(path), "state")))

    def refused(self, line, section, allowed=None):
        """Exit 3 and one sentence that names file and line, and what is allowed."""
        path, text = self.written(lambda text: text + f"[{section}]\n{line}\n")
        code, said = check_config(path)
        self.assertEqual(code, 3, said)
        self.assertRegex(said, re.escape(path) + f":{text.count(chr(10))}\\b")
        self.assertEqual(said.strip().count("\n"), 0, said)
        if allowed:
            self.assertRegex(said, allowed)

    def test_unknown_keys_and_sections(self):
        for section, line in (("server", "lisen = 127.0.0.1:0"), ("fetch", "Timeout_ms = 3"),
                              ("cache", "x = 1"), ("nonsense", "x = 1")):
            with self.subTest(section=section, line=line):
                self.refused(line, section)

    def test_bad_values(self):
        for section, line, allowed in (
                ("fetch", "wait = soon", r"\bs\b|30s|seconds"), ("fetch", "wait = -1s", None),
                ("cache", "hot_memory = much", r"16M|\bM\b"),
                ("cache", "refetch = sometimes", r"shared.*never.*always"),
                ("rewrite", "mode = show", r"proxy.*hold.*strip"),
                ("decode", "output = bmp", r"compat.*webp"),
                ("prefetch", "enabled = maybe", r"on|yes|true")):
            with self.subTest(line=line):
                self.refused(line, section, allowed)

    def test_lists_that_cannot_be_read(self):
        for line in ("allow_private = 10.0.0.0/33", "allow_private = intranet",
                     "ports = 80,http", "ports = 70000"):
            with self.subTest(line=line):
                path, _ = self.written(lambda text, line=line: re.sub(
                    rf"(?m)^{line.split(' ')[0]} = .*$", line, text))
                code, said = check_config(path)
                self.assertEqual(code, 3, said)

    def test_a_missing_file(self):
        code, said = check_config("/nonexistent/shoji.conf")
        self.assertEqual(code, 3)
        self.assertIn("/nonexistent/shoji.conf", said)

    def test_a_bad_file_does_not_start(self):
        server = self.shojid({"fetch": {"nonsense": "1"}}, start=False)
        with self.assertRaises(AssertionError) as refused:
            server.start()
        self.assertIn("nonsense", str(refused.exception))

    def test_usage(self):
        for arguments, code in ((["--help"], 0), (["--version"], 0), (["--nonsense"], 2)):
            done = subprocess.run([harness.SHOJID, *arguments], timeout=30, capture_output=True,
                                  stdin=subprocess.DEVNULL)
            self.assertEqual(done.returncode, code, arguments)


class Keys(harness.ServerTest):
    def setUp(self):
        self.sender = self.origin()
        self.sender.pages["/a.png"] = origins.picture(pictures.plain_png())
        self.url = self.sender.url("/a.png")

    def reload(self, server, text, wanted):
        """SIGHUP, then asks until the answer to `wanted`'s path is that status."""
        harness.write_keys(server.keys, text)
        server.process.send_signal(signal.SIGHUP)
        path, status = wanted
        for _ in range(2000):
            if server.get(path).status == status:
                return
        self.fail(f"never {status}")

    def test_a_revoked_key_stops_at_once(self):
        """Also for what is already in hot memory (contract 2)."""
        server = self.shojid()
        old, new = server.key, harness.Key()
        path = old.sign(self.url)
        with server.client() as kept:
            for _ in range(3):
                self.assertPicture(kept.ask("GET", path))
            self.reload(server, old.line("revoked") + new.line(), (new.sign(self.url), 200))
            self.assertEqual(kept.ask("GET", path).status, 403)
        self.assertEqual(server.get(path).status, 403)
        self.assertEqual(self.sender.count(), 1)

    def test_a_new_key_refetches_nothing(self):
        server = self.shojid()
        body = server.open(self.url).body
        new = harness.Key()
        self.reload(server, server.key.line("verify") + new.line(), (new.sign(self.url), 200))
        self.assertEqual(server.get(new.sign(self.url)).body, body)
        self.assertEqual(server.open(self.url).body, body)
        self.assertEqual(self.sender.count(), 1)

    def test_a_bad_file_keeps_the_old_set_and_says_so(self):
        server = self.shojid()
        self.assertPicture(server.open(self.url))
        before = len(server.logged(1000).splitlines())
        harness.write_keys(server.keys, "this is no key\n")
        server.process.send_signal(signal.SIGHUP)
        for _ in range(2000):
            self.assertPicture(server.open(self.url))
            if len(server.logged(1000).splitlines()) > before:
                break
        else:
            self.fail("nothing was said")
        self.assertIn("keys", server.logged())
        self.assertPicture(server.open(self.url))

    def test_a_file_that_others_can_read_is_refused(self):
        server = self.shojid(start=False)
        os.chmod(server.keys, 0o644)
        with self.assertRaises(AssertionError):
            server.start()


class Reload(harness.ServerTest):
    """SIGHUP and the configuration: what can change in flight does, the rest is named."""

    def changed(self, running, /, **sections):
        for section, values in sections.items():
            running.conf.setdefault(section, {}).update(values)
        running.config_file()
        said = len(running.logged(1000))
        running.reload()
        return running.logged(1000)[said:]

    def test_a_timeout_in_flight(self):
        silent = self.origin()
        silent.default = lambda conn, asked: threading.Event().wait(60)
        server = self.shojid({"fetch": {"timeout": "60s", "wait": "60s"}})
        said = self.changed(server, fetch={"timeout": "1s"})
        self.assertIn("[fetch] timeout: changed", said)
        self.assertPlaceholder(server.open(silent.url("/a.png"), timeout_s=20))

    def test_how_long_a_reader_waits(self):
        sender = self.origin()
        sender.default = origins.picture(pictures.plain_png())
        server = self.shojid({"prefetch": {"delay": "1h"}, "fetch": {"wait": "60s"}})
        url = sender.url("/a.png")
        answer = server.ask_submit("POST", "/v1/prefetch", {"Content-Type": "application/json"},
                                   harness.as_json({"urls": [url]}))
        self.assertEqual(answer.status, 202)
        self.changed(server, fetch={"wait": "200ms"})
        self.assertPlaceholder(server.open(url, timeout_s=20, d=harness.today()))

    def hand_over(self, server, url):
        answer = server.ask_submit("POST", "/v1/prefetch", {"Content-Type": "application/json"},
                                   harness.as_json({"urls": [url]}))
        self.assertEqual(answer.status, 202)

    def test_how_long_after_delivery(self):
        """What is handed over from then on; what is queued keeps its date."""
        sender = self.origin()
        sender.default = origins.picture(pictures.plain_png())
        server = self.shojid({"prefetch": {"delay": "1h", "jitter": "1h"}})
        self.hand_over(server, sender.url("/before.png"))
        said = self.changed(server, prefetch={"delay": "0s", "jitter": "0s"})
        self.assertIn("[prefetch] delay: changed", said)
        self.assertIn("[prefetch] jitter: changed", said)
        self.hand_over(server, sender.url("/after.png"))
        harness.until(lambda: sender.count("/after.png") == 1)
        self.assertEqual(sender.count("/before.png"), 0)

    def at_once(self, fetch, changed):
        """How many of six requests a sender that answers none sees, before and after."""
        release = threading.Event()

        def held(conn, asked):
            release.wait(60)
            origins.picture(pictures.plain_png())(conn, asked)

        sender = self.origin()
        sender.default = held
        server = self.shojid({"fetch": dict(fetch, wait="60s", timeout="60s")})
        readers = [threading.Thread(target=server.open, args=(sender.url(f"/{i}.png"),))
                   for i in range(6)]
        for reader in readers:
            reader.start()
            self.addCleanup(reader.join)
        self.addCleanup(release.set)
        harness.until(lambda: sender.count() == 2)
        harness.until(lambda: json.loads(server.ask_admin("GET", "/v1/stats").body)["requests"][
            "waiting"] == 6)
        self.assertEqual(sender.count(), 2)
        self.changed(server, fetch=changed)
        harness.until(lambda: sender.count() == 5)
        release.set()
        harness.until(lambda: sender.count() == 6)

    def test_fetches_of_a_host(self):
        self.at_once({"per_host": "2"}, {"per_host": "5"})

    def test_fetches_at_once(self):
        self.at_once({"per_host": "6", "total": "2"}, {"total": "5"})

    def test_hot_memory(self):
        sender = self.origin()
        sender.default = origins.picture(pictures.noise_png(100, 100))
        server = self.shojid({"server": {"threads": "1"}})
        held = lambda: json.loads(server.ask_admin("GET", "/v1/stats").body)["requests"][
            "hot_memory_bytes"]
        self.assertPicture(server.open(sender.url("/a.png")))
        self.assertGreater(held(), 10000)
        self.changed(server, cache={"hot_memory": "0"})
        self.assertPicture(server.open(sender.url("/a.png")))
        self.assertEqual(held(), 0)
        self.changed(server, cache={"hot_memory": "16M"})
        self.assertPicture(server.open(sender.url("/a.png")))
        self.assertGreater(held(), 10000)
        self.assertEqual(sender.count(), 1)

    def test_what_must_wait_is_named_once_a_reload(self):
        server = self.shojid()
        said = self.changed(server, server={"threads": "1"}, prefetch={"rate": "3"},
                            cache={"size": "128M", "encrypt": "on"})
        self.assertIn("[server] threads: the change waits for the next start", said)
        self.assertIn("[cache] size: the change waits for the next start", said)
        self.assertIn("[cache] encrypt: the change waits for the next start", said)
        self.assertIn("[prefetch] rate: changed", said)
        self.assertEqual(said.count("change"), 4)
        said = self.changed(server)
        self.assertNotIn("rate", said)
        self.assertIn("[server] threads", said)

    def test_a_bad_file_keeps_the_old(self):
        server = self.shojid()
        said = self.changed(server, fetch={"wait": "soon"}, prefetch={"rate": "7"})
        self.assertIn("configuration not reloaded, the old one stays", said)
        self.assertRegex(said, r"shoji\.conf:\d+: .*wait")
        self.assertNotIn("rate", said)
        self.assertIn("keys reloaded", said)
        said = self.changed(server, fetch={"wait": "3s"}, server={"base_url": None})
        self.assertIn("base_url is missing", said)


class Dev(harness.ServerTest):
    def test_it_needs_a_directory_and_nothing_else(self):
        with tempfile.TemporaryDirectory(prefix="shoji-e2e-") as directory:
            folder = os.path.join(directory, "dev")
            os.mkdir(folder)
            server = harness.Shojid(directory=folder)
            os.unlink(server.keys)
            server.start("--dev", folder)
            self.addCleanup(server.remove)
            self.assertEqual(os.stat(server.keys).st_mode & 0o777, 0o600)
            with open(server.keys, encoding="ascii") as file:
                self.assertRegex(file.read(), r"^[a-z0-9]{1,16}\s+\S{43,44}\s+sign\s")
            self.assertEqual(server.get("/nothing").status, 404)
            base = f"http://127.0.0.1:{server.address[1]}"
            answer = server.ask_submit("POST", "/v1/sign", {"Content-Type": "application/json"},
                                       harness.as_json({"urls": ["http://127.0.0.1:9/x.png"]}))
            self.assertIn(base.encode(), answer.body)
            # It does not imply allow_private.
            with origins.Origin() as sender:
                sender.default = origins.picture(pictures.plain_png())
                answer = server.ask_submit("POST", "/v1/sign", {"Content-Type": "application/json"},
                                           harness.as_json({"urls": [sender.url("/x.png")]}))
                signed = answer.body.decode().split('"')[3]
                self.assertEqual(http1.ask(server.address, signed[len(base):]).status, 404)
                self.assertEqual(sender.connections, 0)
            server.stop()


if __name__ == "__main__":
    unittest.main()
