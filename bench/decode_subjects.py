"""The subjects of bench/decode.py: each a process that reads a list of pictures, then waits for
orders (bench/decode_turns.h). The peers are fetched from npm into a folder outside the tree, which
goes with the run unless SHOJI_BENCH_PEERS names one to keep; one that cannot be had is left out
with a word."""

import json
import os
import re
import subprocess
import threading
import time

from measure import BENCH, BUILD, SUBJECT_CORE, Unavailable, pin
from rewrite_peers import run

NPM = ["sharp@0.35.5", "ipx@3.1.1"]
IMGPROXY = "github.com/imgproxy/imgproxy/v3"

# As decode/decoder.c starts the decoder.
QUIET = {"LC_ALL": "C", "VIPSHOME": "/nonexistent", "VIPS_NOVECTOR": "1", "G_SLICE": "always-malloc",
         "VIPS_DISC_THRESHOLD": "1000000m", "MALLOC_ARENA_MAX": "1", "OMP_NUM_THREADS": "1"}
DECODER = os.path.join(BUILD, "src", "worker", "shoji-decode")


class Subject:
    def __init__(self, name, command, env):
        self.name = name
        self.process = subprocess.Popen(pin(SUBJECT_CORE, command), stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True,
                                        env=dict(os.environ, **env))

    def order(self, line):
        try:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
            return json.loads(self.process.stdout.readline())
        except (OSError, ValueError) as why:
            raise Unavailable(f"it ended with {self.process.wait()}") from why

    def stop(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


def ours(name, **env):
    program = os.path.join(BUILD, "bench", "decode_" + name)
    return lambda list_path: ([program, list_path], dict(QUIET, SHOJI_DECODE=DECODER, **env))


def floor_with_orc(list_path):
    command, env = ours("floor")(list_path)
    env.pop("VIPS_NOVECTOR")
    return command, env


def npm(name, folder):
    if not os.path.exists(os.path.join(folder, "node_modules", "ipx")):
        run(["npm", "install", "--silent", "--no-save", "--prefix", folder, *NPM])
    program = os.path.join(BENCH, "decode_peers", "sharps.mjs")
    return lambda list_path: (["node", program, folder, name, list_path], {})


def imgproxy(_folder):
    """Go's registry does not give it out, and it is no package of Debian's."""
    run(["go", "list", "-m", "-versions", IMGPROXY], cwd="/")
    raise Unavailable("the registry has it now, but nothing here builds it yet")


def all_of_them(folder):
    """subject -> a function from a list to its command and environment."""
    found = {"shoji": ours("pool"), "transform": ours("transform"), "floor": ours("floor"),
             "floor-orc": floor_with_orc}
    for name in ("sharp", "sharp-same", "ipx"):
        try:
            found[name] = npm(name, folder)
        except Unavailable as why:
            print(f"{name} is left out: {why}")
    try:
        imgproxy(folder)
    except Unavailable as why:
        print(f"imgproxy is left out: {why}")
    return found


# ---- memory ----

def descendants(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            children = [int(word) for word in file.read().split()]
    except OSError:
        return []
    return children + [one for child in children for one in descendants(child)]


def most_memory(pid):
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
            found = re.search(r"^VmHWM:\s+(\d+) kB", file.read(), re.M)
    except OSError:
        return 0
    return int(found.group(1)) * 1024 if found else 0


def peak_of_worker(subject, order):
    """The most that one process under the subject ever held resident, while it follows the order.
    A worker that grew large is killed right after its picture: so it is looked at all the time."""
    peaks, over = {}, threading.Event()

    def watch():
        while not over.is_set():
            for pid in descendants(subject.process.pid):
                peaks[pid] = max(peaks.get(pid, 0), most_memory(pid))
            time.sleep(0.001)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        subject.order(order)
    finally:
        over.set()
        watcher.join()
    return max(peaks.values())
