"""delivered: what does one delivered newsletter cost, from rewriting to its third reading?

A newsletter of 12 images (logo, heroes, thumbnails, icons; those of bench/decode_images.py), one of
them behind CSS, and two trackers goes through `shoji rewrite --mail --prefetch` for one mailbox; its
images are fetched, decoded and stored; then it is read three times, every image asked for each time,
as by a reader whose own cache is empty. `alone`: the only one of its campaign at this provider.
`campaign`: one of 50 mailboxes that get it, whose images are shared; the trackers are each their
own.

cpu_us is CPU time a newsletter, all processes counted: shoji is the sum, rewrite the program that
rewrites (a process a mail, its start included), shojid the server, shoji-decode its decoders.
bytes_fetched, bytes_stored (pictures, each once) and bytes_served are what moved a newsletter;
subject `direct` has them for a mail that is shown without Shoji. (There is no peer: nothing else
does all of it.)
"""

import email
import importlib
import io
import os
import random
import re
import resource
import subprocess
import tempfile

import measure
import subjects
from subjects import harness

origins = subjects.origins
READINGS = 3
IMAGES = ["logo", "hero", "hero", "icon", "icon", "icon", "icon", "thumbnail", "thumbnail",
          "thumbnail", "thumbnail", "thumbnail"]
CASES = {"alone": (40, 1), "campaign": (2, 50)}  # campaigns, and mailboxes that each goes to
PROSE = "Dear reader, here is what is new with us this week, and what will be gone by the next. "
UNITS = {"cpu_us": "us", "bytes_fetched": "B", "bytes_stored": "B", "bytes_served": "B"}


def samples(folder):
    """{kind: [file]} of still pictures."""
    found = {}
    for line in open(importlib.import_module("decode_images").make(
            folder, importlib.import_module("decode_images").ORDINARY), encoding="ascii"):
        kind, ending, path = line.split()
        if ending in ("png", "jpg"):
            found.setdefault(kind, []).append(path)
    return found


def varied(path, number):
    """The same picture with a corner of another colour: no two campaigns share their bytes."""
    from PIL import Image  # Debian's, which decode_images needs, too
    with Image.open(path) as image:
        image.load()
        fresh = image.convert("RGBA" if "A" in image.mode or "transparency" in image.info else "RGB")
        fresh.paste(tuple(random.Random(number).randbytes(3)), (0, 0, 2, 2))
        out = io.BytesIO()
        how = {"format": "JPEG", "quality": 85} if path.endswith(".jpg") else {"format": "PNG"}
        (fresh.convert("RGB") if path.endswith(".jpg") else fresh).save(out, **how)
    return out.getvalue()


def newsletter(urls, trackers):
    """Some 60 KB, as newsletters are."""
    cells = "".join(
        f'<tr><td style="padding:12px;font-family:Arial,sans-serif;font-size:14px;color:#333333">'
        f'<img src="{url}" width="260" alt="picture" style="display:block;border:0">'
        f'<p style="margin:0 0 10px 0">{PROSE * 40}</p></td></tr>\n' for url in urls[1:])
    hidden = "".join(f'<img src="{url}" width="1" height="1" alt="">' for url in trackers)
    return ("From: news@sender.example\r\nTo: reader@provider.example\r\nSubject: This week\r\n"
            "MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
            f'<html><body style="background:url({urls[0]})"><table width="600">{cells}</table>'
            f"{hidden}</body></html>\r\n").replace(". ", ".\r\n").encode()


class Provider:
    def __init__(self):
        self.origin = origins.Origin()
        self.server = harness.Shojid({"server": {"threads": "1"},
                                      "cache": {"size": "1G", "hot_memory": "64M"}})
        self.server.start()
        self.config = self.server.config_file()

    def spent_us(self):
        """Of the server, of its decoders, and of the programs that have ended."""
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return {"shojid": measure.cpu_all_ns([self.server.process.pid]) / 1000,
                "shoji-decode": measure.cpu_all_ns(
                    harness.descendants(self.server.process.pid)) / 1000,
                "rewrite": (usage.ru_utime + usage.ru_stime) * 1e6}

    def deliver(self, mail, mailbox):
        """The URLs of ours that the delivered mail shows."""
        done = subprocess.run(measure.pin(measure.SUBJECT_CORE, [
            harness.SHOJI, "rewrite", "--config", self.config, "--mailbox", mailbox, "--prefetch"]),
            input=mail, stdout=subprocess.PIPE, check=True)
        shown = email.message_from_bytes(done.stdout).get_payload(decode=True).decode()
        return sorted(set(re.findall(re.escape(harness.BASE) + r"(/[is]/[\w./-]+)", shown)))

    def stop(self):
        self.server.stop()
        self.origin.close()


def run_case(provider, case, files):
    campaigns, mailboxes = CASES[case]
    chance = random.Random(case)
    sent, originals, direct = [], set(), 0
    for campaign in range(campaigns):
        urls, bytes_ = [], 0
        for i, kind in enumerate(IMAGES):
            body = varied(chance.choice(files[kind]), f"{case}-{campaign}-{i}")
            path = f"/{case}/{campaign}/{i}"
            provider.origin.pages[path] = origins.picture(body)
            urls.append(provider.origin.url(path))
            bytes_ += len(body)
        originals |= set(urls)
        direct += bytes_
        sent += [(urls, f"{case}{campaign}x{box}") for box in range(mailboxes)]
    mails = [(newsletter(urls, [provider.origin.url(f"/t/{name}/{n}") for n in range(2)]), name)
             for urls, name in sent]
    asked, before = provider.origin.count(), provider.spent_us()
    opened = [provider.deliver(mail, f"{name}@provider.example") for mail, name in mails]
    harness.until(lambda: provider.origin.count() >= asked + len(originals), 300)
    stored, served = {}, 0
    with provider.server.client() as client:
        harness.until(lambda: client.ask("GET", opened[-1][-1]).status == 200)
        for paths in opened:
            for path in paths * READINGS:
                answer = client.ask("GET", path)
                if answer.status != 200:
                    raise RuntimeError(f"{answer.status} for {path}")
                stored[hash(answer.body)] = len(answer.body)
                served += len(answer.body)
    if provider.origin.count() != asked + len(originals) or any(len(p) != 12 for p in opened):
        raise RuntimeError("not each original once, or not all of the images")
    spent = {name: (after - before[name]) / len(mails)
             for name, after in provider.spent_us().items()}
    figures = {("shoji", "cpu_us"): sum(spent.values()),
               **{(name, "cpu_us"): value for name, value in spent.items()},
               ("shoji", "bytes_fetched"): direct / len(mails),
               ("direct", "bytes_fetched"): READINGS * direct / campaigns,
               ("shoji", "bytes_stored"): sum(stored.values()) / len(mails),
               ("shoji", "bytes_served"): served / len(mails),
               ("direct", "bytes_served"): READINGS * direct / campaigns}
    return [{"bench": "delivered", "case": case, "subject": subject, "metric": metric,
             "value": round(value, 1), "unit": UNITS[metric]}
            for (subject, metric), value in figures.items()]


def run(options):
    del options
    with tempfile.TemporaryDirectory(prefix="shoji-bench-") as folder:
        files = samples(folder)
        provider = Provider()
        try:
            rows = [row for case in CASES for row in run_case(provider, case, files)]
        finally:
            provider.stop()
    measure.print_table(["case", "subject", "metric", "a newsletter", "unit"],
                        [[r["case"], r["subject"], r["metric"], f"{r['value']:,.0f}", r["unit"]]
                         for r in rows])
    return rows
