"""Our own rules name trackers and nothing else: over known pictures, and over every URL of the public mails
and templates of ../shared/data, each hit of which somebody has judged by hand (rule_hits.tsv)."""

import email
import html
import json
import pathlib
import re
import tempfile
import unittest

import harness

HERE = pathlib.Path(__file__).resolve().parent
DATA = HERE.parents[2] / "shared" / "data"
RULES = HERE.parents[1] / "deploy" / "rules" / "trackers.rules"
BATCH = 50  # URLs a document: a report names 128 links

# What open-trackers are known to look like, from the documentation of the services: were the rules not
# read at all, nothing else here would fail.
TRACKERS = [
    "https://www.google-analytics.com/collect?v=1&tid=UA-1-1&t=event&ec=email&ea=open",
    "https://u1234567.ct.sendgrid.net/wf/open?upn=u001.abc",
    "https://shop.us1.list-manage.com/track/open.php?u=1&id=2&e=3",
    "https://abcdefgh.r.eu-west-1.awstrack.me/I0/0102018abcdef/abc=1",
]


def lines(name):
    text = (HERE / name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def bodies(path):
    """A file as it is, and what its parts hold once decoded."""
    raw = path.read_bytes()
    yield raw
    if path.suffix == ".eml":
        for part in email.message_from_bytes(raw).walk():
            if not part.is_multipart():
                yield part.get_payload(decode=True) or b""


class RuleHits(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="shoji-rules-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        harness.write_keys(self.folder / "keys", harness.Key().line())
        (self.folder / "conf").write_text(
            f"[server]\nbase_url = {harness.BASE}\nkeys = {self.folder}/keys\n"
            "[rewrite]\nmax_images = 10000\n"
            f"[trackers]\nrules = {RULES}\npolicy = proxy\ngeometry = off\n")

    def named(self, text, *arguments):
        """What a rule named: [(host, kind, vendor)]. What goes for its kind alone is left out."""
        report = self.folder / "report"
        harness.shoji("rewrite", "--config", str(self.folder / "conf"), "--report", str(report),
                      *arguments, stdin=text, check=0)
        trackers = json.loads(report.read_text())["trackers"]
        self.assertLess(len(trackers), 128, "the report is full: some may be missing")
        return [(found["host"], found["kind"], found["vendor"]) for found in trackers
                if found["evidence"] != "kind"]

    def named_of(self, urls, tag):
        found = []
        for at in range(0, len(urls), BATCH):
            document = "".join(tag % html.escape(url) for url in urls[at:at + BATCH])
            found += self.named(document.encode(), "--html")
        return found

    def test_known_trackers(self):
        found = self.named_of(TRACKERS, '<img src="%s">')
        self.assertEqual(len(found), len(TRACKERS), found)

    def test_known_pictures(self):
        self.assertEqual(self.named_of(lines("rule_pictures.txt"), '<img src="%s">'), [])

    def test_public_mails(self):
        if not DATA.is_dir():
            self.skipTest(f"{DATA} is not here")
        known = {tuple(line.split("\t")[:2]) for line in lines("rule_hits.tsv")}
        urls, hits = {}, set()
        for path in [*sorted(DATA.glob("mails/*.eml")), *sorted(DATA.glob("templates/*.html"))]:
            hits.update(self.named(path.read_bytes(), *["--html"] * (path.suffix == ".html")))
            for body in bodies(path):
                for url in re.findall(rb"https?://[^\s\"'<>\\)]+", body):
                    urls[html.unescape(url.decode("latin-1"))] = True
        self.assertGreater(len(urls), 10000)
        hits.update(self.named_of(list(urls), '<img src="%s" width="9" height="9">'))
        hits.update(self.named_of(list(urls), '<a href="%s">x</a>'))
        found = {hit[:2] for hit in hits}
        self.assertEqual({hit for hit in hits if hit[:2] not in known}, set())
        self.assertEqual(known - found, set(), "not hit any more")


if __name__ == "__main__":
    unittest.main()
