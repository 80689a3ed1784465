"""Nothing of the reader: what leaves the house is byte for byte the same but for the URL."""

import re
import unittest

import harness
import network
import origin as origins
import pictures

PUBLIC = "93.184.215.14"


def setUpModule():
    network.enter(PUBLIC)


READERS = 100


def head_without_url(asked):
    """The request's head with its target and Host blanked."""
    head = re.sub(rb"^GET \S+ ", b"GET * ", asked.head)
    return re.sub(rb"(?im)^(host:[ \t]*)[^\r\n]*", rb"\1*", head)


class NothingOfTheReader(harness.ServerTest):
    def headers(self, i):
        return {
            "User-Agent": f"Reader-Mail/{i} (Widget-{i})", "Accept-Language": f"x-reader-{i}",
            "Accept": f"image/reader-{i}", "Accept-Encoding": f"reader-{i}", "DNT": str(i % 2),
            "Cookie": f"reader={i}", "If-None-Match": f'"reader-{i}"', "X-Real-IP": f"192.0.2.{i}",
            "If-Modified-Since": "Thu, 01 Jan 1970 00:00:00 GMT", "Authorization": f"Reader {i}",
            "Referer": f"https://mail.example/reader/{i}", "Origin": "https://mail.example",
            "X-Forwarded-For": f"192.0.2.{i}", "Forwarded": f"for=192.0.2.{i}", "Via": f"1.1 r{i}",
            "Sec-CH-UA": f'"Reader";v="{i}"', "Sec-Fetch-Site": "cross-site", "Range": "bytes=0-",
            "X-Request-Id": f"reader-{i}", "traceparent": f"00-{i:032x}-{i:016x}-01",
        }

    def test_a_hundred_heads_are_alike(self):
        origin = self.origin(PUBLIC)
        hosts = {f"img{i}.sender.example": [PUBLIC] for i in range(READERS)}
        names = self.names(hosts)
        server = self.shojid({"fetch": {"resolvers": names.address, "allow_private": None}})
        for i in range(READERS):
            origin.pages[f"/reader/{i}.png"] = origins.picture(
                pictures.plain_png(colour=(i, 0, 0)),
                {"Set-Cookie": f"id={i}; Path=/", "ETag": f'"{i}"', "Accept-CH": "Sec-CH-UA"})

        def read(i):
            url = origin.url(f"/reader/{i}.png", f"img{i}.sender.example")
            return server.open(url, self.headers(i), m=server.key.salt(f"reader{i}@example.org"))

        answers = [read(0)] + harness.in_threads(READERS - 1, lambda i: read(i + 1))
        for answer in answers:
            self.assertIn(answer.status, (200, 206), answer)
        self.assertEqual(origin.count(), READERS)
        heads = {head_without_url(asked) for asked in origin.asked}
        self.assertEqual(len(heads), 1, heads)
        head = heads.pop().lower()
        for word in (b"cookie", b"if-", b"referer", b"forwarded", b"via:", b"range", b"x-", b"sec-",
                     b"origin:", b"authorization", b"dnt", b"accept-language", b"reader",
                     b"example.org"):
            self.assertNotIn(word, head)
        # What the target and Host say is the URL and nothing else.
        for asked in origin.asked:
            i = int(asked.path.split("/")[2].split(".")[0])
            self.assertTrue(asked.head.startswith(b"GET /reader/%d.png HTTP/1.1\r\n" % i))
            self.assertIn(b"\r\nHost: img%d.sender.example:%d\r\n" % (i, origin.port), asked.head)

    def test_each_original_has_a_connection_of_its_own(self):
        """A kept connection would tell that two opens come from one house at one time."""
        origin = self.origin(PUBLIC)
        server = self.shojid({"fetch": {"allow_private": None}})
        keep = (b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: %d\r\n"
                b"Connection: keep-alive\r\n\r\n")
        body = pictures.plain_png()
        for i in range(5):
            origin.pages[f"/{i}.png"] = lambda conn, _: conn.sendall(keep % len(body) + body)
            self.assertPicture(server.open(origin.url(f"/{i}.png")))
        self.assertEqual((origin.count(), origin.connections), (5, 5))
        self.assertEqual(len({asked.peer for asked in origin.asked}), 5)

    def test_opening_again_sends_nothing(self):
        """Neither to the origin nor to a DNS server, whether it succeeded or failed."""
        origin = self.origin(PUBLIC)
        names = self.names({"sender.example": [PUBLIC]})
        server = self.shojid({"fetch": {"resolvers": names.address, "allow_private": None}})
        origin.pages["/good.png"] = origins.picture(pictures.plain_png())
        targets = [origin.url("/good.png", "sender.example"),
                   origin.url("/bad.png", "sender.example"), "http://gone.example/x.png"]
        first = [server.open(url).status for url in targets]
        self.assertEqual(first, [200, 404, 404])
        own = server.address[1]
        with network.Capture() as capture:
            for _ in range(3):
                self.assertEqual([server.open(url).status for url in targets], first)
            others = [p for p in capture.packets()
                      if own not in (p.source[1], p.target[1])]
        self.assertEqual(others, [])


if __name__ == "__main__":
    unittest.main()
