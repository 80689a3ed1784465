"""A machine that is too busy to bring up the decoder: the server waits for it, at its start and later, and
says so; and a manager that is too busy to read what it is told."""

import contextlib
import os
import signal
import socket
import stat
import subprocess
import threading
import unittest
import unittest.mock

import harness

REAL = os.path.join(harness.BUILD, "src", "worker", "shoji-decode")

# It stands there and says nothing until somebody opens `gate`.
HELD = """#!/bin/sh
read line < %s
exec %s
"""


class SlowStart(harness.ServerTest):
    def setUp(self):
        self.server = self.shojid(start=False)
        self.gate = os.path.join(self.server.directory, "gate")
        os.mkfifo(self.gate)
        decoder = os.path.join(self.server.directory, "held-decode")
        with open(decoder, "w", encoding="ascii") as file:
            file.write(HELD % (self.gate, REAL))
        os.chmod(decoder, stat.S_IRWXU)
        patch = unittest.mock.patch.dict(os.environ, {
            "SHOJI_DECODE": decoder, "NOTIFY_SOCKET": self.manager()})
        patch.start()
        self.addCleanup(patch.stop)

    def manager(self):
        self.notified = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.notified.close)
        self.notified.settimeout(30)
        path = os.path.join(self.server.directory, "notify")
        self.notified.bind(path)
        return path

    def open_gate(self):
        def opens():
            try:
                gate = os.open(self.gate, os.O_WRONLY | os.O_NONBLOCK)
            except OSError:  # nobody reads yet
                return False
            os.write(gate, b"go\n")
            os.close(gate)
            return True

        harness.until(opens)

    def test_it_waits_longer_than_a_worker_may_take_and_says_so(self):
        told = []

        def reads():
            while not told or told[-1] != b"READY=1":
                told.append(self.notified.recv(100))

        began, manager = (threading.Thread(target=each) for each in (self.server.start, reads))
        manager.start()
        began.start()
        try:
            harness.until(lambda: "the decoder is not ready after 1" in self.server.logged(),
                          timeout_s=30)
            self.assertTrue(began.is_alive())
        finally:
            self.open_gate()
            began.join()
            manager.join()
        self.assertEqual(told.pop(), b"READY=1")
        self.assertEqual(set(told), {b"EXTEND_TIMEOUT_USEC=30000000"})
        self.assertLess(len(told), 8)  # each ten seconds, of at most a minute
        sender = self.origin()
        sender.pages["/a.png"] = harness.origins.picture(harness.pictures.plain_png())
        self.assertPicture(self.server.open(sender.url("/a.png")))
        self.held_later()

    def held_later(self):
        """One that dies later comes back as slowly, and is not begun anew meanwhile."""
        server = self.server.process.pid
        was = harness.descendants(server)[0]
        os.kill(was, signal.SIGKILL)
        harness.until(lambda: self.server.logged().count("the decoder is not ready after 10 s") == 2,
                      timeout_s=40)
        held = harness.descendants(server)
        self.assertEqual(len(held), 1)
        self.assertNotEqual(held[0], was)
        self.open_gate()
        harness.until(lambda: len(harness.descendants(server)) > 1)
        self.assertEqual(harness.descendants(server)[0], held[0])

    def fill(self):
        """Tells the manager, who reads nothing, as much as it can be told."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
            other.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                while True:
                    other.sendto(b"WATCHDOG=1", self.notified.getsockname())

    def test_a_manager_that_reads_nothing_is_told_later(self):
        self.fill()
        began = threading.Thread(target=self.server.start)
        began.start()
        self.open_gate()
        began.join()
        told = b"WATCHDOG=1"
        while told == b"WATCHDOG=1":
            told = self.notified.recv(100)
        while told.startswith(b"EXTEND_TIMEOUT_USEC="):
            told = self.notified.recv(100)
        self.assertEqual(told, b"READY=1")
        self.fill()
        self.server.stop()

    def test_a_manager_that_reads_nothing_does_not_keep_it_from_ending(self):
        self.fill()
        with self.beginning() as process:
            harness.until(lambda: "the decoder is not ready after 1" in self.server.logged(),
                          timeout_s=30)
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(20), 0)

    @contextlib.contextmanager
    def beginning(self):
        with open(self.server.log, "wb") as log:
            process = subprocess.Popen([harness.SHOJID, "--config", self.server.config_file()],
                                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                       stderr=log)
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            process.wait()
            process.stdout.close()

    def test_it_can_be_told_to_end_meanwhile(self):
        with self.beginning() as process:
            self.assertTrue(self.notified.recv(100).startswith(b"EXTEND_TIMEOUT_USEC="))
            held = harness.descendants(process.pid)
            self.assertEqual(len(held), 1)
            ends = os.pidfd_open(held[0])
            self.addCleanup(os.close, ends)
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(20), 0)
            self.assertEqual(process.stdout.read(), b"")
            self.assertTrue(harness.select.select([ends], [], [], 20)[0])


if __name__ == "__main__":
    unittest.main()
