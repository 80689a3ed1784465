"""What a benchmark measures with: CPU time of processes, private memory, wrk, medians, tables."""

import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys

BENCH = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(BENCH)
BUILD = os.path.abspath(os.environ.get("SHOJI_BUILD") or os.path.join(ROOT, "build"))

CORES = sorted(os.sched_getaffinity(0))
# On two cores or more the load has one to itself and every subject one other.
LOAD_CORE = str(CORES[0])
SUBJECT_CORE = str(CORES[-1])
PINNED = len(CORES) > 1
BUSY_BEFORE = os.getloadavg()[0]


class Unavailable(Exception):
    """A subject that cannot take part here, and why."""


def pin(core, command):
    return ["taskset", "-c", core, *command] if PINNED else command


def cpu_ns(pids):
    """CPU time of these processes' living threads."""
    total = 0
    for pid in pids:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as file:
                total += int(file.read().split()[0])
    return total


def cpu_all_ns(pids):
    """CPU time of these processes, of threads that ended, and of children that were waited for: a
    decoder is replaced now and then. To a clock tick, so only for seconds of work."""
    ticks = 0
    for pid in pids:
        with open(f"/proc/{pid}/stat", encoding="latin-1") as file:
            ticks += sum(map(int, file.read().rpartition(")")[2].split()[11:15]))
    return ticks * 1_000_000_000 // os.sysconf("SC_CLK_TCK")


def private_bytes(pids):
    """Memory that ends with these processes: what they share with others is not counted."""
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
            kilobytes = re.findall(r"^Private_(?:Clean|Dirty):\s+(\d+) kB", file.read(), re.M)
        total += 1024 * sum(map(int, kilobytes))
    return total


def anonymous_bytes(pids):
    """Memory of their own that no file stands behind."""
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
            total += 1024 * int(re.search(r"^Anonymous:\s+(\d+) kB", file.read(), re.M).group(1))
    return total


def load(address, paths, seconds, connections=64):
    """Runs wrk over the paths in turn, as fast as answers come; its figures as a dict."""
    command = ["wrk", "-c", str(connections), "-t", "1", "-d", f"{seconds}s", "--latency", "-s",
               os.path.join(BENCH, "cycle.lua"), "http://%s:%d" % address]
    done = subprocess.run(pin(LOAD_CORE, command), capture_output=True, text=True,
                          env=dict(os.environ, BENCH_PATHS=paths))
    found = re.search(r"^RESULT (.*)$", done.stdout, re.M)
    if done.returncode or not found:
        raise RuntimeError(f"wrk: {done.stdout}{done.stderr}")
    figures = json.loads(found.group(1))
    if figures["failed"] or not figures["requests"]:
        raise RuntimeError(f"wrk counted failures: {figures}")
    return figures


def ask(address, paths, connections, seconds, bodies=None):
    """Asks for each path of the file once (bench/ask.c); the process, whose stdout is the figures."""
    command = [os.path.join(BUILD, "bench", "ask"), address[0], str(address[1]), str(connections),
               str(seconds), paths]
    return subprocess.Popen(pin(LOAD_CORE, command + ([bodies] if bodies else [])),
                            stdout=subprocess.PIPE, text=True)


def steady(address, paths, connections, seconds, rate):
    """Asks so often a second, whatever becomes of the answers (bench/ask.c); the figures. Bound to no
    core: what is measured is how long readers wait, not what the load costs."""
    command = [os.path.join(BUILD, "bench", "ask"), "-r", str(rate), address[0], str(address[1]),
               str(connections), str(seconds), paths]
    figures = asked(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
    if figures["failed"]:
        raise RuntimeError(f"ask counted failures: {figures}")
    return figures


def asked(process):
    figures = json.loads(process.communicate()[0] or "{}")
    if process.returncode or not figures["requests"]:
        raise RuntimeError(f"ask: {process.returncode}, {figures}")
    return figures


def rows_of(bench, case, subject, samples):
    """One row a metric, its value the median of the samples: [{metric: value}]."""
    units = {"cpu_us": "us", "per_s": "1/s", "p50_us": "us", "p99_us": "us", "rss_bytes": "B",
             "anon_bytes": "B", "pending": "1", "answered_right": "1",
             "out_bytes": "B", "share": "1", "disk_bytes": "B", "mb_per_s": "MB/s"}
    return [{"bench": bench, "case": case, "subject": subject, "metric": metric,
             "value": round(statistics.median(sample[metric] for sample in samples), 3),
             "unit": units[metric]} for metric in samples[0]]


def print_table(heads, lines):
    widths = [max(len(str(line[i])) for line in [heads, *lines]) for i in range(len(heads))]
    for line in [heads, *lines]:
        print("  ".join(str(cell).rjust(width) if i > 1 else str(cell).ljust(width)
                        for i, (cell, width) in enumerate(zip(line, widths))))
    sys.stdout.flush()


def print_verdicts(verdicts, digits=2):
    """Of (what was asked, what was found, whether that meets it)."""
    for what, got, met in verdicts:
        print(f"{'met   ' if met else 'MISSED'}  {what}: {got:.{digits}f}")


def verdict_lines(verdicts, digits=2):
    """The same as the lines of a table for the description beside the figures."""
    return ["| asked | found | met |", "|---|---|---|",
            *(f"| {what} | {got:.{digits}f} | {'yes' if met else 'no'} |"
              for what, got, met in verdicts)]


def install():
    """The peers and wrk, from Debian; without them a subject is left out, with a word."""
    done = subprocess.run([os.path.join(ROOT, "deploy", "install-packages"), "bench"],
                          capture_output=True, text=True)
    if done.returncode:
        print(done.stderr.strip())
    if not shutil.which("wrk"):
        raise SystemExit("bench/run: wrk is needed")


def processor_ticks():
    """(all that there were, those that the hypervisor gave to others): proc(5), /proc/stat"""
    with open("/proc/stat", encoding="ascii") as file:
        ticks = [int(field) for field in file.readline().split()[1:9]]
    return sum(ticks), ticks[7]


TICKS_BEFORE = processor_ticks()


def stolen_percent():
    """Of the time since the run began. Where it is not near 0, latencies are the hypervisor's, too."""
    whole, stolen = (now - then for now, then in zip(processor_ticks(), TICKS_BEFORE))
    return round(100 * stolen / whole, 1) if whole else 0


def machine():
    """Where the figures were taken, for whoever reads them later."""
    def first_line(*command):
        try:
            done = subprocess.run(command, capture_output=True, text=True)
        except FileNotFoundError:
            return None
        return ((done.stdout + done.stderr).strip().splitlines() or [None])[0]

    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = re.search(r"^model name\s*: (.*)$", file.read(), re.M)
    with open("/proc/meminfo", encoding="ascii") as file:
        memory = int(re.search(r"^MemTotal:\s+(\d+)", file.read()).group(1)) // 1024
    return {
        "cpu": model.group(1) if model else platform.processor(),
        "cores": len(CORES),
        "memory_mib": memory,
        "load_average_before": round(BUSY_BEFORE, 2),
        "stolen_percent": stolen_percent(),
        "kernel": platform.release(),
        "system": platform.freedesktop_os_release().get("PRETTY_NAME"),
        "wrk": first_line("wrk", "-v"),
        "nginx": first_line("nginx", "-v"),
        "varnish": first_line("varnishd", "-V"),
        "compiler": first_line("cc", "--version"),
    }
