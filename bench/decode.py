"""decode: what does it cost to make a foreign picture one of ours, and how good is it?

The pictures are those of bench/decode_images.py, which says what kinds there are, and how many of
each. Every subject makes the same outputs of the same files, one at a time: JPEG of JPEG, PNG of
PNG, GIF of GIF, and of a WebP a GIF or a JPEG. shoji is the decoder as shojid uses it, a pool with
one sandboxed worker, all processes counted; transform the worker's code in one process; floor
libvips called directly with the same settings, without its vector code as shoji runs, and floor-orc
with it; sharp as it comes, sharp-same with our quality and filters, ipx as it comes (JPEGs
progressive, nothing turned upright).

cpu_us is CPU time a picture; rounds are interleaved, and each picture's time is the median of its
rounds. A case is a kind of picture, or `all`; with `-600` it is scaled down to 600 pixels (max_side)
where it is larger. out_bytes and ssim are means a picture, without scaling; the case jpeg is every
JPEG that became a JPEG, flat-png every logo and icon that became a PNG. rss_bytes is the most that
a worker ever held resident, the libraries' 28 MiB included: on the set but for what telephones took
(`ordinary`), on that (12 megapixels, on their side or progressive), and on photographs of 40
megapixels, progressive or on their side (`large`). SSIM is on luma (bench/decode_score.py).
"""

import os
import statistics
import tempfile

import decode_images as images
import decode_score as score
import decode_subjects as subjects
import measure
from decode_subjects import Subject
from measure import Unavailable

SIDES = (0, 600)
FLOOR_WANTED = 1.15
PEERS = ("sharp", "ipx", "imgproxy")
JPEG_WANTED = 1.05
PNG_WANTED = 0.8
SSIM_EQUAL = 0.0005  # less is no difference that anybody sees
DEAREST = []  # of the last run: (name, microseconds)
MEMORY_WANTED = {"ordinary": 60 << 20, "large": 512 << 20}


def row(case, subject, metric, value):
    units = {"cpu_us": "us", "out_bytes": "B", "rss_bytes": "B", "ssim": "1"}
    return {"bench": "decode", "case": case, "subject": subject, "metric": metric,
            "value": round(value, 5 if metric == "ssim" else 3), "unit": units[metric]}


class Pictures:
    """A list of bench/decode_images.py."""

    def __init__(self, folder, kinds):
        os.mkdir(folder)
        self.list = images.make(folder, kinds)
        with open(self.list, encoding="ascii") as file:
            self.lines = [line.split() for line in file]
        self.kinds = [kind for kind, _, _ in self.lines]
        self.paths = [path for _, _, path in self.lines]

    def only(self, wanted):
        """The path of a list of the kinds that are wanted."""
        path = self.list + "-" + wanted
        with open(path, "w", encoding="ascii") as file:
            file.writelines(" ".join(line) + "\n" for line in self.lines
                            if (line[0] == "phone") == (wanted == "phone"))
        return path

    def cases(self):
        """case -> the numbers of its pictures"""
        numbers = range(len(self.lines))
        found = {"all": list(numbers)}
        for kind in dict.fromkeys(self.kinds):
            found[kind] = [i for i in numbers if self.kinds[i] == kind]
        return found


# ---- time ----

def race(pictures, commands, options):
    """side -> subject -> [the answer of a round]"""
    running, samples = [], {side: {} for side in SIDES}
    try:
        for name, command in commands.items():
            subject = Subject(name, *command(pictures.list))
            running.append(subject)
            try:
                subject.order("turn 0 0")  # a pass to warm up
                for side in SIDES:
                    samples[side][name] = []
            except Unavailable as why:
                print(f"{name} is left out: {why}")
        for side in SIDES:
            for _ in range(options.rounds):
                for subject in running:
                    if subject.name in samples[side]:
                        samples[side][subject.name].append(
                            subject.order(f"turn {side} {options.seconds * 250}"))
    finally:
        for subject in running:
            subject.stop()
    return samples


def times(rounds):
    """Microseconds of each picture; what was spent between them falls on all alike."""
    rest = statistics.median(answer["rest_ns"] for answer in rounds) / len(rounds[0]["cpu_ns"])
    return [(statistics.median(values) + rest) / 1000
            for values in zip(*(answer["cpu_ns"] for answer in rounds))]


def time_rows(pictures, samples):
    rows = []
    for side, found in samples.items():
        for name, rounds in found.items():
            us = times(rounds)
            for case, numbers in pictures.cases().items():
                rows.append(row(f"{case}-{side}" if side else case, name, "cpu_us",
                                statistics.mean(us[i] for i in numbers)))
    return rows


def dearest(pictures, samples):
    """(picture, microseconds) of shoji, without scaling."""
    us = times(samples[0]["shoji"])
    number = us.index(max(us))
    return os.path.basename(pictures.paths[number]), us[number]


# ---- bytes and likeness ----

def kind_of(path):
    with open(path, "rb") as file:
        head = file.read(4)
    return "jpg" if head.startswith(b"\xff\xd8") else "png" if head == b"\x89PNG" else "gif"


def likeness(pictures, made):
    """case -> [(bytes, ssim)] of one subject's results."""
    found = {}
    for i, (kind, ending, path) in enumerate(pictures.lines):
        result = os.path.join(made, str(i))
        pair = os.path.getsize(result), score.ssim(path, result)
        cases = ["all", kind]
        if kind_of(result) == "jpg" == ending:
            cases.append("jpeg")
        if kind_of(result) == "png" and kind in ("icon", "logo"):
            cases.append("flat-png")
        for case in cases:
            found.setdefault(case, []).append(pair)
    return found


def result_rows(folder, pictures, commands, names):
    rows = []
    for name in names:
        made = os.path.join(folder, name)
        os.mkdir(made)
        subject = Subject(name, *commands[name](pictures.list))
        try:
            subject.order(f"save 0 {made}")
        finally:
            subject.stop()
        for case, pairs in likeness(pictures, made).items():
            rows.append(row(case, name, "out_bytes", statistics.mean(size for size, _ in pairs)))
            scores = [it for _, it in pairs if it is not None]
            if scores:
                rows.append(row(case, name, "ssim", statistics.mean(scores)))
    return rows


# ---- memory ----

def memory_rows(folder, pictures):
    """Of a pool that has seen nothing else."""
    large = Pictures(os.path.join(folder, "large"), images.LARGE)
    made = os.path.join(folder, "memory")
    os.mkdir(made)
    rows = []
    for case, path in (("ordinary", pictures.only("ordinary")), ("phone", pictures.only("phone")),
                       ("large", large.list)):
        for side in SIDES:
            subject = Subject("shoji", *subjects.ours("pool")(path))
            try:
                peak = subjects.peak_of_worker(subject, f"save {side} {made}")
            finally:
                subject.stop()
            rows.append(row(f"{case}-{side}" if side else case, "shoji", "rss_bytes", peak))
    return rows


# ---- what it came to ----

def verdicts(rows):
    """[(what was asked, what came out, was it met)]"""
    value = {(r["case"], r["subject"], r["metric"]): r["value"] for r in rows}
    lines = []

    def at_most(what, case, metric, other, wanted):
        mine, its = value.get((case, "shoji", metric)), value.get((case, other, metric))
        if mine and its:
            lines.append((f"{what} <= {wanted} x {other}", mine / its, mine <= wanted * its))

    for case in ("all", "all-600"):
        at_most(f"{case}: cpu_us", case, "cpu_us", "floor", FLOOR_WANTED)
    for peer in PEERS:
        at_most("all: cpu_us", "all", "cpu_us", peer, 1.0)
    for peer in ("sharp", "sharp-same"):
        at_most("jpeg: out_bytes", "jpeg", "out_bytes", peer, JPEG_WANTED)
        mine, its = (value.get(("jpeg", name, "ssim")) for name in ("shoji", peer))
        if mine and its:
            lines.append((f"jpeg: ssim less that of {peer} >= -{SSIM_EQUAL}", mine - its,
                          mine >= its - SSIM_EQUAL))
    at_most("flat-png: out_bytes", "flat-png", "out_bytes", "sharp", PNG_WANTED)
    for case, wanted in MEMORY_WANTED.items():
        got = value[case, "shoji", "rss_bytes"]
        lines.append((f"a worker, {case}: MiB <= {wanted >> 20}", got / 1048576, got <= wanted))
    return lines


def show(rows):
    value = {(r["case"], r["subject"], r["metric"]): r["value"] for r in rows}
    lines = []
    for case, subject in dict.fromkeys((r["case"], r["subject"]) for r in rows):
        def cell(metric, scale=1, form="{:.0f}"):
            got = value.get((case, subject, metric))
            return "-" if got is None else form.format(got / scale)
        mine, other = (value.get((case, name, "cpu_us")) for name in ("shoji", subject))
        lines.append([case, subject, cell("cpu_us"), cell("out_bytes"), cell("ssim", 1, "{:.4f}"),
                      cell("rss_bytes", 1048576, "{:.1f}"),
                      f"{mine / other:.2f}" if mine and other else "-"])
    order = {case: i for i, case in enumerate(dict.fromkeys(line[0] for line in lines))}
    lines.sort(key=lambda line: order[line[0]])
    measure.print_table(["case", "subject", "cpu_us", "out_bytes", "ssim", "rss_MiB", "shoji/it"],
                        lines)
    measure.print_verdicts(verdicts(rows), 3)


def notes(rows):
    """What was measured and how, and what it came to, for the description beside the figures."""
    value = {(r["case"], r["subject"], r["metric"]): r["value"] for r in rows}
    lines = measure.verdict_lines(verdicts(rows), 3) + ["", __doc__.partition("\n\n")[2].strip()]
    quiet, orc = (value.get(("all-600", name, "cpu_us")) for name in ("floor", "floor-orc"))
    lines += ["", f"What Orc's absence costs the floor: {quiet / orc:.2f} times its time where "
              "pictures are scaled down to 600 pixels."]
    lines += ["", "sharp is beside shoji as it comes: its GIFs take an effort of 7 where ours take 4, "
              "its PNGs no filters where ours are tried with all, its JPEGs quality 80. sharp-same has "
              "our settings. imgproxy is not there: Go's registry does not give it out."]
    name, us = DEAREST
    return "\n".join(lines) + f"\n\nThe dearest picture: {name}, {us / 1000:.0f} ms.\n"


def run(options):
    with tempfile.TemporaryDirectory(prefix="shoji-bench-") as folder:
        peers = os.environ.get("SHOJI_BENCH_PEERS") or os.path.join(folder, "peers")
        os.makedirs(peers, exist_ok=True)
        commands = subjects.all_of_them(peers)
        pictures = Pictures(os.path.join(folder, "pictures"), images.ORDINARY)
        samples = race(pictures, commands, options)
        rows = time_rows(pictures, samples)
        compared = [name for name in commands if name not in ("transform", "floor-orc")]
        rows += result_rows(folder, pictures, commands, compared)
        rows += memory_rows(folder, pictures)
        DEAREST[:] = dearest(pictures, samples)
    show(rows)
    return rows
