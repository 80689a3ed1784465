"""scale: what many entries cost.

`pictures`: SHOJI_SCALE_PICTURES (ten million) small ones beside ten thousand. Hits a second of CPU of
the server, without hot memory, each path asked for once in 200,000: of random originals, the few under
twenty keys each, so that both servers verify, look up and read every time, and differ in nothing but
what is stored. Then of ten thousand paths again and again, which a server knows after the first time.
Beside them the store alone (bench/store_scale.c): lookups and reads, and how long opening takes: well
closed, after a kill, and when all must be walked through.
`ordered`: the index alone, SHOJI_SCALE_INDEX (a hundred million) originals, filled in the order of their
keys, since any other takes hours. `same`: SHOJI_SCALE_SAME (a million) addresses of a thousand pictures.

SHOJI_SCALE_DIR: where it lies. Ten million pictures need 20 GB there and half an hour, a hundred million
originals as much. Stores that are found there are taken as they are, and stay."""

import json
import os
import random
import subprocess
import tempfile
import time

import measure
import subjects
from subjects import harness

PICTURES = int(os.environ.get("SHOJI_SCALE_PICTURES", "10000000"))
INDEX = int(os.environ.get("SHOJI_SCALE_INDEX", "100000000"))
SAME = int(os.environ.get("SHOJI_SCALE_SAME", "1000000"))
FEW = 10000
DISTINCT = 1000
PATHS = 200000
KILLS = 3
KEYS = PATHS // FEW
METRICS = {"fill_s": "s", "bytes": "B", "start_s": "s", "killed_s": "s", "walked_s": "s",
           "walked_cpu_s": "s", "reads_per_cpu_s": "1/s", "lookups_per_cpu_s": "1/s",
           "anon_bytes": "B", "records": "1", "index_used": "B", "segments_used": "B"}


def case_of(what, count):
    return f"{what} {count}"


def program(*arguments):
    command = [os.path.join(measure.BUILD, "bench", "store_scale"), *map(str, arguments)]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)


def fill(parent, what, count):
    """The folder, and what filling its `state` said."""
    folder = os.path.join(parent, f"{what}-{count}")
    said = os.path.join(folder, "filled")
    if not os.path.exists(said):
        os.makedirs(folder)
        figures = program("fill", what, os.path.join(folder, "state"), count)
        with open(said, "w", encoding="ascii") as file:
            json.dump(figures, file)
    with open(said, encoding="ascii") as file:
        return folder, json.load(file)


def alone(folder, what, count, filled):
    """The store, without a server."""
    os.sync()
    figures = {**filled, **program("measure", what, os.path.join(folder, "state"), count)}
    print(case_of(what, count), json.dumps(figures), flush=True)
    return [row(what, count, metric, figures[metric]) for metric in METRICS if metric in figures]


def row(what, count, metric, value):
    units = {**METRICS, "hits_per_cpu_s": "1/s", "known_hits_per_cpu_s": "1/s", "server_start_s": "s",
             "server_killed_s": "s", "server_killed_cpu_s": "s", "decoders_killed_cpu_s": "s",
             "server_anon_bytes": "B"}
    return {"bench": "scale", "case": case_of(what, count), "subject": "shoji", "metric": metric,
            "value": round(value, 4), "unit": units[metric]}


class Server:
    """shojid on a store that was filled, with twenty keys that are good."""

    def __init__(self, folder, count, filled):
        self.count = count
        self.server = harness.Shojid(
            {"server": {"threads": "1"},
             "cache": {"size": filled["size"], "index_size": filled["index_size"], "hot_memory": "0"}},
            directory=folder)
        self.keys = [harness.Key() for _ in range(KEYS)]
        lines = [key.line("verify") for key in self.keys[1:]]
        harness.write_keys(self.server.keys, self.keys[0].line() + "".join(lines))
        self.start_s = self.start()

    def start(self):
        """Until it says that it is ready, decoders and all."""
        before = time.monotonic()
        self.server.start()
        took = time.monotonic() - before
        subprocess.run(["taskset", "-a", "-c", "-p", measure.SUBJECT_CORE, str(self.pids()[0])],
                       stdout=subprocess.DEVNULL, check=True)
        return took

    def pids(self):
        return [self.server.process.pid]

    def write_paths(self, name, originals, keys):
        path = os.path.join(self.server.directory, name)
        with open(path, "w", encoding="ascii") as file:
            file.writelines(key.sign(f"https://a.test/{number}") + "\n"
                            for key in keys for number in originals)
        return path

    def warm_up(self, paths):
        """Each path once: afterwards the pages it needs are in memory, and mapped."""
        figures = measure.asked(measure.ask(self.server.address, paths, 64, 900))
        if figures["failed"]:
            raise RuntimeError(f"of {figures['requests']} requests {figures['failed']} failed")

    def hits_a_cpu_second(self, paths, seconds):
        before = measure.cpu_ns(self.pids())
        figures = measure.load(self.server.address, paths, seconds)
        return figures["requests"] * 1e9 / (measure.cpu_ns(self.pids()) - before)


def served(few, many, options):
    """Rounds in turn, so that both have the same neighbours on the machine; the median of each."""
    random.seed(6)
    paths = {}
    for server in (few, many):
        each_once = random.sample(range(server.count), min(server.count, PATHS))
        known = random.sample(range(server.count), FEW)
        paths[server] = [
            server.write_paths("paths", each_once, server.keys[:PATHS // len(each_once)]),
            server.write_paths("known", known, server.keys[:1])]
    rows = []
    for i, metric in enumerate(("hits_per_cpu_s", "known_hits_per_cpu_s")):
        for server in paths:
            server.warm_up(paths[server][i])
        samples = {server: [] for server in paths}
        for _ in range(options.rounds):
            for server in paths:
                samples[server].append(server.hits_a_cpu_second(paths[server][i], options.seconds))
        for server in paths:
            rates = sorted(samples[server])
            print(case_of("pictures", server.count), metric, [round(rate) for rate in rates], flush=True)
            rows.append(row("pictures", server.count, metric, rates[len(rates) // 2]))
    return rows


def killed(server):
    """The slowest of some starts, and what they took of the processor at most, until they said that
    they are ready or a little longer: the rest of the time they waited for it, or for the disk."""
    worst = {"server_killed_s": 0, "server_killed_cpu_s": 0, "decoders_killed_cpu_s": 0}
    for _ in range(KILLS):
        server.server.kill()
        found = {"server_killed_s": server.start(), "server_killed_cpu_s": measure.cpu_ns(server.pids()) / 1e9,
                 "decoders_killed_cpu_s": measure.cpu_ns(harness.descendants(server.pids()[0])) / 1e9}
        print(case_of("pictures", server.count), json.dumps(found), flush=True)
        worst = {metric: max(worst[metric], found[metric]) for metric in worst}
    return [row("pictures", server.count, metric, value) for metric, value in worst.items()]


def with_servers(found, options):
    servers = []
    try:
        for folder, count, filled in found:
            servers.append(Server(folder, count, filled))
        rows = served(*servers, options)
        for server in servers:
            anonymous = measure.anonymous_bytes(server.pids())
            rows += killed(server)
            rows += [row("pictures", server.count, "server_start_s", server.start_s),
                     row("pictures", server.count, "server_anon_bytes", anonymous)]
    finally:
        for server in servers:
            server.server.stop()
    return rows


def measure_all(parent, options):
    found, rows = [], []
    for count in (FEW, PICTURES):
        folder, filled = fill(parent, "pictures", count)
        found.append((folder, count, filled))
        rows += alone(folder, "pictures", count, filled)
    rows += with_servers(found, options)
    for what, count in (("ordered", INDEX), ("same", SAME)):
        folder, filled = fill(parent, what, count)
        rows += alone(folder, what, count, filled)
    return rows


def run(options):
    parent = os.environ.get("SHOJI_SCALE_DIR")
    if parent:
        return measure_all(parent, options)
    with tempfile.TemporaryDirectory(prefix="shoji-scale-") as parent:
        return measure_all(parent, options)


def verdicts(found):
    value = {(row["case"], row["metric"]): row["value"] for row in found if row["bench"] == "scale"}
    few, many = case_of("pictures", FEW), case_of("pictures", PICTURES)
    index, same = case_of("ordered", INDEX), case_of("same", SAME)

    def part(metric):
        return value[many, metric] / value[few, metric]

    hits, start, after_kill = part("hits_per_cpu_s"), value[many, "start_s"], value[many, "killed_s"]
    memory = value[many, "server_anon_bytes"] / (1 << 20)
    once = value[same, "bytes"] * DISTINCT / SAME
    room = 1.3 * once + 200 * value[same, "records"]
    cost = (value[same, "index_used"] + value[same, "segments_used"]) / room
    yield f"{PICTURES} pictures: hits served a CPU-second, of those with {FEW} >= 0.8", hits, hits >= 0.8
    yield f"{PICTURES} pictures: start of the store, s <= 1", start, start <= 1
    yield f"{PICTURES} pictures: start of the store after a kill, s <= 1", after_kill, after_kill <= 1
    for case in (few, many):
        ready = value[case, "server_killed_s"]
        yield f"{case}: the server is ready after a kill, s <= 1", ready, ready <= 1
    yield f"{PICTURES} pictures: memory of the server's own, MiB <= 64", memory, memory <= 64
    yield f"{SAME} addresses of {DISTINCT} pictures, of 1.3 x their bytes and 200 each <= 1", cost, cost <= 1


def told(found):
    """What nobody set a line for: what it is, the figure, its digits."""
    value = {(row["case"], row["metric"]): row["value"] for row in found if row["bench"] == "scale"}
    few, many, index = case_of("pictures", FEW), case_of("pictures", PICTURES), case_of("ordered", INDEX)
    for what, metric in (("served a CPU-second, random paths", "hits_per_cpu_s"),
                         ("served a CPU-second, known paths", "known_hits_per_cpu_s"),
                         ("read from the store alone a CPU-second", "reads_per_cpu_s"),
                         ("looked up in the index alone a CPU-second", "lookups_per_cpu_s")):
        for case in (few, many):
            yield f"{case}: {what}", value[case, metric], 0
        yield "of those", value[many, metric] / value[few, metric], 2
    yield f"{index}: looked up in the index alone a CPU-second", value[index, "lookups_per_cpu_s"], 0
    for case in (many, index):
        yield f"{case}: bytes of the index each", value[case, "index_used"] / value[case, "records"], 0
        for what, metric in (("opened, well closed", "start_s"), ("opened after a kill", "killed_s"),
                             ("opened and all walked through", "walked_s"),
                             ("of that, CPU", "walked_cpu_s")):
            yield f"{case}: {what}, s", value[case, metric], 3
    for case in (few, many):
        for what, metric in (("the server is ready, well closed", "server_start_s"),
                             ("killed, of the processor the server took", "server_killed_cpu_s"),
                             ("killed, of the processor the decoders took", "decoders_killed_cpu_s")):
            if (case, metric) in value:  # not in figures of before
                yield f"{case}: {what}, s", value[case, metric], 3


def notes(found):
    measure.print_verdicts(list(verdicts(found)), 3)
    lines = [f"| {what} | {figure:.{digits}f} |" for what, figure, digits in told(found)]
    print("\n".join(lines))
    return "\n".join([*measure.verdict_lines(list(verdicts(found)), 3), "", "| besides | |", "|---|---|",
                      *lines, "",
                      f"Load average afterwards: {os.getloadavg()[0]:.1f}. Where it is well above 2, "
                      "others worked on the machine: times are theirs, too.", ""])
