"""What the bytes of an original say it is: pixels become the constant blank, larger spacers keep their
size, and whose pixels they were is told to the operator, never to the rules (contract 3 to 5)."""

import csv
import datetime
import io
import json
import os
import unittest

import dns
import harness
import origin as origins
import pictures
import test_admin

ADDRESS = "127.61.62.63"
RULES = "shoji-rules 1\nvendor Acme Mail\npixel acme.example\n"


class Pixels(harness.ServerTest):
    def setUp(self):
        self.sender = self.origin(ADDRESS)
        self.sender.default = origins.picture(pictures.clear_png(1, 1))
        self.sender.pages["/logo.png"] = origins.picture(pictures.plain_png())
        self.resolver = dns.Server(default=lambda question: question.addresses(ADDRESS))
        self.addCleanup(self.resolver.close)
        self.server = self.shojid({"fetch": {"resolvers": self.resolver.address}}, start=False)
        self.rules = os.path.join(self.server.directory, "trackers.rules")
        self.write_rules(RULES)
        self.server.conf["trackers"] = {"rules": self.rules, "policy": "proxy"}
        self.server.start()

    def write_rules(self, text):
        with open(self.rules, "w", encoding="ascii") as file:
            file.write(text)

    def open(self, host, path, **options):
        return self.server.open(self.sender.url(path, host), **options)

    def trackers(self, query=""):
        answer = self.server.ask_admin("GET", "/v1/trackers" + query)
        self.assertEqual(answer.status, 200)
        return json.loads(answer.body)

    def shoji(self, *arguments):
        code, out, said = harness.shoji("trackers", *arguments, "--config",
                                        self.server.config_file())
        return code, out.decode(), said

    def see_some(self):
        for i in range(3):
            self.open(f"r{i}.px.neu.example", f"/o?{i}")
        self.open("acme.example", "/o?1")
        self.open("einmal.example", "/o?1")
        for i in range(2):
            self.open("laden.example", f"/o?{i}")
        self.assertPicture(self.open("laden.example", "/logo.png"), "png")

    def test_verdicts(self):
        blanks = set()
        for width, height in ((1, 1), (3, 3), (1, 3)):
            path = f"/clear-{width}-{height}"
            self.sender.pages[path] = origins.picture(pictures.clear_png(width, height))
            blanks.add(self.open("a.example", path).body)
        self.sender.pages["/red"] = origins.picture(pictures.plain_png(2, 2))
        answer = self.open("a.example", "/red")
        blanks.add(answer.body)
        self.assertEqual(answer.get("Cache-Control"), "public, max-age=86400")
        self.assertEqual(len(blanks), 1)
        for width, height in ((4, 1), (1, 600), (20, 20)):
            path = f"/spacer-{width}-{height}"
            self.sender.pages[path] = origins.picture(pictures.clear_png(width, height))
            answer = self.open("a.example", path)
            self.assertPicture(answer, "png")
            self.assertEqual(pictures.png_size(answer.body), (width, height))
        self.sender.pages["/line"] = origins.picture(pictures.plain_png(1, 40))
        self.assertEqual(pictures.png_size(self.open("a.example", "/line").body), (1, 40))
        text = self.server.ask_admin("GET", "/metrics").body.decode()
        figures = test_admin.read_metrics(text)
        for verdict, count in (("pixel", 4), ("spacer", 3), ("picture", 1)):
            self.assertEqual(figures["shoji_verdicts_total", f'verdict="{verdict}"'], count)
        self.assertNotIn("a.example", text)

    def test_the_record(self):
        self.see_some()
        told = self.trackers()
        today = datetime.datetime.now(datetime.timezone.utc).date()
        days = {str(today), str(today - datetime.timedelta(1))}
        self.assertEqual((told["v"], told["forgotten"]), (1, 0))
        self.assertTrue({t.pop("first") for t in told["trackers"]} <= days)
        self.assertTrue({t.pop("last") for t in told["trackers"]} <= days)
        self.assertEqual(told["trackers"], [
            {"vendor": None, "host": "px.neu.example", "domain": "neu.example", "originals": 3,
             "pictures": 0, "known": "candidate"},
            {"vendor": None, "host": "laden.example", "domain": "laden.example", "originals": 2,
             "pictures": 1, "known": "candidate"},
            {"vendor": "Acme Mail", "host": "acme.example", "domain": "acme.example",
             "originals": 1, "pictures": 0, "known": "rule"},
            {"vendor": None, "host": "einmal.example", "domain": "einmal.example", "originals": 1,
             "pictures": 0, "known": "candidate"}])
        table = self.server.ask_admin("GET", "/v1/trackers?format=csv")
        self.assertIn("text/csv", table.get("Content-Type"))
        rows = list(csv.DictReader(io.StringIO(table.body.decode(), newline="")))
        self.assertEqual([(row["host"], row["originals"], row["vendor"]) for row in rows], [
            ("px.neu.example", "3", ""), ("laden.example", "2", ""),
            ("acme.example", "1", "Acme Mail"), ("einmal.example", "1", "")])
        code, out, _ = self.shoji()
        self.assertEqual(code, 0)
        self.assertRegex(out.splitlines()[0], r"^ +3 +0 .* candidate +px\.neu\.example$")
        self.assertEqual(json.loads(self.shoji("--json")[1]), self.trackers())

    def test_opening_counts_nothing(self):
        for _ in range(3):
            self.open("neu.example", "/o?1")
            self.open("neu.example", "/o?1", c=1)
            self.open("neu.example", "/o?1", m=self.server.key.salt("anna@example.org"))
        self.assertEqual(self.trackers()["trackers"][0]["originals"], 1)
        self.assertEqual(self.sender.count(), 1)

    def test_what_redirects_to_a_pixel(self):
        self.sender.pages["/hop"] = origins.redirect(self.sender.url("/o", "ziel.example"))
        self.open("weg.example", "/hop")
        self.assertEqual({t["host"]: t["originals"] for t in self.trackers()["trackers"]},
                         {"weg.example": 1, "ziel.example": 1})

    def test_restarts(self):
        self.see_some()
        before = self.trackers()
        self.server.stop()
        self.server.start()
        self.assertEqual(self.trackers(), before)
        self.server.kill()
        self.server.start()
        self.assertEqual(self.trackers(), before)

    def test_since(self):
        self.see_some()
        future = (datetime.date.today() + datetime.timedelta(3)).isoformat()
        self.assertEqual(self.trackers(f"?since={future}")["trackers"], [])
        self.assertEqual(len(self.trackers("?since=2026-01-31")["trackers"]), 4)
        self.assertEqual(self.shoji("--since", future)[:2], (0, ""))
        for query in ("?since=yesterday", "?since=2026-02-30", "?format=xml"):
            answer = self.server.ask_admin("GET", "/v1/trackers" + query)
            self.assertEqual(answer.status, 400, query)
        for wrong in (("--since", "2026-02-30"), ("--since",), ("x",), ("--json", "--candidates")):
            self.assertEqual(self.shoji(*wrong)[0], 2, wrong)

    def test_candidates_are_rules_for_a_person_to_paste(self):
        self.see_some()
        self.open(ADDRESS, "/o?1")
        self.open(ADDRESS, "/o?2")
        code, out, _ = self.shoji("--candidates")
        self.assertEqual(code, 0)
        self.assertEqual([line for line in out.splitlines() if line and line[0] != "#"],
                         ["vendor neu.example", "pixel px.neu.example"])
        for host in ("laden.example", "einmal.example", ADDRESS):
            self.assertIn(f"# pixel {host}\n", out)
        self.assertNotIn("acme", out)
        # Nothing has come of it by itself.
        self.server.conf["trackers"]["policy"] = "block"
        self.server.stop()
        self.server.start()
        asked = self.sender.count()
        self.open("r9.px.neu.example", "/o?9")
        self.assertEqual(self.sender.count(), asked + 1)
        # Somebody has read and pasted it, with what is in doubt.
        self.write_rules(RULES + out.replace("# vendor", "vendor").replace("# pixel l", "pixel l"))
        self.server.reload()
        harness.until(lambda: "tracker rules reloaded" in self.server.logged())
        self.open("r10.px.neu.example", "/o?10")
        self.assertEqual(self.sender.count(), asked + 1)
        known = {t["host"]: (t["known"], t["vendor"]) for t in self.trackers()["trackers"]}
        self.assertEqual(known["px.neu.example"], ("rule", "neu.example"))
        self.assertEqual(known["einmal.example"], ("candidate", None))


if __name__ == "__main__":
    unittest.main()
