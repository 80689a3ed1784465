"""The subjects of bench/rewrite.py: each a process that reads a corpus, then waits for turns. The
peers are fetched from their registries into a folder outside the tree, which goes with the run
unless SHOJI_BENCH_PEERS names one to keep; one that cannot be had is left out with a word."""

import glob
import json
import os
import shutil
import subprocess

from measure import BENCH, BUILD, ROOT, SUBJECT_CORE, Unavailable, pin

SOURCES = os.path.join(BENCH, "rewrite_peers")

LOL_HTML = "=2.9.0"
NPM = ["sanitize-html@2.17.5", "dompurify@3.4.18", "jsdom@29.1.1"]


class Subject:
    """A process under the protocol that rewrite_loop.c describes."""

    def __init__(self, name, command):
        self.name = name
        self.process = subprocess.Popen(pin(SUBJECT_CORE, command), stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)

    def turn(self, budget_ms):
        """{"passes", "cpu_ns", "out_bytes"}: whole passes until so much CPU time is spent."""
        try:
            self.process.stdin.write(f"{budget_ms}\n")
            self.process.stdin.flush()
            return json.loads(self.process.stdout.readline())
        except (OSError, ValueError) as why:
            raise Unavailable(f"it ended with {self.process.wait()}") from why

    def ns_a_byte(self, budget_ms, corpus_bytes):
        figures = self.turn(budget_ms)
        return figures["cpu_ns"] / figures["passes"] / corpus_bytes

    def stop(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


os.environ["BENCH_RULES"] = os.path.join(ROOT, "deploy", "rules", "trackers.rules")


def ours(subject, corpus):
    return [os.path.join(BUILD, "bench", "rewrite_loop"), subject, corpus]


def run(command, **kwargs):
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, **kwargs)
    except FileNotFoundError as why:
        raise Unavailable(f"no {command[0]} here") from why
    except subprocess.CalledProcessError as why:
        last = (why.stderr.strip().splitlines() or ["no word"])[-1]
        raise Unavailable(f"{command[0]}: {last}") from why


def lol_html(folder):
    """Rewrites img[src] and nothing else."""
    program = os.path.join(folder, "lol", "target", "release", "lol")
    if not os.path.exists(program):
        crate = os.path.join(folder, "lol")
        os.makedirs(os.path.join(crate, "src"), exist_ok=True)
        shutil.copy(os.path.join(SOURCES, "lol.rs"), os.path.join(crate, "src", "main.rs"))
        with open(os.path.join(crate, "Cargo.toml"), "w", encoding="ascii") as file:
            file.write('[package]\nname = "lol"\nversion = "0.0.0"\nedition = "2021"\n\n'
                       f'[dependencies]\nlol_html = "{LOL_HTML}"\n\n'
                       "[profile.release]\nlto = true\ncodegen-units = 1\n")
        run(["cargo", "build", "--release", "--quiet"], cwd=crate)
    return lambda corpus: [program, corpus]


def sanitizer(name):
    def find(folder):
        if not os.path.exists(os.path.join(folder, "node_modules", "jsdom")):
            run(["npm", "install", "--silent", "--no-save", "--prefix", folder, *NPM])
        program = os.path.join(SOURCES, "sanitizers.mjs")
        return lambda corpus: ["node", program, folder, name, corpus]
    return find


def washtml(folder):
    """Roundcube's, from Debian's package, unpacked and not installed."""
    roundcube = os.path.join(folder, "roundcube", "usr", "share", "roundcube")
    if not shutil.which("php"):
        raise Unavailable("no php here")
    if not os.path.isdir(roundcube):
        run(["apt-get", "download", "-qq", "roundcube-core"], cwd=folder)
        package = glob.glob(os.path.join(folder, "roundcube-core_*.deb"))[0]
        run(["dpkg-deb", "-x", package, os.path.join(folder, "roundcube")])
    program = os.path.join(SOURCES, "washtml.php")
    return lambda corpus: ["php", "-d", "memory_limit=-1", program, roundcube, corpus]


PEERS = {
    "lol_html": lol_html,
    "sanitize-html": sanitizer("sanitize-html"),
    "dompurify": sanitizer("dompurify"),
    "washtml": washtml,
}


def commands(folder):
    """subject -> a function from a corpus to the command that works on it."""
    found = {"shoji": lambda corpus: ours("html", corpus),
             "shoji-check": lambda corpus: ours("html-check", corpus),
             "shoji-rules": lambda corpus: ours("html-rules", corpus),
             "floor": lambda corpus: ours("floor", corpus)}
    for name, find in PEERS.items():
        try:
            found[name] = find(folder)
        except Unavailable as why:
            print(f"{name} is left out: {why}")
    return found
