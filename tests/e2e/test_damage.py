"""A disk that lost something: whatever the server dies of, it does not die of it at each start."""

import contextlib
import os
import signal
import struct
import unittest

import harness
import http1
import meter
import origin as origins
import pictures

PICTURES = 300
ASKERS = 4
BRANCH = 1  # a page's flag
PAGE = 4096
DEATH = (signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE)


def empty_branches(path):
    """Says of every branch page of an LMDB file that it holds nothing, which LMDB takes for a fault
    of its own; and leaves the file's time as it was. How many there were."""
    before, found = os.stat(path), 0
    with open(path, "r+b") as file:
        data = file.read()
        for at in range(2 * PAGE, len(data), PAGE):
            # Number (64 bits), padding, flags, where the free space begins and ends.
            number, _, flags, lower, upper = struct.unpack_from("<QHHHH", data, at)
            if number == at // PAGE and flags == BRANCH and 16 < lower <= upper <= PAGE:
                file.seek(at + 12)
                file.write(struct.pack("<H", 16))
                found += 1
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    return found


class Damage(harness.ServerTest):
    def died_of(self, server):
        """The signal; waits for it."""
        process, server.process = server.process, None
        code = process.wait(harness.STOP_S)
        process.stdout.close()
        return -code

    def forget_kills(self, server):
        """As if the last time that the store's notes were needed had been long ago: what is walked
        through is so because of a death of its own, and not of two kills within ten minutes."""
        with contextlib.suppress(FileNotFoundError):
            os.utime(os.path.join(server.state, "trust"), (0, 0))

    def read_all(self, server, paths):
        """How many came; None when the server died meanwhile."""
        came = [0] * ASKERS

        def read(asker):
            for path in paths[asker::ASKERS]:
                try:
                    came[asker] += server.get(path).status == 200
                except (OSError, http1.Closed):
                    came[asker] = None
                    return

        harness.in_threads(ASKERS, read)
        return None if None in came else sum(came)

    def test_a_damaged_old_segment_is_given_up_after_one_death(self):
        if not meter.is_plain(harness.SHOJID):
            self.skipTest("a sanitizer has these signals")
        sender = self.origin()
        for i in range(PICTURES):
            sender.pages[f"/{i}.png"] = origins.picture(pictures.noise_png(80, 80, i))
        server = self.shojid({"cache": {"size": "32M", "index_size": "8M"}})
        paths = [server.key.sign(sender.url(f"/{i}.png")) for i in range(PICTURES)]
        self.assertEqual(self.read_all(server, paths), PICTURES)
        server.stop()
        server.start()
        server.kill()
        oldest = os.path.join(server.state, "seg-1")
        self.assertTrue(os.path.exists(os.path.join(server.state, "seg-2")))
        self.assertGreater(empty_branches(os.path.join(oldest, "data.mdb")), 0)

        deaths, came = [], None
        while came is None and len(deaths) < 6:
            self.forget_kills(server)
            server.start()
            came = self.read_all(server, paths)
            if came is None:
                deaths.append(self.died_of(server))
        self.assertEqual(deaths, [signal.SIGABRT])
        self.assertFalse(os.path.exists(oldest))
        # A segment has 4 MiB, a picture more than 19,000 bytes: what lay in the others is served.
        self.assertGreaterEqual(came, PICTURES - 4 * 2**20 // 19000)
        self.assertEqual(self.read_all(server, paths), came)
        server.stop()

    def test_a_death_is_told_and_stays_one(self):
        if not meter.is_plain(harness.SHOJID):
            self.skipTest("a sanitizer has these signals")
        server = self.shojid()
        mark = os.path.join(server.state, "trust")
        for number in DEATH:
            self.assertTrue(os.path.exists(mark))
            server.process.send_signal(number)
            self.assertEqual(self.died_of(server), number)
            self.assertFalse(os.path.exists(mark), number)
            server.start()
        server.kill()
        self.assertTrue(os.path.exists(mark))


if __name__ == "__main__":
    unittest.main()
