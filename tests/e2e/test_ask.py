"""bench/ask.c with a rate: who finds all connections busy is asked for all the same, and waits."""

import json
import os
import resource
import socket
import subprocess
import tempfile
import threading
import unittest

import harness

ASK = os.path.join(harness.BUILD, "bench", "ask")
RATE, SECONDS = 1000, 1
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class LateServer(threading.Thread):
    """One connection, whose first answer waits until no request is due any more."""

    def __init__(self):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.first = threading.Event()
        self.go_on = threading.Event()

    def run(self):
        connection, _ = self.listener.accept()
        with connection:
            while connection.recv(4096):
                self.first.set()
                self.go_on.wait()
                connection.sendall(ANSWER)


@unittest.skipUnless(os.path.exists(ASK), "bench/ask is not built")
class TestAsk(unittest.TestCase):
    def setUp(self):
        self.server = LateServer()
        self.server.start()
        self.addCleanup(self.server.listener.close)

    def ask(self):
        with tempfile.NamedTemporaryFile("w", encoding="ascii") as paths:
            paths.write("/i/a\n")
            paths.flush()
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            with subprocess.Popen([ASK, "-r", str(RATE), "127.0.0.1", str(self.server.port), "1",
                                   str(SECONDS), paths.name], stdout=subprocess.PIPE) as process:
                self.assertTrue(self.server.first.wait(30))
                # The clock alone says when no more requests are due: that is what is waited for.
                threading.Timer(2 * SECONDS, self.server.go_on.set).start()
                figures = json.loads(process.stdout.read())
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.assertEqual(process.returncode, 0)
        spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return figures, spent

    def test_asks_for_all_that_was_due(self):
        figures, spent = self.ask()
        self.assertEqual(figures["failed"], 0)
        self.assertAlmostEqual(figures["requests"], RATE * SECONDS, delta=RATE * SECONDS / 5)
        # Due all along the first second, answered after the second one: each waited for one at least.
        self.assertGreater(figures["p50_us"], SECONDS * 1e6)
        self.assertLess(spent, SECONDS / 2)


if __name__ == "__main__":
    unittest.main()
