"""Runs one file of Python unittest cases and writes TAP: usage: unittest_tap.py FILE [PATTERN...]

A PATTERN keeps the cases whose id contains it. A subtest that fails is a failure of its own; a file
without cases gives a plan of 0.
"""

import importlib.util
import os
import sys
import time
import traceback
import unittest


class TapResult(unittest.TestResult):
    def __init__(self):
        super().__init__()
        self.number = 0
        self.failed_subtests = set()

    def startTest(self, test):
        super().startTest(test)
        self.began = time.monotonic()

    def say(self, good, test, note=""):
        self.number += 1
        name = ".".join(test.id().split(".")[1:]) or test.id()
        print(f"{'' if good else 'not '}ok {self.number} - {name}{note}", flush=True)

    def explain(self, error):
        for line in "".join(traceback.format_exception(*error)).splitlines():
            print("# " + line, flush=True)

    def addSuccess(self, test):
        if test.id() not in self.failed_subtests:
            self.say(True, test, f" ({time.monotonic() - self.began:.1f} s)")

    def addError(self, test, error):
        self.explain(error)
        self.say(False, test)
        super().addError(test, error)

    addFailure = addError

    def addSubTest(self, test, subtest, error):
        if error:
            self.failed_subtests.add(test.id())
            self.addError(subtest, error)

    def addSkip(self, test, reason):
        self.say(True, test, f" # SKIP {reason}")
        super().addSkip(test, reason)

    def addExpectedFailure(self, test, error):
        self.say(True, test)

    def addUnexpectedSuccess(self, test):
        self.say(False, test, " (passes, though marked as failing)")


def cases(suite):
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from cases(item)
        else:
            yield item


def main():
    path, patterns = sys.argv[1], sys.argv[2:]
    sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
    spec = importlib.util.spec_from_file_location(os.path.basename(path)[:-3], path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)

    suite = unittest.TestLoader().loadTestsFromModule(module)
    if patterns:
        chosen = [c for c in cases(suite) if any(p in c.id() for p in patterns)]
        suite = unittest.TestSuite()
        suite.addTests(sorted(chosen, key=lambda case: (type(case).__name__, case.id())))
    result = TapResult()
    suite.run(result)
    print(f"1..{result.number}")
    return 0 if not (result.errors or result.failures) else 1


if __name__ == "__main__":
    sys.exit(main())
