"""A picture is kept once by what it is, however many URLs lead to it and however each of them spells
it: what an original's bytes say beside the picture is gone after decoding."""

import json
import unittest
import zlib

import harness
import origin as origins
import pictures

ROWS = b"".join(b"\0" + bytes(value for x in range(90) for value in (x * y % 256, x, y))
                for y in range(70))


def spelt(level, comment=b""):
    """The same picture: another compression, another comment, other bytes."""
    plain = pictures.png_of_rows(90, 70, 8, 2, zlib.compress(ROWS, level))
    after_header = 8 + 25
    more = pictures.chunk(b"tEXt", b"Comment\0" + comment) if comment else b""
    return plain[:after_header] + more + plain[after_header:]


class Shared(harness.ServerTest):
    def setUp(self):
        self.sender = self.origin()
        self.bodies = [spelt(1), spelt(9), spelt(6, b"for anna"), spelt(6, b"for bert")]
        self.assertEqual(len(set(self.bodies)), 4)
        self.urls = []
        for i, body in enumerate(self.bodies):
            self.sender.pages[f"/{i}.png"] = origins.picture(body)
            self.urls.append(self.sender.url(f"/{i}.png"))
        self.server = self.shojid()

    def cache(self):
        return json.loads(self.server.ask_admin("GET", "/v1/stats").body)["cache"]

    def test_kept_once_and_purged_one_by_one(self):
        answers = [self.server.open(url) for url in self.urls]
        for answer in answers:
            self.assertPicture(answer)
        self.assertEqual(len({answer.body for answer in answers}), 1)
        self.assertEqual(len({answer.get("ETag") for answer in answers}), 1)
        self.assertEqual((self.cache()["records"], self.cache()["pictures"]), (4, 1))
        harness.shoji("purge", "--url", self.urls[0], "--config", self.server.config_file(),
                      check=0)
        self.server.stop()
        self.server.start()
        self.assertEqual(self.server.open(self.urls[0]).status, 410)
        for url, answer in zip(self.urls[1:], answers[1:]):
            self.assertEqual(self.server.open(url).body, answer.body)
        self.assertEqual(self.sender.count(), 4)
        self.assertEqual(self.cache()["pictures"], 1)


if __name__ == "__main__":
    unittest.main()
