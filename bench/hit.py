"""hit: what does it cost to serve an image that is already there?

1,000 different images behind 1,000 signed URLs, asked for in turn over 64 kept connections, all in
memory. cpu_us is the CPU time that all of a subject's processes spent while wrk ran, divided by the
requests that it completed: it stays comparable on a busy machine, where rates do not. Rounds are
interleaved (each subject once, then again) and a figure is the median of its rounds.
"""

import math
import os
import tempfile

import measure
import subjects
from subjects import Unavailable

import pictures  # tests/e2e

OBJECTS = 1000
SIZES = {"1KB": 1000, "10KB": 10000, "100KB": 100000}


def noise_of_served_size(wanted):
    """A side length whose picture comes out of Shoji with about this many bytes."""
    side = max(2, round(math.sqrt(wanted / 3)))
    for _ in range(4):
        probe = subjects.Shoji({"/probe.png": pictures.noise_png(side, side)})
        try:
            got = len(probe.fetch("/probe.png").body)
        finally:
            probe.stop()
        if 0.9 < got / wanted < 1.1:
            break
        # What does not grow with the picture (chunks, tables) matters for the smallest.
        side = max(2, round(side * math.sqrt(max(wanted - 100, 200) / max(got - 100, 50))))
    return side


def floor_objects(wanted):
    """For a run without Shoji: made-up bodies and a header set like its own."""
    objects = []
    for i in range(OBJECTS):
        headers = [("Content-Type", "image/png"), ("ETag", f'"{i:032x}"'),
                   ("Cache-Control", "public, max-age=31536000, immutable"),
                   ("X-Content-Type-Options", "nosniff")]
        answer = subjects.http1.Response(200, "OK", headers, os.urandom(wanted))
        objects.append(subjects.Object(f"/s/k/{'A' * 22}/{'B' * 60}{i}", answer))
    return objects


def prepare(case, running, hot_memory):
    """Starts Shoji, lets it fetch, and gives what it serves to the others."""
    wanted = SIZES[case]
    try:
        side = noise_of_served_size(wanted)
        shoji = subjects.Shoji({f"/{i}.png": pictures.noise_png(side, side, seed=i)
                                for i in range(OBJECTS)}, hot_memory)
        running.append(shoji)
        objects = [shoji.fetch(f"/{i}.png") for i in range(OBJECTS)]
        shoji.settle()
    except Unavailable as why:
        print(f"shoji is left out: {why}")
        objects = floor_objects(wanted)
    for peer in subjects.PEERS:
        try:
            running.append(peer(objects))
        except Unavailable as why:
            print(f"{peer.name} is left out: {why}")
    return objects


def one_round(subject, paths, seconds):
    before = measure.cpu_ns(subject.pids())
    figures = measure.load(subject.address, paths, seconds)
    spent = measure.cpu_ns(subject.pids()) - before
    return {"cpu_us": spent / 1000 / figures["requests"],
            "per_s": figures["requests"] * 1e6 / figures["duration_us"],
            "p50_us": figures["p50_us"], "p99_us": figures["p99_us"]}


def run_case(case, options, bench="hit", hot_memory="512M"):
    running, rows = [], []
    with tempfile.TemporaryDirectory(prefix="shoji-bench-") as folder:
        try:
            objects = prepare(case, running, hot_memory)
            paths = {}
            for subject in running:
                subjects.verify(subject, objects)
                paths[subject] = os.path.join(folder, subject.name)
                with open(paths[subject], "w", encoding="ascii") as file:
                    file.writelines(subject.path(item) + "\n" for item in objects)
                measure.load(subject.address, paths[subject], 1)
            asked = {subject: subject.asked() for subject in running}
            samples = {subject: [] for subject in running}
            for _ in range(options.rounds):
                for subject in running:
                    samples[subject].append(one_round(subject, paths[subject], options.seconds))
            for subject in running:
                if subject.asked() != asked[subject]:
                    raise RuntimeError(f"{subject.name} asked its origin during the measurement")
                rows += measure.rows_of(bench, case, subject.name, samples[subject])
                rows += measure.rows_of(bench, case, subject.name, [{
                    "rss_bytes": measure.private_bytes(subject.pids()),
                    "out_bytes": sum(len(item.body) for item in objects) / len(objects)}])
        finally:
            for subject in running:
                subject.stop()
    return rows


def idle():
    """Private memory of servers that have just started."""
    rows, shoji = [], subjects.Shoji({})
    try:
        subjects.http1.ask(shoji.address, "/")
        for name, pids in (("shoji", shoji.pids()), ("shoji-decode", shoji.decoder_pids())):
            rows += measure.rows_of("hit", "idle", name, [{"rss_bytes": measure.private_bytes(pids)}])
    finally:
        shoji.stop()
    for peer in subjects.PEERS[1:]:
        try:
            subject = peer([])
        except Unavailable:
            continue
        try:
            rows += measure.rows_of("hit", "idle", subject.name, [
                {"rss_bytes": measure.private_bytes(subject.pids())}])
        finally:
            subject.stop()
    return rows


def show(rows):
    value = {(r["case"], r["subject"], r["metric"]): r["value"] for r in rows}
    lines = []
    for case, subject in dict.fromkeys((r["case"], r["subject"]) for r in rows):
        def cell(metric, form="{:.1f}"):
            got = value.get((case, subject, metric))
            return "-" if got is None else form.format(got)
        mine, other = value.get((case, "shoji", "cpu_us")), value.get((case, subject, "cpu_us"))
        lines.append([case, subject, cell("cpu_us", "{:.2f}"), cell("per_s", "{:.0f}"),
                      cell("p50_us", "{:.0f}"), cell("p99_us", "{:.0f}"),
                      cell("out_bytes", "{:.0f}"),
                      "-" if (rss := value.get((case, subject, "rss_bytes"))) is None
                      else f"{rss / 1048576:.1f}",
                      f"{mine / other:.2f}" if mine and other else "-"])
    measure.print_table(["case", "subject", "cpu_us", "per_s", "p50_us", "p99_us", "out_bytes",
                         "rss_MiB", "shoji/it"], lines)


def run(options):
    rows = []
    try:
        rows += idle()
    except Unavailable:
        pass
    for case in SIZES:
        rows += run_case(case, options)
    show(rows)
    return rows
