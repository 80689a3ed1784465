"""Egress pools, seen from the networks beyond: every packet towards an origin or a name server leaves by
an egress, each host by its own for the day; and where none works, nothing leaves at all."""

import json
import re
import socket
import subprocess
import unittest

import dns
import harness
import network
import origin as origins
import pictures
import provinces
import proxy as proxies

PUBLIC = "93.184.215.14"
HOSTS = [f"img{i}.sender{i}.example" for i in range(16)]
SOURCES = ["10.240.2.11", "10.240.2.12"]
MAIN = provinces.EGRESS  # the address that the kernel would take
OTHERS = {provinces.FRONT, MAIN, provinces.TO_RESOLVER}

sender = other = None


def setUpModule():
    global sender, other
    _, sender, other = provinces.enter(PUBLIC)
    for source in SOURCES:
        network.ip("address", "add", source + "/24", "dev", "to-sender")
    # The other network has the same public address: a second way to it.
    other.ip("address", "add", PUBLIC + "/32", "dev", "lo")
    network.ip("route", "add", "default", "via", provinces.RESOLVER, "metric", "200")


class Egress(harness.ServerTest):
    def setUp(self):
        self.here = network.Capture()
        self.addCleanup(self.here.close)

    def origin_in(self, province, port=0):
        origin = province.run(origins.Origin, PUBLIC, port)
        origin.default = origins.picture(pictures.plain_png())
        self.addCleanup(origin.close)
        return origin

    def names_in(self, province, host):
        server = province.run(lambda: dns.Server(default=lambda q: q.addresses(PUBLIC), host=host))
        self.addCleanup(server.close)
        return server

    def proxy(self, kind, port=0):
        """In one network, with connections that leave from the other: who goes past it is seen."""
        proxy = other.run(lambda: proxies.Proxy(
            kind, provinces.RESOLVER, port=port,
            dial=lambda to: sender.run(socket.create_connection, to)))
        self.addCleanup(proxy.close)
        return proxy

    def server_with(self, egresses, **fetch):
        return self.shojid({"fetch": {"allow_private": None, "timeout": "6s", **fetch},
                            **{f"egress {name}": keys for name, keys in egresses.items()}})

    def outwards(self, *but):
        """What left here, but for what went to `but`, (address, port)."""
        return [p for p in self.here.packets() if not p.target[0].startswith(("127.", "10.240.1."))
                and p.source[0] in OTHERS | set(SOURCES) and p.target not in but]

    def dead(self, server, url):
        """Not shown, and nothing left for it."""
        before = len(self.outwards())
        self.assertPlaceholder(server.open(url))
        self.assertEqual(self.outwards()[before:], [])


class Direct(Egress):
    def two(self, names):
        return {"one": {"address": SOURCES[0], "resolvers": names.address},
                "two": {"address": SOURCES[1], "resolvers": names.address}}

    def test_every_packet_leaves_by_an_egress_and_a_host_by_one(self):
        origin, names = self.origin_in(sender), self.names_in(sender, provinces.SENDER)
        at_sender = sender.capture()
        self.addCleanup(at_sender.close)
        server = self.server_with(self.two(names))
        by_host = {}
        for host in HOSTS:
            self.assertPicture(server.open(origin.url("/a.png", host)))
            by_host[host] = origin.asked[-1].peer[0]
            self.assertEqual({q.peer[0] for q in names.asked(host)}, {by_host[host]}, host)
        self.assertEqual(set(by_host.values()), set(SOURCES))
        seen = {p.source[0] for p in sender.run(at_sender.packets)
                if p.target[1] in (origin.port, names.port)}
        self.assertEqual(seen, set(SOURCES))
        with self.subTest("a restart changes no host's egress"):
            server.stop()
            server.start()
            for host in HOSTS:
                self.assertPicture(server.open(origin.url("/b.png", host)))
                self.assertEqual(origin.asked[-1].peer[0], by_host[host])

    def test_an_address_that_is_gone_takes_only_its_own_hosts_along(self):
        origin, names = self.origin_in(sender), self.names_in(sender, provinces.SENDER)
        server = self.server_with(self.two(names))
        by_host = {}
        for host in HOSTS:
            self.assertPicture(server.open(origin.url("/c.png", host)))
            by_host[host] = origin.asked[-1].peer[0]
        network.ip("address", "del", SOURCES[0] + "/24", "dev", "to-sender")
        self.addCleanup(network.ip, "address", "replace", SOURCES[0] + "/24", "dev", "to-sender")
        # The kernel takes the other addresses of the network along with their first.
        network.ip("address", "replace", SOURCES[1] + "/24", "dev", "to-sender")
        for host in HOSTS:
            self.assertPicture(server.open(origin.url("/d.png", host)))
            self.assertEqual(origin.asked[-1].peer[0], SOURCES[1])
        self.assertIn("egress one does not work", server.logged(1000))

    def test_no_address_left(self):
        origin, names = self.origin_in(sender), self.names_in(sender, provinces.SENDER)
        server = self.server_with({"gone": {"address": "198.51.100.9", "resolvers": names.address}})
        self.dead(server, origin.url("/e.png", HOSTS[0]))
        self.dead(server, origin.url("/e.png", PUBLIC))
        self.assertEqual((origin.connections, names.questions), (0, []))

    def test_interfaces(self):
        """The same address behind both: by the kernel's routes, one of them would get everything."""
        ways = {"sender": sender, "resolver": other}
        origin = self.origin_in(sender)
        there = {"sender": origin, "resolver": self.origin_in(other, origin.port)}
        names = {name: self.names_in(way, PUBLIC) for name, way in ways.items()}
        server = self.server_with({name: {"interface": f"to-{name}",
                                          "resolvers": names[name].address} for name in ways})
        for host in HOSTS:
            self.assertPicture(server.open(origin.url("/i.png", host)))
        met = {name: {re.search(rb"Host: ([^:]+)", asked.head).group(1).decode()
                      for asked in there[name].asked} for name in ways}
        self.assertEqual(met["sender"] | met["resolver"], set(HOSTS))
        self.assertEqual(met["sender"] & met["resolver"], set())
        for name in ways:
            self.assertTrue(met[name], name)
            self.assertEqual({q.name for q in names[name].questions}, met[name])

    def test_an_interface_that_is_not_there(self):
        origin, names = self.origin_in(sender), self.names_in(sender, provinces.SENDER)
        server = self.server_with({"x": {"interface": "wg9", "resolvers": names.address}})
        self.dead(server, origin.url("/f.png", HOSTS[0]))


class WithoutLink(Egress):
    """What the kernel says at once: nothing left, and nobody was asked."""

    def cut(self, device):
        network.ip("link", "set", device, "down")
        self.addCleanup(network.ip, "route", "replace", "default", "via", provinces.SENDER)
        self.addCleanup(network.ip, "link", "set", device, "up")

    def down(self, server):
        egresses = json.loads(server.ask_admin("GET", "/v1/stats").body)["egresses"]
        return {name for name, state in egresses.items() if state == "down"}

    def two_interfaces(self):
        ways = {"sender": sender, "resolver": other}
        there = {"sender": self.origin_in(sender)}
        there["resolver"] = self.origin_in(other, there["sender"].port)
        names = {name: self.names_in(way, PUBLIC) for name, way in ways.items()}
        return there, names, self.server_with({
            name: {"interface": f"to-{name}", "resolvers": names[name].address} for name in ways})

    def test_the_other_interface_takes_over(self):
        there, names, server = self.two_interfaces()
        self.cut("to-sender")
        for host in HOSTS:
            self.assertPicture(server.open(there["sender"].url("/n.png", host)))
        self.assertEqual(there["resolver"].count("/n.png"), len(HOSTS))
        self.assertEqual((there["sender"].connections, names["sender"].questions), (0, []))
        self.assertEqual(self.down(server), {"sender"})
        self.assertIn("egress sender does not work", server.logged(1000))

    def test_no_address_of_a_sender_takes_an_egress_down(self):
        there, _, server = self.two_interfaces()
        for number in range(8):
            self.assertPlaceholder(server.open(f"http://[2606:2800:220:1::{number + 1}]/o.png"))
        self.assertEqual(self.down(server), set())
        self.assertPicture(server.open(there["sender"].url("/o.png", HOSTS[0])))

    def test_no_route_is_no_try(self):
        origin, names = self.origin_in(sender), self.names_in(sender, provinces.SENDER)
        server = self.server_with({}, resolvers=names.address)
        network.ip("route", "del", "default", "metric", "200")
        self.addCleanup(network.ip, "route", "add", "default", "via", provinces.RESOLVER,
                        "metric", "200")
        self.cut("to-sender")
        for host in (HOSTS[0], PUBLIC):
            with self.subTest(host=host):
                url = origin.url("/p.png", host)
                self.dead(server, url)
                answer = server.ask_admin("GET", "/v1/explain?url=" + url)
                told = [step for step in json.loads(answer.body)["steps"]
                        if step["step"] == "record"]
                self.assertNotIn("1 try", json.dumps(told))
                self.assertIn("egress", json.dumps(told))
        self.assertEqual((origin.connections, names.questions), (0, []))


class Proxies(Egress):
    def check(self, kind):
        origin, names = self.origin_in(sender), self.names_in(sender, provinces.SENDER)
        proxy = self.proxy(kind)
        server = self.server_with({"p": {"type": kind, "address": proxy.address,
                                         "resolvers": names.address}})
        at_sender = sender.capture()
        self.addCleanup(at_sender.close)
        self.assertPicture(server.open(origin.url("/g.png", HOSTS[0])))
        self.assertPicture(server.open(origin.url("/h.png", PUBLIC)))
        self.assertEqual(proxy.asked, [names.address, f"{PUBLIC}:{origin.port}",
                                       f"{PUBLIC}:{origin.port}"])
        self.assertEqual({q.tcp for q in names.questions}, {True})
        self.assertEqual(sorted(q.kind for q in names.asked(HOSTS[0])), [dns.A, dns.AAAA])
        self.assertEqual(self.outwards((provinces.RESOLVER, proxy.port)), [])
        self.assertEqual([p for p in sender.run(at_sender.packets)
                          if p.source[0] in OTHERS | set(SOURCES)], [])
        with self.subTest("the target is checked all the same"):
            for host in ("127.0.0.1", provinces.RESOLVER, provinces.SENDER):
                self.assertPlaceholder(server.open(f"http://{host}:{proxy.port}/"))
            self.assertEqual(len(proxy.asked), 3)
        with self.subTest("nothing goes past a dead one"):
            proxy.close()
            self.here.seen.clear()
            self.assertPlaceholder(server.open(origin.url("/j.png", HOSTS[1])))
            self.assertPlaceholder(server.open(origin.url("/k.png", PUBLIC)))
            self.assertEqual(self.outwards((provinces.RESOLVER, proxy.port)), [])
            self.assertEqual((origin.count("/j.png"), names.asked(HOSTS[1])), (0, []))
            self.assertIn("egress p does not work", server.logged(1000))

    def test_socks5(self):
        self.check("socks5")

    def test_http(self):
        self.check("http")

    def test_the_other_takes_over_and_the_dead_one_comes_back(self):
        origin, names = self.origin_in(sender), self.names_in(sender, provinces.SENDER)
        one, two = self.proxy("socks5"), self.proxy("http")
        server = self.server_with({
            "one": {"type": "socks5", "address": one.address, "resolvers": names.address},
            "two": {"type": "http", "address": two.address, "resolvers": names.address}})
        one.close()
        for host in HOSTS:
            self.assertPicture(server.open(origin.url("/l.png", host)))
        self.assertEqual(one.asked, [])
        again = self.proxy("socks5", one.port)

        def back():
            back.count += 1
            for number, host in enumerate(HOSTS):
                self.assertPicture(server.open(origin.url(f"/m{back.count}-{number}.png", host)))
            return again.asked

        back.count = 0
        harness.until(back)
        self.assertIn("egress one works again", server.logged(1000))
        self.assertEqual(self.outwards((provinces.RESOLVER, one.port),
                                       (provinces.RESOLVER, two.port)), [])


class Mistakes(harness.ServerTest):
    def test_are_told_by_file_and_line(self):
        for keys, says in (
                ({"type": "socks5", "address": "proxy.example:1080"}, "address: "),
                ({"type": "http", "address": "10.0.0.1:3128"}, "resolvers: "),
                ({"type": "direct"}, "address or an interface"),
                ({"interface": "eth0", "resolvers": "127.0.0.1"}, "resolvers: 127.0.0.1"),
                ({"address": "10.0.0.1", "resolvers": "dns.example"}, "resolvers: 'dns.example'")):
            with self.subTest(keys=keys):
                server = self.shojid({"egress mine": keys}, start=False)
                path = server.config_file()
                with open(path, encoding="utf-8") as file:
                    line = file.read().split("\n").index("[egress mine]") + 1
                done = subprocess.run([harness.SHOJID, "--check-config", "--config", path],
                                      capture_output=True, text=True, timeout=60, check=False)
                self.assertEqual(done.returncode, 3, done.stderr)
                self.assertIn(f"{path}:{line}: [egress mine] ", done.stderr)
                self.assertIn(says, done.stderr)


del Egress

if __name__ == "__main__":
    unittest.main()
