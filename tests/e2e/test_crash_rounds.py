"""A server that is killed at random moments, again and again (tests/soak has two hundred of these)."""

import os
import random
import threading
import unittest

import crash_rounds
import harness

ROUNDS = int(os.environ.get("SHOJI_CRASH_ROUNDS", "25"))
WORKERS = 16
SEED = int(os.environ.get("SHOJI_CRASH_SEED", str(random.randrange(1 << 30))))


class CrashRounds(harness.ServerTest):
    def test_killed_at_random_moments(self):
        print(f"# SHOJI_CRASH_SEED={SEED} SHOJI_CRASH_ROUNDS={ROUNDS}", flush=True)
        rounds = crash_rounds.Rounds(self, SEED)
        asked, again = rounds.run(ROUNDS)
        print(f"# {len(rounds.paths)} originals, {len(asked)} asked for, {again} tried again, "
              f"{len(rounds.shown)} shown", flush=True)
        # The rounds were about something: not every server died before it did anything.
        self.assertGreater(len(rounds.shown), len(rounds.paths) // 4)
        if ROUNDS >= 100:
            rounds.wait_for_the_queue(300)
            rounds.judge()

    def test_handed_over_while_being_opened(self):
        """A reader's claim and a handover of the same original that meet: the claim's date stays, so
        that a server that dies before the origin has answered does not ask again at once."""
        count = 160
        release, sender = threading.Event(), self.origin()
        self.addCleanup(release.set)
        sender.default = lambda conn, asked: release.wait(60)
        server = self.shojid({"fetch": {"wait": "100ms", "timeout": "30s", "per_host": "200"}})
        urls = [sender.url(f"/{i}.png") for i in range(count)]

        def work(i):
            for url in urls[i // 2::WORKERS]:
                if i % 2:
                    server.ask_submit("POST", "/v1/prefetch", {"Content-Type": "application/json"},
                                      harness.as_json({"urls": [url]}))
                else:
                    server.open(url)

        harness.in_threads(2 * WORKERS, work)
        self.assertTrue(sender.wait_for(None, count))
        server.kill()
        server.start()
        self.assertFalse(sender.wait_for(None, count + 1, timeout_s=2))


if __name__ == "__main__":
    unittest.main()
