"""SIGHUP reads the tracker rules again: what they name from then on is blocked everywhere, also where it was
shown a moment ago; and a bad file changes nothing."""

import os
import signal
import threading
import unittest

import harness
import origin as origins
import pictures

HTML = {"Content-Type": "text/html"}
NOTHING = "shoji-rules 1\n"
BLOCKS = "shoji-rules 1\nvendor Acme Mail\npixel */o/\n"


class Reload(harness.ServerTest):
    def setUp(self):
        self.sender = self.origin()
        self.sender.default = origins.picture(pictures.plain_png())
        self.url = self.sender.url("/o/open.png")
        self.server = self.shojid(start=False)
        self.rules = os.path.join(self.server.directory, "trackers.rules")
        self.write(NOTHING)
        self.server.conf["trackers"] = {"rules": self.rules}
        self.server.start()

    def write(self, text):
        with open(self.rules + ".new", "w", encoding="ascii") as file:
            file.write(text)
        os.replace(self.rules + ".new", self.rules)

    def reload(self, text, says="tracker rules reloaded"):
        self.write(text)
        said = self.server.logged(1000).count(says)
        self.server.process.send_signal(signal.SIGHUP)
        harness.until(lambda: self.server.logged(1000).count(says) > said)

    def is_shown(self):
        """By the server and in a rewritten document alike."""
        answer = self.server.open(self.url)
        self.assertEqual(answer.status, 200)
        body = self.server.ask_submit("POST", "/v1/rewrite", HTML,
                                      f'<img src="{self.url}">'.encode()).body
        shown = answer.get("Content-Type") == "image/png"
        self.assertEqual(b"data-shoji-tracker" not in body, shown)
        return shown

    def test_there_and_back(self):
        self.assertTrue(self.is_shown())
        self.assertTrue(self.is_shown())  # from hot memory
        self.reload(BLOCKS)
        self.assertFalse(self.is_shown())
        self.assertFalse(self.is_shown())
        self.reload(NOTHING)
        self.assertTrue(self.is_shown())
        self.assertEqual(self.sender.count(), 1)

    def test_a_bad_file_keeps_the_old_rules(self):
        self.reload(BLOCKS)
        for text in ("shoji-rules 1\nvendor A\npixel\n", "shoji-rules 1\nbogus x\n"):
            self.reload(text, says="trackers.rules:")
            self.assertFalse(self.is_shown())
        os.unlink(self.rules)
        said = "tracker rules not reloaded, the old ones stay: "
        self.assertEqual(self.server.logged(1000).count(said), 2)
        self.server.process.send_signal(signal.SIGHUP)
        harness.until(lambda: self.server.logged(1000).count(said) == 3)
        self.assertFalse(self.is_shown())

    def test_who_waits_gets_what_the_rules_of_now_say(self):
        go_on = threading.Event()
        self.addCleanup(go_on.set)

        def page(conn, asked):
            go_on.wait(30)
            self.sender.default(conn, asked)

        self.sender.pages["/o/open.png"] = page
        answers = []
        reader = threading.Thread(target=lambda: answers.append(self.server.open(self.url)))
        reader.start()
        self.assertTrue(self.sender.wait_for("/o/open.png"))
        self.reload(BLOCKS)
        go_on.set()
        reader.join(60)
        self.assertEqual(answers[0].get("Content-Type"), "image/gif")

    def test_under_load(self):
        """Readers and rewriters go on while rules come and go; each answer is one or the other."""
        done = threading.Event()

        def ask(_):
            seen = 0
            while not done.is_set():
                answer = self.server.open(self.url)
                self.assertEqual(answer.status, 200)
                body = self.server.ask_submit("POST", "/v1/rewrite", HTML,
                                              f'<img src="{self.url}">'.encode()).body
                self.assertTrue(b"data-shoji-tracker" in body or harness.BASE.encode() in body)
                seen += 1
            return seen

        def change():
            try:
                for i in range(20):
                    self.reload((BLOCKS, NOTHING)[i % 2])
            finally:
                done.set()

        changer = threading.Thread(target=change)
        changer.start()
        counts = harness.in_threads(3, ask)
        changer.join()
        self.assertTrue(all(counts))
        self.assertTrue(self.is_shown())


if __name__ == "__main__":
    unittest.main()
