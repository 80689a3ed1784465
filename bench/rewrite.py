"""rewrite: what does it cost to rewrite a mail, and can anybody make it cost more?

The HTML parts of real mails and today's templates, each a document in UTF-8, are given to every
subject in one process, again and again; mb_per_s is input bytes by CPU time, cpu_us the CPU time a
document. Rounds are interleaved (each subject once, then again) and a figure is the median of its
rounds. shoji does everything that it does to HTML, but knows no tracker by name; shoji-rules has the
rules that are installed, too. lol_html only rewrites img[src]; the sanitizers sign images, too. floor
copies byte by byte through a class table. What a hostile shape costs is its time a byte by that of
the real documents (or messages): `ratio`. heap_bytes is the most memory a rewrite took beyond its
input and its output.
"""

import json
import os
import statistics
import subprocess
import tempfile

import measure
import rewrite_corpus as corpora
import rewrite_peers as peers
import rewrite_shapes as shapes
from measure import Unavailable

# What is asked of shoji: at least so many times the rate of these.
WANTED = {"floor": 0.3, "lol_html": 1.0, "sanitize-html": 50, "dompurify": 300, "washtml": 50}
CHECK_WANTED = 0.5
RATIO_WANTED = 10
HEAP_WANTED = 4 << 20


def row(case, subject, metric, value):
    units = {"mb_per_s": "MB/s", "cpu_us": "us", "out_bytes": "B", "heap_bytes": "B", "ratio": "1"}
    return {"bench": "rewrite", "case": case, "subject": subject, "metric": metric,
            "value": round(value, 3), "unit": units[metric]}


class Corpus:
    def __init__(self, case, folder, documents):
        self.case = case
        self.count = len(documents)
        self.bytes = sum(map(len, documents))
        self.path = corpora.write(os.path.join(folder, case), documents)


def race(corpus, commands, options):
    """subject -> [figures of a round]; one that cannot start is left out."""
    running, samples = [], {}
    try:
        for name, command in commands.items():
            subject = peers.Subject(name, command(corpus.path))
            running.append(subject)
            try:
                subject.turn(0)  # a pass to warm up
                samples[name] = []
            except Unavailable as why:
                print(f"{name} is left out: {why}")
        for _ in range(options.rounds):
            for subject in running:
                if subject.name in samples:
                    samples[subject.name].append(subject.turn(options.seconds * 250))
    finally:
        for subject in running:
            subject.stop()
    return samples


def pass_ns(figures):
    return figures["cpu_ns"] / figures["passes"]


def rows_of(case, count, size, samples):
    rows = []
    for name, rounds in samples.items():
        ns = statistics.median(map(pass_ns, rounds))
        rows += [row(case, name, "mb_per_s", size * 1000 / ns),
                 row(case, name, "cpu_us", ns / 1000 / count),
                 row(case, name, "out_bytes", rounds[0]["out_bytes"] / count)]
    return rows


def together(parts):
    """The rounds of several corpora as if they had been one."""
    (first, *others) = (samples for _, samples in parts)
    names = [name for name in first if all(name in other for other in others)]
    return {name: [{"passes": 1, "cpu_ns": sum(map(pass_ns, turns)),
                    "out_bytes": sum(turn["out_bytes"] for turn in turns)}
                   for turns in zip(*(samples[name] for _, samples in parts))]
            for name in names}


def real(folder, options):
    mails = corpora.messages()
    html = [Corpus("mails", folder, corpora.html_parts(mails))]
    if found := corpora.templates():
        html.append(Corpus("templates", folder, found))
    with tempfile.TemporaryDirectory(prefix="shoji-bench-peers-") as kept:
        kept = os.environ.get("SHOJI_BENCH_PEERS") or kept
        commands = peers.commands(kept)
        parts = [(corpus, race(corpus, commands, options)) for corpus in html]
    rows = []
    for corpus, samples in parts:
        rows += rows_of(corpus.case, corpus.count, corpus.bytes, samples)
    rows += rows_of("html", sum(corpus.count for corpus in html),
                    sum(corpus.bytes for corpus in html), together(parts))
    whole = Corpus("messages", folder, mails)
    own = {name: lambda path, what=what: peers.ours(what, path)
           for name, what in (("shoji", "mail"), ("shoji-check", "mail-check"),
                              ("shoji-rules", "mail-rules"))}
    return rows + rows_of("messages", whole.count, whole.bytes, race(whole, own, options))


def heap(folder, what, documents):
    """The most that any of these documents took."""
    corpus = Corpus("heap", folder, documents)
    program = os.path.join(measure.BUILD, "bench", "rewrite_heap")
    done = subprocess.run([program, what, corpus.path], check=True, capture_output=True, text=True)
    return max(json.loads(line)["beyond"] for line in done.stdout.splitlines())


def hostile(folder, rows):
    """A ratio and a heap row for each shape."""
    rate = {(r["case"], r["subject"]): r["value"] for r in rows if r["metric"] == "mb_per_s"}
    found = []
    for what, case, made in (("html", "html", shapes.html()), ("mail", "messages", shapes.mails())):
        typical = 1000 / rate[case, "shoji"]
        for name, document in made.items():
            corpus = Corpus(name, folder, [document])
            subject = peers.Subject(name, peers.ours(what, corpus.path))
            try:
                subject.turn(0)
                cost = min(subject.ns_a_byte(20, corpus.bytes) for _ in range(3))
            finally:
                subject.stop()
            found += [row(name, "shoji", "ratio", cost / typical),
                      row(name, "shoji", "heap_bytes", heap(folder, what, [document]))]
    return found


def verdicts(rows):
    """[(what was asked, what came out, was it met)]"""
    value = {(r["case"], r["subject"], r["metric"]): r["value"] for r in rows}
    mine = value["html", "shoji", "mb_per_s"]
    lines = []
    for name, wanted in WANTED.items():
        other = value.get(("html", name, "mb_per_s"))
        if other:
            lines.append((f"shoji >= {wanted} x {name}", mine / other, mine >= wanted * other))
    checked = value.get(("html", "shoji-check", "mb_per_s"))
    if checked:
        lines.append((f"shoji-check >= {CHECK_WANTED} x shoji", checked / mine,
                      checked >= CHECK_WANTED * mine))
    for metric, wanted in (("ratio", RATIO_WANTED), ("heap_bytes", HEAP_WANTED)):
        for r in rows:
            if r["metric"] == metric and r["value"] > wanted:
                lines.append((f"{r['case']}: {metric} <= {wanted}", r["value"], False))
    return lines


def show(rows):
    value = {(r["case"], r["subject"], r["metric"]): r["value"] for r in rows}
    lines = []
    for case, subject in dict.fromkeys((r["case"], r["subject"]) for r in rows
                                       if r["metric"] == "mb_per_s"):
        mine, it = (value.get((case, name, "mb_per_s")) for name in ("shoji", subject))
        lines.append([case, subject, f"{it:.2f}", f"{value[case, subject, 'cpu_us']:.1f}",
                      f"{value[case, subject, 'out_bytes']:.0f}",
                      f"{mine / it:.2f}" if mine else "-"])
    measure.print_table(["case", "subject", "mb_per_s", "cpu_us", "out_bytes", "shoji/it"], lines)
    shaped = [[case, "shoji", f"{value[case, 'shoji', 'ratio']:.2f}",
               f"{value[case, 'shoji', 'heap_bytes'] / 1048576:.2f}"]
              for case, _, metric in value if metric == "ratio"]
    measure.print_table(["shape", "subject", "ratio", "heap_MiB"], sorted(
        shaped, key=lambda line: -float(line[2])))
    measure.print_verdicts(verdicts(rows))


def notes(rows):
    """What the figures came to, for the description beside them."""
    lines = measure.verdict_lines(verdicts(rows))
    worst = sorted((r for r in rows if r["metric"] == "ratio"), key=lambda r: -r["value"])[:5]
    lines += ["", "The dearest shapes, by time a byte against that of real mail: "
              + ", ".join(f"{r['case']} {r['value']:.1f}" for r in worst) + "."]
    return "\n".join(lines) + "\n"


def run(options):
    with tempfile.TemporaryDirectory(prefix="shoji-bench-") as folder:
        rows = real(folder, options)
        rows += hostile(folder, rows)
        mails = corpora.messages()
        parts = corpora.html_parts(mails) + corpora.templates()
        rows += [row("html", "shoji", "heap_bytes", heap(folder, "html", parts)),
                 row("messages", "shoji", "heap_bytes", heap(folder, "mail", mails))]
    show(rows)
    return rows
