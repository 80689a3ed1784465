"""milter: what does shoji-milter add to a mail on its way through the mail server?

Newsletters of 75 KB (30 images, 2 trackers, 40 links, style sheet, quoted-printable; each with URLs
of its own) go through a milter by the protocol of real mail servers, a connection a message
(bench/milter_send.c). `pass` is told all of a message and changes nothing (bench/milter_pass.c on
libmilter). shoji-milter: `rewrite` only rewrites, `queued` hands the images to a running server
first, as it does by default, `spooled` writes them to the spool because none runs; with the tracker
rules that are installed. The milter has one core, the sender the other.

cpu_us is the milter's CPU time a message, p50_us and p99_us what a message takes from connecting to
the last word, over one connection after the other; per_s what 8 connections at once get through on
the clock, and per_core what they would on a core of their own: a million by their CPU time a
message. `shojid` has the server's CPU time a message of `queued`.
"""

import json
import os
import pathlib
import quopri
import statistics
import subprocess
import tempfile

import measure
import rewrite_corpus as corpora
import subjects
from subjects import harness

MESSAGES, IMAGES, SIZE = 100, 30, 75_000
AT_ONCE = 8
CPU_WANTED_US, PER_CORE_WANTED = 3000, 300
UNITS = {"cpu_us": "us", "p50_us": "us", "p99_us": "us", "per_s": "1/s", "per_core": "1/s"}
PROSE = ("Dear reader, here is what is new with us this week, and what will be gone by the next: "
         "prices are as low as they ever were, and the weather is expected to stay. ")


def newsletter(number):
    """75 KB as they are sent, most of it the table of a layout."""
    host = f"img.sender{number}.example"
    cell = ("padding:12px 18px;font-family:Arial,Helvetica,sans-serif;font-size:14px;"
            "line-height:20px;color:#333333")
    rows = []
    for i in range(IMAGES):
        link = f"https://click.sender.example/c/{number}/{i}?u={'k' * 60}&amp;e={i}"
        rows.append(
            f'<tr><td align="center" valign="top" style="{cell}"><a href="{link}" target="_blank">'
            f'<img src="https://{host}/{i}.png?v={number}" width="260" height="180" alt="picture {i}" '
            f'style="display:block;border:0;max-width:100%"></a></td>\n<td style="{cell}">'
            f'<h2 style="margin:0 0 10px 0;font-size:18px">Number {i}</h2><p style="margin:0">@</p>'
            f"</td></tr>\n")
    foot = "".join(f'<a href="https://sender.example/{n}" style="color:#999999">link {n}</a> '
                   for n in range(10))
    page = ("<!DOCTYPE html><html><head><title>This week</title><style>\n@media only screen and "
            "(max-width:600px) { .column { width:100% !important; display:block !important } }\n"
            "a { color:#0066cc; text-decoration:none } td { border-collapse:collapse }\n</style>"
            '</head><body bgcolor="#f4f4f4" style="margin:0;padding:0"><table width="600" '
            'align="center" cellpadding="0" cellspacing="0" border="0">\n' + "".join(rows)
            + f"</table>{foot}\n"
            f'<img src="https://{host}/o/{number}" width="1" height="1" alt="">'
            f'<img src="https://www.google-analytics.com/collect?v=1&amp;t=event&amp;cid={number}" '
            'width="1" height="1" alt=""></body></html>')
    size = len(quopri.encodestring(page.encode()))
    per_cell = (SIZE - size) // IMAGES
    page = page.replace("@", (PROSE * (per_cell // len(PROSE) + 1))[:int(per_cell * 0.94)])
    fields = [f"Received: from mx{n}.sender.example (mx{n}.sender.example [192.0.2.{n}])\n"
              f"\tby mail.example.org with ESMTPS id 4XYZ{n}; Mon, 1 Jun 2026 10:00:0{n} +0000"
              for n in range(3)]
    fields += ["Authentication-Results: mail.example.org; dkim=pass header.d=sender.example;\n"
               "\tspf=pass; dmarc=pass", "DKIM-Signature: v=1; a=rsa-sha256; d=sender.example;\n\t"
               f"s=s1; h=from:to:subject; bh={'b' * 43}=;\n\tb={'a' * 172}",
               "From: The sender <news@sender.example>", "To: anna@example.org",
               f"Subject: This week, number {number}", f"Message-ID: <{number}@sender.example>",
               "Date: Mon, 1 Jun 2026 10:00:00 +0000",
               f"List-Unsubscribe: <https://sender.example/u/{number}>", "MIME-Version: 1.0",
               "Content-Type: text/html; charset=utf-8",
               "Content-Transfer-Encoding: quoted-printable"]
    body = quopri.encodestring(page.encode()).decode()
    return ("\n".join(fields) + "\n\n" + body + "\n").replace("\n", "\r\n").encode()


class Subject:
    def __init__(self, name, folder, command):
        self.name = name
        self.address = os.path.join(folder, name + ".sock")
        self.process = subprocess.Popen(
            measure.pin(measure.SUBJECT_CORE, [word.replace("@", "unix:" + self.address)
                                               for word in command]),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        if not self.process.stdout.readline().startswith("ready"):
            raise measure.Unavailable(f"{name} does not start")

    def turn(self, corpus, seconds, connections):
        """The figures of so many seconds."""
        before = measure.cpu_all_ns([self.process.pid])
        done = subprocess.run(measure.pin(measure.LOAD_CORE, [
            os.path.join(measure.BUILD, "bench", "milter_send"), self.address, str(connections),
            str(int(seconds * 1000)), corpus]), stdout=subprocess.PIPE, text=True, check=True)
        figures = json.loads(done.stdout)
        spent = measure.cpu_all_ns([self.process.pid]) - before
        if figures["replaced"] != (0 if self.name == "pass" else figures["messages"]):
            raise RuntimeError(f"{self.name}: {figures}")
        return {**figures, "cpu_us": spent / 1000 / figures["messages"]}

    def stop(self):
        self.process.kill()  # at the end of a measurement, nothing is in its hands
        self.process.wait()
        self.process.stdout.close()


def configuration(server, folder, case):
    spool = pathlib.Path(folder, "spool-" + case)
    spool.mkdir()
    server.conf["prefetch"] = {
        "enabled": "off" if case == "rewrite" else "on", "delay": "1h", "jitter": "0s",
        "spool": str(spool)}
    rules = sorted(pathlib.Path(measure.ROOT, "deploy", "rules").glob("*.rules"))
    server.conf["trackers"] = {"rules": ", ".join(map(str, rules))}
    server.conf["server"]["submit"] = (
        os.path.join(folder, "nobody.sock") if case == "spooled" else server.submit)
    config = server.config_file()
    path = os.path.join(folder, case + ".conf")
    os.rename(config, path)
    return path


def race(options, corpus, running, server):
    """subject -> [its figures in a round]"""
    samples = {subject.name: [] for subject in running}
    for subject in running:
        subject.turn(corpus, 0.5, 1)  # to warm up
    for _ in range(options.rounds):
        for subject in running:
            before = measure.cpu_all_ns([server.process.pid])
            one = subject.turn(corpus, options.seconds / 2, 1)
            spent = measure.cpu_all_ns([server.process.pid]) - before
            many = subject.turn(corpus, options.seconds / 2, AT_ONCE)
            sample = {"cpu_us": one["cpu_us"], "p50_us": one["p50_us"], "p99_us": one["p99_us"],
                      "per_s": many["messages"] / many["seconds"],
                      "per_core": 1e6 / many["cpu_us"] if many["cpu_us"] else 0}
            samples[subject.name].append(sample)
            if subject.name == "queued":
                samples.setdefault("shojid", []).append(
                    {"cpu_us": spent / 1000 / one["messages"]})
    return samples


def verdicts(rows):
    value = {(r["subject"], r["metric"]): r["value"] for r in rows}
    lines = []
    for case in ("rewrite", "queued", "spooled"):
        added = value[case, "cpu_us"] - value["pass", "cpu_us"]
        lines += [(f"{case}: CPU added to a message <= {CPU_WANTED_US} us", added,
                   added <= CPU_WANTED_US),
                  (f"{case}: messages a second a core >= {PER_CORE_WANTED}",
                   value[case, "per_core"], value[case, "per_core"] >= PER_CORE_WANTED)]
    return lines


def notes(rows):
    return "\n".join(measure.verdict_lines(verdicts(rows), 0)) + "\n"


def run(options):
    with tempfile.TemporaryDirectory(prefix="shoji-bench-") as folder:
        corpus = corpora.write(os.path.join(folder, "corpus"),
                               [newsletter(number) for number in range(MESSAGES)])
        program = os.path.join(measure.BUILD, "src", "milter", "shoji-milter")
        server = harness.Shojid({"server": {"threads": "1"}})
        running = []
        try:
            cases = {case: configuration(server, folder, case)
                     for case in ("rewrite", "spooled", "queued")}
            server.start("--config", cases["queued"])
            running.append(Subject("pass", folder, [
                os.path.join(measure.BUILD, "bench", "milter_pass"), "@"]))
            running += [Subject(case, folder, [program, "--config", path, "--listen", "@"])
                        for case, path in cases.items()]
            samples = race(options, corpus, running, server)
        finally:
            for subject in running:
                subject.stop()
            server.remove()
    rows = [{"bench": "milter", "case": "newsletter", "subject": subject, "metric": metric,
             "value": round(statistics.median(sample[metric] for sample in rounds), 1),
             "unit": UNITS[metric]}
            for subject, rounds in samples.items() for metric in rounds[0]]
    value = {(r["subject"], r["metric"]): r["value"] for r in rows}
    measure.print_table(["bench", "subject", *UNITS],
                        [["milter", subject, *(value.get((subject, metric), "-") for metric in UNITS)]
                         for subject in samples])
    measure.print_verdicts(verdicts(rows), 0)
    return rows
