"""Counting test cases: a Tally, and a reader of TAP, in which all our suites speak.

A skip is *excused* when its reason names ../shared/data and that folder is absent: it holds public
samples that a user's machine does not have, and nobody can install it. See suites.py for the rest.
"""

import os
import re

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DATA = os.path.join(os.path.dirname(ROOT), "shared", "data")

RESULT = re.compile(r"^(not )?ok\b\s*(\d+)?\s*(?:- )?(.*)$")
SKIP = re.compile(r"\s*#\s*SKIP\S*\s*(.*)$", re.I)


class Tally:
    def __init__(self):
        self.passed = 0
        self.failures = []  # sentences
        self.skips = []
        self.excused = []

    def ok(self, count=1):
        self.passed += count

    def fail(self, what):
        self.failures.append(what)

    def skip(self, what):
        if "shared/data" in what and not os.path.isdir(DATA):
            self.excused.append(what)
        else:
            self.skips.append(what)

    def add(self, other):
        self.passed += other.passed
        self.failures += other.failures
        self.skips += other.skips
        self.excused += other.excused

    def require_all(self):
        """A skip becomes a failure; an excused one stays a skip."""
        self.failures += ["skipped: " + what for what in self.skips]
        self.skips = []

    def __str__(self):
        skipped = len(self.skips) + len(self.excused)
        return f"{self.passed} passed, {len(self.failures)} failed, {skipped} skipped"


def read_tap(text, name):
    """Counts the result lines of one program's output.

    cmocka 1.1.5 writes a skip as "not ok 1 # SKIP name" and has no place for a reason; what the
    test printed before that line is taken for it.
    """
    tally = Tally()
    planned = None
    seen = 0
    said = []
    for line in text.splitlines():
        plan = re.match(r"^1\.\.(\d+)\b", line)
        if plan:
            planned = (planned or 0) + int(plan.group(1))
            continue
        result = RESULT.match(line)
        if not result:
            said.append(line.strip())
            continue
        seen += 1
        what = result.group(3)
        skip = SKIP.search(what)
        if skip:
            case = SKIP.sub("", what)
            tally.skip(" ".join(filter(None, [name, case, skip.group(1), " ".join(said[-3:])])))
        elif result.group(1):
            tally.fail(f"{name}: {what}")
        else:
            tally.ok()
        said = []
    if planned is not None and seen < planned:
        tally.fail(f"{name}: {planned} cases announced, {seen} came")
    return tally
