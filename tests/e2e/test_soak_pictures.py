"""Damaged pictures by the thousand through one server (tests/soak has an hour of them)."""

import os
import random
import unittest

import harness

try:
    import soak_pictures
except ImportError:  # PIL
    soak_pictures = None

SECONDS = int(os.environ.get("SHOJI_PICTURES_S", "10"))
SEED = int(os.environ.get("SHOJI_PICTURES_SEED", str(random.randrange(1 << 30))))
LEAST = 2000  # a minute, of a long run: a short one is held up by what else goes on


@unittest.skipUnless(soak_pictures, "python3-pil is not installed")
class SoakPictures(harness.ServerTest):
    def test_damaged_pictures_without_end(self):
        print(f"# SHOJI_PICTURES_SEED={SEED} SHOJI_PICTURES_S={SECONDS}", flush=True)
        soak = soak_pictures.Soak(self, SEED)
        soak.run(SECONDS)
        # It was about something: the decoder read the good ones, and saw through the others.
        self.assertTrue({"jpeg", "png", "gif", "webp-alpha"} <= set(soak.controls))
        self.assertGreater(soak.kinds["placeholder"], soak.mutants_asked // 10)
        if SECONDS >= 60:
            self.assertGreaterEqual(60 * soak.mutants_asked / SECONDS, LEAST)


if __name__ == "__main__":
    unittest.main()
