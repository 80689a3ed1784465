"""churn: does a full cache stay as fast as an empty one, and within its bounds? The store alone,
filled ten times over with pictures as mail has them (bench/store_churn.c), in clear and encrypted.
The floor is the same bytes written to one file in place, with one fdatasync a batch, in the same run.

SHOJI_CHURN_MIB is the size of the cache, SHOJI_CHURN_DIR where it lies, SHOJI_CHURN_TURNS how often it
is filled."""

import json
import os
import subprocess
import tempfile

import measure

MIB = int(os.environ.get("SHOJI_CHURN_MIB", "1024"))
TURNS = int(os.environ.get("SHOJI_CHURN_TURNS", "10"))
LARGEST_EXCESS_MS = 50


def turns(encrypt):
    with tempfile.TemporaryDirectory(prefix="shoji-churn-", dir=os.environ.get("SHOJI_CHURN_DIR")) as dir:
        program = os.path.join(measure.BUILD, "bench", "store_churn")
        with subprocess.Popen([program, dir, str(MIB), str(TURNS), encrypt], stdout=subprocess.PIPE,
                              text=True) as process:
            found = []
            for line in process.stdout:
                found.append(json.loads(line))
                print(f"{encrypt:>3} {line}", end="", flush=True)
        if process.returncode:
            raise RuntimeError(f"store_churn: {process.returncode}")
        return found


def of_floor(turn):
    return turn["mb_per_s"] / turn["raw_mb_per_s"]


def rows(case, found):
    def row(subject, metric, value, unit):
        return {"bench": "churn", "case": case, "subject": subject, "metric": metric,
                "value": round(value, 3), "unit": unit}

    live = [turn["live_bytes"] for turn in found[1:]] or [found[0]["live_bytes"]]
    return [row("shoji", "mb_per_s_first", found[0]["mb_per_s"], "MB/s"),
            row("shoji", "mb_per_s", found[-1]["mb_per_s"], "MB/s"),
            row("shoji", "disk_bytes", max(turn["disk_bytes"] for turn in found), "B"),
            row("shoji", "size_bytes", MIB << 20, "B"),
            row("shoji", "live_bytes", sum(live) / len(live), "B"),
            row("shoji", "of_floor_first", of_floor(found[0]), "1"),
            row("shoji", "of_floor", of_floor(found[-1]), "1"),
            row("shoji", "worst_ms", max(turn["worst_ms"] for turn in found), "ms"),
            row("floor", "mb_per_s_first", found[0]["raw_mb_per_s"], "MB/s"),
            row("floor", "mb_per_s", found[-1]["raw_mb_per_s"], "MB/s"),
            row("floor", "worst_ms", max(turn["raw_worst_ms"] for turn in found), "ms"),
            row("shoji", "excess_999_ms", max(turn["excess_999_ms"] for turn in found), "ms"),
            row("shoji", "excess_ms", max(turn["excess_ms"] for turn in found), "ms")]


def run(options):
    return [row for case, encrypt in (("clear", "off"), ("encrypted", "on"))
            for row in rows(case, turns(encrypt))]


def verdicts(found):
    for case in ("clear", "encrypted"):
        value = {(row["subject"], row["metric"]): row["value"] for row in found
                 if row["bench"] == "churn" and row["case"] == case}
        if not value:
            continue
        shoji = {metric: figure for (subject, metric), figure in value.items() if subject == "shoji"}
        rate = shoji["mb_per_s"] / shoji["mb_per_s_first"]
        disk = shoji["disk_bytes"] / shoji["size_bytes"]
        live = shoji["live_bytes"] / shoji["size_bytes"]
        yield f"{case}: rate of the last turn, of the first >= 0.9", rate, rate >= 0.9
        yield f"{case}: largest on disk, of size <= 1", disk, disk <= 1
        yield f"{case}: pictures that can be read, of size >= 0.8", live, live >= 0.8
        yield (f"{case}: worst commit beyond a raw write of its bytes, ms <= {LARGEST_EXCESS_MS}",
               shoji["excess_ms"], shoji["excess_ms"] <= LARGEST_EXCESS_MS)


def relative(found):
    """Each turn's rate by that of the floor in the same turn: what the disk did meanwhile is in
    both. It is not what is asked."""
    for case in ("clear", "encrypted"):
        value = {row["metric"]: row["value"] for row in found
                 if row["bench"] == "churn" and row["case"] == case and row["subject"] == "shoji"}
        if value:
            first, last = value["of_floor_first"], value["of_floor"]
            yield (f"{case}: of the floor's rate in the same turn, {first:.3f} in the first turn and "
                   f"{last:.3f} in the last: {last / first:.2f}")


def notes(found):
    measure.print_verdicts(list(verdicts(found)))
    print(*relative(found), sep="\n")
    return "\n".join([f"A cache of {MIB} MiB, {TURNS} turns.", "",
                      *measure.verdict_lines(list(verdicts(found))), "",
                      *(f"{line}.  " for line in relative(found)), "",
                      f"Load average afterwards: {os.getloadavg()[0]:.1f}. Where it is well above 2, "
                      "others worked on the machine and its disk: rates and worst times are theirs, "
                      "too.", ""])
