"""Damaged pictures without end through one real server, and what must hold all the while:

- every answer is a picture of our encoder or the one placeholder, in time;
- good pictures asked for in between look the same each time, to the byte;
- neither the server nor its decoder's first process ends, and nothing is left behind: no zombie, no
  descriptor, no memory;
- what the server counted is what was asked.

The seed decides every byte that the origin sends; in what order workers get them is up to the machine."""

import contextlib
import io
import os
import re
import statistics
import threading
import time
import urllib.parse
from collections import Counter

from PIL import Image

import harness
import http1
import meter
import mutations
import origin as origins
import pictures
import samples

CLIENTS = 6
RATE = 40  # mutants a second; 2,000 a minute are 33.4
CONTROL = 25  # each so manyth request is for a good picture
SAMPLE_S = 2
LATEST_S = 30  # for an answer: the deadline is 5, and a busy machine has two cores
# Of the server's anonymous memory, from the second quarter of a run to its last: its tables have fixed
# sizes and hot memory is full by then, so what an hour adds is a leak of 100 bytes a picture or more.
GROWTH_KB = 8 * 1024
CONF = {"cache": {"size": "256M", "index_size": "96M", "hot_memory": "4M"},
        "fetch": {"per_host": "64", "timeout": "20s"}, "decode": {"workers": "4"}}


def explained(server, url):
    answer = server.ask_admin("GET", "/v1/explain?url=" + urllib.parse.quote(url, safe=""))
    return " ".join(re.findall(r'"sentence":\s*"([^"]*)"', answer.body.decode()))


def metrics(server):
    body = server.ask_admin("GET", "/metrics").body.decode()
    return {name: int(value) for name, value in re.findall(r"^(shoji_\S+) (\d+)$", body, re.M)}


def sum_of(values, name):
    return sum(value for key, value in values.items() if key.split("{")[0] == name)


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(word) for word in file.read().split()]


def zombies(pids):
    found = set()
    for pid in pids:
        try:
            with open(f"/proc/{pid}/stat", encoding="latin-1") as file:
                if file.read().rpartition(")")[2].split()[0] == "Z":
                    found.add(pid)
        except OSError:
            pass
    return found


class Soak:
    def __init__(self, case, seed, rate=RATE, conf=None):
        self.case = case
        self.rate = rate
        self.files = samples.every()
        self.mutants = mutations.Mutants(seed, self.files)
        self.sender = case.origin()
        self.sender.default = self.page
        self.server = case.shojid({**CONF, **(conf or {})})
        self.lock = threading.Lock()
        self.next = 0
        self.statuses = Counter()
        self.kinds = Counter()
        self.unshown = []  # numbers of the last while that got the placeholder
        self.died = []  # (number, what the server says became of it)
        self.slowest_s = 0
        self.controls = {}  # name -> its bytes
        self.wrong = []
        self.memory = []  # (when, kB of the server, kB of its decoder)
        self.over = threading.Event()

    # ---- the origin ----

    def page(self, conn, asked):
        _, what, name, *_ = asked.path.split("/")
        body = self.mutants.mutant(int(name)) if what == "m" else self.files.get(name, b"")
        origins.picture(body)(conn, asked)

    # ---- readers ----

    def ask(self, client, path):
        began = time.monotonic()
        answer = client.ask("GET", self.server.key.sign(self.sender.url(path)))
        took = time.monotonic() - began
        with self.lock:
            self.slowest_s = max(self.slowest_s, took)
            self.statuses[answer.status] += 1
            if took > LATEST_S:
                self.wrong.append(f"{path} took {took:.1f} s")
        return answer

    def look(self, path, answer):
        """What may come: the placeholder, or a picture that an independent reader takes."""
        if answer.status == 404:
            self.kinds["placeholder"] += 1
            return None if answer.body == self.placeholder else "another placeholder"
        kind = pictures.kind_of(answer.body)
        self.kinds[kind] += 1
        if answer.status != 200 or not kind or answer.get("Content-Type") != f"image/{kind}":
            return f"{answer!r}"
        if len(answer.body) < 65536:
            image = Image.open(io.BytesIO(answer.body))
            if image.size[0] * image.size[1] < 1 << 20:
                image.load()
        return None

    def one(self, client, number):
        control = number % CONTROL == 0 and self.controls
        name = sorted(self.controls)[number // CONTROL % len(self.controls)] if control else None
        path = f"/c/{name}/{number}" if control else f"/m/{number}"
        answer = self.ask(client, path)
        trouble = self.look(path, answer)
        with self.lock:
            if control and answer.body != self.controls[name]:
                trouble = f"not as it was before: {answer!r}"
            if trouble:
                self.wrong.append(f"{path}: {trouble}")
            if answer.status == 404 and not control:
                self.unshown.append(number)

    def read(self, _client):
        with self.server.client(2 * LATEST_S) as client:
            while not self.over.is_set():
                with self.lock:
                    number, self.next = self.next, self.next + 1
                # The pace of readers: waiting is what they do.
                self.over.wait(max(0, self.began + number / self.rate - time.monotonic()))
                try:
                    self.one(client, number)
                except (OSError, http1.Closed, SyntaxError, ValueError) as error:
                    with self.lock:
                        self.wrong.append(f"number {number}: {error!r}")
                    client.close()
                    client = self.server.client(2 * LATEST_S)

    # ---- looking at the server ----

    def files_open(self):
        """Without those of the ring, which grows to all of its segments while it fills."""
        folder, count = f"/proc/{self.server.process.pid}/fd", 0
        for name in os.listdir(folder):
            with contextlib.suppress(FileNotFoundError):
                count += "/seg-" not in os.readlink(os.path.join(folder, name))
        return count

    def look_at_server(self, before, dead):
        """The figures of this moment; notes whoever killed a worker since the last."""
        pid = self.server.process.pid
        below = harness.descendants(pid)
        now = zombies(below)
        if now & dead:
            self.wrong.append(f"zombies {now & dead}")
        if children(pid) != self.zygotes:
            self.wrong.append(f"the decoder's process {self.zygotes} is now {children(pid)}")
        self.memory.append((time.monotonic(), meter.read_kb(pid, "RssAnon"),
                            sum(meter.read_kb(one, "RssAnon") for one in below)))
        values = metrics(self.server)
        with self.lock:
            unshown, self.unshown = self.unshown, []
        lost = [sum(found.get(f'shoji_decodes_total{{outcome="{what}"}}', 0)
                    for what in ("crashed", "timeout")) for found in (before, values)]
        if lost[1] > lost[0]:
            for number in unshown:
                why = explained(self.server, self.sender.url(f"/m/{number}"))
                if "crashed" in why or "too long" in why:
                    self.died.append((number, why))
        return values, now

    def watch(self, seconds):
        values, dead = metrics(self.server), set()
        while not self.over.wait(min(SAMPLE_S, max(0, self.began + seconds - time.monotonic()))):
            values, dead = self.look_at_server(values, dead)
            if time.monotonic() >= self.began + seconds or len(self.wrong) > 20:
                self.over.set()

    def begin(self):
        """Every good picture once: those that are shown are asked for again and again."""
        with self.server.client() as client:
            self.placeholder = self.ask(client, "/c/none/0").body
            for name in self.files:
                answer = self.ask(client, f"/c/{name}/begin")
                if answer.status == 200:
                    self.controls[name] = answer.body
        self.asked_before = self.sender.count()
        self.zygotes = children(self.server.process.pid)

    def growth_kb(self):
        """From the second quarter's median to the last one's."""
        server = [kb for _, kb, _ in self.memory]
        quarter = max(1, len(server) // 4)
        return (statistics.median(server[-quarter:])
                - statistics.median(server[quarter:2 * quarter] or server))

    def check_sums(self):
        values = metrics(self.server)
        case, asked = self.case, self.sender.count()
        case.assertEqual(sum_of(values, "shoji_decodes_total"), asked, "pictures decoded, and sent")
        case.assertEqual(sum_of(values, "shoji_fetches_total"), asked)
        for status, count in self.statuses.items():
            told = sum(value for key, value in values.items()
                       if key.startswith("shoji_requests_total") and f'status="{status}"' in key)
            case.assertEqual(told, count, f"answers of status {status}")
        return values

    def tell(self, values):
        took = time.monotonic() - self.began
        server = [kb for _, kb, _ in self.memory] or [0]
        decoder = [kb for _, _, kb in self.memory] or [0]
        print(f"# {self.mutants_asked} damaged pictures in {took:.0f} s, "
              f"{60 * self.mutants_asked / took:.0f} a minute; "
              f"{sum(self.statuses.values())} answers, {dict(self.kinds)}; "
              f"slowest {self.slowest_s:.2f} s", flush=True)
        print("# decoder: " + ", ".join(f"{key[len('shoji_decodes_total'):]} {value}" for key, value
                                        in values.items() if key.startswith("shoji_decodes_total")))
        print(f"# memory: server {server[0]} kB at first, {server[-1]} kB in the end, at most "
              f"{max(server)}, growth {self.growth_kb():.0f} kB; decoder at most {max(decoder)} kB")
        for number, why in self.died:
            print(f"# mutations.py {self.mutants.seed} {number}: {why}")

    def run(self, seconds):
        self.begin()
        files = self.files_open()
        self.began = time.monotonic()
        watcher = threading.Thread(target=self.watch, args=(seconds,))
        watcher.start()
        harness.in_threads(CLIENTS, self.read)
        watcher.join()
        case = self.case
        self.mutants_asked = sum(one.path.startswith("/m/") for one in self.sender.asked)
        self.tell(metrics(self.server))
        case.assertEqual(self.wrong, [])
        self.check_sums()
        harness.until(lambda: self.files_open() <= files)
        if meter.is_plain(harness.SHOJID):
            case.assertLess(self.growth_kb(), GROWTH_KB)
