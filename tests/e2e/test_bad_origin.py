"""What a hostile origin can send: bombs, drips, lies, streams without end. Each costs its own
picture, in time, and the next request is served."""

import os
import signal
import time
import unittest

import harness
import http1
import origin as origins
import pictures

TIMEOUT_S = 2
SLACK_S = 6  # a busy machine with two cores


def drip(conn, _asked):
    """A byte at a time: each alone is progress, all together never end."""
    body = pictures.plain_png()
    conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: %d\r\n\r\n"
                 % len(body))
    for byte in body:
        conn.sendall(bytes([byte]))
        time.sleep(0.2)  # this is the origin's behaviour, not the test's patience


def drip_head(conn, _asked):
    for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 10000:
        conn.sendall(bytes([byte]))
        time.sleep(0.2)


def endless(conn, _asked):
    conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n" + pictures.plain_png())
    while True:
        conn.sendall(bytes(65536))


def endless_head(conn, _asked):
    conn.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        conn.sendall(b"X-More: " + b"x" * 8000 + b"\r\n")


def silent(conn, _asked):
    conn.recv(1)


def promises_more(conn, _asked):
    body = pictures.plain_png()
    conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: %d\r\n\r\n"
                 % (len(body) + 1000) + body)


def promises_too_much(conn, _asked):
    conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 99999999999\r\n\r\n")
    conn.recv(1)


def broken_chunks(conn, _asked):
    conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nTransfer-Encoding: chunked\r\n\r\n"
                 b"5\r\nhello\r\nzzzz\r\n")


def not_http(conn, _asked):
    conn.sendall(b"220 mail.example ESMTP\r\n")


def gzip_bomb(conn, _asked):
    import zlib
    pack = zlib.compressobj(9, zlib.DEFLATED, 31)
    body = b"".join(pack.compress(bytes(1 << 20)) for _ in range(200)) + pack.flush()
    conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Encoding: gzip\r\n"
                 b"Content-Length: %d\r\n\r\n" % len(body) + body)


def closes(conn, _asked):
    conn.close()


def loops(conn, asked):
    origins.redirect(asked.path + "x")(conn, asked)


MISDEEDS = {
    "drip": drip, "drip_head": drip_head, "endless": endless, "endless_head": endless_head,
    "silent": silent, "promises_more": promises_more, "promises_too_much": promises_too_much,
    "broken_chunks": broken_chunks, "not_http": not_http, "gzip_bomb": gzip_bomb, "closes": closes,
    "redirect_to_itself": origins.redirect("/redirect_to_itself"),
    "bomb": origins.picture(pictures.bomb_png()),
    "half": origins.picture(pictures.noise_png(64, 64)[:4000]),
    "no_pixels": origins.picture(pictures.png_of_rows(0, 0, 8, 2, b"")),
    "html": origins.answer(b"<script>alert(1)</script>", headers={"Content-Type": "image/png"}),
    "svg": origins.answer(b'<svg xmlns="http://www.w3.org/2000/svg"><script>x</script>',
                          headers={"Content-Type": "image/svg+xml"}),
    "empty": origins.answer(b"", headers={"Content-Type": "image/png"}),
    "no_content": origins.answer(status="204 No Content"),
    "partial": origins.answer(pictures.plain_png(), "206 Partial Content",
                              {"Content-Range": "bytes 0-1/2"}),
    "server_error": origins.answer(pictures.plain_png(), "500 Internal Server Error"),
}


class BadOrigin(harness.ServerTest):
    def setUp(self):
        self.sender = self.origin()
        self.sender.pages["/good.png"] = origins.picture(pictures.plain_png())
        self.server = self.shojid({"fetch": {"timeout": f"{TIMEOUT_S}s", "max_bytes": "2M"},
                                   "decode": {"deadline": "3s"}})
        self.good = 0

    def assert_still_serves(self):
        self.good += 1
        path = f"/good{self.good}.png"
        self.sender.pages[path] = origins.picture(pictures.plain_png())
        self.assertPicture(self.server.open(self.sender.url(path)))

    def test_each_misdeed_gives_the_placeholder_in_time(self):
        bodies = set()
        for name, page in MISDEEDS.items():
            with self.subTest(name):
                self.sender.pages["/" + name] = page
                answer, took_s = http1.timed(self.server.open, self.sender.url("/" + name))
                self.assertPlaceholder(answer)
                bodies.add(answer.body)
                self.assertLess(took_s, TIMEOUT_S + 3 + SLACK_S)
                self.assert_still_serves()
        self.assertEqual(len(bodies), 1)

    def test_more_data_than_the_header_says(self):
        """It may be shown without the rest, or not at all; it must cost neither time nor the next."""
        self.sender.pages["/hidden.png"] = origins.picture(pictures.hidden_bomb_png())
        answer, took_s = http1.timed(self.server.open, self.sender.url("/hidden.png"))
        self.assertIn(answer.status, (200, 404))
        self.assertLess(took_s, TIMEOUT_S + 3 + SLACK_S)
        self.assert_still_serves()

    def test_a_long_chain_of_redirects_ends(self):
        self.sender.default = loops
        answer, took_s = http1.timed(self.server.open, self.sender.url("/chain"))
        self.assertPlaceholder(answer)
        self.assertLess(self.sender.count(), 12)
        self.assertLess(took_s, TIMEOUT_S + SLACK_S)
        self.assert_still_serves()

    def test_others_do_not_wait_for_a_slow_origin(self):
        slow = self.server.client()
        self.addCleanup(slow.close)
        self.sender.pages["/silent"] = silent
        slow.send("GET", self.server.key.sign(self.sender.url("/silent")))
        self.assertTrue(self.sender.wait_for("/silent"))
        self.assert_still_serves()
        self.assertPlaceholder(slow.receive())

    def test_what_a_picture_carries_does_not_come_through(self):
        """No byte of the origin's: text chunks, trailing bytes, unknown chunks (contract 6.5)."""
        mark = b"reader-0001-mark"
        body = pictures.plain_png()
        body = body[:33] + pictures.chunk(b"tEXt", b"Comment\0" + mark) + pictures.chunk(
            b"prVt", mark) + body[33:] + mark
        self.sender.pages["/marked.png"] = origins.picture(body)
        answer = self.server.open(self.sender.url("/marked.png"))
        self.assertPicture(answer)
        self.assertNotIn(mark, answer.body)
        self.assertNotEqual(answer.body, body)

    def test_a_tracking_pixel_becomes_the_constant_gif(self):
        """Contract 4: a detected tracker is 200 with the one constant transparent GIF, one day."""
        self.sender.pages["/open.gif"] = origins.answer(pictures.PIXEL_GIF,
                                                        headers={"Content-Type": "image/gif"})
        self.sender.pages["/clear.png"] = origins.picture(pictures.clear_png(1, 1))
        answers = [self.server.open(self.sender.url(path)) for path in ("/open.gif", "/clear.png")]
        for answer in answers:
            self.assertPicture(answer, "gif")
            self.assertEqual(answer.get("Cache-Control"), "public, max-age=86400")
            self.assertEqual(answer.body[6:10], b"\x01\x00\x01\x00")
        self.assertEqual(answers[0].body, answers[1].body)

    def test_a_spacer_keeps_its_size(self):
        """A transparent spacer larger than 3x3 keeps its dimensions (contract 4)."""
        self.sender.pages["/spacer.png"] = origins.picture(pictures.clear_png(600, 20))
        answer = self.server.open(self.sender.url("/spacer.png"))
        self.assertPicture(answer, "png")
        self.assertEqual(pictures.png_size(answer.body), (600, 20))


def cpu_ticks(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="latin-1") as file:
            fields = file.read().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])
    except OSError:
        return 0


class KilledDecoder(harness.ServerTest):
    def setUp(self):
        self.sender = self.origin()
        # Little to send and much to do, within the limits. One worker, so that it is the busy one.
        self.large = origins.picture(pictures.plain_png(6000, 6000))
        self.server = self.shojid({"fetch": {"timeout": "60s", "wait": "60s"},
                                   "decode": {"deadline": "60s", "workers": "1"}})

    def busy_decoder(self, before, patience_s=30):
        """The decoder process that has begun to work, as soon as it has."""
        until = time.monotonic() + patience_s
        while time.monotonic() < until:
            for pid in self.server.decoders():
                if cpu_ticks(pid) > before.get(pid, 0) + 5:
                    return pid
        self.fail("no decoder took up the work")

    def kill_mid_image(self, whom, outcome):
        self.sender.pages["/large.png"] = self.sender.pages["/twin.png"] = self.large
        # Left alone it is shown: what follows is the killing's doing.
        self.assertPicture(self.server.open(self.sender.url("/twin.png")))
        with self.server.client() as reader:
            before = {pid: cpu_ticks(pid) for pid in self.server.decoders()}
            self.assertTrue(before, "no decoder process runs")
            reader.send("GET", self.server.key.sign(self.sender.url("/large.png")))
            for pid in whom(self.busy_decoder(before)):
                os.kill(pid, signal.SIGKILL)
            outcome(reader.receive())
        self.sender.pages["/next.png"] = origins.picture(pictures.plain_png())
        self.assertPicture(self.server.open(self.sender.url("/next.png")))
        self.assertEqual(self.sender.count("/large.png"), 1)

    def test_a_killed_worker_costs_its_image_only(self):
        self.kill_mid_image(lambda busy: [busy], self.assertPlaceholder)

    def test_all_decoders_killed_at_once(self):
        """Then it was not the picture's doing: it is decoded again, without asking the origin."""
        self.kill_mid_image(lambda _busy: self.server.decoders(), self.assertPicture)


if __name__ == "__main__":
    unittest.main()
