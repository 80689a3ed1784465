"""miss: what does it cost to get an image that is not here?

Every URL is a different original on one of 997 hosts, a PNG of some 2 KB, from an origin (and a DNS)
that answers at once, or after 200 ms. cpu_us is the CPU time of all of a subject's processes by the
answers that readers got; for Shoji it is told for shojid and shoji-decode, too. What a miss is
differs: Shoji verifies, resolves, claims durably, fetches over a connection of its own, decodes and
encodes in a sandbox, and stores durably; nginx and Varnish pass on what one address says, and keep
it. Rounds are interleaved and a figure is the median of its rounds. Beside that, case decode: the
same pictures through the decoder's own code, without sandbox and messages (transform), and through
libpng alone; decoder-start is what a worker spends before its first picture.

The third case: 5,000 originals pending at once, the origin holding back all answers. rss_bytes is
the private memory then, anon_bytes what of it is no mapped file (so, for shojid, without its index);
afterwards all must be answered, and the right picture.
"""

import json
import os
import subprocess
import tempfile
import time

import measure
import miss_subjects
import senders as far
from measure import Unavailable
from senders import LOGOS, Senders

CASES = {"0ms": (0, 64), "200ms": (200, 256)}  # the origin's delay, connections
MOST_A_SECOND = 15000  # no subject gets through more on one core
DECODED = 1000  # pictures, in each round of decode
PENDING = 5000
PENDING_LOGOS = 256  # different ones, which are all read again
PENDING_S = 7  # an origin that says nothing for 8 s is given up
PENDING_TRIES = 3  # on a busy machine that may be too short
PENDING_WANTED = 200 << 20
NOT_HERE = {"go-camo": "github.com/cactus/go-camo/v2", "imgproxy": "github.com/imgproxy/imgproxy/v4"}


class Numbers:
    """No original is asked for twice by anybody."""

    def __init__(self):
        self.next = LOGOS

    def take(self, count):
        first, self.next = self.next, self.next + count
        return range(first, first + count)


def write_paths(folder, subject, numbers):
    path = os.path.join(folder, subject.name)
    with open(path, "w", encoding="ascii") as file:
        file.writelines(subject.path(number) + "\n" for number in numbers)
    return path


def parts(subject):
    """name -> pids; the subject as a whole comes first."""
    found = {subject.name: subject.pids()}
    if hasattr(subject, "decoder_pids"):
        found.update({"shojid": subject.server_pids(), "shoji-decode": subject.decoder_pids()})
    return found


def one_round(subject, folder, numbers, case, seconds):
    """(figures, {part: CPU nanoseconds a miss})"""
    delay_ms, connections = CASES[case]
    most = MOST_A_SECOND if delay_ms == 0 else connections * 1000 // delay_ms * 2
    paths = write_paths(folder, subject, numbers.take(most * seconds))
    asked_before, _ = subject.senders.count()
    before = {name: measure.cpu_all_ns(pids) for name, pids in parts(subject).items()}
    figures = measure.asked(measure.ask(subject.address, paths, connections, seconds))
    spent = {name: (measure.cpu_all_ns(pids) - before[name]) / figures["requests"]
             for name, pids in parts(subject).items()}
    reached = subject.senders.count()[0] - asked_before
    if figures["failed"] or reached != figures["requests"]:
        raise RuntimeError(f"{subject.name}: {figures}, and {reached} requests to the origin")
    return {"cpu_us": spent[subject.name] / 1000,
            "per_s": figures["requests"] * 1e6 / figures["duration_us"],
            "p50_us": figures["p50_us"], "p99_us": figures["p99_us"]}, spent


def start(kinds, senders, pending=0):
    running = []
    for kind in kinds:
        try:
            running.append(kind(senders, pending))
        except Unavailable as why:
            print(f"{kind.name} is left out: {why}")
    return running


def run_case(case, senders, numbers, options):
    rows, running = [], start(miss_subjects.SUBJECTS, senders)
    senders.order(f"delay {CASES[case][0]}")
    with tempfile.TemporaryDirectory(prefix="shoji-bench-") as folder:
        try:
            samples = {subject: [] for subject in running}
            split = {}
            for subject in running:
                one_round(subject, folder, numbers, case, 1)
            for _ in range(options.rounds):
                for subject in running:
                    figures, spent = one_round(subject, folder, numbers, case, options.seconds)
                    samples[subject].append(figures)
                    for name, ns in spent.items():
                        split.setdefault(name, []).append({"cpu_us": ns / 1000})
            for subject in running:
                rows += measure.rows_of("miss", case, subject.name, samples[subject])
                for name in list(parts(subject))[1:]:
                    rows += measure.rows_of("miss", case, name, split[name])
        finally:
            for subject in running:
                subject.stop()
    return rows


def decode(rounds):
    """What of the decoder's time is libvips and libpng: without sandbox, messages and processes."""
    program = os.path.join(measure.BUILD, "bench", "decode_loop")
    if not os.path.exists(program):
        print("decode is left out: it was not built (no libpng?)")
        return []
    # As decode/team.c starts the decoder.
    env = dict(os.environ, VIPSHOME="/nonexistent", VIPS_NOVECTOR="1")
    with far.responses(DECODED) as file:
        done = subprocess.run(measure.pin(measure.SUBJECT_CORE, [program, file.name, str(rounds)]),
                              env=env, check=True, capture_output=True, text=True)
    figures = json.loads(done.stdout)
    return [row for case, subject, name in (("decode", "transform", "transform"),
                                            ("decode", "libpng", "libpng"),
                                            ("decoder-start", "transform", "start"))
            for row in measure.rows_of("miss", case, subject, [{"cpu_us": figures[name]}])]


# ---- thousands pending ----

def bodies(path):
    """[(index of the path, status, body)]"""
    with open(path, "rb") as file:
        while line := file.readline():
            index, status, size = map(int, line.split())
            yield index, status, file.read(size)


def judge(subject, numbers, path):
    """How many were answered with the picture that was asked for."""
    right, known = 0, {}
    for index, status, body in bodies(path):
        logo = numbers[index] % LOGOS
        if (logo, body) not in known:
            known[logo, body] = status == 200 and subject.senders.is_picture(body, logo)
        right += known[logo, body]
    return right


def memory(subject):
    return {name: {"rss_bytes": measure.private_bytes(pids),
                   "anon_bytes": measure.anonymous_bytes(pids)}
            for name, pids in parts(subject).items()}


def hold(subject, numbers):
    """(how many were pending, rows)"""
    senders, rows = subject.senders, []
    with tempfile.TemporaryDirectory(prefix="shoji-bench-") as folder:
        paths = write_paths(folder, subject, numbers)
        answers = os.path.join(folder, "answers")
        idle = memory(subject)
        senders.order("hold")
        began = time.monotonic()
        process = measure.ask(subject.address, paths, len(numbers), 60, answers)
        try:
            # The origin's count is all there is to look at; it changes by itself only.
            while (waiting := senders.count()[1]) < len(numbers):
                if time.monotonic() - began > PENDING_S or process.poll() is not None:
                    break
                time.sleep(0.05)
            took = time.monotonic() - began
            held = memory(subject)
        finally:
            senders.order("release")
        figures = measure.asked(process)
        right = judge(subject, numbers, answers)
    print(f"{subject.name}: {waiting} pending after {took:.1f} s, "
          f"{right} of {len(numbers)} answered right, {figures['failed']} not at all")
    for name, figures in held.items():
        rows += measure.rows_of("miss", "5000-idle", name, [idle[name]])
        rows += measure.rows_of("miss", "5000-pending", name, [figures])
    return waiting, rows + measure.rows_of("miss", "5000-pending", subject.name,
                                           [{"pending": waiting, "answered_right": right}])


def hold_one(kind, senders):
    """Rows of one subject; tried again where not all came together."""
    # A few logos again and again, behind different URLs.
    numbers = [LOGOS * (1000 + i) + i % PENDING_LOGOS for i in range(PENDING)]
    best = (0, [])
    for _ in range(PENDING_TRIES):
        for subject in start([kind], senders, PENDING):
            try:
                best = max(best, hold(subject, numbers), key=lambda found: found[0])
            finally:
                subject.stop()
        if best[0] in (0, PENDING):
            break
    return best[1]


def pending(senders):
    senders.order("delay 0")
    return [row for kind in miss_subjects.SUBJECTS for row in hold_one(kind, senders)]


# ---- what it came to ----

def verdicts(rows):
    """[(what was asked, what came out, was it met)]"""
    value = {(r["case"], r["subject"], r["metric"]): r["value"] for r in rows}
    lines = []
    if got := value.get(("5000-pending", "shojid", "rss_bytes")):
        lines.append((f"shojid, {PENDING} pending: MiB <= {PENDING_WANTED >> 20}", got / 1048576,
                      got <= PENDING_WANTED))
        for metric in ("pending", "answered_right"):
            got = value["5000-pending", "shoji", metric]
            lines.append((f"shoji, {PENDING} pending: {metric} = {PENDING}", got, got == PENDING))
    return lines


def show(rows):
    value = {(r["case"], r["subject"], r["metric"]): r["value"] for r in rows}
    lines = []
    for case, subject in dict.fromkeys((r["case"], r["subject"]) for r in rows):
        def cell(metric, scale=1, form="{:.1f}"):
            got = value.get((case, subject, metric))
            return "-" if got is None else form.format(got / scale)
        mine, other = (value.get((case, name, "cpu_us")) for name in ("shoji", subject))
        lines.append([case, subject, cell("cpu_us"), cell("per_s", 1, "{:.0f}"),
                      cell("p50_us", 1, "{:.0f}"), cell("p99_us", 1, "{:.0f}"),
                      cell("rss_bytes", 1048576), cell("anon_bytes", 1048576),
                      f"{mine / other:.2f}" if mine and other else "-"])
    measure.print_table(["case", "subject", "cpu_us", "per_s", "p50_us", "p99_us", "rss_MiB",
                         "anon_MiB", "shoji/it"], lines)
    measure.print_verdicts(verdicts(rows))


def notes(rows):
    lines = measure.verdict_lines(verdicts(rows))
    lines += ["", f"Load average afterwards: {os.getloadavg()[0]:.1f}. Where it is well above 2, "
              "others worked on the machine: rates and times are theirs, too; cpu_us is not, but "
              "for cold caches."]
    return "\n".join(lines) + "\n"


def run(options):
    for name, module in NOT_HERE.items():
        print(f"{name} is left out: {module} could not be had from Go's registry")
    senders, numbers, rows = Senders(), Numbers(), []
    try:
        for case in CASES:
            rows += run_case(case, senders, numbers, options)
        rows += decode(options.rounds)
        rows += pending(senders)
    finally:
        senders.stop()
    show(rows)
    return rows
