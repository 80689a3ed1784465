"""Rounds of load, each ended by kill -9 at a random moment, and what must hold over all of them:

- an original that any reader was shown is never asked for again, and always looks the same;
- one that was asked for and not shown is asked again on the schedule of failed tries at the soonest;
- what was taken into the queue (202) is not forgotten.

The seed decides everything that this side does; where exactly the server is hit is up to the machine."""

import contextlib
import json
import random
import threading
import time
import urllib.parse
import zlib

import harness
import http1
import origin as origins
import pictures

READERS = 4
FRESH = 12  # originals a round
LONGEST_S = 0.3  # from the first request of a round to its end
# README: "about 1 minute after the first was due", and on a loaded machine what is due is asked for
# some seconds later. Who asks again because of the crash, or of a reader, does so within a round.
FIRST_RETRY_S = 45


class Rounds:
    def __init__(self, case, seed):
        self.case = case
        self.seed = seed
        self.random = random.Random(seed)
        self.sender = case.origin()
        self.sender.default = self.page
        self.server = case.shojid({"fetch": {"wait": "300ms", "timeout": "5s", "per_host": "20"},
                                   "cache": {"size": "256M", "index_size": "32M"}})
        self.paths = []
        self.accepted = set()  # by the queue
        self.shown = {}  # path -> (when it was first shown, its bytes)
        self.lock = threading.Lock()
        self.wrong = []

    def page(self, conn, asked):
        """By the path's own number: most are pictures; some fail, are slow, or redirect."""
        number = zlib.crc32(asked.path.encode()) % 20
        colour = tuple(zlib.crc32(asked.path.encode() + b"colour").to_bytes(4, "big")[:3])
        if number == 0:
            origins.answer(status="503 Busy")(conn, asked)
        elif number == 1:
            origins.answer(status="404 Not Found")(conn, asked)
        elif number == 2:
            origins.redirect(asked.path + "-target")(conn, asked)
        else:
            if number < 6:
                self.sender.stopping.wait(number / 20)
            origins.picture(pictures.plain_png(colour=colour))(conn, asked)

    def read(self, path, **options):
        try:
            answer = self.server.open(self.sender.url(path), timeout_s=20, **options)
        except (OSError, http1.Closed):
            return  # the server died
        with self.lock:
            if answer.status == 200:
                when, body = self.shown.setdefault(path, (time.monotonic(), answer.body))
                if body != answer.body:
                    self.wrong.append(f"{path} looks different")
            elif answer.status == 404:
                if path in self.shown:
                    self.wrong.append(f"{path} was shown and is no longer")
            else:
                self.wrong.append(f"{path}: {answer}")

    def prefetch(self, paths):
        body = harness.as_json({"urls": [self.sender.url(path) for path in paths]})
        with contextlib.suppress(OSError, http1.Closed):
            answer = self.server.ask_submit("POST", "/v1/prefetch", {
                "Content-Type": "application/json"}, body, 20)
            if answer.status == 202:
                self.accepted.update(paths)

    def load(self, number, after_s):
        """Readers, the queue, and the end of the server."""
        fresh = [f"/{self.seed}/{number}/{i}.png" for i in range(FRESH)]
        self.paths += fresh
        queued, opened = fresh[:FRESH // 2], fresh[FRESH // 2:]
        # Those of this round, handed over and opened without d at once, are test_crash_rounds's own.
        known = self.paths[:-FRESH]
        old = self.random.sample(known, min(8, len(known)))
        plan = [[(path, {}) for path in opened + old] for _ in range(READERS)]
        for reader in plan:
            reader += [(path, {"d": harness.today()}) for path in queued]
            self.random.shuffle(reader)
        halves = self.random.randrange(1, len(queued))

        def work(i):
            if i == READERS + 1:
                self.sender.stopping.wait(after_s)
                self.server.kill()
            elif i == READERS:
                self.prefetch(queued[:halves])
                self.prefetch(queued[halves:])
            else:
                for path, options in plan[i]:
                    self.read(path, **options)

        server = self.server
        harness.in_threads(READERS + 2, work)
        self.server = server.start()

    def judge(self):
        """What must hold of all requests so far."""
        asked = {}
        with self.sender.changed:
            for one in self.sender.asked:
                asked.setdefault(one.path, []).append(one.when)
        for path, (when, _) in self.shown.items():
            later = [at for at in asked.get(path, []) if at > when]
            if later:
                self.wrong.append(f"{path} was asked for {later[0] - when:.1f} s after it was shown")
        again = 0
        for path, times in asked.items():
            for first, second in zip(times, times[1:]):
                again += 1
                if second - first < FIRST_RETRY_S:
                    self.wrong.append(f"{path} was asked for again after {second - first:.1f} s")
        self.case.assertEqual(self.wrong, [], f"seed {self.seed}")
        return asked, again

    def run(self, rounds):
        for number in range(rounds):
            self.load(number, self.random.uniform(0, LONGEST_S))
            self.judge()
        for path in self.paths:
            self.read(path)
        return self.judge()

    def waits(self, path):
        """Does it stand in the queue for its second retry, or a later one: was it hit twice?"""
        url = urllib.parse.quote(self.sender.url(path), safe="")
        answer = self.server.ask_admin("GET", "/v1/explain?url=" + url)
        steps = {one["step"]: one for one in json.loads(answer.body)["steps"]}
        return (steps["queue"]["verdict"] == "waiting"
                and "(1 try)" not in steps["record"]["sentence"])

    def wait_for_the_queue(self, patience_s):
        """Everything that was accepted is asked for, at the latest with the first retry; but for what
        was about to be asked for in two rounds, and waits for its next."""
        def missing():
            return self.accepted - {one.path for one in list(self.sender.asked)}

        harness.until(lambda: all(self.waits(path) for path in missing()), patience_s)
