"""A machine that is too busy to bring up the decoder: the server waits for it, and says so."""

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
        began = threading.Thread(target=self.server.start)
        began.start()
        try:
            harness.until(lambda: "the decoder is not ready after 1" in self.server.logged(),
                          timeout_s=30)
            self.assertTrue(began.is_alive())
        finally:
            self.open_gate()
            began.join()
        told = [self.notified.recv(100)]
        while told[-1] != b"READY=1":
            told.append(self.notified.recv(100))
        self.assertGreater(len(told), 5)
        self.assertEqual(set(told[:-1]), {b"EXTEND_TIMEOUT_USEC=30000000"})
        sender = self.origin()
        sender.pages["/a.png"] = harness.origins.picture(harness.pictures.plain_png())
        self.assertPicture(self.server.open(sender.url("/a.png")))

    def test_it_can_be_told_to_end_meanwhile(self):
        with open(self.server.log, "wb") as log:
            process = subprocess.Popen([harness.SHOJID, "--config", self.server.config_file()],
                                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                       stderr=log)
        try:
            self.assertTrue(self.notified.recv(100).startswith(b"EXTEND_TIMEOUT_USEC="))
            held = harness.descendants(process.pid)
            self.assertEqual(len(held), 1)
            ends = os.pidfd_open(held[0])
            self.addCleanup(os.close, ends)
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(20), 0)
            self.assertEqual(process.stdout.read(), b"")
            self.assertTrue(harness.select.select([ends], [], [], 20)[0])
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            process.wait()
            process.stdout.close()


if __name__ == "__main__":
    unittest.main()
