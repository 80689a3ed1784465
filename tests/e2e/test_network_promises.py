"""The promises of mail that is delivered, seen from the networks of all who are part of it: real mail
is rewritten and prefetched by the real programs, a reader opens it again and again, and captures at
the sender and at the resolver hold what they learnt."""

import email
import email.policy
import re
import time
import unittest

import dns
import harness
import http1
import origin as origins
import pictures
import provinces

PUBLIC = "93.184.215.14"
DELAY_S, JITTER_S = 2, 2
SLACK_S = 5  # a busy machine

reader = sender = resolver = None


def setUpModule():
    global reader, sender, resolver
    reader, sender, resolver = provinces.enter(PUBLIC)


def mail(urls, to):
    html = "".join(f'<p><img src="{url}" alt="" width="64" height="48"></p>' for url in urls)
    return (f"From: news@sender.example\r\nTo: {to}\r\nSubject: News\r\nMIME-Version: 1.0\r\n"
            "Content-Type: text/html; charset=utf-8\r\n\r\n"
            f"<html><body>{html}</body></html>\r\n").encode()


def without_url(head):
    head = re.sub(rb"^GET \S+ ", b"GET * ", head)
    return re.sub(rb"(?m)^(Host: )[^\r\n]*", rb"\1*", head)


def of_handshake(frame):
    """What a SYN says of the machine that sent it: lifetime, window, the kinds of its options."""
    data = frame[14:]
    tcp = data[(data[0] & 15) * 4:]
    options, at, kinds = tcp[20:(tcp[12] >> 4) * 4], 0, []
    while at < len(options) and options[at]:
        kinds.append(options[at])
        at += 1 if options[at] == 1 else options[at + 1]
    return data[8], data[1], tcp[14:16], tuple(kinds)


class Promises(harness.ServerTest):
    def setUp(self):
        self.origin_there = sender.run(origins.Origin, PUBLIC)
        self.addCleanup(self.origin_there.close)
        self.body = pictures.plain_png()
        self.origin_there.default = origins.picture(self.body, {
            "Set-Cookie": "reader=1", "ETag": '"reader-1"', "Cache-Control": "no-store"})
        self.dns = resolver.run(lambda: dns.Server(default=self.name, host=provinces.RESOLVER))
        self.addCleanup(self.dns.close)
        self.server = self.shojid({
            "server": {"listen": f"{provinces.FRONT}:0"},
            "fetch": {"allow_private": None, "resolvers": self.dns.address, "wait": "300ms",
                      "per_host": "50"},
            "prefetch": {"delay": f"{DELAY_S}s", "jitter": f"{JITTER_S}s"}})
        port = re.search(r" listen=10\.240\.1\.1:(\d+)", self.server.ready_line).group(1)
        self.server.address = (provinces.FRONT, int(port))
        self.at_sender, self.at_resolver = sender.capture(), resolver.capture()
        self.addCleanup(self.at_sender.close)
        self.addCleanup(self.at_resolver.close)

    @staticmethod
    def name(question):
        if question.name.startswith("gone"):
            return question.answer(code=dns.NXDOMAIN)
        if question.name.startswith("lame"):
            return question.answer(code=dns.REFUSED)
        return question.addresses(PUBLIC)

    # ---- the provider ----

    def deliver(self, urls, mailbox, *more):
        """The paths of the signed URLs, in the order of `urls`."""
        _, out, _ = harness.shoji("rewrite", "--mail", "--prefetch", "--mailbox", mailbox, "--config",
                                  self.server.config_file(), *more, stdin=mail(urls, mailbox), check=0)
        html = email.message_from_bytes(out, policy=email.policy.default).get_content()
        paths = re.findall(re.escape(harness.BASE) + r"(/i/[A-Za-z0-9_/-]+)", html)
        self.assertEqual(len(paths), len(urls), html)
        for url in urls:
            self.assertNotIn(url, html)
        return paths

    # ---- the reader ----

    def headers(self, who):
        return {"User-Agent": f"Mail of {who}", "Cookie": f"session={who}", "DNT": "1",
                "Accept-Language": f"x-{who}", "Referer": f"https://webmail.example.org/{who}",
                "X-Forwarded-For": provinces.READER, "If-None-Match": f'"{who}"',
                "Cache-Control": "no-cache"}

    def open(self, path, who="alice"):
        return reader.run(http1.ask, self.server.address, path, self.headers(who))

    def open_all(self, paths, who="alice"):
        return [self.open(path, who) for path in paths]

    # ---- what was learnt ----

    def connections(self):
        return [p for p in sender.arrived(self.at_sender) if p.opens()]

    def questions(self):
        with self.dns.lock:
            return sorted((q.name, q.kind) for q in self.dns.questions)

    def learnt(self):
        return (len(sender.arrived(self.at_sender)), len(resolver.arrived(self.at_resolver)),
                len(self.questions()), self.origin_there.count())

    def url(self, host, path):
        return self.origin_there.url(path, f"{host}.sender.example")

    def check_nothing_of_the_reader(self):
        """At the sender's and the resolver's: the provider's address on their line, and nobody's else."""
        for province, capture, source in ((sender, self.at_sender, provinces.EGRESS),
                                          (resolver, self.at_resolver, provinces.TO_RESOLVER)):
            packets = province.arrived(capture)
            self.assertEqual({p.source[0] for p in packets}, {source})
            line = b"".join(capture.frames).lower()
            for word in (b"alice", b"bob", b"webmail", b"example.org", b"session=",
                         bytes(int(part) for part in provinces.READER.split("."))):
                self.assertNotIn(word, line)
            self.assertNotIn(provinces.READER.encode(), line)
            self.assertNotIn(reader.hardware, line)

    # ---- the promises ----

    def test_delivered_mail(self):
        """Promises 1 to 3: one question and one connection a URL, at the time that was set, from the
        egress, in one and the same head; opening changes nothing, whatever became of the fetch."""
        shown = [self.url(f"img{i}", f"/open/{i}.png") for i in range(6)]
        refused = [self.url("missing", "/404.png"), self.url("busy", "/503.png"),
                   self.url("text", "/text.png")]
        unasked = ["http://gone.sender.example/x.png", "http://lame.sender.example/x.png"]
        pages = self.origin_there.pages
        pages["/404.png"] = origins.answer(status="404 Not Found")
        pages["/503.png"] = origins.answer(status="503 Busy", headers={"Retry-After": "1"})
        pages["/text.png"] = origins.answer(b"<html>")
        urls = shown + refused + unasked

        began = time.time()
        paths = self.deliver(urls, "alice@example.org")
        handed_over = time.time()
        self.assertEqual(self.learnt(), (0, 0, 0, 0))
        # Impatient: before anything was fetched. A second is the finest that the queue knows.
        while time.time() < began + DELAY_S - 1.4:
            self.assertEqual({answer.status for answer in self.open_all(paths[:2])}, {404})
        self.assertEqual(self.learnt(), (0, 0, 0, 0))

        harness.until(lambda: self.origin_there.count() == len(shown + refused)
                      and len(self.questions()) >= 2 * len(urls), 30)
        # Failures are written down before a reader hears of them.
        harness.until(lambda: [a.status for a in self.open_all(paths)]
                      == [200] * len(shown) + [404] * len(refused + unasked))
        harness.until(lambda: "60" not in self.open(paths[6]).get("Cache-Control"))
        connections = self.connections()
        self.assertEqual(len(connections), len(shown + refused))
        for packet in connections:
            self.assertGreaterEqual(packet.when, began + DELAY_S - 1)
            self.assertLessEqual(packet.when, handed_over + DELAY_S + JITTER_S + SLACK_S)
        # One of each kind, of a server that does not serve, too.
        self.assertEqual(sorted(self.questions()), sorted(
            (url.split("/")[2].split(":")[0], kind) for url in urls for kind in (dns.A, dns.AAAA)))
        self.assertEqual(sorted(asked.path for asked in self.origin_there.asked),
                         sorted(url.split("/", 3)[3].join(["/", ""]) for url in shown + refused))

        before = self.learnt()
        for who in ("alice", "alice", "alice-on-the-phone"):
            answers = self.open_all(paths, who)
            self.assertEqual([a.status for a in answers],
                             [200] * len(shown) + [404] * len(refused + unasked))
        self.server.stop()
        self.server.start()
        port = re.search(r" listen=10\.240\.1\.1:(\d+)", self.server.ready_line).group(1)
        self.server.address = (provinces.FRONT, int(port))
        self.open_all(paths)
        self.assertEqual(self.learnt(), before)

        self.check_nothing_of_the_reader()
        heads = {without_url(asked.head) for asked in self.origin_there.asked}
        self.assertEqual(len(heads), 1, heads)
        machines = {of_handshake(frame) for frame in self.at_sender.frames
                    if frame[12:14] == b"\x08\x00" and frame[23] == 6
                    and frame[26:30] == bytes(map(int, provinces.EGRESS.split(".")))
                    and frame[14 + (frame[14] & 15) * 4 + 13] & 0x12 == 2}
        self.assertEqual(len(machines), 1, machines)

    def test_a_second_mailbox(self):
        """The same mail to another: nothing leaves, and neither path nor answer tells whether anyone
        had the picture before. Alice opened one, was sent another, and never saw the third."""
        opened, sent, new = (self.url("shared", f"/{name}.png") for name in ("a", "b", "c"))
        hers = self.deliver([opened, sent], "alice@example.org")
        harness.until(lambda: [self.open(hers[0]).status, self.origin_there.count()] == [200, 2])
        before = self.learnt()

        his = self.deliver([opened, sent, new], "bob@example.org")
        self.assertEqual(set(his) & set(hers), set())
        self.assertEqual(len({len(path) for path in his}), 1)
        # What was fetched before is not fetched for him; what was not, once.
        harness.until(lambda: self.origin_there.count() == 3)
        harness.until(lambda: self.open(his[2], "bob").status == 200)
        after = self.learnt()
        self.assertEqual(after[2:], (before[2] + 2, before[3] + 1))

        answers = self.open_all(his, "bob")
        self.assertEqual({answer.status for answer in answers}, {200})
        heads = {tuple((name, value) for name, value in answer.headers if name != "Date")
                 for answer in answers}
        self.assertEqual(len(heads), 1, heads)
        self.assertEqual(len({answer.body for answer in answers}), 1)
        self.assertEqual(self.open(hers[0]).headers[1:], answers[0].headers[1:])
        for name in ("Age", "X-Cache", "Via", "Cache-Status", "Last-Modified", "Set-Cookie", "Vary",
                     "Server-Timing"):
            self.assertIsNone(answers[0].get(name))

        # Her URLs, guessed from his: another salt, another path, and no signature for it.
        for path in his:
            form, kid, body = path.strip("/").split("/")
            for at in (0, len(body) // 2, len(body) - 2):
                other = body[:at] + ("A" if body[at] != "A" else "B") + body[at + 1:]
                self.assertEqual(self.open(f"/{form}/{kid}/{other}", "bob").status, 403)
        self.assertEqual(self.learnt(), after)
        self.check_nothing_of_the_reader()

    def test_the_same_mailbox_twice(self):
        """The same mail delivered again has the same paths: the CDN and the reader keep what they have."""
        url = self.url("twice", "/x.png")
        first = self.deliver([url], "alice@example.org", "--delivered", "2026-01-02")
        second = self.deliver([url], "alice@example.org", "--delivered", "2026-01-02")
        self.assertEqual(first, second)
        self.assertTrue(self.origin_there.wait_for("/x.png"))
        harness.until(lambda: self.open(first[0]).status == 200)
        self.assertEqual(len(self.connections()), 1)

    def test_instruments(self):
        """A reader who loads the original himself is seen at once: the captures are not blind."""
        reader.ip("route", "add", "default", "via", provinces.FRONT)
        sender.ip("route", "add", provinces.READER, "via", provinces.EGRESS)
        with open("/proc/sys/net/ipv4/ip_forward", "w", encoding="ascii") as file:
            file.write("1")
        try:
            answer = reader.run(http1.ask, (PUBLIC, self.origin_there.port), "/x.png",
                                self.headers("alice"))
            self.assertEqual(answer.status, 200)
        finally:
            with open("/proc/sys/net/ipv4/ip_forward", "w", encoding="ascii") as file:
                file.write("0")
        self.assertEqual({p.source[0] for p in sender.arrived(self.at_sender)}, {provinces.READER})
        self.assertEqual(len(self.connections()), 1)
        with self.assertRaises(AssertionError):
            self.check_nothing_of_the_reader()


if __name__ == "__main__":
    unittest.main()
