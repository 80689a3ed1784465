"""Nowhere private: not one packet goes to an address that is not public unicast, however it is
written, resolved or redirected to. The tests run in a network of their own, where every packet is seen."""

import unittest

import harness
import network
import origin as origins
import pictures

PUBLIC = "93.184.215.14"
PUBLIC6 = "2a00:1450:4001:800::200e"
PRIVATE = ["10.1.2.3", "169.254.169.254", "192.168.7.7", "100.64.0.9", "172.16.5.5"]


def setUpModule():
    network.enter(PUBLIC, PUBLIC6, *PRIVATE, "fd00::7")


class Private(harness.ServerTest):
    def setUp(self):
        self.public = self.origin(PUBLIC)
        self.public.pages["/good.png"] = origins.picture(pictures.plain_png())
        self.inside = self.origin("127.0.0.1")
        self.inside.default = origins.picture(pictures.plain_png())
        self.resolver = self.names()
        self.server = self.shojid({"fetch": {"allow_private": None, "timeout": "3s",
                                             "resolvers": self.resolver.address}})
        self.capture = network.Capture()
        self.addCleanup(self.capture.close)

    def packets_to(self, port):
        return [p for p in self.capture.packets() if p.target[1] == port]

    def refused(self, url, port):
        with self.subTest(url=url):
            self.assertPlaceholder(self.server.open(url))
            self.assertEqual(self.packets_to(port), [])

    def test_a_public_address_is_asked_and_seen(self):
        """The other tests see nothing because nothing is sent, not because nobody looks."""
        self.assertPicture(self.server.open(self.public.url("/good.png")))
        self.assertNotEqual(self.packets_to(self.public.port), [])

    def test_a_public_ipv6_address_is_asked(self):
        origin = self.origin(PUBLIC6)
        origin.pages["/six.png"] = origins.picture(pictures.plain_png())
        self.assertPicture(self.server.open(origin.url("/six.png", f"[{PUBLIC6}]")))
        self.resolver.hosts["six.example"] = [PUBLIC6]
        origin.pages["/name.png"] = origins.picture(pictures.plain_png())
        self.assertPicture(self.server.open(origin.url("/name.png", "six.example")))
        self.assertEqual(origin.connections, 2)

    def test_spellings_of_loopback(self):
        port = self.inside.port
        for host in ("127.0.0.1", "127.1", "2130706433", "0x7f000001", "017700000001", "0",
                     "0.0.0.0", "127.255.255.254", "[::1]", "[::]", "[::ffff:127.0.0.1]",
                     "[::127.0.0.1]", "[64:ff9b::127.0.0.1]", "[2002:7f00:1::]"):
            self.refused(f"http://{host}:{port}/x.png", port)
        self.assertEqual(self.inside.connections, 0)

    def test_private_networks(self):
        for number, address in enumerate(PRIVATE + ["[fd00::7]"]):
            port = 8000 + number
            self.refused(f"http://{address}:{port}/latest/meta-data/", port)

    def test_our_own_address_is_refused(self):
        for host in (network.HERE, f"[{network.HERE6}]"):
            self.refused(f"http://{host}:8100/x.png", 8100)

    def test_localhost_and_names_for_it(self):
        self.resolver.hosts.update({"inside.example": ["127.0.0.1"], "six.example": ["::1"],
                                    "mapped.example": ["::ffff:127.0.0.1"]})
        port = self.inside.port
        for host in ("localhost", "inside.example", "six.example", "mapped.example"):
            self.refused(f"http://{host}:{port}/x.png", port)
        self.assertGreaterEqual(self.resolver.asked("inside.example"), 1)
        self.assertEqual(self.inside.connections, 0)

    def test_one_private_address_spoils_the_answer(self):
        """A name with a public and a private address is refused whole."""
        self.resolver.hosts["mixed.example"] = [PUBLIC, "127.0.0.1"]
        with self.subTest("the private one"):
            self.refused(f"http://mixed.example:{self.inside.port}/x.png", self.inside.port)
        self.assertPlaceholder(self.server.open(self.public.url("/good.png", "mixed.example")))
        self.assertEqual(self.public.connections, 0)

    def test_a_name_that_changes_between_check_and_connect(self):
        self.resolver.hosts["rebind.example"] = lambda before: ([PUBLIC] if before == 0
                                                                else ["127.0.0.1"])
        answer = self.server.open(self.inside.url("/x.png", "rebind.example"))
        self.assertPlaceholder(answer)
        self.assertEqual([p for p in self.packets_to(self.inside.port)
                          if p.target[0].startswith("127.")], [])
        self.assertEqual(self.inside.connections, 0)

    def test_a_redirect_inwards(self):
        self.resolver.hosts["inside.example"] = ["127.0.0.1"]
        port = self.inside.port
        for number, host in enumerate(("127.0.0.1", "[::1]", "inside.example", "localhost")):
            path = f"/redirect{number}"
            self.public.pages[path] = origins.redirect(f"http://{host}:{port}/secret.png")
            self.refused(self.public.url(path), port)
            self.assertEqual(self.public.count(path), 1)
        self.assertEqual(self.inside.connections, 0)

    def test_a_redirect_to_another_scheme(self):
        for number, target in enumerate(("file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://x/",
                                         "data:image/png;base64,AAAA", "//[::1]/x", "\\\\::1\\x")):
            path = f"/scheme{number}"
            self.public.pages[path] = origins.redirect(target)
            with self.subTest(target=target):
                self.assertPlaceholder(self.server.open(self.public.url(path)))

    def test_only_the_usual_ports_by_default(self):
        """`ports` unset: an odd port is not connected to."""
        server = self.shojid({"fetch": {"allow_private": None, "ports": None}})
        for port in (22, 25, 6379, self.public.port):
            with self.subTest(port=port):
                self.assertPlaceholder(server.open(f"http://{PUBLIC}:{port}/x.png"))
                self.assertEqual(self.packets_to(port), [])

    def test_all_refusals_look_alike(self):
        answers = [self.server.open(url) for url in (
            f"http://127.0.0.1:{self.inside.port}/a.png", "http://10.1.2.3/a.png",
            "http://nowhere.example/a.png", self.public.url("/missing.png"))]
        self.assertEqual({answer.status for answer in answers}, {404})
        self.assertEqual(len({answer.body for answer in answers}), 1)
        heads = {tuple(sorted((n, v) for n, v in answer.headers if n.lower() not in ("date",)))
                 for answer in answers[:2]}
        self.assertEqual(len(heads), 1, heads)


if __name__ == "__main__":
    unittest.main()
