"""DNS servers that are slow, lame, lying or hostile. Every name has an answer of its own (or none),
all are asked at once: each opening ends in time, with a bounded number of questions, and connects
only to where a sound answer says."""

import socket
import struct
import threading
import unittest

import dns
import harness
import http1
import network
import origin as origins
import pictures

PUBLIC, PUBLIC2, INSIDE = "93.184.215.14", "93.184.215.15", "10.1.2.3"
PUBLIC6 = "2a00:1450:4001:800::200e"
TIMEOUT_S = 3
SLACK_S = 8
MOST_QUESTIONS = 10  # two kinds, two rounds, and once more over TCP

SHOWN, REFUSED, LATER, NEVER = "shown", "refused", "later", "never"


def setUpModule():
    network.enter(PUBLIC, PUBLIC2, PUBLIC6, INSIDE)


def only_a(handler):
    """The handler for questions of kind A; of AAAA there are none."""
    return lambda q: handler(q) if q.kind == dns.A else q.answer()


def records(*texts):
    return only_a(lambda q: q.answer(*(dns.address(text) for text in texts)))


def over_tcp(handler):
    """Truncated over UDP, so that the question comes again."""
    return lambda q: handler(q) if q.tcp else q.answer(flags=0x8380)


class HostileDns(harness.ServerTest):
    def setUp(self):
        self.released = threading.Event()
        self.addCleanup(self.released.set)
        self.sender, self.inside = self.origin(PUBLIC), None
        self.sender.default = origins.picture(pictures.plain_png())
        self.inside = network.far(origins.Origin, INSIDE, self.sender.port)
        self.addCleanup(self.inside.close)
        self.resolver = dns.Server()
        self.addCleanup(self.resolver.close)
        self.server = self.shojid({"fetch": {
            "allow_private": None, "timeout": f"{TIMEOUT_S}s", "wait": "30s", "per_host": "100",
            "resolvers": self.resolver.address}})

    def late(self, seconds, handler):
        def answer(question):
            self.released.wait(seconds)
            return handler(question)
        return answer

    def elsewhere(self, question):
        """The right answer, from another port than was asked."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.sendto(question.addresses(PUBLIC), question.peer)

    def sound(self):
        """Odd or slow, and still an answer."""
        chain = [f"c{i}.chain.example" for i in range(6)]
        links = [dns.cname(there, dns.pack_name(here)) for here, there in zip(chain, chain[1:])]
        return {
            "plain": records(PUBLIC),
            "a_second_late": self.late(1, records(PUBLIC)),
            "asked_twice": lambda q: records(PUBLIC)(q) if q.before else None,
            "over_tcp": over_tcp(records(PUBLIC)),
            "alias": only_a(lambda q: q.answer(
                dns.cname("real.example"), dns.address(PUBLIC, dns.pack_name("real.example")))),
            "chain": only_a(lambda q: q.answer(
                dns.cname(chain[0]), *links, dns.address(PUBLIC, dns.pack_name(chain[-1])))),
            "six_fails": lambda q: (records(PUBLIC)(q) if q.kind == dns.A
                                    else q.answer(code=dns.SERVFAIL)),
            "six_is_garbage": lambda q: (records(PUBLIC)(q) if q.kind == dns.A
                                         else q.answer(b"\xff" * 30, answers=9)),
            "six_in_a": lambda q: q.answer(dns.address(PUBLIC)),  # to AAAA, too
            "twenty": records(*[PUBLIC] * 20),
            "no_time_to_live": only_a(lambda q: q.answer(dns.address(PUBLIC, ttl=0))),
            "answered_twice": lambda q: [q.addresses(PUBLIC), q.addresses(INSIDE)],
            "wrong_id_first": lambda q: [q.answer(dns.address(INSIDE), id=bytes(
                (q.id[0] ^ 1, q.id[1]))), q.addresses(PUBLIC)],
            "other_question_first": lambda q: [
                q.answer(dns.address(INSIDE), section=dns.pack_name("other.example")
                         + struct.pack(">HH", q.kind, 1)), q.addresses(PUBLIC)],
        }

    def refused(self):
        """An address in it, or the number of them, says that no connection may follow."""
        def many(kind, count):
            own = dns.address(PUBLIC) if kind == dns.A else dns.address(PUBLIC6)
            return over_tcp(lambda q: q.answer(*[own] * count) if q.kind == kind else q.answer())

        return {
            "private": records(INSIDE),
            "mixed": records(PUBLIC, INSIDE), "mixed_last_of_twenty": records(*[PUBLIC] * 19, INSIDE),
            "private_six": lambda q: q.addresses(PUBLIC, "::1"),
            "mapped": lambda q: q.addresses(PUBLIC, f"::ffff:{PUBLIC}"),
            "link_local_six": lambda q: q.addresses(PUBLIC, "fe80::1"),
            "private_four": lambda q: q.addresses(INSIDE, PUBLIC6),
            "alias_to_private": only_a(lambda q: q.answer(
                dns.cname("in.example"), dns.address(INSIDE, dns.pack_name("in.example")))),
            "thousand": many(dns.A, 1000), "thousand_of_six": many(dns.AAAA, 1000),
        }

    def broken(self):
        """No answer, or none to this question: tried again later."""
        root = b"\0"
        loop = b"\xc0\x0c"  # where it stands itself, when it is the question's name
        return {
            "silent": lambda q: None,
            "too_late": self.late(TIMEOUT_S + 2, records(PUBLIC)),
            "servfail": lambda q: q.answer(code=dns.SERVFAIL),
            "refuses": lambda q: q.answer(code=dns.REFUSED),
            "formerr": lambda q: q.answer(code=dns.FORMERR),
            "wrong_id": lambda q: q.answer(dns.address(PUBLIC), id=bytes((q.id[0] ^ 128, q.id[1]))),
            "wrong_question": lambda q: q.answer(
                dns.address(PUBLIC), section=dns.pack_name("x.example") + struct.pack(">HH", q.kind, 1)),
            "from_elsewhere": self.elsewhere,
            "empty": lambda q: b"",
            "one_byte": lambda q: q.id[:1],
            "head_only": lambda q: q.id + struct.pack(">HHHHH", 0x8180, 1, 1, 0, 0),
            "cut_in_question": lambda q: q.answer(dns.address(PUBLIC))[:20],
            "garbage": lambda q: q.id + bytes(range(255)),
            "zeros": lambda q: q.id + bytes(500),
            "all_ones": lambda q: q.id + b"\xff" * 500,
            "name_points_to_itself": lambda q: q.answer(dns.address(PUBLIC), section=loop
                                                        + struct.pack(">HH", q.kind, 1)),
            "truncated_and_no_tcp": lambda q: None if q.tcp else q.answer(flags=0x8380),
            "tcp_garbage": over_tcp(lambda q: q.id + b"\xff" * 60000),
            "tcp_empty": over_tcp(lambda q: b""),
            "no_question": lambda q: q.answer(dns.address(PUBLIC), section=root),
        }

    def unsound(self):
        """Of these no standard says how often to try; a connection may not follow."""
        def pointing(offset):
            return struct.pack(">H", 0xc000 | offset)

        return {
            "cut_in_record": lambda q: q.answer(dns.address(PUBLIC))[:-2],
            "more_promised": lambda q: q.answer(answers=9),
            "record_of_three_bytes": only_a(lambda q: q.answer(dns.record(dns.A, b"\x5d\xb8\xd7"))),
            "owner_points_ahead": only_a(lambda q: q.answer(
                dns.address(PUBLIC, pointing(len(q.section) + 12)))),
            "owner_points_beyond": only_a(lambda q: q.answer(dns.address(PUBLIC, pointing(16383)))),
            "alias_loop": lambda q: q.answer(dns.cname(q.name)),
            "alias_ring": lambda q: q.answer(
                dns.cname("ring.example"), dns.cname(q.name, dns.pack_name("ring.example"))),
            "alias_to_nothing": lambda q: q.answer(dns.cname("nothing.example")),
            "long_chain": lambda q: q.answer(dns.cname("0.example"), *(
                dns.cname(f"{i + 1}.example", dns.pack_name(f"{i}.example")) for i in range(400))),
            "other_kinds_only": lambda q: q.answer(dns.record(16, b"\x03abc")),
            "truncated_always": lambda q: q.answer(flags=0x8380),
            "only_in_extra": lambda q: q.answer(extra=[dns.address(PUBLIC)]),
        }

    def absent(self):
        return {"nxdomain": lambda q: q.answer(code=dns.NXDOMAIN), "no_data": lambda q: q.answer(),
                "nxdomain_tcp": over_tcp(lambda q: q.answer(code=dns.NXDOMAIN))}

    def test_all_at_once(self):
        groups = {SHOWN: self.sound(), REFUSED: self.refused(), LATER: self.broken(),
                  NEVER: self.absent(), None: self.unsound()}
        verdicts = {name: verdict for verdict, group in groups.items() for name in group}
        hosts = {name: f"{name.replace('_', '-')}.example" for name in verdicts}
        for group in groups.values():
            self.resolver.handlers.update({hosts[name]: how for name, how in group.items()})
        names = list(verdicts)

        def one(i):
            return http1.timed(self.server.open, self.sender.url(f"/{names[i]}.png", hosts[names[i]]))

        with network.Capture() as capture:
            answers = harness.in_threads(len(names), one)
            sent = {p.target for p in capture.packets() if p.source[0] in (network.HERE,
                                                                            network.HERE6)}
        for name, (answer, took_s) in zip(names, answers):
            with self.subTest(name):
                self.assertLess(took_s, TIMEOUT_S + SLACK_S)
                self.assertLessEqual(len(self.resolver.asked(hosts[name])), MOST_QUESTIONS)
                self.assertGreaterEqual(len(self.resolver.asked(hosts[name])), 2)
                shown = verdicts[name] == SHOWN
                self.assertEqual(self.sender.count(f"/{name}.png"), 1 if shown else 0)
                if shown:
                    self.assertPicture(answer)
                    continue
                self.assertPlaceholder(answer)
                age = {LATER: "60", REFUSED: "300", NEVER: "300"}.get(verdicts[name])
                if age:
                    self.assertEqual(answer.get("Cache-Control"), f"public, max-age={age}")
        self.assertEqual(sent, {(PUBLIC, self.sender.port)})
        self.check_that_nobody_is_asked_again(hosts, verdicts)

    def check_that_nobody_is_asked_again(self, hosts, verdicts):
        """Opening what failed sends no question either, to this server or the next."""
        before = len(self.resolver.questions)
        for restart in (False, True):
            if restart:
                self.server.stop()
                self.server.start()
            for name in verdicts:
                self.assertEqual(self.server.open(self.sender.url(f"/{name}.png", hosts[name])).status,
                                 200 if verdicts[name] == SHOWN else 404, name)
        self.assertEqual(len(self.resolver.questions), before)

    def test_codes_that_are_no_no(self):
        """Only NXDOMAIN and an empty NOERROR say that there is nothing (RFC 2308, 2): after any other
        code another try may help. c-ares 1.18 passes codes above 5 on as if they were NOERROR."""
        ages = {}
        for code in (4, 6, 8, 9, 10, 15):
            self.resolver.handlers[f"code{code}.example"] = lambda q, c=code: q.answer(code=c)
            answer = self.server.open(self.sender.url("/x.png", f"code{code}.example"))
            self.assertPlaceholder(answer)
            ages[code] = answer.get("Cache-Control")
        self.assertEqual(set(ages.values()), {"public, max-age=60"}, ages)

    def test_an_answer_counts_for_one_connection(self):
        """Public for the first question, private from the next on: nothing that was learnt before is
        kept, and nothing that was permitted before is permitted now."""
        def turn(question):
            return question.addresses(PUBLIC if question.before == 0 else INSIDE)

        self.resolver.handlers["turn.example"] = turn
        self.assertPicture(self.server.open(self.sender.url("/1.png", "turn.example")))
        for i in (2, 3):
            self.assertPlaceholder(self.server.open(self.sender.url(f"/{i}.png", "turn.example")))
        self.assertEqual(self.sender.count(), 1)
        self.assertEqual(self.inside.connections, 0)
        kinds = [q.kind for q in self.resolver.asked("turn.example")]
        self.assertEqual((kinds.count(dns.A), kinds.count(dns.AAAA)), (3, 3))

    def test_a_name_that_turns_between_hops(self):
        def turn(question):
            return question.addresses(PUBLIC if question.before == 0 else INSIDE)

        self.resolver.handlers["turn.example"] = turn
        self.sender.pages["/hop"] = origins.redirect("/secret.png")
        self.assertPlaceholder(self.server.open(self.sender.url("/hop", "turn.example")))
        self.assertEqual((self.sender.count(), self.inside.connections), (1, 0))

    def test_one_question_of_each_kind_and_one_connection(self):
        self.resolver.handlers["once.example"] = lambda q: q.addresses(PUBLIC)
        self.assertPicture(self.server.open(self.sender.url("/x.png", "once.example")))
        self.assertEqual(sorted(q.kind for q in self.resolver.asked("once.example")),
                         [dns.A, dns.AAAA])
        self.assertEqual(self.sender.connections, 1)

    def test_a_lame_server_beside_a_good_one(self):
        good = dns.Server(default=lambda q: q.addresses(PUBLIC))
        self.addCleanup(good.close)
        self.resolver.default = lambda q: None
        server = self.shojid({"fetch": {
            "allow_private": None, "timeout": "10s", "wait": "30s",
            "resolvers": f"{self.resolver.address},{good.address}"}})
        # Two seconds a question, of each kind at once.
        self.assertPicture(server.open(self.sender.url("/x.png", "any.example")))
        self.resolver.default = lambda q: q.answer(code=dns.SERVFAIL)
        self.assertPicture(server.open(self.sender.url("/y.png", "other.example")))


if __name__ == "__main__":
    unittest.main()
