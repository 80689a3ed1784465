"""Every spelling of an address or name that we know of, against the real server in a network without a
way out: for what is refused not one packet leaves, for the rest exactly one address is connected to.
Each case has a port of its own, by which its packets are known. The cases are made, and judged, by
spellings.py from the IANA registries; the table of the server has no part in it."""

import unittest

import dns
import harness
import network
import spellings

PUBLIC = "93.184.215.14"
OURS = "93.184.216.99"  # a public address of the server's own machine
FIRST_PORT = 2000  # and below the ephemeral ones, which answers are sent to
AT_ONCE = 48


def setUpModule():
    network.enter()
    spellings.check()
    # Any address is at home over there, and refuses at once.
    network.far(network.ip, "route", "add", "local", "0.0.0.0/0", "dev", "lo", "table", "main")
    network.far(network.ip, "-6", "route", "add", "local", "::/0", "dev", "lo", "table", "main")
    network.ip("address", "add", OURS + "/32", "dev", "lo")


class Addresses(harness.ServerTest):
    def setUp(self):
        self.resolver = dns.Server(default=lambda q: q.addresses(PUBLIC))
        self.addCleanup(self.resolver.close)

    def start(self, **fetch):
        self.server = self.shojid({"fetch": {"allow_private": None, "timeout": "5s", "total": "400",
                                             "per_host": "100", "wait": "30s",
                                             "resolvers": self.resolver.address, **fetch}})
        self.capture = network.Capture()
        self.addCleanup(self.capture.close)

    def open_all(self, cases):
        """The status of each, and by port the addresses that packets went to."""
        self.assertLess(FIRST_PORT + len(cases), 32768)
        statuses = [None] * len(cases)

        def work(worker):
            for i in range(worker, len(cases), AT_ONCE):
                path = self.server.key.sign(cases[i].url(FIRST_PORT + i))
                statuses[i] = self.server.get(path).status

        harness.in_threads(AT_ONCE, work)
        sent = {}
        for packet in self.capture.packets():
            sent.setdefault(packet.target[1], set()).add(packet.target[0])
        return statuses, sent

    def judge(self, cases):
        statuses, sent = self.open_all(cases)
        wrong = []
        for i, case in enumerate(cases):
            went = sent.get(FIRST_PORT + i, set())
            if went != ({case.goes_to} if case.goes_to else set()):
                wrong.append(f"{case.authority!r}: expected {case.goes_to}, connected to {went}")
            if statuses[i] != 404:  # nobody listens anywhere
                wrong.append(f"{case.authority!r}: answered {statuses[i]}")
        self.assertEqual(wrong, [], f"\n{len(wrong)} of {len(cases)} cases:\n" + "\n".join(wrong))

    def test_addresses(self):
        cases = list({case.authority: case for case in spellings.addresses()}.values())
        refused = sum(case.goes_to is None for case in cases)
        self.assertGreater(refused, 1000)
        self.assertGreater(len(cases) - refused, 100)
        self.start(ports="any")
        self.judge(cases)
        # None of them is a name, so nobody was asked.
        self.assertEqual({question.name for question in self.resolver.questions}, set())

    def test_names(self):
        cases = list({case.authority: case for case in spellings.names()}.values())
        self.assertGreater(len(cases), 100)
        self.start(ports="any")
        self.judge(cases)
        asked = {question.name for question in self.resolver.questions}
        self.assertEqual(asked, {case.asked for case in cases if case.asked})

    def test_names_of_refused_addresses(self):
        """Asked for, as any name, and not connected to."""
        refused = ["127.0.0.1", "10.1.2.3", "169.254.169.254", "0.0.0.0", "255.255.255.255", OURS,
                   network.HERE, network.FAR, "224.0.0.1", "::", "::1", "::ffff:127.0.0.1", "fe80::1",
                   "::ffff:93.184.215.14", "64:ff9b::a01:203", "2002:a01:203::1", "fd00::7",
                   "2a00:1450:4001:800:0:5efe:10.1.2.3", *spellings.PLATFORM]
        cases = []
        for i, address in enumerate(refused):
            name = f"{i}.rebound.example"
            self.resolver.handlers[name] = lambda q, a=address: q.addresses(a)
            cases.append(spellings.Name(name, name, "127.0.0.1"))
            for kind, mixed in enumerate(([PUBLIC, address], [address, PUBLIC])):
                name = f"{i}.{kind}.mixed.example"
                self.resolver.handlers[name] = lambda q, m=mixed: q.addresses(*m)
                cases.append(spellings.Name(name, name, "127.0.0.1"))
        self.start(ports="any")
        self.judge(cases)
        asked = {question.name for question in self.resolver.questions}
        self.assertEqual(asked, {case.asked for case in cases})

    def test_our_own_public_address(self):
        self.start(ports="any")
        self.judge([spellings.Spelling(form, None) for form in spellings.ipv4_forms(OURS)])

    def test_ports(self):
        """80 and 443 unless configured; the number is what counts, not how it is written."""
        self.start(ports=None)
        usual = {"": 80, ":80": 80, ":0080": 80, ":": 80, ":443": 443, ":00443": 443}
        other = ["0", "00", "1", "22", "25", "79", "81", "8080", "6379", "65535", "65536", "65616",
                 "4294967376", "18446744073709551696", "-80", "+80", "80a", "0x50", "8\u0660", " 80",
                 "80.", "80:80"]
        for i, (text, port) in enumerate(usual.items()):
            self.server.open(f"http://93.184.217.{i}{text}/x.png")
        for i, text in enumerate(other):
            self.server.open(f"http://93.184.218.{i}:{text}/x.png")
        sent = {(p.target[0], p.target[1]) for p in self.capture.packets()
                if p.target[0].startswith("93.")}
        self.assertEqual(sent, {(f"93.184.217.{i}", port) for i, port in enumerate(usual.values())})


if __name__ == "__main__":
    unittest.main()
