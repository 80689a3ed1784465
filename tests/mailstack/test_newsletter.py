"""A newsletter through a whole mail system, each way that there is: sent, opened three times in each
of two browsers, replied to and forwarded; and what its sender learns of it. Pictures of what the
reader saw are kept in the build's screenshots/, as newsletter-*.png; the message is drawn like the
original, pixel by pixel."""

import collections
import email
import email.policy
import pathlib
import re
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

# pylint: disable=wrong-import-position
import browser
import dkim_filter
import dns
import harness
import reader
import sender
import stack
import webmail

FRIEND = f"friend@{sender.DOMAIN}"
readers_network = senders_network = None


def setUpModule():
    global readers_network, senders_network
    stack.need()
    if webmail.missing():
        raise unittest.SkipTest(webmail.missing())
    if not browser.CHROMIUM:
        raise unittest.SkipTest("chromium is not installed")
    readers_network, senders_network = stack.enter()


class Newsletter(harness.ServerTest):
    begun = set()  # the ways that were tried
    drawn = {}  # the message, as it was drawn by each way

    def begin(self, way):
        """Starts all of it and sends the newsletter; when its images should be here, they are."""
        self.begun.add(way)
        self.sender = sender.Sender(self, senders_network, stack.MX)
        self.provider = stack.Provider(self, way).start()
        self.news = sender.Newsletter(way)
        self.sent = self.news.message(stack.ANNA)
        self.sender.send(self.sent, stack.ANNA)
        harness.until(lambda: self.provider.mails(way), 60)
        self.stored, = self.provider.mails(way)
        self.resolver = readers_network.run(reader.Resolver, stack.HOSTS)
        self.addCleanup(self.resolver.close)
        self.resolv = pathlib.Path(tempfile.mkdtemp(prefix="shoji-reader-"), "resolv.conf")
        self.addCleanup(self.resolv.parent.rmdir)
        self.addCleanup(self.resolv.unlink)
        self.resolv.write_text("nameserver 127.0.0.1\n", encoding="ascii")
        if way != "none":
            harness.until(lambda: len(self.sender.asked()) >= len(self.news.shown), 60)

    def browsers(self):
        """Two, logged in."""
        self.provider.webmail()
        both = []
        for _ in range(2):
            one = readers_network.run(reader.Browser, self.resolv,
                                      f"http://{stack.MAIL}:{stack.WEBMAIL_PORT}/")
            self.addCleanup(one.close)
            one.log_in(stack.ANNA, stack.PASSWORD)
            both.append(one)
        return both

    def keep(self, name, one):
        folder = pathlib.Path(harness.BUILD, "screenshots")
        folder.mkdir(exist_ok=True)
        (folder / f"newsletter-{name}.png").write_bytes(one.screenshot(*reader.SIZE))

    def draw(self, one):
        self.keep(self.provider.way, one)
        self.drawn[self.provider.way] = one.draw()

    def assertFetchedOnce(self):
        """Each image; by the provider, from where it lets requests leave; nothing else at all. The
        names are asked for from there, too: each at most once an image, as nothing keeps what was
        answered. Elsewhere only the signature's key is asked for."""
        self.assertEqual(sorted("http://" + one.head.split(b"\r\nHost: ")[1].split(b"\r\n")[0].decode() +
                                one.path for one in self.sender.asked()), sorted(self.news.shown))
        self.assertEqual({one.peer[0] for one in self.sender.asked()}, {stack.EGRESS})
        web, names = (sender.WEB, 80), (sender.NAMES, 53)
        self.assertEqual({(p.source[0], p.target) for p in self.sender.packets()},
                         {(stack.EGRESS, web), (stack.EGRESS, names), (stack.MX, names)})
        self.assertQuestions()

    def assertQuestions(self):
        asked = list(self.sender.names.questions)
        key = (f"{dkim_filter.SELECTOR}._domainkey.{sender.DOMAIN}", sender.TXT)
        self.assertEqual({(q.name, q.kind) for q in asked if q.peer[0] == stack.MX}, {key})
        ours = [q for q in asked if q.peer[0] != stack.MX]
        self.assertEqual({q.peer[0] for q in ours}, {stack.EGRESS})
        # One that is sent again for want of an answer is the same, from the same port.
        counts = collections.Counter((q[0], q[1]) for q in
                                     {(q.name, q.kind, q.id, q.peer) for q in ours})
        images = collections.Counter(url.split("/")[2] for url in self.news.shown)
        self.assertEqual(set(counts), {(name, kind) for name in images for kind in (dns.A, dns.AAAA)})
        for (name, kind), count in counts.items():
            self.assertLessEqual(count, images[name], (name, kind))

    def assertNothingOfOurs(self, message):
        """What left the house names no host of the house's. Returns its text, and its HTML; those of
        mail within it, too."""
        parts = [part for part in email.message_from_bytes(message, policy=email.policy.default).walk()
                 if part.get_content_maintype() == "text"]
        text = "".join(part.get_content() for part in parts)
        for host in (stack.IMG, stack.MAIL):
            self.assertNotIn(host, text)
        return text, [part.get_content() for part in parts if part.get_content_subtype() == "html"]

    def assertPictures(self, html, backgrounds):
        """It names its pictures as their sender does, where a client looks for them, and no other."""
        places = sender.Places(html).found
        self.assertEqual([place.value for place in places if place.attribute == "src"
                          and not place.value.startswith(("cid:", "data:"))], self.news.images)
        named = [url for place in places for url in re.findall(r"url\([\"']?(.*?)[\"']?\)", place.value)]
        named += [place.value for place in places if place.attribute == "background"]
        self.assertEqual(sorted(named), sorted(self.news.backgrounds[kind] for kind in backgrounds))

    def answer(self, one):
        """Replies in this browser, forwards, and forwards as an attachment; what arrives at the
        sender's."""
        one.compose("Thank you.", _reply_uid=1)
        self.keep(f"{self.provider.way}-reply", one)
        one.send_it()
        self.sender.received(1)
        one.compose("Look at this.", _forward_uid=1, _to=FRIEND)
        one.send_it()
        self.sender.received(2)
        one.compose("All of it.", _forward_uid=1, _attachment=1, _to=FRIEND)
        one.send_it()
        *answers, attached = self.sender.received(3)
        for message, said in zip(answers, ("Thank you.", "Look at this.")):
            self.assertAnswer(message, said)
        self.assertAttached(attached)

    def assertAnswer(self, message, said):
        """The editor keeps what it knows: no `background` of a cell."""
        text, (html,) = self.assertNothingOfOurs(message)
        self.assertIn(said, html)
        self.assertNotIn("data-shoji", text)
        self.assertPictures(html, ("sheet", "cell"))
        self.assertNamesNobody(html, self.news.shown)
        for url in (*self.news.trackers.values(), self.news.audio):
            self.assertNotIn(url.split("/")[2], text)

    def assertAttached(self, message):
        """The mail itself: as it came, or as it is stored but for the URLs. A tracker that was taken
        out does not come back."""
        self.assertIn(b"\nContent-Type: message/rfc822", message)
        text, (html, inner) = self.assertNothingOfOurs(message)
        self.assertIn("All of it.", html)
        if self.provider.way == "prefetch":
            self.assertEqual(inner.splitlines(), self.news.html().splitlines())
            return
        self.assertPictures(inner, sender.BACKGROUNDS)
        self.assertEqual(re.findall(r"data-shoji[\w-]*", text), ["data-shoji-tracker"] * 2)
        self.assertNamesNobody(inner, self.news.shown)

    def read(self, way):
        """The whole of it. Afterwards the sender knows what he knew before."""
        self.begin(way)
        self.assertFetchedOnce()
        both = self.browsers()
        before = self.sender.learned()
        for _ in range(3):
            for one in both:
                self.assertEqual(one.show(), sender.IMAGES)
        self.draw(both[0])
        self.answer(both[1])
        for one in both:
            self.assertEqual(one.hosts(), {stack.IMG, stack.MAIL})
        self.assertEqual(self.sender.learned(), before)
        self.assertFetchedOnce()

    def assertRewritten(self):
        html = stack.html_of(self.stored)
        self.assertEqual(len(set(stack.OURS.findall(html))), len(self.news.shown))
        self.assertNamesNobody(html, set(stack.OURS.findall(html)))
        self.assertEqual(self.header("X-Shoji"),
                         "v=1; images=15; trackers=2; by=Mailchimp,SendGrid; fallback=no")

    def assertNamesNobody(self, html, but):
        """But for these URLs, nothing in it leads a client to a host; where it is a link or is read,
        it may name the sender's."""
        for place in sender.Places(html).found:
            rest = re.sub(r"^data:image/gif;base64,[A-Za-z0-9+/=]*$", "", place.value)
            for url in but:
                rest = rest.replace(url, "")
            self.assertNotRegex(rest, r"//|\\", place)
            for zone in sender.ZONES:
                self.assertNotIn(zone, rest.lower(), place)

    def header(self, name):
        return email.message_from_bytes(self.stored, policy=email.policy.default)[name]

    def assertVerified(self):
        """Before it was rewritten, by the provider's own OpenDKIM."""
        self.assertRegex(self.header("Authentication-Results"), rf"^mx\.{stack.DOMAIN};\s+dkim=pass")

    # ---- each way ----

    def test_without_shoji(self):
        """The trap works: all that the others keep from the sender, he learns here."""
        self.begin("none")
        self.assertTrue(dkim_filter.holds(self.stored, self.sender.record))
        self.assertEqual(self.sender.asked(), [])
        one, _ = self.browsers()
        self.assertEqual(one.show(), sender.IMAGES)
        self.draw(one)
        for url in (*self.news.images, *self.news.trackers.values()):
            self.assertEqual({asked.peer[0] for asked in self.sender.asked(url)}, {stack.READER}, url)
        one.compose("Thank you.", _reply_uid=1)
        self.keep("none-reply", one)
        times = len(self.sender.asked(*self.news.trackers.values()))
        one.show()
        self.assertGreater(len(self.sender.asked(*self.news.trackers.values())), times)

    def test_yields_one_picture(self):
        """The last one, by its name: every way was drawn, and alike."""
        if self.begun != set(stack.WAYS):
            self.skipTest(f"needs the tests of all ways before it, and not of {sorted(self.begun)} alone")
        self.assertEqual(set(self.drawn), set(stack.WAYS))
        for way, picture in self.drawn.items():
            self.assertTrue(picture == self.drawn["none"], way)

    def test_milter(self):
        self.read("milter")
        self.assertRewritten()
        self.assertVerified()
        self.assertFalse(dkim_filter.holds(self.stored, self.sender.record))

    def test_lmtp(self):
        self.read("lmtp")
        self.assertRewritten()
        self.assertVerified()

    def test_sieve(self):
        self.read("sieve")
        self.assertRewritten()
        self.assertVerified()

    def test_prefetch(self):
        """Stored byte for byte, its signature good for whoever wants to verify it."""
        self.read("prefetch")
        self.assertTrue(self.stored.endswith(self.sent.replace(b"\r\n", b"\n")), self.stored)
        self.assertNotIn(b"X-Shoji", self.stored)
        self.assertVerified()
        self.assertTrue(dkim_filter.holds(self.stored, self.sender.record))
        forged = self.stored.replace(b"Twelve", b"Eleven")
        self.assertFalse(dkim_filter.holds(forged, self.sender.record))


if __name__ == "__main__":
    unittest.main()
