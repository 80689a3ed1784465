"""Some two hundred ways to answer one request wrongly (misdeeds.py), all at once: each ends in time,
within bounded memory, its reader sees what the verdict says, and nothing wrong is remembered."""

import threading
import unittest

import harness
import http1
import meter
import misdeeds
import origin as origins
import pictures

TIMEOUT_S = 3
DECODE_S = 3
SLACK_S = 8  # a busy machine with two cores
DECODER_KB = 256 << 10


class HostileOrigins(harness.ServerTest):
    def setUp(self):
        harness.many_sockets()
        self.sender = self.origin()
        self.server = self.shojid({
            "fetch": {"timeout": f"{TIMEOUT_S}s", "max_bytes": str(misdeeds.MAX_BYTES),
                      "per_host": "300", "total": "300", "wait": "40s", "max_redirects": "3"},
            "decode": {"deadline": f"{DECODE_S}s", "memory": "256M"}})

    def open_all(self, paths):
        def one(i):
            return http1.timed(self.server.open, self.sender.url(paths[i]))

        return dict(zip(paths, harness.in_threads(len(paths), one)))

    def judge(self, path, verdict, answer, control):
        """What is wrong with this answer, or None."""
        age = answer.get("Cache-Control")
        if verdict == misdeeds.OPEN:
            verdict = misdeeds.SHOWN if answer.status == 200 else misdeeds.HIDDEN
        if verdict == misdeeds.SHOWN:
            # Every page that may be shown carries the same pixels.
            return None if (answer.status, answer.body) == (200, control) else "the picture was due"
        if answer.status != 404 or pictures.kind_of(answer.body) != "png":
            return "the placeholder was due"
        expected = {misdeeds.LATER: ["public, max-age=60"], misdeeds.NEVER: ["public, max-age=300"]}
        if age not in expected.get(verdict, ["public, max-age=60", "public, max-age=300"]):
            return f"{age} does not say {verdict}"
        return None

    def test_all_at_once(self):
        deeds = misdeeds.Deeds(self.sender).all
        self.assertGreater(len(deeds), 180)
        self.sender.pages.update({path: page for path, (page, _) in deeds.items()})
        self.sender.pages["/control.png"] = origins.picture(misdeeds.BODY)
        control = self.server.open(self.sender.url("/control.png"))
        self.assertPicture(control)

        pids = [self.server.process.pid, *self.server.decoders()]
        meter.begin(pids)
        before_kb = meter.now_kb(pids[0])
        answers = self.open_all(list(deeds))
        wrong, bodies = [], set()
        for path, (answer, took_s) in answers.items():
            verdict = deeds[path][1]
            why = self.judge(path, verdict, answer, control.body)
            if why:
                wrong.append(f"{path}: {verdict}: {why}: {answer}")
            if took_s > TIMEOUT_S + DECODE_S + SLACK_S:
                wrong.append(f"{path}: took {took_s:.1f} s")
            if answer.status == 404:
                bodies.add(answer.body)
        self.assertEqual(wrong, [], f"\n{len(wrong)} of {len(deeds)}\n" + "\n".join(wrong))
        self.assertEqual(len(bodies), 1)
        self.check_memory(before_kb, pids)
        self.check_memory_of_it(deeds, {path: answer for path, (answer, _) in answers.items()})

    def check_memory(self, before_kb, pids):
        """At most every body in flight, its buffer grown by doubling, and what a connection takes."""
        if not meter.is_plain(harness.SHOJID):
            return
        grown_kb = meter.peak_kb(pids[0]) - before_kb
        self.assertLess(grown_kb, 200 * (2 * misdeeds.MAX_BYTES // 1024 + 100))
        for pid in self.server.decoders():
            self.assertLess(meter.peak_kb(pid), DECODER_KB)

    def check_memory_of_it(self, deeds, first):
        """Asked again, by the same server and the next: the same answers, and no further request."""
        asked = {path: self.sender.count(path) for path in deeds}
        self.assertEqual({path: n for path, n in asked.items() if n != 1}, {})
        self.assertEqual(self.sender.count("/elsewhere"), 0)
        for restart in (False, True):
            if restart:
                self.server.stop()
                self.server.start()
            again = self.open_all(list(deeds))
            for path, (answer, _) in again.items():
                self.assertEqual((answer.status, answer.body), (first[path].status,
                                                                first[path].body), path)
        self.assertEqual({path: self.sender.count(path) for path in deeds}, asked)

    def test_endless_bodies_at_once_stay_within_bounds(self):
        """250 bodies that never end, none of them too large yet: what is held is what was allowed."""
        readers = 250
        release = threading.Event()
        self.addCleanup(release.set)
        arrived = threading.Semaphore(0)

        def page(conn, _asked):
            conn.sendall(misdeeds.OK + b"\r\n" + bytes(misdeeds.MAX_BYTES - 1000))
            arrived.release()
            release.wait(60)
            while not self.sender.stopping.is_set():
                conn.sendall(bytes(65536))

        paths = [f"/endless/{i}" for i in range(readers)]
        self.sender.pages.update(dict.fromkeys(paths, page))
        pid = self.server.process.pid
        meter.begin([pid])
        before_kb = meter.now_kb(pid)

        def end(_):
            for _ in range(readers):
                arrived.acquire(timeout=TIMEOUT_S)
            release.set()

        def read(i):
            return self.server.open(self.sender.url(paths[i])) if i < readers else end(i)

        for answer in harness.in_threads(readers + 1, read)[:readers]:
            self.assertPlaceholder(answer)
        if meter.is_plain(harness.SHOJID):
            held_kb = readers * misdeeds.MAX_BYTES // 1024
            self.assertLess(meter.peak_kb(pid) - before_kb, 2 * held_kb + readers * 100)


if __name__ == "__main__":
    unittest.main()
