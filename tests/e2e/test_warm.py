"""What is not in hot memory: read from a segment, or from the disk by a thread of its own; and what
stays hot when keys are reloaded and pictures purged."""

import glob
import json
import os
import unittest

import harness
import origin as origins
import pictures

JSON = {"Content-Type": "application/json"}


def forget_pages(server):
    """The kernel drops what it keeps of the segments; the server must not run."""
    for path in glob.glob(os.path.join(server.state, "seg-*", "data.mdb")):
        fd = os.open(path, os.O_RDWR)
        os.fsync(fd)
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(fd)


class Warm(harness.ServerTest):
    def setUp(self):
        self.sender = self.origin()
        self.server = self.shojid({"server": {"threads": "1"}})

    def steps(self):
        return json.loads(self.server.ask_admin("GET", "/v1/stats").body)["requests"]["by_step"]

    def answers(self, work):
        """How many answers each step gave meanwhile."""
        before = self.steps()
        work()
        after = self.steps()
        return {step: after[step] - before[step] for step in after if after[step] != before[step]}

    def pages(self, count, size=100):
        urls = []
        for i in range(count):
            self.sender.pages[f"/{i}.png"] = origins.picture(
                pictures.noise_png(size, size, seed=i))
            urls.append(self.sender.url(f"/{i}.png"))
        return urls

    def test_workers_come_last(self):
        """Readers whose picture is there do not wait for those whose picture is being made."""
        harness.until(lambda: [os.sched_getscheduler(pid) for pid in self.server.decoders()]
                      .count(os.SCHED_IDLE) == 2)
        self.assertEqual(os.sched_getscheduler(self.server.process.pid), os.SCHED_OTHER)

    def test_from_the_disk(self):
        urls = self.pages(20)
        bodies = [self.server.open(url).body for url in urls]
        self.server.stop()
        forget_pages(self.server)
        self.server.start()

        def read():
            got = harness.in_threads(20, lambda i: self.server.open(urls[i]))
            for answer, body in zip(got, bodies):
                self.assertPicture(answer)
                self.assertEqual(answer.body, body)

        counted = self.answers(read)
        self.assertEqual(counted.pop("lookup", 0) + counted.pop("read", 0), 20)
        self.assertEqual(counted, {})
        self.assertEqual(self.answers(read), {"hot": 20})
        self.assertEqual(self.sender.count(), 20)
        with self.server.client() as client:  # conditional, after the page was dropped once more
            answer = client.ask("GET", self.server.key.sign(urls[0]), {"Range": "bytes=0-9"})
            self.assertEqual((answer.status, answer.body), (206, bodies[0][:10]))

    def test_a_thread_of_its_own_reads_what_is_not_in_memory(self):
        url, = self.pages(1, size=400)
        body = self.server.open(url).body
        self.server.stop()
        forget_pages(self.server)
        self.server.start()
        counted = self.answers(lambda: self.assertEqual(self.server.open(url).body, body))
        if counted == {"lookup": 1}:
            self.skipTest("this file system keeps its files in memory")
        self.assertEqual(counted, {"read": 1})

    def test_a_reload_of_the_same_keys_reads_nothing_anew(self):
        urls = self.pages(5)
        for url in urls:
            self.assertPicture(self.server.open(url))
        self.server.reload()
        # The first time each is verified anew; that is "lookup", as its picture is in memory.
        once = lambda: [self.assertPicture(self.server.open(url)) for url in urls]
        self.assertEqual(self.answers(once), {"lookup": 5})
        self.assertEqual(self.answers(once), {"hot": 5})

    def test_a_revoked_key_stops_at_once_and_others_go_on(self):
        url, = self.pages(1)
        other = harness.Key()
        lines = self.server.key.line() + other.line("verify")
        harness.write_keys(self.server.keys, lines)
        self.server.reload()
        mine, theirs = self.server.key.sign(url), other.sign(url)
        for path in (mine, theirs) * 2:
            self.assertPicture(self.server.get(path))
        harness.write_keys(self.server.keys, self.server.key.line() + other.line("revoked"))
        self.server.reload()
        self.assertEqual(self.server.get(theirs).status, 403)
        self.assertPicture(self.server.get(mine))
        harness.write_keys(self.server.keys, lines)
        self.server.reload()
        self.assertPicture(self.server.get(theirs))
        self.assertEqual(self.sender.count(), 1)

    def test_a_purge_of_one_leaves_the_others_in_memory(self):
        urls = self.pages(6)
        held = None
        for url in urls:
            self.assertPicture(self.server.open(url))
        held = json.loads(self.server.ask_admin("GET", "/v1/stats").body)
        answer = self.server.ask_admin("POST", "/v1/purge", JSON, harness.as_json({"url": urls[0]}))
        self.assertEqual(answer.status, 200)
        self.assertPlaceholder(self.server.open(urls[0]), 410)
        after = json.loads(self.server.ask_admin("GET", "/v1/stats").body)
        key = "hot_memory_bytes"
        before_bytes, after_bytes = held["requests"][key], after["requests"][key]
        self.assertGreater(after_bytes, before_bytes * 3 / 4)
        self.assertLess(after_bytes, before_bytes)
        again = lambda: [self.assertPicture(self.server.open(url)) for url in urls[1:]]
        again()
        self.assertEqual(self.answers(again), {"hot": 5})

    def test_the_same_picture_behind_other_urls_is_held_once(self):
        body = pictures.noise_png(120, 120)
        urls = []
        for i in range(40):
            self.sender.pages[f"/{i}.png"] = origins.picture(body)
            urls.append(self.sender.url(f"/{i}.png"))
        served = [self.server.open(url).body for url in urls]
        held = json.loads(self.server.ask_admin("GET", "/v1/stats").body)
        self.assertLess(held["requests"]["hot_memory_bytes"], 2 * len(served[0]) + 40 * 1000)


if __name__ == "__main__":
    unittest.main()
