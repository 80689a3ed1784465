"""Rewritten documents in Chromium and Firefox, in a network where nothing goes unseen: every packet
is captured, and the only name server is ours and writes down what it is asked.

Opened as they were, the samples load all kinds of things (or the trap would prove nothing). Opened
as rewritten, all documents together cause no packet to anywhere but the base, and no question.
"""

import contextlib
import http.server
import socket
import struct
import tempfile
import threading
import unittest

import browser
import documents
import network
import pictures

NAMED, SENTINEL = "198.51.100.7", "198.51.100.8"  # what every name leads to, and ours
SENTINELS = {"image.sentinel.test", "hint.sentinel.test"}
# What the browsers ask for their own sake, whatever page is open, and whatever they are told.
OWN = {"accounts.google.com", "clients2.google.com", "update.googleapis.com",
       "firefox.settings.services.mozilla.com", "incoming.telemetry.mozilla.org"}
MAKERS = (".google.com", ".googleapis.com", ".gvt1.com", ".mozilla.com", ".mozilla.org",
          ".mozilla.net")  # theirs too, where no document that is open names it
FRAMES = 24  # documents a page
QUIET_S = 30  # how long the sentinel may take
PNG = pictures.plain_png(40, 40)


class Names(threading.Thread):
    """Answers every question for an IPv4 address, and knows what was asked. Nothing has an address
    before the documents are open: what a browser begins for its own sake then ends there."""

    def __init__(self):
        super().__init__(daemon=True)
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 53))
        self.asked, self.open, self.documents = [], False, ""
        self.changed = threading.Condition()
        self.start()

    def is_own(self, name):
        return name in OWN or name.endswith(MAKERS) and name not in self.documents

    def run(self):
        while True:
            data, peer = self.sock.recvfrom(4096)
            labels, at = [], 12
            while data[at]:
                labels.append(data[at + 1:at + 1 + data[at]].decode("latin-1"))
                at += 1 + data[at]
            question = data[12:at + 5]
            name = ".".join(labels).lower()
            unknown = self.is_own(name) or not self.open
            address = question[-4:-2] == b"\0\1" and not unknown
            leads_to = socket.inet_aton(SENTINEL if name in SENTINELS else NAMED)
            answer = b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4" + leads_to if address else b""
            flags = 0x8183 if unknown else 0x8180  # there is no such name; or here it is
            self.sock.sendto(data[:2] + struct.pack(">HHHHH", flags, 1, bool(answer), 0, 0) +
                             question + answer, peer)
            with self.changed:
                self.asked.append(name)
                self.changed.notify_all()

    def wait_for(self, names):
        with self.changed:
            return self.changed.wait_for(lambda: names <= set(self.asked), QUIET_S)


class Site(http.server.ThreadingHTTPServer):
    """The base, and the place where the documents are: pages[path] is a body."""

    daemon_threads = True
    request_queue_size = 500

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.pages, self.images = {}, 0
        self.base = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def add(self, prefix, bodies):
        """Pages of frames with the bodies; gives their URLs."""
        urls = []
        for first in range(0, len(bodies), FRAMES):
            frames = ""
            for number, body in enumerate(bodies[first:first + FRAMES], first):
                self.pages[f"/{prefix}/{number}"] = body
                frames += f"<iframe src=/{prefix}/{number} width=480 height=640></iframe>"
            self.pages[f"/{prefix}/from/{first}"] = frames.encode()
            urls.append(f"{self.base}/{prefix}/from/{first}")
        return urls


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        image = self.path.startswith(("/i/", "/s/"))
        body = PNG if image else self.server.pages.get(self.path)
        self.server.images += image
        self.send_response(200 if body else 404)
        self.send_header("Content-Type", "image/png" if image else "text/html")
        self.send_header("Content-Length", str(len(body or b"")))
        with contextlib.suppress(ConnectionError):  # a frame that is gone wants nothing more
            self.end_headers()
            self.wfile.write(body or b"")

    def log_message(self, format, *args):  # pylint: disable=redefined-builtin
        pass


SENTINEL_PAGE = b"""<meta http-equiv=x-dns-prefetch-control content=on>
<link rel=dns-prefetch href=//hint.sentinel.test><img src=http://image.sentinel.test/>"""


def setUpModule():
    global NAMES, RESOLV
    network.enter(NAMED, SENTINEL)
    NAMES = Names()
    RESOLV = tempfile.NamedTemporaryFile("w", prefix="shoji-resolv-")
    RESOLV.write("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
    RESOLV.flush()


def tearDownModule():
    RESOLV.close()


class Trap:
    """What left, and what was asked, while it was open."""

    def __enter__(self):
        self.first, NAMES.open = len(NAMES.asked), True
        self.capture = network.Capture()
        return self

    def __exit__(self, *_):
        NAMES.open = False
        self.capture.close()

    def names(self):
        asked = set(NAMES.asked[self.first:]) - SENTINELS
        return {name for name in asked if not NAMES.is_own(name)}

    def targets(self):
        local = ("127.0.0.1", "::1", network.HERE, SENTINEL)
        return {packet.target for packet in self.capture.packets() if packet.target[0] not in local}


class Pages:
    """Mixed into a TestCase, with `browser` as the class of one."""

    @classmethod
    def setUpClass(cls):
        cls.site = Site()
        cls.addClassCleanup(cls.site.shutdown)
        cls.rewriter = documents.Rewriter(cls.site.base)
        cls.addClassCleanup(cls.rewriter.__exit__)
        cls.site.pages["/sentinel"] = SENTINEL_PAGE
        cls.site.pages["/blank"] = b"<p>nothing"

    def visit(self, prefix, bodies):
        """Opens all of them, then something that does load, so that what came before has come."""
        urls = self.site.add(prefix, bodies)
        NAMES.documents = b"\n".join(bodies).lower().decode("latin-1")
        with self.browser(RESOLV.name) as window:
            window.open(f"{self.site.base}/blank")
            with Trap() as trap:
                for url in urls:
                    window.open(url)
                window.open(f"{self.site.base}/sentinel")
                self.assertTrue(NAMES.wait_for(SENTINELS), "the sentinel was not seen")
                return trap.names(), trap.targets()

    def test_samples_as_they_were_are_seen(self):
        names, targets = self.visit("was", [text.encode() for text in documents.SAMPLES.values()])
        self.assertLessEqual({"a.test", *self.looked_up}, names)
        self.assertIn((NAMED, 80), targets)

    def test_rewritten_documents_load_from_the_base_alone(self):
        found = documents.load(self.rewriter)
        names, targets = self.visit("now", [document.after.encode() for document in found])
        self.assertEqual(names, set())
        self.assertEqual(targets, set())
        self.assertGreater(self.site.images, len(documents.SAMPLES))

    def test_held_and_stripped_samples_load_nothing(self):
        bodies = [self.rewriter.rewrite("--html", "--mode", mode, stdin=text.encode())
                  for mode in ("hold", "strip") for text in documents.SAMPLES.values()]
        before = self.site.images
        names, targets = self.visit("held", bodies)
        self.assertEqual(names, set())
        self.assertEqual(targets, set())
        self.assertEqual(self.site.images, before)


@unittest.skipUnless(browser.CHROMIUM, "apt install chromium")
class InChromium(Pages, unittest.TestCase):
    browser = browser.Chromium
    looked_up = {"c.test"}  # only what <link> hints at


@unittest.skipUnless(browser.FIREFOX, "apt install firefox-esr")
class InFirefox(Pages, unittest.TestCase):
    browser = browser.Firefox
    looked_up = {"c.test", "d.test", "e.test"}  # the hosts of links as well


if __name__ == "__main__":
    unittest.main()
