"""Where a Location may lead: by the WHATWG URL standard, worked out by hand for each value below. A
capture shows that nothing else was connected to, and every request on the way is like the first."""

import re
import unittest

import dns
import harness
import network
import origin as origins
import pictures

SENDER, OTHER, INSIDE = "93.184.215.14", "93.184.215.15", "10.1.2.3"
SENDER6 = "2a00:1450:4001:800::200e"
HOSTS = {"sender.example": SENDER, "other.example": OTHER, "sender.example.": SENDER,
         "inside.example": INSIDE, "xn--bcher-kva.example": OTHER, "six.example": SENDER6}


def setUpModule():
    network.enter(SENDER, OTHER, SENDER6, INSIDE)


# Location as raw bytes (PORT stands for the origin's port) -> what is asked next: (host, target), or
# None for nothing. The redirecting URL is http://sender.example:PORT/r/<number>/start.
FOLLOWED = [
    (b"next.png", ("sender.example", "/r/N/next.png")),
    (b"./next.png", ("sender.example", "/r/N/next.png")),
    (b"../N-next.png", ("sender.example", "/r/N-next.png")),
    (b"../../../../N-up.png", ("sender.example", "/N-up.png")),
    (b"/N-abs.png", ("sender.example", "/N-abs.png")),
    (b"/a/%2e%2e/N-dots.png", ("sender.example", "/N-dots.png")),
    (b"/a/%2E./b/.%2e/N-dots2.png", ("sender.example", "/N-dots2.png")),
    (b".", ("sender.example", "/r/N/")),
    (b"?#", ("sender.example", "/r/N/start?")),
    (b"://other.example/", ("sender.example", "/r/N/://other.example/")),
    (b"?N", ("sender.example", "/r/N/start?N")),
    (b"/N-frag.png#part", ("sender.example", "/N-frag.png")),
    (b"//other.example:PORT/N.png", ("other.example", "/N.png")),
    (b"///other.example:PORT/N-3.png", ("other.example", "/N-3.png")),
    (b"http:/N-one.png", ("sender.example", "/N-one.png")),
    (b"http:N-none.png", ("sender.example", "/r/N/N-none.png")),
    (b"HTTP:N-case.png", ("sender.example", "/r/N/N-case.png")),
    (b"http:\\\\other.example:PORT\\N-back.png", ("other.example", "/N-back.png")),
    (b"\\N-back1.png", ("sender.example", "/N-back1.png")),
    (b"\\\\other.example:PORT\\N-back2.png", ("other.example", "/N-back2.png")),
    (b"/\\other.example:PORT/N-mixed.png", ("other.example", "/N-mixed.png")),
    (b"hTTp://OTHER.Example:PORT/N-Case.PNG", ("other.example", "/N-Case.PNG")),
    (b"http://%6fther.example:PORT/N-pct.png", ("other.example", "/N-pct.png")),
    (b"http://user:secret@other.example:PORT/N-user.png", ("other.example", "/N-user.png")),
    (b"http://inside.example@other.example:PORT/N-at.png", ("other.example", "/N-at.png")),
    (b"http://93.184.215.15:PORT/N-quad.png", ("93.184.215.15", "/N-quad.png")),
    (b"http://0x5db8d70f:PORT/N-hex.png", ("93.184.215.15", "/N-hex.png")),
    (b"http://1572394767:PORT/N-dec.png", ("93.184.215.15", "/N-dec.png")),
    ("http://\uff19\uff13.184.215.15:PORT/N-wide.png".encode(), ("93.184.215.15", "/N-wide.png")),
    ("http://b\u00fccher.example:PORT/N-idn.png".encode(), ("xn--bcher-kva.example", "/N-idn.png")),
    (b"http://b%C3%BCcher.example:PORT/N-idn2.png", ("xn--bcher-kva.example", "/N-idn2.png")),
    ("/N-\u00e9.png".encode(), ("sender.example", "/N-%C3%A9.png")),
    (b"/N-sp ace.png", ("sender.example", "/N-sp%20ace.png")),
    (b"/N-%20%41%zz.png", ("sender.example", "/N-%20%41%zz.png")),
    (b"/N-t\tab.png", ("sender.example", "/N-tab.png")),
    (b"/N-\x01\x1f\x7f.png", ("sender.example", "/N-%01%1F%7F.png")),
    (b"   /N-blanks.png \t", ("sender.example", "/N-blanks.png")),
    (b"/N-q.png?a=b&c=\"<>'|`", ("sender.example", "/N-q.png?a=b&c=%22%3C%3E%27|`")),
    (b"/N-p\"<>`{}|.png", ("sender.example", "/N-p%22%3C%3E%60%7B%7D|.png")),
    (b"/N-%0d%0aX-Evil:%201", ("sender.example", "/N-%0d%0aX-Evil:%201")),
    (b"/N-" + b"x" * 3900, ("sender.example", "/N-" + "x" * 3900)),
    (b"http://six.example:PORT6/N-six.png", ("six.example", "/N-six.png")),
    (b"http://[2a00:1450:4001:800::200e]:PORT6/N-lit.png",
     ("[2a00:1450:4001:800::200e]", "/N-lit.png")),
    (b"http://[2A00:1450:4001:0800:0:0:0.0.32.14]:PORT6/N-lit2.png",
     ("[2a00:1450:4001:800::200e]", "/N-lit2.png")),
]

NOT_FOLLOWED = [
    b"", b"#", b"start", b"#N", b"http://SEnDER.EXAMPLE:PORT/r/N/start",
    b"http://sender%2eexample:PORT/r/N/start#x", b"http://u:p@sender.example:PORT/r/N/start",
    b"javascript:alert(1)", b"JaVaScRiPt:alert(1)", b"vbscript:x", b"file:///etc/passwd",
    b"FILE:/etc/passwd", b"file://other.example/x", b"data:image/png;base64,iVBORw0KGgo=",
    b"ftp://other.example:PORT/x", b"ftps://other.example:PORT/x", b"gopher://other.example:PORT/x",
    b"dict://other.example:PORT/x", b"ldap://other.example:PORT/x", b"ws://other.example:PORT/x",
    b"wss://other.example:PORT/x", b"tftp://other.example/x", b"smb://other.example/x",
    b"about:blank", b"blob:http://other.example/1", b"mailto:a@other.example", b"cid:1",
    b"view-source:http://other.example:PORT/", b"jar:http://other.example:PORT/!/", b"x:",
    b"http://", b"http:///", b"http://?x", b"http://#x", b"http://:PORT/",
    b"http://@/", b"http://[::1", b"http://[", b"http://other.example:99999/",
    b"http://other.example:0/", b"http://other.example:-1/", b"http://other.example:8x/",
    b"http://other.example:PORT:PORT/", b"http://1.2.3.4.5:PORT/", b"http://256.1.1.1:PORT/",
    b"http://other example:PORT/", b"http://other.example%00:PORT/", b"http://oth<er.example:PORT/",
    b"http://a..example:PORT/", b"http://xn--:PORT/", b"http://%zz:PORT/", b"http://\xff\xfe:PORT/",
    b"/N-latin-\xe9\x00.png", b"/N-" + b"x" * 5000, b"/" + b"x" * 9000, b"/" + b"x" * 60000,
    b"http://10.1.2.3:PORT/", b"http://167838211:PORT/", b"http://0xa010203:PORT/",
    b"http://012.1.2.3:PORT/", b"http://inside.example:PORT/", b"//inside.example:PORT/",
    b"\\\\inside.example:PORT\\", b"http://other.example@inside.example:PORT/",
    b"http://10.1.2.3:PORT\\@other.example:PORT/", b"http://localhost:PORT/",
    b"http://a.localhost:PORT/", b"http://127.1:PORT/", b"http://0:PORT/", b"http://[::]:PORT/",
    b"http://[::1]:PORT/", b"http://[::ffff:10.1.2.3]:PORT/", b"http://[64:ff9b::10.1.2.3]:PORT/",
    b"http://[2002:a01:203::]:PORT/", b"http://[fe80::1%25here]:PORT/", b"http://printer:PORT/",
    b"http://metadata.google.internal/", b"http://169.254.169.254/latest/meta-data/",
    b"http://x.local:PORT/", b"http://router.home.arpa:PORT/", b"http://facebook.onion/",
    "http://\uff11\uff10.1.2.3:PORT/".encode(), "http://10\u30021.2.3:PORT/".encode(),
]


def head_without_url(head):
    head = re.sub(rb"^GET \S+ ", b"GET * ", head)
    return re.sub(rb"(?m)^(Host: )[^\r\n]*", rb"\1*", head)


class HostileRedirects(harness.ServerTest):
    def setUp(self):
        self.sender, self.other = self.origin(SENDER), network.far(origins.Origin, OTHER)
        self.addCleanup(self.other.close)
        self.resolver = dns.Server(default=self.name)
        self.addCleanup(self.resolver.close)
        self.start()

    def name(self, question):
        address = HOSTS.get(question.name)
        return question.addresses(address) if address else question.answer(code=dns.NXDOMAIN)

    def start(self, **fetch):
        self.server = self.shojid({"fetch": {
            "allow_private": None, "timeout": "5s", "wait": "30s", "per_host": "100", "ports": "any",
            "resolvers": self.resolver.address, **fetch}})

    def redirecting(self, raw, status=b"302 Found", path="/start"):
        """A page whose head says just that."""
        data = (b"HTTP/1.1 %s\r\nContent-Length: 0\r\n" % status + raw + b"\r\n")
        self.sender.pages[path] = lambda conn, _asked: conn.sendall(data)
        return self.sender.url(path, "sender.example")

    def asked(self):
        """(host, target) of all requests there were, with the port cut off."""
        found = []
        for server in (self.sender, self.other, *getattr(self, "more", [])):
            for asked in server.asked:
                host = re.search(rb"(?m)^Host: (.*)\r$", asked.head).group(1).decode()
                found.append((host.rpartition(":")[0], asked.path))
        return found

    def test_followed(self):
        """One port everywhere: what differs between two origins here is the host alone."""
        other = network.far(origins.Origin, OTHER, self.sender.port)
        six = network.far(origins.Origin, SENDER6)
        self.more = [other, six]
        picture = origins.picture(pictures.plain_png())
        for server in (self.sender, *self.more):
            server.default = picture
            self.addCleanup(server.close)
        urls, expected = [], []
        for i, (location, (host, target)) in enumerate(FOLLOWED):
            location = location.replace(b"PORT6", b"%d" % six.port).replace(
                b"PORT", b"%d" % self.sender.port).replace(b"N", b"%d" % i)
            urls.append(self.redirecting(b"Location: " + location + b"\r\n", path=f"/r/{i}/start"))
            expected.append((host, target.replace("N", str(i))))
        answers = harness.in_threads(len(urls), lambda i: self.server.open(urls[i]))
        wrong = [f"{FOLLOWED[i][0][:80]}: {answers[i]}" for i in range(len(urls))
                 if answers[i].status != 200]
        asked = self.asked()
        wrong += [f"{FOLLOWED[i][0][:80]}: {target[0]}{target[1][:80]} was not asked"
                  for i, target in enumerate(expected) if target not in asked]
        self.assertEqual(wrong, [], "\n" + "\n".join(wrong))
        starts = [("sender.example", f"/r/{i}/start") for i in range(len(urls))]
        self.assertEqual(sorted(asked), sorted(starts + expected))
        # No Referer, no credentials, nothing else that the first request had not.
        heads = {head_without_url(asked.head) for server in (self.sender, *self.more)
                 for asked in server.asked}
        self.assertEqual(len(heads), 1, heads)

    def test_not_followed(self):
        """Each is asked for once, and leads nowhere."""
        urls = []
        for i, location in enumerate(NOT_FOLLOWED):
            location = location.replace(b"PORT", b"%d" % self.sender.port).replace(b"N", b"%d" % i)
            urls.append(self.redirecting(b"Location: " + location + b"\r\n", path=f"/r/{i}/start"))
        inside = network.far(origins.Origin, INSIDE, self.sender.port)
        self.addCleanup(inside.close)
        inside.default = origins.picture(pictures.plain_png())
        with network.Capture() as capture:
            answers = harness.in_threads(len(urls), lambda i: self.server.open(urls[i]))
            sent = {p.target for p in capture.packets() if p.proto == "tcp"
                    and p.source[0] in (network.HERE, network.HERE6)}
        for i, answer in enumerate(answers):
            with self.subTest(location=NOT_FOLLOWED[i][:80]):
                self.assertPlaceholder(answer)
                self.assertEqual(self.sender.count(f"/r/{i}/start"), 1)
        self.assertEqual(self.sender.count(), len(urls))
        self.assertEqual(self.other.connections + inside.connections, 0)
        self.assertEqual(sent, {(SENDER, self.sender.port)})
        names = {question.name for question in self.resolver.questions}
        self.assertEqual(names, {"sender.example", "inside.example"})

    def test_statuses(self):
        self.sender.default = origins.picture(pictures.plain_png())
        for status in (b"301 Moved", b"302 Found", b"303 See", b"307 Same", b"308 Same"):
            with self.subTest(status=status):
                code = status[:3].decode()
                url = self.redirecting(b"Location: /to%s.png\r\n" % status[:3], status, f"/{code}")
                self.assertPicture(self.server.open(url))
                self.assertEqual(self.sender.count(f"/to{code}.png"), 1)
        for status in (b"300 Many", b"304 Not Modified", b"305 Use Proxy", b"306 Switch", b"309 ?",
                       b"399 ?", b"201 Created", b"202 Accepted", b"401 Who", b"503 Later"):
            with self.subTest(status=status):
                code = status[:3].decode()
                url = self.redirecting(b"Location: /to%s.png\r\n" % status[:3], status, f"/{code}")
                self.assertPlaceholder(self.server.open(url))
                self.assertEqual(self.sender.count(f"/to{code}.png"), 0)

    def test_what_a_location_may_not_do_to_the_head(self):
        """Missing, repeated, folded, cut by a bare CR: one target at most, and no header of its own."""
        self.sender.default = origins.picture(pictures.plain_png())
        for i, raw in enumerate((
                b"", b"Location:\r\n", b"Location: /a{i}.png\r\nLocation: /b{i}.png\r\n",
                b"Location: /a{i}.png\r\n /b{i}.png\r\n", b"location : /a{i}.png\r\n",
                b"Location: /a{i}.png\rX-Evil: 1\r\n", b"Location: /a{i}.png\0/b{i}.png\r\n",
                b"Location: /a{i}.png HTTP/1.1\r\n", b"Content-Location: /a{i}.png\r\n",
                b"Refresh: 0; url=/a{i}.png\r\n", b"Link: </a{i}.png>; rel=canonical\r\n",
                b"URI: /a{i}.png\r\n")):
            with self.subTest(raw=raw):
                before = self.sender.count()
                url = self.redirecting(raw.replace(b"{i}", b"%d" % i), path=f"/start{i}")
                self.assertIn(self.server.open(url).status, (200, 404))
                self.assertLessEqual(self.sender.count() - before, 2)
        heads = {head_without_url(asked.head) for asked in self.sender.asked}
        self.assertEqual(len(heads), 1, heads)

    def test_ports_and_schemes_of_a_hop(self):
        """A hop keeps to the configured ports, as the first request does."""
        self.start(ports=str(self.sender.port))
        self.sender.default = origins.picture(pictures.plain_png())
        with network.Capture() as capture:
            for i, port in enumerate((22, 25, 80, 443, 6379, self.other.port)):
                url = self.redirecting(b"Location: http://other.example:%d/x.png\r\n" % port,
                                       path=f"/port{i}")
                self.assertPlaceholder(self.server.open(url))
            for i, target in enumerate((b"https://sender.example/x.png", b"//sender.example/x.png")):
                url = self.redirecting(b"Location: " + target + b"\r\n", path=f"/default{i}")
                self.assertPlaceholder(self.server.open(url))
            sent = {p.target for p in capture.packets() if p.source[0] == network.HERE}
        self.assertEqual(sent, {(SENDER, self.sender.port)})

    def test_https_only(self):
        self.start(https_only="on")
        with network.Capture() as capture:
            self.assertPlaceholder(self.server.open(self.sender.url("/x.png", "sender.example")))
            self.assertEqual([p for p in capture.packets() if p.source[0] == network.HERE], [])
        self.assertEqual(self.resolver.questions, [])


if __name__ == "__main__":
    unittest.main()
