"""The queue asks at its own pace: in turn, so much a second, and so much of one victim. Bounds from
above follow from "a burst of two seconds, then the rate"; a slow machine only comes later."""

import unittest

import harness
import origin as origins
import pictures


def prefetch(server, urls):
    for at in range(0, len(urls), 1000):
        answer = server.ask_submit("POST", "/v1/prefetch", {"Content-Type": "application/json"},
                                   harness.as_json({"urls": urls[at:at + 1000]}))
        if answer.status != 202:
            raise AssertionError(answer)


class Pacing(harness.ServerTest):
    def sender(self, host="127.0.0.1", body=None):
        origin = self.origin(host)
        origin.default = origins.picture(body or pictures.plain_png())
        return origin

    def assertPaced(self, origin, burst, per_s):
        """At no time had it more than the burst and the rate since the first request allow; half a
        second is given away, since a request arrives a moment after it was let go."""
        whens = [asked.when for asked in origin.asked]
        for count, when in enumerate(whens, 1):
            self.assertLessEqual(count, burst + per_s * (when - whens[0] + 0.5) + 1)

    def test_a_campaign_does_not_stand_before_others(self):
        flood, quiet = self.sender(), self.sender("127.0.0.2")
        server = self.shojid({"prefetch": {"per_domain": "20"}})
        prefetch(server, [flood.url(f"/{i}.png") for i in range(3000)])
        self.assertTrue(flood.wait_for(None, 41))
        for i in range(5):
            before = flood.count()
            prefetch(server, [quiet.url(f"/{i}.png")])
            self.assertTrue(quiet.wait_for(f"/{i}.png"))
            self.assertLess(flood.count() - before, 200)
        self.assertPaced(flood, 40, 20)
        self.assertLess(flood.count(), 3000)

    def test_a_slow_origin_does_not_take_all_places(self):
        slow, quiet = self.sender(), self.sender("127.0.0.2")

        def page(_conn, _asked):
            slow.stopping.wait(60)

        slow.default = page
        server = self.shojid({"prefetch": {"per_domain": "0", "rate": "0"},
                              "fetch": {"total": "32", "per_host": "4", "timeout": "60s"}})
        prefetch(server, [slow.url(f"/{i}.png") for i in range(300)])
        self.assertTrue(slow.wait_for(None, 4))
        for i in range(5):
            prefetch(server, [quiet.url(f"/{i}.png")])
            self.assertTrue(quiet.wait_for(f"/{i}.png"))
        slow.stopping.set()

    def test_the_rate_of_all_together(self):
        senders = [self.sender(f"127.0.0.{i}") for i in range(1, 9)]
        server = self.shojid({"prefetch": {"rate": "20", "per_domain": "0"}})
        prefetch(server, [sender.url(f"/{i}.png") for i in range(10) for sender in senders])
        harness.until(lambda: sum(sender.count() for sender in senders) == 80)
        whens = sorted(asked.when for sender in senders for asked in sender.asked)
        self.assertGreater(whens[-1] - whens[0], (80 - 20) / 20 - 0.5)
        # In turn: when the first had its fifth, nobody had fewer than two.
        fifth = min(sender.asked[4].when for sender in senders)
        for sender in senders:
            self.assertGreaterEqual(sum(a.when <= fifth + 0.5 for a in sender.asked), 2)

    def test_many_names_of_one_victim(self):
        """Whatever the names, one network is asked for twice what a domain is; each that is put off
        is put off once, so that its name is asked for twice at most."""
        victim = self.sender()
        hosts = {f"sender{i}.com": ["127.0.0.1"] for i in range(100)}
        names = self.names(hosts)
        server = self.shojid({"prefetch": {"per_domain": "5", "rate": "0"},
                              "fetch": {"resolvers": names.address}})
        prefetch(server, [victim.url(f"/{i}.png", host) for i, host in enumerate(hosts)])
        self.assertTrue(victim.wait_for(None, 100, timeout_s=60))
        self.assertEqual(victim.count(), 100)
        self.assertPaced(victim, 20, 10)
        for i, host in enumerate(hosts):
            self.assertEqual(victim.count(f"/{i}.png"), 1)
            self.assertLessEqual(names.asked(host), 4, host)  # A and AAAA, twice

    def test_a_second_address_on_a_busy_network(self):
        """Nobody listens at the first of two addresses: each original is put off once at most, and
        then asked at the second, however long the line at its network has become since."""
        victim = self.sender("127.0.1.1")
        before, two, after = ([f"{kind}{i}.com" for i in range(count)]
                              for kind, count in (("before", 40), ("two", 8), ("after", 60)))
        names = self.names({host: ["127.0.1.1"] for host in before + after} |
                           {host: ["127.0.2.1", "127.0.1.1"] for host in two})
        server = self.shojid({"prefetch": {"per_domain": "4", "rate": "0"},
                              "fetch": {"resolvers": names.address}})
        for hosts in (before, two, after):
            prefetch(server, [victim.url(f"/{host}", host) for host in hosts])
            harness.until(lambda hosts=hosts: all(names.asked(host) for host in hosts))
        for host in two:
            self.assertTrue(victim.wait_for(f"/{host}"))
            self.assertLessEqual(names.asked(host), 4, host)  # A and AAAA, twice

    def test_a_reader_does_not_wait_for_the_queue(self):
        """Without option d it is fetched now (contract 4), also where the queue has put it off."""
        victim = self.sender()
        hosts = {f"sender{i}.com": ["127.0.0.1"] for i in range(60)}
        names = self.names(hosts)
        server = self.shojid({"prefetch": {"per_domain": "1", "rate": "0"},
                              "fetch": {"resolvers": names.address}})
        urls = [victim.url(f"/{i}.png", host) for i, host in enumerate(hosts)]
        prefetch(server, urls)
        self.assertTrue(victim.wait_for(None, 4))
        harness.until(lambda: all(names.asked(host) for host in hosts))
        # All of them are known; most are booked for later: up to half a minute.
        for i in (57, 58, 59):
            self.assertPicture(server.open(urls[i]))
            self.assertEqual(victim.count(f"/{i}.png"), 1)
        self.assertLess(victim.count(), 60)

    def test_bandwidth(self):
        body = pictures.noise_png(300, 300)  # some 270 KB
        heavy = self.sender(body=body)
        server = self.shojid({"prefetch": {"bandwidth": "256K", "per_domain": "0", "rate": "0"},
                              "fetch": {"per_host": "1", "total": "2"}})
        prefetch(server, [heavy.url(f"/{i}.png") for i in range(6)])
        self.assertTrue(heavy.wait_for(None, 6, timeout_s=60))
        # Before the last one begins, four others or more have been paid for, but for the burst.
        paid = 4 * len(body) - 256 * 1024
        self.assertGreater(heavy.asked[-1].when - heavy.asked[0].when, paid / (256 * 1024) - 0.5)

    def test_a_paced_queue_outlives_a_restart(self):
        """What was under way at the kill, a burst of 40 at the most, is a failed try and comes a
        minute later; all the others come at once."""
        flood = self.sender()
        server = self.shojid({"prefetch": {"per_domain": "20"}})
        prefetch(server, [flood.url(f"/{i}.png") for i in range(150)])
        self.assertTrue(flood.wait_for(None, 10))
        server.kill()
        server.start()
        self.assertTrue(flood.wait_for(None, 110, timeout_s=45))
        server.stop()
        counts = [flood.count(f"/{i}.png") for i in range(150)]
        self.assertLessEqual(max(counts), 2)
        self.assertLessEqual(sum(count != 1 for count in counts), 41)


if __name__ == "__main__":
    unittest.main()
