"""The admin socket: health, metrics and figures for operators, and nobody else (contract 5)."""

import json
import os
import re
import stat
import subprocess
import threading
import time
import unittest

import harness
import http1
import origin as origins
import pictures

SAMPLE = re.compile(r'^([a-z_]+)(?:\{((?:[a-z]+="[^"\\]*",?)*)\})? (\d+)$')


def read_metrics(text):
    """{(name, labels): value} of the exposition format 0.0.4, or an error."""
    figures, types = {}, {}
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            types[name] = kind
        elif not line.startswith("# HELP "):
            name, labels, value = SAMPLE.match(line).groups()
            if name not in types or (name, labels) in figures:
                raise ValueError(line)
            figures[name, labels or ""] = int(value)
    return figures


class Admin(harness.ServerTest):
    def setUp(self):
        self.sender = self.origin()
        self.sender.default = origins.picture(pictures.plain_png())

    def metrics(self, server):
        answer = server.ask_admin("GET", "/metrics")
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.get("Content-Type"), "text/plain; version=0.0.4; charset=utf-8")
        return read_metrics(answer.body.decode("ascii"))

    def stats(self, server):
        answer = server.ask_admin("GET", "/v1/stats")
        self.assertEqual(answer.status, 200)
        return json.loads(answer.body)

    def test_the_socket_is_its_owners_alone(self):
        server = self.shojid()
        self.assertEqual(stat.S_IMODE(os.stat(server.admin).st_mode), 0o600)
        server.stop()
        self.assertFalse(os.path.exists(server.admin))

    def test_healthy_and_ready(self):
        server = self.shojid()
        for target in ("/healthz", "/readyz"):
            answer = server.ask_admin("GET", target)
            self.assertEqual((answer.status, json.loads(answer.body)), (200, {"status": "ok"}))
            self.assertEqual(answer.get("Cache-Control"), "no-store")
            self.assertEqual(server.ask_admin("HEAD", target).body, b"")

    def test_ready_only_while_it_serves(self):
        """While a parked reader holds up the end, the socket tells so."""
        server = self.shojid({"fetch": {"timeout": "30s"}, "server": {"threads": "1"}})
        release = threading.Event()
        self.addCleanup(release.set)

        def held(conn, asked):
            release.wait(60)
            origins.picture(pictures.plain_png())(conn, asked)

        self.sender.pages["/held.png"] = held
        with server.client() as reader, http1.Client(server.admin) as operator:
            reader.send("GET", server.key.sign(self.sender.url("/held.png")))
            self.assertTrue(self.sender.wait_for("/held.png"))
            self.assertEqual(self.metrics(server)["shoji_flights_active", ""], 1)
            self.assertEqual(self.metrics(server)["shoji_requests_waiting", ""], 1)
            operator.send("GET", "/readyz")
            self.assertEqual(operator.receive().status, 200)
            server.process.terminate()
            self.assertEqual(reader.receive().status, 503)
            # Ready never comes back, and the socket is gone at the end.
            seen = set()
            try:
                while True:
                    operator.send("GET", "/readyz")
                    answer = operator.receive()
                    seen.add((answer.status, answer.body))
                    if answer.status == 200:
                        continue
                    self.assertEqual(answer.status, 503)
                    self.assertEqual(json.loads(answer.body)["error"], "the server is stopping")
            except (OSError, http1.Closed):
                pass
            release.set()
        server.stop()

    def test_the_socket_is_there_before_the_listener(self):
        """It answers, and says that nothing is ready, while the listener cannot be had yet: here
        because it never will, its address being taken."""
        taken = self.shojid()
        late = self.shojid({"server": {"listen": "%s:%d" % taken.address}}, start=False)
        with open(late.log, "ab") as log:
            process = subprocess.Popen([harness.SHOJID, "--config", late.config_file()],
                                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log)
        try:
            statuses = set()
            while process.poll() is None:
                try:
                    statuses.add(late.ask_admin("GET", "/readyz").status)
                    statuses.add(late.ask_admin("GET", "/metrics").status)
                except (OSError, http1.Closed):
                    pass
            self.assertEqual(process.wait(), 3)
        finally:
            process.kill()
            process.stdout.close()
        self.assertLessEqual(statuses, {503})
        self.assertFalse(os.path.exists(late.admin))

    def test_metrics_count_by_step_and_status(self):
        server = self.shojid({"server": {"threads": "1"}})
        url = self.sender.url("/a.png")
        before = self.metrics(server)
        self.assertEqual(before['shoji_requests_total', 'step="hot",status="200"'], 0)
        first = server.open(url)
        self.assertPicture(first)                                # join
        self.assertPicture(server.open(url))                     # hot
        self.assertPicture(server.open(url))                     # hot
        self.assertPicture(server.open(url, c=1))                # lookup
        path = server.key.sign(url)
        etag = first.get("ETag")
        self.assertEqual(server.get(path, {"If-None-Match": etag}).status, 304)
        self.assertEqual(server.get(path, {"Range": "bytes=0-9"}).status, 206)
        self.assertEqual(server.get(path, {"Range": "bytes=999999-"}).status, 416)
        self.assertEqual(server.get("/i/none/AAAA").status, 403)
        self.assertEqual(server.get("/").status, 404)
        self.assertEqual(server.get("/", method="POST").status, 405)
        after = self.metrics(server)
        for labels, count in (('step="join",status="200"', 1), ('step="hot",status="200"', 2),
                              ('step="lookup",status="200"', 1), ('step="hot",status="304"', 1),
                              ('step="hot",status="206"', 1), ('step="hot",status="416"', 1),
                              ('step="verify",status="403"', 1), ('step="http",status="404"', 1),
                              ('step="http",status="405"', 1)):
            self.assertEqual(after["shoji_requests_total", labels], count, labels)
        self.assertEqual(sum(value for (name, _), value in after.items()
                             if name == "shoji_requests_total"), 10)
        self.assertEqual(after["shoji_fetches_total", ""], self.sender.count())
        self.assertEqual({value for (name, _), value in after.items()
                          if name == "shoji_refetches_total"}, {0})
        self.assertEqual(after["shoji_fetch_outcomes_total", 'outcome="answered"'], 1)
        self.assertEqual(after["shoji_decodes_total", 'outcome="ok"'], 1)
        self.assertGreater(after["shoji_hot_memory_bytes", ""], len(first.body))

    def test_nothing_in_it_tells_one_from_another(self):
        server = self.shojid()
        self.assertPicture(server.open(self.sender.url("/unmistakable-path.png"),
                                       m=server.key.salt("reader@example.org")))
        text = server.ask_admin("GET", "/metrics").body + server.ask_admin("GET", "/v1/stats").body
        for secret in (b"unmistakable", b"127.0.0.1", server.key.kid.encode(), b"example.org"):
            self.assertNotIn(secret, text)

    def test_stats(self):
        server = self.shojid()
        self.assertPicture(server.open(self.sender.url("/a.png")))
        stats = self.stats(server)
        self.assertEqual(stats["requests"]["by_status"], {"200": 1})
        self.assertEqual(stats["flights"]["fetches"], 1)
        self.assertEqual(stats["flights"]["beyond_the_first"], 0)
        self.assertEqual(stats["cache"]["records"], 1)
        self.assertGreater(stats["cache"]["disk_bytes"], 0)
        code, out, _ = harness.shoji("stats", "--config", server.config_file())
        lines = dict(line.rsplit(" ", 1) for line in out.decode().splitlines())
        self.assertEqual(code, 0)
        self.assertEqual(lines["flights.fetches"], "1")
        self.assertEqual(lines["requests.by_status.200"], "1")
        code, out, _ = harness.shoji("stats", "--json", "--config", server.config_file())
        self.assertEqual((code, json.loads(out)["cache"]["records"]), (0, 1))

    def test_the_queue_is_seen(self):
        server = self.shojid({"prefetch": {"delay": "1h"}})
        urls = [self.sender.url(f"/{i}.png") for i in range(5)]
        answer = server.ask_submit("POST", "/v1/prefetch", {"Content-Type": "application/json"},
                                   harness.as_json({"urls": urls}))
        self.assertEqual(answer.status, 202)
        figures = self.metrics(server)
        self.assertEqual(figures["shoji_queue_length", ""], 5)
        self.assertEqual(figures["shoji_queue_lag_seconds", ""], 0)
        self.assertEqual(self.sender.count(), 0)

    def test_what_is_wrong_is_said(self):
        server = self.shojid()
        for method, target, body, status in (
                ("GET", "/", None, 404), ("GET", "/metrics/", None, 404),
                ("GET", "/v1/sign", None, 404), ("POST", "/metrics", b"", 405),
                ("DELETE", "/v1/stats", None, 405), ("GET", "/metrics", b"x", 413)):
            answer = server.ask_admin(method, target, body=body)
            self.assertEqual(answer.status, status, (method, target))
            self.assertEqual(answer.get("Content-Type"), "application/json")
            self.assertRegex(json.loads(answer.body)["error"], r"^[a-z].{5,}")
        self.assertEqual(server.ask_admin("POST", "/metrics", body=b"").get("Allow"), "GET")

    def test_the_public_side_has_none_of_it(self):
        server = self.shojid()
        for target in ("/metrics", "/healthz", "/readyz", "/v1/stats", "/v1/explain?url=x"):
            self.assertEqual(server.get(target).status, 404)

    def test_it_can_be_left_out(self):
        server = self.shojid({"server": {"admin": ""}})
        self.assertNotIn("admin=", server.ready_line)
        self.assertFalse(os.path.exists(server.admin))
        code, _, said = harness.shoji("stats", "--config", server.config_file())
        self.assertEqual(code, 3)
        self.assertIn("switched off", said)

    def test_no_server(self):
        server = self.shojid(start=False)
        code, out, said = harness.shoji("stats", "--config", server.config_file())
        self.assertEqual((code, out), (3, b""))
        self.assertIn("no server answers", said)


class OverTcp(harness.ServerTest):
    TOKEN = "a-token-that-nobody-guesses"

    def conf(self, mode=0o600, token=TOKEN):
        server = harness.Shojid()
        path = os.path.join(server.directory, "token")
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, mode), "w", encoding="ascii") as file:
            file.write(token + "\n")
        server.conf["server"].update({"admin": "127.0.0.1:0", "admin_token_file": path})
        self.addCleanup(server.remove)
        return server

    def refused(self, server):
        """What it says, at a start and when it only checks."""
        said = []
        for more in ((), ("--check-config",)):
            done = subprocess.run([harness.SHOJID, "--config", server.config_file(), *more],
                                  capture_output=True, timeout=60, check=False)
            self.assertEqual(done.returncode, 3)
            said.append(done.stderr.decode())
        self.assertIn(said[1], said[0])
        return said[1]

    def test_a_token_opens_it(self):
        server = self.conf().start()
        host, port = re.search(r" admin=([\d.]+):(\d+)", server.ready_line).groups()
        address = (host, int(port))
        good = {"Authorization": "Bearer " + self.TOKEN}
        self.assertEqual(http1.ask(address, "/metrics", good).status, 200)
        for headers in ({}, {"Authorization": "Bearer " + self.TOKEN[:-1]},
                        {"Authorization": "Bearer " + self.TOKEN + "x"},
                        {"Authorization": "Basic " + self.TOKEN}):
            for target in ("/metrics", "/healthz", "/nothing"):
                answer = http1.ask(address, target, headers)
                self.assertEqual(answer.status, 401)
                self.assertEqual(answer.get("WWW-Authenticate"), "Bearer")
        server.conf["server"]["admin"] = "%s:%d" % address
        code, out, said = harness.shoji("stats", "--config", server.config_file())
        self.assertEqual(code, 0, said)
        self.assertIn(b"cache.records 0", out)
        server.conf["server"]["admin_token_file"] = None
        code, _, said = harness.shoji("stats", "--config", server.config_file())
        self.assertEqual(code, 3)
        self.assertIn("token", said)
        self.assertNotIn(self.TOKEN, said + server.logged())

    def test_not_without_a_token(self):
        server = self.conf()
        server.conf["server"]["admin_token_file"] = None
        self.assertIn("token file", self.refused(server))

    def test_not_with_one_that_others_read_or_guess(self):
        self.assertIn("0600", self.refused(self.conf(mode=0o644)))
        self.assertIn("16", self.refused(self.conf(token="short")))


class HitsStayCheap(harness.ServerTest):
    """Figures are read while hits are served: no answer is lost, no count either."""

    def test_counts_add_up_under_load(self):
        sender = self.origin()
        sender.default = origins.picture(pictures.plain_png())
        server = self.shojid()
        path = server.key.sign(sender.url("/a.png"))
        self.assertPicture(server.get(path))
        stop = threading.Event()

        def watch():
            while not stop.is_set():
                self.assertEqual(server.ask_admin("GET", "/metrics").status, 200)
                time.sleep(0.001)  # the pace of this load, nothing is awaited

        watcher = threading.Thread(target=watch)
        watcher.start()

        def read(_):
            with server.client() as client:
                for _ in range(500):
                    client.send("GET", path)
                    self.assertEqual(client.receive().status, 200)

        try:
            harness.in_threads(4, read)
        finally:
            stop.set()
            watcher.join()
        figures = read_metrics(server.ask_admin("GET", "/metrics").body.decode())
        total = sum(value for (name, labels), value in figures.items()
                    if name == "shoji_requests_total" and 'status="200"' in labels)
        self.assertEqual(total, 2001)


if __name__ == "__main__":
    unittest.main()
