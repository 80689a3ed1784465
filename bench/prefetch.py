"""prefetch: does the queue keep up with a provider's mail, and what does it cost?

drain: 5,000 originals, all due at once. queued: so many URLs that wait for tomorrow (a million with
--whole): what one takes on disk and in memory. day-0s and day-30s: the busiest of a day's mail of
20,000 mailboxes (bench/prefetch_day.py has the assumptions), without jitter, which is the default,
and with 30 s of it.

per_s is fetches a second as the origin saw them; cpu_us the CPU time of all of Shoji's processes a
fetch (in `queued`: a URL that was queued). lag_p50_us, lag_p99_us: from handing a mail over to the
request at the origin, without jitter; with jitter, what that is above the jitter's own quantile. The
share of first opens that found their image: there; there_in_5s: or would have within the default
`wait`. rss_bytes counts what of the index the kernel holds for shojid and can take back at any time;
anon_bytes does not, and is what a limit is set for. hand_over_p50_us and _p99_us are what a mail's
delivery waits. (There is no peer: nothing else prefetches.)
"""

import collections
import json
import os
import random
import statistics
import struct
import time

import measure
import miss_subjects
import prefetch_day
import prefetch_replay
import senders as far
import subjects
from subjects import harness

http1 = subjects.http1

DRAINED = 5000
QUEUED, QUEUED_WHOLE = 100_000, 1_000_000
A_POST = 1000  # URLs: the most that the submit socket takes
REPLAY_S, REPLAY_WHOLE_S = 25, 60
QUIET_S = 40  # without a further request, the queue is given up
LATER_SAMPLE = 1000
WAIT_S = 5

# Without hosts of their own: no limit. In a replay, where mail comes SPEED times as densely as at the
# provider, SPEED times the defaults.
RATES = {False: {"rate": "0", "per_domain": "0"},
         True: {"rate": str(200 * prefetch_day.SPEED), "per_domain": str(50 * prefetch_day.SPEED)}}

WANTED = {("day-0s", "there"): 0.999, ("day-30s", "there"): 0.999}
QUEUED_ANON, QUEUED_DISK = 50 << 20, 300  # at a million: bytes, and bytes a URL


class Target(miss_subjects.Shoji):
    """What a replay is done to. A token as long as real ones stands in each path."""

    def __init__(self, senders, prefetch, hosts=None):
        self.hosts = hosts
        super().__init__(senders, conf={"prefetch": dict(prefetch, **RATES[bool(hosts)]),
                                        "fetch": {"wait": "0s"}, "cache": {"index_size": "1G"}})
        self.submit = self.server.submit
        self.cpu_before = measure.cpu_all_ns(self.pids())

    def url(self, number):
        host = self.hosts[number] if self.hosts else number % far.HOSTS
        token = random.Random(number).getrandbits(132)
        return f"http://img.news.sender{host}.example:{self.senders.port}/m/{token:033x}/" \
            f"{number}.png"

    def signed(self, number):
        return self.server.key.sign(self.url(number), d=harness.today())

    def spent_ns(self):
        return measure.cpu_all_ns(self.pids()) - self.cpu_before


def row(case, metric, value, unit):
    return {"bench": "prefetch", "case": case, "subject": "shoji", "metric": metric,
            "value": round(value, 5), "unit": unit}


def quantile(values, part):
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def await_fetches(senders, count):
    """Until the origin was asked so often; or until nothing comes any more."""
    seen, since = -1, time.monotonic()
    while (now := senders.count()[0]) < count:
        if now != seen:
            seen, since = now, time.monotonic()
        if time.monotonic() - since > QUIET_S:
            return
        time.sleep(0.1)  # the origin tells its count when asked, and not by itself
    return


def hand_over(target, numbers):
    with http1.Client(target.submit, 120) as client:
        for at in range(0, len(numbers), A_POST):
            urls = [target.url(n) for n in numbers[at:at + A_POST]]
            answer = client.ask("POST", "/v1/prefetch", [("Content-Type", "application/json")],
                                json.dumps({"urls": urls}).encode())
            if answer.status != 202 or json.loads(answer.body)["queued"] != len(urls):
                raise RuntimeError(f"queueing: {answer} {answer.body!r}")


def is_stored(target, numbers):
    """How many of them are served now."""
    with target.server.client() as client:
        return sum(client.ask("GET", target.signed(n)).status == 200 for n in numbers)


def drain(senders):
    target = Target(senders, {"delay": "0s", "jitter": "0s"})
    try:
        before = senders.count()[0]
        senders.log()
        hand_over(target, range(DRAINED))
        await_fetches(senders, before + DRAINED)
        log = senders.log()
        harness.until(lambda: is_stored(target, range(DRAINED - 20, DRAINED)) == 20)
        spent = target.spent_ns()
        times = [when for when, _ in log]
        return [row("drain", "fetches", len(log), "1"),
                row("drain", "per_s", (len(times) - 1) / (max(times) - min(times)), "1/s"),
                row("drain", "cpu_us", spent / 1000 / len(log), "us")]
    finally:
        target.stop()


def index_bytes(state):
    """What the index takes of its file, which has its full size from the beginning: LMDB's meta
    pages (lmdb.h and mdb.c of 0.9: page header, magic, version, address, size, two databases, last
    page, transaction), the one of the later transaction."""
    with open(os.path.join(state, "index", "data.mdb"), "rb") as file:
        metas = [struct.unpack_from("<II8x8x96xQQ", file.read(4096), 16) for _ in range(2)]
    if any(magic != 0xBEEFC0DE or version != 1 for magic, version, _, _ in metas):
        raise RuntimeError("the index is no LMDB environment that we can read")
    return 4096 * (max(metas, key=lambda meta: meta[3])[2] + 1)


def queued(senders, count):
    case = f"queued-{count}"
    target = Target(senders, {"delay": "1d", "jitter": "1d"})
    try:
        disk = index_bytes(target.server.state)
        began = time.monotonic()
        hand_over(target, range(count))
        took = time.monotonic() - began
        url = statistics.mean(len(target.url(n)) for n in range(0, count, 997))
        pids = target.server_pids()
        return [row(case, "url_bytes", url, "B"),
                row(case, "per_s", count / took, "1/s"),
                row(case, "cpu_us", target.spent_ns() / 1000 / count, "us"),
                row(case, "disk_bytes", (index_bytes(target.server.state) - disk) / count, "B"),
                row(case, "rss_bytes", measure.private_bytes(pids), "B"),
                row(case, "anon_bytes", measure.anonymous_bytes(pids), "B")]
    finally:
        target.stop()


def opens(case, target, replay, fetched):
    """The shares of first opens that went well; those beyond the replay by a sample."""
    done = list(replay.opened.values())
    there = sum(opening.there for opening in done)
    soon = sum(opening.there or fetched.get(opening.number, 1e12) <= opening.at + WAIT_S
               for opening in done)
    later = list(replay.later)
    sample = random.Random(1).sample(later, min(LATER_SAMPLE, len(later)))
    share = is_stored(target, sample) / len(sample) if sample else 0
    everyone = len(done) + len(later)
    early = sum(opening.number not in fetched or fetched[opening.number] > opening.at
                for opening in done if not opening.there)
    print(f"{case}: {len(done)} first opens within the replay, {len(done) - there} found nothing "
          f"({early} before the fetch had begun); {len(later)} later, {share:.4f} of a sample found "
          "theirs")
    return [row(case, "there", (there + share * len(later)) / everyone, "1"),
            row(case, "there_in_5s", (soon + share * len(later)) / everyone, "1"),
            row(case, "first_opens", everyone, "1")]


def lags(case, replay, log, jitter_s, once):
    """From handing over to the request; with jitter, above the same quantile of the jitter. Of the
    images of one mail only: of the times that several mails drew for one, the first counts."""
    times = [when - replay.handed[number] for when, number in log if number in once]
    return [row(case, f"lag_p{part}_us",
                (quantile(times, part / 100) - jitter_s * part / 100) * 1e6, "us")
            for part in (50, 99)]


def day(senders, jitter_s, seconds):
    case = f"day-{jitter_s}s"
    plan = prefetch_day.Day(seconds)
    print(f"{case}: {plan.facts()}, within {seconds} s")
    mails = collections.Counter(n for mail in plan.mails for n in set(mail.images))
    wanted, once = len(mails), {n for n, count in mails.items() if count == 1}
    target = Target(senders, {"delay": "0s", "jitter": f"{jitter_s}s"}, plan.hosts)
    try:
        before = senders.count()[0]
        senders.log()
        replay = prefetch_replay.Replay(target, plan, seconds + jitter_s)
        replay.run()
        await_fetches(senders, before + wanted)
        log = senders.log()
        fetched = {}
        for when, number in log:
            fetched.setdefault(number, when)
        if len(log) != len(fetched):
            print(f"{case}: {len(log) - len(fetched)} fetches too many")
        rows = opens(case, target, replay, fetched)
        spent = target.spent_ns()
        times = [when for when, _ in log]
        return rows + lags(case, replay, log, jitter_s, once) + [
            row(case, "fetches", len(log), "1"),
            row(case, "unfetched", wanted - len(fetched), "1"),
            row(case, "per_s", len(log) / (max(times) - min(times)), "1/s"),
            row(case, "cpu_us", spent / 1000 / len(log), "us"),
            row(case, "hand_over_p50_us", quantile(replay.took_s, 0.5) * 1e6, "us"),
            row(case, "hand_over_p99_us", quantile(replay.took_s, 0.99) * 1e6, "us")]
    finally:
        target.stop()


# ---- what it came to ----

def verdicts(rows):
    """[(what was asked, what came out, was it met)]"""
    value = {(r["case"], r["metric"]): r["value"] for r in rows}
    lines = [(f"{case}: {metric} >= {wanted}", value[case, metric], value[case, metric] >= wanted)
             for (case, metric), wanted in WANTED.items() if (case, metric) in value]
    for (case, metric), got in value.items():
        if case.startswith("queued-") and metric == "disk_bytes":
            lines.append((f"{case}: disk bytes a URL <= {QUEUED_DISK}", got, got <= QUEUED_DISK))
        if case.startswith("queued-") and metric == "anon_bytes":
            lines.append((f"{case}: MiB beside the mapped index <= {QUEUED_ANON >> 20}",
                          got / 1048576, got <= QUEUED_ANON))
    return lines


def show(rows):
    measure.print_table(["case", "metric", "value"],
                        [[r["case"], r["metric"], f"{r['value']:.4f} {r['unit']}"] for r in rows])
    measure.print_verdicts(verdicts(rows), digits=4)


def notes(rows):
    lines = measure.verdict_lines(verdicts(rows), digits=4)
    lines += ["", f"Load average afterwards: {os.getloadavg()[0]:.1f} (the replay itself makes "
              "about 1 to 2). What is above that is others' work, and is in the lags and shares.",
              "", "The mail that was replayed:", ""]
    lines += [line for line in prefetch_day.__doc__.splitlines()[2:]]
    return "\n".join(lines) + "\n"


def run(options):
    senders = far.Senders()
    try:
        rows = drain(senders)
        rows += queued(senders, QUEUED_WHOLE if options.whole else QUEUED)
        for jitter_s in (0, 30):
            rows += day(senders, jitter_s, REPLAY_WHOLE_S if options.whole else REPLAY_S)
    finally:
        senders.stop()
    show(rows)
    return rows
