"""The power goes while the store writes: what was reported as done is there when it comes back.

The store writes to a file system that keeps in memory what was not synced (power_fs.py); at a random
moment nothing is taken any more, and of what was not synced a random part survives. Then: the store
opens without help, and every record, claim and picture that was reported as durable is there."""

import os
import random
import shutil
import struct
import subprocess
import tempfile
import unittest

import harness

try:
    import fusepy
    import power_fs
except (ImportError, OSError):  # the module, or libfuse itself
    fusepy = None

ROUNDS = int(os.environ.get("SHOJI_POWER_ROUNDS", "6"))
DISKS = 4  # of each cut: what one disk or another may have
SEED = int(os.environ.get("SHOJI_POWER_SEED", str(random.randrange(1 << 30))))
DRIVER = os.path.join(harness.BUILD, "tests", "unit", "power_driver")


@unittest.skipIf(fusepy is None, "python3-fusepy is not installed")
@unittest.skipUnless(os.access("/dev/fuse", os.R_OK | os.W_OK), "no /dev/fuse here")
class Power(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="shoji-power-")
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.point = os.path.join(self.dir, "mnt")
        os.mkdir(self.point)

    def path(self, name):
        return os.path.join(self.dir, name)

    def write_until_the_cut(self, fs, first, count, env):
        """The numbers that were promised before."""
        mounted = power_fs.Mount(fs, self.point)
        try:
            mounted.__enter__()
        except OSError as e:
            self.skipTest(str(e))
        with subprocess.Popen([DRIVER, "write", os.path.join(self.point, "store"), str(first)],
                              stdout=subprocess.PIPE, env=env) as driver:
            promised = []
            while len(promised) < count:
                piece = driver.stdout.read(4)
                if len(piece) < 4:
                    break
                promised.append(struct.unpack("=I", piece)[0])
            fs.cut()
            driver.kill()
        mounted.__exit__()
        self.assertEqual(len(promised), count, "the driver ended by itself")
        return promised

    def check(self, root, promised, env):
        done = subprocess.run([DRIVER, "check", os.path.join(root, "store")], env=env,
                              input=struct.pack(f"={len(promised)}I", *promised),
                              stdout=subprocess.PIPE, timeout=120)
        text = done.stdout.decode()
        self.assertEqual(done.returncode, 0, text)
        pictures, gone = text.split()
        return int(pictures), int(gone)

    def run_rounds(self, env, counts=(1, 5, 40, 150, 400, 900), base=None):
        rng = random.Random(SEED)
        first, pictures, gone = 0, 0, 0
        for number in range(ROUNDS):
            fs = power_fs.PowerFS()
            if base:
                fs.load(base)
            count = rng.choice(counts)
            promised = self.write_until_the_cut(fs, first, count, env)
            first += 100000
            for disk in range(DISKS):
                root = self.path(f"disk-{number}-{disk}")
                fs.survive(root, rng)
                found = self.check(root, promised, env)
                pictures, gone = pictures + found[0], gone + found[1]
                if disk == 0 and base:
                    shutil.rmtree(base)
                if disk == 0:
                    base = root
                else:
                    shutil.rmtree(root)
        print(f"# SHOJI_POWER_SEED={SEED}: {ROUNDS} cuts, {DISKS} disks each: {pictures} pictures "
              f"promised, {gone} of them gone", flush=True)
        self.assertGreater(pictures, 0)
        self.assertEqual(gone, 0)

    def test_in_clear(self):
        self.run_rounds(dict(os.environ))

    def test_encrypted(self):
        self.run_rounds(dict(os.environ, SHOJI_TEST_ENCRYPT="1"))

    def full(self, env):
        """A folder with a store that has gone round already."""
        root = self.path("full")
        os.mkdir(root)
        with subprocess.Popen([DRIVER, "write", os.path.join(root, "store"), str(1 << 30)],
                              stdout=subprocess.PIPE, env=env) as driver:
            driver.stdout.read(4 * 2000)  # of these, 28 MB are pictures, and the store has 16
            driver.kill()
        return root

    def test_going_round(self):
        env = dict(os.environ, SHOJI_TEST_LARGE="1")
        self.run_rounds(env, (5, 100, 200, 400), self.full(env))

    def test_going_round_encrypted(self):
        env = dict(os.environ, SHOJI_TEST_LARGE="1", SHOJI_TEST_ENCRYPT="1")
        self.run_rounds(env, (5, 100, 200, 400), self.full(env))


if __name__ == "__main__":
    unittest.main()
