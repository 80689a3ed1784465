"""mixed: do readers of what is there wait for those whose picture is being made?

100 images of 10 KB are asked for over 16 kept connections, 2,000 times a second, at random moments
that were fixed before; a time is from that moment to the answer's end, so that an answer that is late
delays no later question (bench/ask.c). quiet: nothing else goes on. mixed: the prefetch queue is full
of banners meanwhile, PNGs of 10 KB, too, and decoders, one more than half as many as there are cores,
work on them without a pause: so they have half the machine, or a little more, when all others have
had theirs (share: of the machine's processor time that all of Shoji's processes but the server itself
took). The floor, which decodes nothing, is asked at the same time of the same machine: what its p99
grows by is the machine's doing. Nothing is bound to a core. wanted: p99 of mixed at most 3 times that
of quiet.
"""

import os
import random
import tempfile
import threading
import time
import zlib

import measure
import miss_subjects
import prefetch
import senders as far
import subjects
from subjects import harness

import pictures  # tests/e2e

HITS = 100
WIDTH, HEIGHT, SIDE = 600, 200, 57  # of a banner, and of the square in it that makes it 10 KB
DIFFERENT = 64
A_BATCH = 1000
CONNECTIONS, RATE = 16, 2000
WANTED = 3


def banner(number):
    """Bands of colour with a square of noise: a PNG of 10 KB."""
    rng = random.Random(number)
    rows = []
    for y in range(HEIGHT):
        if y % 20 == 0:
            band = bytes(rng.randrange(256) for _ in range(3)) * WIDTH
        noise = rng.randbytes(3 * SIDE) if y < SIDE else b""
        rows.append(b"\0" + noise + band[len(noise):])
    return pictures.png_of_rows(WIDTH, HEIGHT, 8, 2, zlib.compress(b"".join(rows), 6))


class Target(prefetch.Target):
    hosts = None

    def __init__(self, senders):
        miss_subjects.Shoji.__init__(self, senders, conf={
            "prefetch": {"delay": "0s", "jitter": "0s", "rate": "0", "per_domain": "0"},
            "decode": {"workers": str(len(measure.CORES) // 2 + 1)}})
        for pid in self.pids():  # all cores, which settle() took away
            os.sched_setaffinity(pid, measure.CORES)
            for task in os.listdir(f"/proc/{pid}/task"):
                os.sched_setaffinity(int(task), measure.CORES)
        self.submit = self.server.submit


class Feeder(threading.Thread):
    """Keeps the queue full, and so the decoders busy."""

    def __init__(self, target, first):
        super().__init__()
        self.target, self.next = target, first
        self.begun, self.enough = threading.Event(), threading.Event()

    def run(self):
        before = self.target.senders.count()[0]
        first = self.next
        while not self.enough.is_set():
            fetched = self.target.senders.count()[0] - before
            if fetched > 50:
                self.begun.set()
            if self.next - first - fetched < A_BATCH:
                prefetch.hand_over(self.target, range(self.next, self.next + A_BATCH))
                self.next += A_BATCH
            self.enough.wait(0.05)


def decoders_ns(target):
    while True:  # a worker that ends leaves its time to the process that forked it
        try:
            return measure.cpu_all_ns(target.decoder_pids())
        except (FileNotFoundError, ProcessLookupError):
            pass


def await_rest(target):
    """Until the decoders have made what was fetched: nothing tells, but that they do no more."""
    before, spent = -1, decoders_ns(target)
    while spent != before:
        time.sleep(0.5)
        before, spent = spent, decoders_ns(target)


def share_of(target, before, seconds):
    spent = decoders_ns(target) - before
    return spent / 1e9 / seconds / len(measure.CORES)


def one_turn(target, floor, paths, options):
    """Both subjects, one after the other: {name: figures}."""
    found = {}
    for subject in (target, floor):
        decoders = decoders_ns(target)
        figures = measure.steady(subject.address, paths[subject.name], CONNECTIONS,
                                 options.seconds, RATE)
        found[subject.name] = {
            "p50_us": figures["p50_us"], "p99_us": figures["p99_us"],
            "per_s": figures["requests"] * 1e6 / figures["duration_us"],
            "share": share_of(target, decoders, figures["duration_us"] / 1e6)}
    return found


def busy_turn(target, floor, paths, options, first):
    feeder = Feeder(target, first)
    began = target.senders.count()[0]
    feeder.start()
    try:
        if not feeder.begun.wait(60):
            raise RuntimeError("the queue does not begin")
        return one_turn(target, floor, paths, options), feeder
    finally:
        feeder.enough.set()
        feeder.join()
        fed = feeder.next - first
        harness.until(lambda: target.senders.count()[0] >= began + fed, 300)
        await_rest(target)


def run(options):
    origin = far.Senders(DIFFERENT, banner)
    running, samples = [], {"quiet": [], "mixed": []}
    try:
        target = Target(origin)
        running.append(target)
        prefetch.hand_over(target, range(HITS))
        harness.until(lambda: prefetch.is_stored(target, range(HITS)) == HITS, 60)
        objects = [subjects.Object(target.signed(n), target.server.get(target.signed(n)))
                   for n in range(HITS)]
        floor = subjects.Floor(objects)
        running.append(floor)
        os.sched_setaffinity(floor.process.pid, measure.CORES)
        with tempfile.TemporaryDirectory(prefix="shoji-bench-") as folder:
            paths = {}
            for subject in running:
                paths[subject.name] = os.path.join(folder, subject.name)
                with open(paths[subject.name], "w", encoding="ascii") as file:
                    file.writelines(item.path + "\n" for item in objects)
            first = HITS
            for _ in range(options.rounds):
                samples["quiet"].append(one_turn(target, floor, paths, options))
                turn, feeder = busy_turn(target, floor, paths, options, first)
                samples["mixed"].append(turn)
                first = feeder.next
    finally:
        for subject in running:
            subject.stop()
        origin.stop()
    rows = [row for case, turns in samples.items() for name in ("shoji", "floor")
            for row in measure.rows_of("mixed", case, name, [turn[name] for turn in turns])]
    show(rows)
    return rows


def figures_of(rows):
    return {(r["case"], r["subject"], r["metric"]): r["value"] for r in rows}


def verdicts(rows):
    value = figures_of(rows)
    times = value["mixed", "shoji", "p99_us"] / value["quiet", "shoji", "p99_us"]
    return [(f"p99 of hits with busy decoders, at most {WANTED} times quiet", times,
             times <= WANTED),
            ("of the machine, the decoders had meanwhile (half is wanted; below 0.4 says little)",
             value["mixed", "shoji", "share"], value["mixed", "shoji", "share"] >= 0.4)]


def show(rows):
    value = figures_of(rows)
    measure.print_table(
        ["case", "subject", "p50_us", "p99_us", "per_s", "decoders"],
        [[case, name, *(f"{value[case, name, metric]:.0f}" for metric in
                        ("p50_us", "p99_us", "per_s")), f"{value[case, name, 'share']:.2f}"]
         for case in ("quiet", "mixed") for name in ("shoji", "floor")])
    measure.print_verdicts(verdicts(rows))


def notes(rows):
    return "\n".join(measure.verdict_lines(verdicts(rows))) + "\n"
