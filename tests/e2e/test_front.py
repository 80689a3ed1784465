"""The public listener: the table of contract section 4, case by case."""

import re
import socket
import unittest

import harness
import origin as origins
import pictures

YEAR = "public, max-age=31536000, immutable"
ALWAYS = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; sandbox",
    "cross-origin-resource-policy": "cross-origin",
    "referrer-policy": "no-referrer",
    "x-robots-tag": "noindex",
    "content-disposition": "inline",
}
NEVER = {"vary", "set-cookie", "last-modified", "timing-allow-origin", "server", "age", "via",
         "cache-status", "expires", "access-control-allow-origin", "x-powered-by"}
ALLOWED = set(ALWAYS) | {"content-type", "content-length", "cache-control", "etag", "date",
                         "connection", "accept-ranges", "content-range", "retry-after", "allow",
                         "keep-alive"}


class Front(harness.ServerTest):
    @classmethod
    def setUpClass(cls):
        cls.sender = origins.Origin()
        cls.addClassCleanup(cls.sender.close)
        cls.sender.pages["/a.png"] = origins.picture(pictures.noise_png(60, 50),
                                                     {"X-Sender": "sender", "Server": "Sender/1"})
        cls.server = harness.Shojid()
        cls.addClassCleanup(cls.server.remove)
        cls.server.start()
        cls.path = cls.server.key.sign(cls.sender.url("/a.png"))
        cls.body = cls.server.get(cls.path).body

    def assertOurs(self, answer):
        for name, value in ALWAYS.items():
            self.assertEqual(answer.all(name), [value], name)
        self.assertEqual(answer.names() & NEVER, set())
        self.assertLessEqual(answer.names(), ALLOWED)

    def assertEmpty(self, answer, status):
        self.assertEqual((answer.status, answer.body), (status, b""), answer)

    # ---- what is served ----

    def test_an_image(self):
        answer = self.server.get(self.path)
        self.assertPicture(answer)
        self.assertOurs(answer)
        self.assertEqual(answer.get("Cache-Control"), YEAR)
        self.assertRegex(answer.get("ETag"), r'^"[^"]+"$')
        self.assertNotIn(b"sender", repr(answer.headers).lower().encode())

    def test_head(self):
        whole = self.server.get(self.path)
        head = self.server.get(self.path, method="HEAD")
        self.assertEqual((head.status, head.body), (200, b""))
        self.assertEqual([pair for pair in head.headers if pair[0].lower() != "date"],
                         [pair for pair in whole.headers if pair[0].lower() != "date"])

    def test_head_of_a_cold_image(self):
        self.sender.pages["/cold.png"] = origins.picture(pictures.plain_png())
        path = self.server.key.sign(self.sender.url("/cold.png"))
        head = self.server.get(path, method="HEAD")
        self.assertEqual(head.status, 200)
        whole = self.server.get(path)
        self.assertEqual(head.get("Content-Length"), str(len(whole.body)))
        self.assertEqual(self.sender.count("/cold.png"), 1)

    def test_if_none_match(self):
        etag = self.server.get(self.path).get("ETag")
        for value in (etag, f'"other", {etag}', f"W/{etag}", "*"):
            with self.subTest(value):
                answer = self.server.get(self.path, {"If-None-Match": value})
                self.assertEmpty(answer, 304)
                self.assertEqual(answer.get("ETag"), etag)
                self.assertEqual(answer.get("Cache-Control"), YEAR)
                self.assertEqual(answer.names() & NEVER, set())
        for value in ('"other"', etag.strip('"'), etag[:-2] + '"'):
            with self.subTest(value):
                self.assertEqual(self.server.get(self.path, {"If-None-Match": value}).status, 200)

    def test_range(self):
        size = len(self.body)
        for wanted, first, last in (("0-0", 0, 0), ("10-19", 10, 19), ("5-", 5, size - 1),
                                    ("-7", size - 7, size - 1), (f"0-{size * 2}", 0, size - 1)):
            with self.subTest(wanted):
                answer = self.server.get(self.path, {"Range": f"bytes={wanted}"})
                self.assertEqual(answer.status, 206)
                self.assertEqual(answer.body, self.body[first:last + 1])
                self.assertEqual(answer.get("Content-Range"), f"bytes {first}-{last}/{size}")
                self.assertEqual(answer.get("Cache-Control"), YEAR)
                self.assertOurs(answer)

    def test_range_out_of_bounds(self):
        answer = self.server.get(self.path, {"Range": f"bytes={len(self.body)}-"})
        self.assertEqual(answer.status, 416)
        self.assertEqual(answer.get("Content-Range"), f"bytes */{len(self.body)}")
        self.assertOurs(answer)

    def test_ranges_that_are_ignored(self):
        """RFC 9110 14.2: what is not understood is as if it were absent."""
        for value in ("lines=0-1", "bytes=9-3", "bytes=a-b", "bytes=", "bytes 0-1", "bytes=--1"):
            with self.subTest(value):
                answer = self.server.get(self.path, {"Range": value})
                self.assertEqual((answer.status, answer.body), (200, self.body))

    def test_range_with_another_etag(self):
        """RFC 9110 13.1.5: If-Range that does not match gives the whole."""
        answer = self.server.get(self.path, {"Range": "bytes=0-0", "If-Range": '"other"'})
        self.assertEqual((answer.status, len(answer.body)), (200, len(self.body)))

    # ---- what is refused ----

    def test_bad_signatures(self):
        kid, tag, payload = self.path.split("/")[2:]
        other = harness.Key()
        url = self.sender.url("/never.png")
        flipped = ("B" if tag[5] == "A" else "A")
        bad = {
            "a wrong tag": f"/s/{kid}/{tag[:5]}{flipped}{tag[6:]}/{payload}",
            "a short tag": f"/s/{kid}/{tag[:-1]}/{payload}",
            "no tag": f"/s/{kid}//{payload}",
            "another payload": f"/s/{kid}/{tag}/{harness.b64url(url.encode())}",
            "an unknown kid": other.sign(url),
            "another kid's tag": f"/s/{kid}/" + "/".join(other.sign(url).split("/")[3:]),
            "upper case kid": f"/s/{kid.upper()}/{tag}/{payload}",
            "a long kid": f"/s/{'a' * 17}/{tag}/{payload}",
            "padding": f"/s/{kid}/{tag}/{payload}=",
            "a slash more": self.path + "/",
            "no payload": f"/s/{kid}/{tag}/",
            "no parts": "/s/",
            "no parts at all": f"/s/{kid}",
            "sealed rubbish": f"/i/{kid}/{'A' * 64}",
            "sealed and short": f"/i/{kid}/AAAA",
            "an unknown sealed kid": f"/i/{other.kid}/{'A' * 64}",
            "percent": self.path[:-1] + "%41",
            "standard base64": f"/s/{kid}/{tag}/{payload[:-2]}+/",
            "a query": self.path + "?x=1",
            "a suffix that is not ours": self.path + ".exe",
        }
        for why, path in bad.items():
            with self.subTest(why):
                answer = self.server.get(path)
                self.assertEmpty(answer, 403)
                self.assertEqual(answer.get("Cache-Control"), "no-store")
                self.assertOurs(answer)
        self.assertEqual(self.sender.count("/never.png"), 0)

    def test_a_second_spelling_is_refused(self):
        """Base64url must be canonical: the unused bits of the last character are zero."""
        letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        for pad in ("", "x", "xx"):
            path = self.server.key.sign(self.sender.url("/spelling.png") + "?" + pad)
            payload = path.rsplit("/", 1)[1]
            if len(payload) % 4 == 0:
                continue
            twin = letters[letters.index(payload[-1]) + 1]
            self.assertEmpty(self.server.get(path[:-1] + twin), 403)
        self.assertEqual(self.sender.count(), self.sender.count("/a.png")
                         + self.sender.count("/cold.png"))

    def test_bad_options(self):
        url = self.sender.url("/option.png")
        salt = self.server.key.salt("a@example.org")
        bad = {
            "unknown": f"{url}\nz=1", "twice": f"{url}\nc=1\nc=1", "order": f"{url}\nm={salt}\nc=1",
            "c": f"{url}\nc=0", "c empty": f"{url}\nc=", "d": f"{url}\nd=x",
            "d negative": f"{url}\nd=-1", "d with zeros": f"{url}\nd=007",
            "m short": f"{url}\nm={salt[:-1]}", "m long": f"{url}\nm={salt}A",
            "m letters": f"{url}\nm={salt[:-1]}!", "no name": f"{url}\n=1", "empty": f"{url}\n",
            "no equals": f"{url}\nc", "capital": f"{url}\nC=1", "space": f"{url}\nc = 1",
        }
        for why, plain in bad.items():
            with self.subTest(why):
                self.assertEmpty(self.server.get(self.server.key.sign_plain(plain.encode())), 403)
        self.assertEqual(self.sender.count("/option.png"), 0)

    def test_a_signed_non_url_is_404(self):
        for plain in ("no url at all", "ftp://example.org/x", "http://", "javascript:alert(1)"):
            with self.subTest(plain):
                answer = self.server.get(self.server.key.sign_plain(plain.encode()))
                self.assertPlaceholder(answer)
                self.assertOurs(answer)

    def test_other_paths_and_methods(self):
        for path in ("/", "/favicon.ico", "/robots.txt", "/metrics", "/healthz", "/i", "/s", "/x/",
                     "/v1/sign", "/i2/a/b", "//s/a/b", "/S/a/b/c"):
            with self.subTest(path):
                self.assertEqual(self.server.get(path).status, 404)
        for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH", "PROPFIND"):
            with self.subTest(method):
                answer = self.server.get(self.path, method=method)
                self.assertEqual(answer.status, 405)
                self.assertIsNotNone(answer.get("Allow"))
                self.assertEqual({m.strip() for m in answer.get("Allow").split(",")},
                                 {"GET", "HEAD"})

    def test_errors_of_one_kind_are_alike(self):
        """The body of 403 and 404 does not depend on the reason."""
        get, sign = self.server.get, self.server.key.sign
        refused = [get(harness.Key().sign("http://x.example/")), get(self.path + "A"),
                   get(self.server.key.sign_plain(b"http://x.example/\nz=1"))]
        missing = [get(sign(self.sender.url("/nothing.png"))), get(sign("http://10.0.0.1/x.png")),
                   get(self.server.key.sign_plain(b"no url"))]
        for group in (refused, missing):
            self.assertEqual(len({answer.body for answer in group}), 1)
            self.assertEqual(len({frozenset(answer.names()) for answer in group}), 1)

    # ---- the connection ----

    def test_keep_alive(self):
        with self.server.client() as client:
            for _ in range(5):
                self.assertEqual(client.ask("GET", self.path).body, self.body)
            self.assertEqual(client.ask("HEAD", self.path).status, 200)
            self.assertEqual(client.ask("GET", "/s/x/y/z").status, 403)
            self.assertEqual(client.ask("GET", self.path).body, self.body)

    def test_keep_alive_after_a_miss(self):
        with self.server.client() as client:
            for number in range(3):
                path = f"/miss{number}.png"
                self.sender.pages[path] = origins.picture(pictures.plain_png())
                answer = client.ask("GET", self.server.key.sign(self.sender.url(path)))
                self.assertPicture(answer)
            self.assertEqual(client.ask("GET", self.path).status, 200)

    def test_pipelined_requests(self):
        request = f"GET {self.path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        refused = b"GET /s/x/y/z HTTP/1.1\r\nHost: x\r\n\r\n"
        with self.server.client() as client:
            client.send_raw(request + refused + request * 3)
            self.assertEqual([client.receive().status for _ in range(5)], [200, 403, 200, 200, 200])

    def test_pipelined_after_a_miss(self):
        """A request that waits holds up those behind it, and loses none."""
        self.sender.pages["/p.png"] = origins.picture(pictures.plain_png())
        miss = self.server.key.sign(self.sender.url("/p.png"))
        with self.server.client() as client:
            client.send_raw(b"".join(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
                                     for path in (miss, self.path, miss)))
            first, second, third = (client.receive() for _ in range(3))
        self.assertEqual(first.body, third.body)
        self.assertEqual(second.body, self.body)

    def test_connection_close(self):
        with self.server.client() as client:
            self.assertEqual(client.ask("GET", self.path, {"Connection": "close"}).status, 200)
            self.assertTrue(client.is_closed())

    def test_requests_with_a_body_are_400_and_close(self):
        bodies = {
            "chunked": (b"Transfer-Encoding: chunked\r\n", b"0\r\n\r\n"),
            "identity": (b"Transfer-Encoding: identity\r\n", b""),
            "odd coding": (b"Transfer-Encoding: xchunked\r\n", b""),
            "a length": (b"Content-Length: 5\r\n", b"hello"),
            "zero twice": (b"Content-Length: 0\r\nContent-Length: 0\r\n", b""),
            "two lengths": (b"Content-Length: 0\r\nContent-Length: 5\r\n", b"hello"),
            "a list": (b"Content-Length: 0, 0\r\n", b""),
            "signed": (b"Content-Length: +0\r\n", b""),
            "negative": (b"Content-Length: -1\r\n", b""),
            "long zero": (b"Content-Length: 00\r\n", b""),
            "both": (b"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n"),
        }
        for why, (lines, body) in bodies.items():
            for method in (b"GET", b"HEAD"):
                with self.subTest(f"{why}, {method.decode()}"):
                    with self.server.client() as client:
                        client.send_raw(method + b" " + self.path.encode() + b" HTTP/1.1\r\n"
                                        b"Host: x\r\n" + lines + b"\r\n" + body)
                        answer = client.receive(method.decode())
                        self.assertEqual(answer.status, 400)
                        # The library's own page may run on; then the connection ends.
                        self.assertNotIn(b" 200 OK", client.rest())

    def test_nothing_is_smuggled_behind_a_body(self):
        hidden = f"GET {self.path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        with self.server.client() as client:
            client.send_raw(b"GET " + self.path.encode() + b" HTTP/1.1\r\nHost: x\r\n"
                            b"Content-Length: %d\r\n\r\n" % len(hidden) + hidden)
            self.assertEqual(client.receive().status, 400)
            self.assertTrue(client.is_closed())

    def test_a_single_zero_length_is_served(self):
        self.assertEqual(self.server.get(self.path, {"Content-Length": "0"}).status, 200)

    def test_http_1_0(self):
        with self.server.client() as client:
            client.send_raw(f"GET {self.path} HTTP/1.0\r\n\r\n".encode())
            self.assertEqual(client.receive().body, self.body)
            self.assertTrue(client.is_closed())

    def test_rubbish_does_not_stop_it(self):
        for junk in (b"\x16\x03\x01\x02\x00\x01\x00", b"\x00" * 4096, b"GET\r\n\r\n",
                     b"GET / HTTP/9.9\r\n\r\n", b"A" * 70000, b"GET /" + b"a" * 70000,
                     b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 20000):
            with self.server.client(timeout_s=1) as client:
                try:
                    client.send_raw(junk)
                    client.sock.shutdown(socket.SHUT_WR)
                    client.rest()  # an answer, an end, or silence until the server's patience ends
                except (OSError, ValueError):
                    pass
                except Exception as other:  # pylint: disable=broad-except
                    self.fail(f"{junk[:20]!r}: {other!r}")
        self.assertEqual(self.server.get(self.path).body, self.body)

    def test_the_longest_url(self):
        """4096 bytes of original fit, one more does not (contract 2)."""
        stem = self.sender.url("/")
        for length, allowed in ((4096, {200}), (4097, {403, 404})):
            path = "/" + "a" * (length - len(stem))
            self.sender.pages[path] = origins.picture(pictures.plain_png())
            with self.subTest(length):
                self.assertIn(self.server.get(self.server.key.sign(stem[:-1] + path)).status,
                              allowed)

    def test_paths_use_the_promised_alphabet(self):
        for path in (self.path, self.server.key.sign("http://x.example/?a=b&c=%20", c=1)):
            self.assertRegex(path, re.compile(r"^[A-Za-z0-9._/-]+$"))


class Suffix(harness.ServerTest):
    def test_with_and_without(self):
        sender = self.origin()
        sender.pages["/a.gif"] = origins.picture(pictures.plain_png())
        server = self.shojid({"server": {"url_suffix": ".png"}})
        path = server.key.sign(sender.url("/a.gif"))
        self.assertPicture(server.get(path))
        self.assertPicture(server.get(path + ".png"))
        for suffix in (".jpg", ".png.png", ".PNG", "."):
            with self.subTest(suffix):
                self.assertEqual(server.get(path + suffix).status, 403)
        self.assertEqual(sender.count(), 1)


if __name__ == "__main__":
    unittest.main()
