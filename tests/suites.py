"""The suites of tests/run, and what they count.

    lint     layers, linkage, format, length of files        (tests/lint.py)
    unit     the cmocka programs of tests/unit               (meson test --suite unit)
    fuzz     the fuzzers' corpora, replayed                  (meson test --suite fuzz)
    vectors  the test vectors, made once more                (tests/vectors/make.py --check)
    e2e      the real programs against scripted peers        (unittest files in tests/e2e)
    asan     unit and fuzz again under address and undefined-behaviour sanitizers
    tsan     the server under ThreadSanitizer, in those files of e2e in which its threads meet
    clang    the whole tree, compiled by clang without a warning
    valgrind what the decoder makes, asked byte by byte whether it is defined (all of it when named)
    mailstack, systemd, try, soak, long-fuzz                 (when named)

Rules. A test case that passed, failed or was skipped counts as one; a suite that cannot run says why
and counts as one skip. With SHOJI_REQUIRE_ALL=1 a skip is a failure, but for a case that says it
wants ../shared/data where there is no such folder, and for one that the asan suite skips though the
unit suite ran it. The exit code is 1 when anything failed. The last line is
`N passed, N failed, N skipped`.

Programs are built in build/, build-asan/, build-tsan/ and build-clang/; SHOJI_BUILD names another folder for
the first, and the others then stand beside it.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

from tally import ROOT, Tally, read_tap

BUILD = os.path.abspath(os.environ.get("SHOJI_BUILD") or os.path.join(ROOT, "build"))
TESTS = os.path.join(ROOT, "tests")
ONE_FILE_S = 900  # an e2e file that takes longer hangs
# Of e2e, under ThreadSanitizer: fronts, the back thread, readers, the writer and reloads.
RACES = ("front", "one_fetch", "warm", "slow", "purge", "shared", "config", "restart")

ENV = dict(
    os.environ,
    SHOJI_BUILD=BUILD,
    SHOJI_SOURCE_ROOT=ROOT,
    ASAN_OPTIONS="detect_leaks=1:detect_stack_use_after_return=1",
    UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=1",
)


def run(command, timeout_s=None, env=None, cwd=ROOT):
    """(exit code, output); the whole process group ends with the command. 124: out of time."""
    child = subprocess.Popen(command, cwd=cwd, env=env or ENV, stdin=subprocess.DEVNULL, text=True,
                             errors="replace", stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                             start_new_session=True)
    try:
        out, _ = child.communicate(timeout=timeout_s)
        return child.returncode, out
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        return 124, child.communicate()[0] + f"\nkilled after {timeout_s} s"


def show(text, lines=60):
    tail = text.rstrip().splitlines()[-lines:]
    print("\n".join("    " + line for line in tail), flush=True)


class CannotRun(Exception):
    pass


class BuildFailed(Exception):
    pass


def set_up(folder, options=(), cc=None):
    for tool in ("meson", "ninja"):
        if not shutil.which(tool):
            raise CannotRun(f"{tool} is not installed")
    if os.path.exists(os.path.join(folder, "build.ninja")):
        return
    env = dict(ENV, CC=cc) if cc else ENV
    code, out = run(["meson", "setup", folder, *options], env=env)
    if code:
        show(out)
        raise BuildFailed(f"meson setup {os.path.basename(folder)}")


def build(folder, options=(), cc=None):
    set_up(folder, options, cc)
    code, out = run(["ninja", "-C", folder])
    if code:
        show(out)
        raise BuildFailed(f"the build in {os.path.basename(folder)}")


def meson_tests(folder, suite, slower=1):
    """Runs one suite of meson's and counts the cases inside each program."""
    code, out = run(["meson", "introspect", "--tests", folder])
    known = json.loads(out[out.index("["):]) if code == 0 else []
    if not any(suite in [s.split(":")[-1] for s in test["suite"]] for test in known):
        raise CannotRun(f"no test of the suite {suite} is there")
    log = os.path.join(folder, "meson-logs", f"run-{suite}.json")
    if os.path.exists(log):
        os.unlink(log)
    code, out = run(["meson", "test", "-C", folder, "--suite", suite, "--logbase", f"run-{suite}",
                     "--timeout-multiplier", str(slower)])
    if not os.path.exists(log):
        show(out)
        raise BuildFailed(f"the programs of the suite {suite}")
    tally = Tally()
    with open(log, encoding="utf-8") as lines:
        for line in lines:
            tally.add(one_program(json.loads(line)))
    return tally


def one_program(entry):
    name, verdict = entry["name"].split(" / ")[-1], entry["result"]
    out, err = entry.get("stdout") or "", entry.get("stderr") or ""
    tally = read_tap(out, name)
    if not tally.passed and not tally.failures and not tally.skips and not tally.excused:
        if verdict == "OK":
            tally.ok()
        elif verdict == "SKIP":
            tally.skip(f"{name}: {(out + err).strip()}")
    # A crash, a sanitizer's finding or a timeout leaves result lines that look well.
    if not tally.failures and (verdict in ("TIMEOUT", "ERROR") or entry.get("returncode", 0) not in (0, 77)):
        tally.fail(f"{name}: {verdict.lower()}, exit code {entry.get('returncode')}")
    if tally.failures:
        print(f"  {name}:")
        show(out + err)
    return tally


def lint():
    try:
        set_up(BUILD)
        # Whose linkage is looked at, and who are asked what the manual has to say.
        run(["ninja", "-C", BUILD, "src/worker/shoji-decode", "src/daemon/shojid", "src/cli/shoji"])
    except (CannotRun, BuildFailed):
        pass
    code, out = run([sys.executable, "-B", os.path.join(TESTS, "lint.py"), ROOT, BUILD])
    return tap_program("lint", code, out)


def tap_program(name, code, out):
    tally = read_tap(out, name)
    if code and not tally.failures:
        tally.fail(f"{name}: exit code {code}")
    if tally.failures:
        show(out)
    return tally


def unit():
    set_up(BUILD)
    return meson_tests(BUILD, "unit")


def fuzz():
    set_up(BUILD)
    return meson_tests(BUILD, "fuzz")


def vectors():
    script = os.path.join(TESTS, "vectors", "make.py")
    if not os.path.exists(script):
        raise CannotRun("tests/vectors/make.py is not there")
    code, out = run([sys.executable, "-B", script, "--check"], 300)
    tally = tap_program("vectors", code, out)
    if code == 0 and not tally.passed:
        tally.ok()
    return tally


def e2e(only=None):
    build(BUILD)
    folder = os.path.join(TESTS, "e2e")
    tally = Tally()
    for file in sorted(os.listdir(folder)):
        path = os.path.join(folder, file)
        if not file.endswith(".py") or (only and only not in file):
            continue
        with open(path, encoding="utf-8") as text:
            source = text.read()
        if "import unittest" not in source or not re.search(r"^ +def test", source, re.M):
            continue
        tally.add(e2e_file(file[:-3]))
    return tally


def e2e_file(name, env=None, folder="e2e"):
    began = time.monotonic()
    code, out = run([sys.executable, "-B", os.path.join(TESTS, "unittest_tap.py"),
                     os.path.join(TESTS, folder, f"{name}.py")], ONE_FILE_S, env)
    got = tap_program(name, code, out)
    print(f"  {name}: {got} ({time.monotonic() - began:.0f} s)", flush=True)
    return got


def tsan():
    build(BUILD)
    folder = BUILD + "-tsan"
    set_up(folder, ["-Db_sanitize=thread", "-Db_lundef=false"])
    code, out = run(["ninja", "-C", folder, "src/daemon/shojid", "src/cli/shoji"])
    if code:
        show(out)
        raise BuildFailed("the server under ThreadSanitizer")
    # A decoder has one thread, and a sandbox in which no sanitizer works. What is found stands in the
    # server's log, where the harness looks for it whenever a server ends.
    env = dict(ENV, SHOJI_BUILD=folder,
               SHOJI_DECODE=os.path.join(BUILD, "src", "worker", "shoji-decode"))
    tally = Tally()
    for name in RACES:
        tally.add(e2e_file(f"test_{name}", env))
    return tally


def asan():
    folder = BUILD + "-asan"
    # The sanitizers' own symbols are resolved late, which b_lundef forbids under clang.
    set_up(folder, ["-Db_sanitize=address,undefined", "-Db_lundef=false"])
    tally = Tally()
    for suite in ("unit", "fuzz"):
        try:
            got = meson_tests(folder, suite, slower=5)
            # What a case lacks, unit has said; some cannot run under a sanitizer at all.
            got.excused, got.skips = got.excused + got.skips, []
            tally.add(got)
        except CannotRun as why:
            tally.skip(f"asan: {why}")
    return tally


def clang():
    if not shutil.which("clang"):
        raise CannotRun("clang is not installed")
    build(BUILD + "-clang", cc="clang")
    tally = Tally()
    tally.ok()
    return tally


def script(name, *command, timeout_s=3600):
    """A suite that is a program of its own and ends with the line `N passed, N failed…`."""

    def suite():
        path = os.path.join(ROOT, command[0])
        if not os.access(path, os.X_OK):
            raise CannotRun(f"{command[0]} is not there")
        code, out = run([path, *command[1:]], timeout_s)
        tally = Tally()
        counts = re.findall(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?", out, re.M)
        if not counts:
            show(out)
            tally.fail(f"{name}: exit code {code}, no closing line")
            return tally
        passed, failed, skipped = (int(n or 0) for n in counts[-1])
        tally.ok(passed)
        for _ in range(max(failed, 1 if code else 0)):
            tally.fail(f"{name}: see above")
        for _ in range(skipped):
            tally.skip(name)
        if tally.failures:
            show(out)
        return tally

    return suite


def systemd():
    build(BUILD)
    return e2e_file("test_systemd", {**ENV, "PYTHONPATH": os.path.join(TESTS, "e2e")}, "systemd")


def valgrind():
    short = [] if sys.argv[1:] else ["--short"]
    return script("valgrind", "tests/valgrind/run", *short)()


USUAL = {"lint": lint, "unit": unit, "fuzz": fuzz, "vectors": vectors, "e2e": e2e, "asan": asan,
         "tsan": tsan, "clang": clang, "valgrind": valgrind}
# Only when named: they take long, install much, or ask for what no package brings (a cgroup of one's own).
NAMED = {"systemd": systemd,
         "try": script("try", "deploy/try", "--check"),
         "mailstack": script("mailstack", "tests/mailstack/run"),
         "soak": script("soak", "tests/soak/run", timeout_s=None),
         "long-fuzz": script("long-fuzz", "tests/fuzz/run-long", timeout_s=None)}


def main():
    names = sys.argv[1:] or list(USUAL)
    suites = {**USUAL, **NAMED}
    wrong = [name for name in names if name not in suites]
    if wrong:
        print(f"tests/run: no suite {', '.join(wrong)}; there are: {' '.join(suites)}",
              file=sys.stderr)
        return 2

    total = Tally()
    for name in names:
        print(f"== {name}", flush=True)
        began = time.monotonic()
        tally = Tally()
        try:
            tally = suites[name]()
        except CannotRun as why:
            tally.skip(f"{name} cannot run: {why}")
        except BuildFailed as what:
            tally.fail(f"{name}: failed to make {what}")
        if os.environ.get("SHOJI_REQUIRE_ALL") == "1":
            tally.require_all()
        for what in tally.failures:
            print(f"  FAILED {what}")
        for what in tally.skips + tally.excused:
            print(f"  skipped {what[:200]}")
        print(f"{name}: {tally} ({time.monotonic() - began:.0f} s)", flush=True)
        total.add(tally)

    print(total)
    return 1 if total.failures else 0


if __name__ == "__main__":
    sys.exit(main())
