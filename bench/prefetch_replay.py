"""The replay of bench/prefetch.py: mails are handed over when they are due, and opened when their
readers do. Threads for both; every request is one that a mail server or a webmail would make."""

import heapq
import json
import threading
import time

import http1  # tests/e2e, put into the path by senders

FEEDERS, READERS = 8, 4


class Opening:
    """A first open: when, and whether the image was there."""

    def __init__(self, number, at, there):
        self.number = number
        self.at = at  # seconds since 1970
        self.there = there


class Replay:
    def __init__(self, target, day, until_s):
        """`target`: url(number), signed(number), submit (a path), address (of the readers' side).
        Opens later than `until_s` after the beginning are left to the caller."""
        self.target = target
        self.mails = iter(day.mails)
        self.until_s = until_s
        self.lock = threading.Lock()
        self.changed = threading.Condition(self.lock)
        self.handed = {}  # number: when its first mail was handed over, seconds since 1970
        self.took_s = []  # how long each handing over took
        self.opens = []  # heap of (time since the beginning, number)
        self.opened = {}  # number: Opening
        self.later = {}  # number: time of its first open, beyond the end
        self.fed = False
        self.errors = []
        self.began = None

    def now(self):
        return time.monotonic() - self.began

    def next_mail(self):
        with self.lock:
            return next(self.mails, None)

    def feed(self):
        with http1.Client(self.target.submit, 60) as client:
            while mail := self.next_mail():
                if (left := mail.at_s - self.now()) > 0:
                    time.sleep(left)
                self.hand_over(client, mail)

    def hand_over(self, client, mail):
        body = json.dumps({"urls": [self.target.url(n) for n in mail.images]}).encode()
        began = time.time()
        answer = client.ask("POST", "/v1/prefetch", [("Content-Type", "application/json")], body)
        took = time.time() - began
        if answer.status != 202:
            raise RuntimeError(f"handing over: {answer} {answer.body!r}")
        with self.changed:
            self.took_s.append(took)
            for number in mail.images:
                self.handed.setdefault(number, began)
                if mail.opened_s is not None:
                    heapq.heappush(self.opens, (self.now() + mail.opened_s, number))
            self.changed.notify_all()

    def next_open(self):
        """The number of an image that nobody opened before; None at the end."""
        with self.changed:
            while True:
                left = (self.opens[0][0] if self.opens else self.until_s) - self.now()
                if self.now() >= self.until_s or (self.fed and not self.opens):
                    return None
                if left > 0:
                    self.changed.wait(min(left, 0.5))
                    continue
                _, number = heapq.heappop(self.opens)
                if number not in self.opened:
                    self.opened[number] = None  # this thread's
                    return number

    def read(self):
        with http1.Client(self.target.address, 60) as client:
            while (number := self.next_open()) is not None:
                at = time.time()
                there = client.ask("GET", self.target.signed(number)).status == 200
                with self.lock:
                    self.opened[number] = Opening(number, at, there)

    def guarded(self, work):
        try:
            work()
        except BaseException as error:  # pylint: disable=broad-except
            self.errors.append(error)

    def run(self):
        self.began = time.monotonic()
        feeders, readers = ([threading.Thread(target=self.guarded, args=(work,))
                             for _ in range(count)]
                            for work, count in ((self.feed, FEEDERS), (self.read, READERS)))
        for thread in feeders + readers:
            thread.start()
        for thread in feeders:
            thread.join()
        with self.changed:
            self.fed = True
            self.changed.notify_all()
        for thread in readers:
            thread.join()
        if self.errors:
            raise self.errors[0]
        for at, number in self.opens:
            if number not in self.opened:
                self.later[number] = min(at, self.later.get(number, at))
