"""scale: what many entries cost (bench/store_scale.c). Lookups and reads of the store a second of CPU,
with ten thousand small pictures and with SHOJI_SCALE_PICTURES (ten million); the index alone with
SHOJI_SCALE_INDEX originals; SHOJI_SCALE_SAME addresses of a thousand pictures between them. Each is
closed and opened anew before it is measured: how long that takes, and what memory is its own.

SHOJI_SCALE_DIR: where it lies. Ten million need 20 GB there, and half an hour."""

import json
import os
import subprocess
import tempfile

import measure

PICTURES = int(os.environ.get("SHOJI_SCALE_PICTURES", "10000000"))
INDEX = int(os.environ.get("SHOJI_SCALE_INDEX", "20000000"))
SAME = int(os.environ.get("SHOJI_SCALE_SAME", "1000000"))
FEW = 10000
DISTINCT = 1000
METRICS = {"start_s": "s", "start_crashed_s": "s", "reads_per_cpu_s": "1/s", "lookups_per_cpu_s": "1/s",
           "anon_bytes": "B", "index_used": "B", "segments_used": "B", "fill_s": "s", "bytes": "B"}


def fill(what, count):
    with tempfile.TemporaryDirectory(prefix="shoji-scale-", dir=os.environ.get("SHOJI_SCALE_DIR")) as dir:
        done = subprocess.run([os.path.join(measure.BUILD, "bench", "store_scale"), what, dir, str(count)],
                              stdout=subprocess.PIPE, text=True, check=True)
    print(done.stdout, end="", flush=True)
    found = json.loads(done.stdout)
    return [{"bench": "scale", "case": f"{what} {count}", "subject": "shoji", "metric": metric,
             "value": found[metric], "unit": unit} for metric, unit in METRICS.items() if metric in found]


def run(options):
    return [row for what, count in (("pictures", FEW), ("pictures", PICTURES), ("index", INDEX),
                                    ("same", SAME)) for row in fill(what, count)]


def verdicts(found):
    value = {(row["case"], row["metric"]): row["value"] for row in found if row["bench"] == "scale"}
    few, many = f"pictures {FEW}", f"pictures {PICTURES}"
    index, same = f"index {INDEX}", f"same {SAME}"
    reads = value[many, "reads_per_cpu_s"] / value[few, "reads_per_cpu_s"]
    start = value[many, "start_s"]
    memory = value[many, "anon_bytes"] / (1 << 20)
    once = value[same, "bytes"] * DISTINCT / SAME
    cost = (value[same, "index_used"] + value[same, "segments_used"]) / (1.3 * once + 200 * SAME)
    yield f"{PICTURES} pictures: reads a CPU-second, of those with {FEW} >= 0.8", reads, reads >= 0.8
    yield f"{PICTURES} pictures: start, s <= 1", start, start <= 1
    yield f"{PICTURES} pictures: memory of its own, MiB <= 64", memory, memory <= 64
    yield f"{SAME} addresses of {DISTINCT} pictures, of 1.3 x their bytes and 200 each <= 1", cost, cost <= 1
    yield f"{INDEX} originals: bytes each", value[index, "index_used"] / INDEX, True
    yield f"{INDEX} originals: start, s", value[index, "start_s"], True
    yield f"{PICTURES} pictures: start after a crash, s", value[many, "start_crashed_s"], True


def notes(found):
    measure.print_verdicts(list(verdicts(found)))
    return "\n".join([*measure.verdict_lines(list(verdicts(found))), "",
                      f"Load average afterwards: {os.getloadavg()[0]:.1f}. Where it is well above 2, "
                      "others worked on the machine: times are theirs, too.", ""])
