#!/usr/bin/env python3
"""shoji rewrite, judged by Python's own mail and HTML parsers, which share nothing with it.

Every mail of ../shared/data/mails (where that folder is), and the samples below: the same parts
before and after, byte for byte but for the HTML ones; nothing in those that a client could load but
URLs under the base, cid: and raster data: URLs; the same visible text; a second pass changes nothing;
shoji unrewrite gives the originals back.

SHOJI_BUILD names the build directory.
"""

import base64
import codecs
import concurrent.futures
import email
import html.parser
import json
import os
import pathlib
import re
import socket
import subprocess
import tempfile
import threading
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("SHOJI_BUILD") or ROOT / "build") / "src" / "cli" / "shoji"
MAILS = ROOT.parent / "shared" / "data" / "mails"
BASE = "https://img.example.org"
KEY = "k1  " + base64.b64encode(bytes(range(32))).decode() + "  sign\n"

IMAGE = b'<img src="http://a.test/i.png">'
REMOTE_HTML = b"""<html><head><style>@import url(http://a.test/c.css); td{background:url(//a.test/b)}
</style><link rel=stylesheet href=http://a.test/l.css></head><body background=http://a.test/bg.png>
<p style="background:u\\72l('http://a.test/s')">text caf\xc3\xa9</p><img src=http://a.test/i.png
srcset="http://a.test/1 1x, http://a.test/2 2x"><a href=http://a.test/link>link</a>
<iframe src=http://a.test/f></iframe><video poster=http://a.test/p src=http://a.test/v></video></body>
"""


def mail(header, body=b""):
    return header.replace(b"\n", b"\r\n") + b"\r\n" + body


def multipart(kind, *parts):
    body = b"".join(b"--=_b\r\n" + part + b"\r\n" for part in parts) + b"--=_b--\r\n"
    return mail(b'Subject: s\nMIME-Version: 1.0\nContent-Type: multipart/' + kind +
                b'; boundary="=_b"\n', body)


HTML = mail(b"Content-Type: text/html; charset=utf-8\n", REMOTE_HTML)
SAMPLES = {
    "plain": mail(b"Subject: s\n", b"hello\r\n"),
    "html alone": HTML,
    "html without line end": HTML.rstrip(),
    "lf": HTML.replace(b"\r\n", b"\n"),
    "base64": mail(b"Content-Type: text/html\nContent-Transfer-Encoding: base64\n",
                   base64.encodebytes(REMOTE_HTML)),
    "latin-1": mail(b"Content-Type: text/html; charset=iso-8859-1\n", b"caf\xe9 " + IMAGE),
    "alternative": multipart(b"alternative", mail(b"", b"one"), HTML),
    "related": multipart(b"related", HTML, mail(b"Content-Type: image/png\nContent-ID: <x>\n"
                                                b"Content-Transfer-Encoding: base64\n", b"iVBORw0=")),
    "no close": multipart(b"mixed", mail(b"", b"one"), HTML)[:-10],
    "message within": mail(b"Content-Type: message/rfc822\n", HTML),
    "attached html": multipart(b"mixed", mail(
        b"Content-Type: text/html; name=a.html\nContent-Disposition: attachment\n", REMOTE_HTML)),
    "binary": multipart(b"mixed", HTML, mail(b"Content-Type: application/octet-stream\n"
                                             b"Content-Transfer-Encoding: base64\n",
                                             base64.encodebytes(bytes(range(256))))),
}

# Tags that load something, or change what a tokenizer does with what follows.
FORBIDDEN_TAGS = {"script", "iframe", "frame", "object", "embed", "applet", "link", "base", "svg",
                  "math", "video", "audio", "source", "track", "noscript", "textarea", "xmp",
                  "template", "form", "input", "bgsound", "portal", "param"}
LOADING = {"src", "background", "poster", "data", "lowsrc", "dynsrc", "longdesc", "action", "formaction",
           "ping", "manifest", "classid", "codebase", "icon", "profile", "usemap", "xlink:href"}
RASTER = re.compile(r"data:image/(png|jpe?g|gif|webp);base64,[A-Za-z0-9+/=\s]*$")


def may_load(url):
    url = url.strip()
    return (url == "" or url.startswith("#") or url.startswith(BASE + "/i/") or
            url.lower().startswith("cid:") or RASTER.match(url) is not None)


def css_problems(css):
    """A sloppy reading: whatever looks like a reference after undoing escapes is one."""
    plain = re.sub(r"\\([0-9a-fA-F]{1,6})\s?", lambda m: chr(min(int(m[1], 16), 0x10FFFF)), css)
    for url in re.findall(r"url\(\s*[\"']?([^\"')]*)", plain, re.I):
        if not may_load(url):
            yield f"css url {url!r}"
    for word in ("@import", "@font-face", "expression(", "image-set(", "-moz-binding", "behavior:",
                 "javascript:"):
        if word in plain.lower():
            yield f"css {word}"
    for url in re.findall(r"(?:https?:)?//[^\s\"')]+", plain):
        if not may_load(url):
            yield f"css text {url!r}"


class Scanner(html.parser.HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.problems = []
        self.in_style = False
        self.text = ""

    def handle_starttag(self, tag, attrs):
        if tag in FORBIDDEN_TAGS or ":" in tag:
            self.problems.append(f"<{tag}>")
        self.in_style = tag == "style"
        for name, value in attrs:
            value = value or ""
            if name in LOADING and not may_load(value):
                self.problems.append(f"<{tag} {name}={value!r}>")
            elif name == "srcset":
                self.problems += [f"srcset {url!r}" for url in re.split(r"[\s,]+", value)
                                  if "/" in url and not may_load(url)]
            elif name == "style":
                self.problems += css_problems(value)
            elif name.startswith("on"):
                self.problems.append(f"<{tag} {name}>")
            elif name == "http-equiv" and value.lower() not in ("content-type",
                                                                "x-dns-prefetch-control"):
                self.problems.append(f"http-equiv {value!r}")

    def handle_endtag(self, tag):
        if tag == "style":
            self.in_style = False

    def handle_data(self, data):
        if self.in_style:
            self.problems += css_problems(data)
        else:
            self.text += data

    def handle_comment(self, data):
        self.problems.append(f"comment {data[:30]!r}")

    def unknown_decl(self, data):
        self.problems.append(f"declaration {data[:30]!r}")


def html_problems(text):
    scanner = Scanner()
    scanner.feed(text)
    scanner.close()
    return scanner.problems


class Visible(html.parser.HTMLParser):
    """The text that a reader sees, without its blanks."""

    HIDDEN = {"script", "style", "title", "iframe", "noembed", "noframes", "svg", "math", "xml"}

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.text = []
        self.hidden = []

    def handle_starttag(self, tag, attrs):
        if tag in self.HIDDEN:
            self.hidden.append(tag)

    def handle_startendtag(self, tag, attrs):
        if tag not in ("svg", "math"):
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag):
        while tag in self.hidden:
            if self.hidden.pop() == tag:
                break

    def handle_data(self, data):
        if not self.hidden:
            self.text.append(data)


def visible(text):
    parser = Visible()
    parser.feed(text)
    parser.close()
    return re.sub(r"[\s\0\ufffd\ufeff]+", "", "".join(parser.text))


# What browsers take these labels for: WHATWG Encoding, section 4.2.
LABELS = {"iso-8859-1": "cp1252", "us-ascii": "cp1252", "ascii": "cp1252", "gb2312": "gb18030",
          "gbk": "gb18030", "euc-kr": "cp949", "ks_c_5601-1987": "cp949", "shift_jis": "cp932"}


def known(label):
    try:
        return codecs.lookup(LABELS.get(label.strip().lower(), label.strip())).name
    except (LookupError, ValueError):
        return None


def decoded(part):
    """The text of a part: mark, header, <meta>, UTF-8 if it is that, windows-1252."""
    raw = part.get_payload(decode=True)
    if raw.startswith(codecs.BOM_UTF8):
        return raw[3:].decode("utf-8", "replace")
    meta = re.search(rb"<meta[^>]*charset\s*=\s*[\"']?([\w-]+)", raw[:1024], re.I)
    name = known(part.get_content_charset() or "?") or (meta and known(meta[1].decode("ascii")))
    if name:
        return raw.decode(name, "replace")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


class Pictures(html.parser.HTMLParser):
    """Where each <img> comes from, as written."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.found = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        if tag == "img":
            self.found.append(dict(attrs).get("src") or "")


def leaves(message):
    return [part for part in message.walk() if not part.is_multipart()]


def is_html(part):
    kind = part.get_content_type()
    return "html" in kind or "html" in str(part.get("Content-Type", "")).split(";")[0].lower()


def judge(before, after):
    """What is wrong with `after` as the rewrite of `before`."""
    old, new = email.message_from_bytes(before), email.message_from_bytes(after)
    problems = []
    changed = False
    old_leaves, new_leaves = leaves(old), leaves(new)
    for original in [part for part in new_leaves if part.get_filename() == "original.eml"]:
        new_leaves.remove(original)
        if original.get_payload(decode=True) != before:
            problems.append("the original is not the original")
    if len(old_leaves) != len(new_leaves):
        return [f"{len(old_leaves)} parts became {len(new_leaves)}"]
    for was, now in zip(old_leaves, new_leaves):
        if is_html(was) and was.get_payload(decode=True).strip():
            changed = True
            if now.get_content_type() != "text/html" or now.get_content_charset() != "utf-8":
                problems.append(f"html became {now['Content-Type']}")
            text = now.get_payload(decode=True).decode("utf-8")
            problems += html_problems(text)
            if visible(decoded(was)) != visible(text):
                problems.append("the visible text is not the same")
        elif was.get_payload(decode=True) != now.get_payload(decode=True):
            problems.append(f"the bytes of {was.get_content_type()} changed")
    if changed and len(new.get_all("X-Shoji", [])) != 1:
        problems.append("not one X-Shoji header")
    if not changed and after != before and b"X-Removed-" not in after:
        problems.append("changed without need")
    return problems


PLAIN_URL = re.compile(r"https?://[a-z0-9.-]+/[A-Za-z0-9._/-]*(\?[A-Za-z0-9._=&/-]*)?$")


def judge_back(before, after, back):
    """What is wrong with `back` as the way back from `after`."""
    problems = []
    for was, now, then in zip(*(leaves(email.message_from_bytes(mail)) for mail in
                                (before, after, back))):
        if now.get_filename() == "original.eml":
            continue
        if not is_html(now):
            if now.as_bytes() != then.as_bytes():
                problems.append(f"going back changes {now.get_content_type()}")
            continue
        text = then.get_payload(decode=True).decode("utf-8")
        if visible(text) != visible(now.get_payload(decode=True).decode("utf-8")):
            problems.append("going back changes the text")
        if re.search(r"[\"'(\s,]" + re.escape(BASE) + "/[is]/", text):
            problems.append("a URL of ours is left")
        shown = [Pictures(page).found for page in
                 (decoded(was), now.get_payload(decode=True).decode("utf-8"), text)]
        if len({len(found) for found in shown}) > 1:
            continue  # the parsers differ about what is a tag
        for original, ours, again in zip(*shown):
            if ours.startswith(BASE) and PLAIN_URL.match(original) and again != original:
                problems.append(f"{original} came back as {again}")
    return problems


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="shoji-oracle-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        keys = cls.folder / "keys"
        with open(os.open(keys, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as file:
            file.write(KEY)
        (cls.folder / "spool").mkdir()
        cls.config = cls.folder / "shoji.conf"
        cls.config.write_text(f"[server]\nkeys = {keys}\nbase_url = {BASE}\n"
                              f"submit = {cls.folder}/submit.sock\n"
                              f"[prefetch]\nspool = {cls.folder}/spool\n")

    @classmethod
    def run_shoji(cls, *args, stdin=b"", command="rewrite"):
        return subprocess.run([PROGRAM, command, "--config", cls.config, *args], input=stdin,
                              capture_output=True, timeout=60, check=False)

    def rewrite(self, *args, stdin=b""):
        done = self.run_shoji(*args, stdin=stdin)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout


class Judge(unittest.TestCase):
    """The oracle itself must be able to say no."""

    def test_it_sees_what_loads(self):
        for bad in ('<img src="http://a.test/">', "<img srcset='//a.test/x 1x'>", "<script></script>",
                    '<p style="background:u\\72l(http://a.test/)">', "<style>@import 'x'</style>",
                    "<body background=http://a.test/>", "<!-- x -->", "<p onclick=x>",
                    "<meta http-equiv=refresh content='0;url=http://a.test/'>"):
            self.assertTrue(html_problems(bad), bad)
        for good in (f'<img src="{BASE}/i/k1/abc">', "<img src=cid:x>", '<a href="http://a.test/">x</a>',
                     f'<p style="background:url({BASE}/i/k/x)">', "<p>text</p>"):
            self.assertFalse(html_problems(good), good)

    def test_it_sees_what_changed(self):
        before = SAMPLES["binary"]
        self.assertTrue(judge(before, before))  # the HTML part still loads
        self.assertTrue(judge(SAMPLES["plain"], SAMPLES["plain"] + b"x"))
        self.assertFalse(judge(SAMPLES["plain"], SAMPLES["plain"]))


class Mails(Case):
    def check(self, name, before):
        after = self.rewrite(stdin=before)
        problems = judge(before, after)
        if self.rewrite(stdin=after) != after:
            problems.append("a second pass changes it")
        back = self.run_shoji(stdin=after, command="unrewrite").stdout
        problems += judge_back(before, after, back)
        return [f"{name}: {problem}" for problem in problems]

    def test_samples(self):
        for name, sample in SAMPLES.items():
            for mode in ("proxy", "hold", "strip"):
                with self.subTest(name=name, mode=mode):
                    after = self.rewrite("--mode", mode, stdin=sample)
                    self.assertEqual(judge(sample, after), [])
                    self.assertEqual(self.rewrite("--mode", mode, stdin=after), after)

    def test_visible_text_stays(self):
        after = email.message_from_bytes(self.rewrite(stdin=SAMPLES["html alone"]))
        self.assertEqual(visible(after.get_payload(decode=True).decode("utf-8")), "textcaf\u00e9link")

    def test_every_original_comes_back(self):
        """In every mode that shows or holds it, whatever the encoding of the part."""
        always = {"http://a.test/" + name for name in ("bg.png", "s", "i.png", "b")}
        chosen = {"http://a.test/1", "http://a.test/2"}  # srcset: there is no place to hold it
        coded = mail(b"Content-Type: text/html; charset=utf-8\n"
                     b"Content-Transfer-Encoding: base64\n", base64.encodebytes(REMOTE_HTML))
        for sample in (HTML, coded, SAMPLES["alternative"], SAMPLES["message within"]):
            for mode in ("proxy", "hold"):
                with self.subTest(sample=sample[:60], mode=mode):
                    after = self.rewrite("--mode", mode, stdin=sample)
                    back = self.run_shoji(stdin=after, command="unrewrite").stdout
                    (page,) = [part.get_payload(decode=True).decode() for part in
                               leaves(email.message_from_bytes(back)) if is_html(part)]
                    found = set(re.findall(r"https?://a\.test/[a-z0-9.]*", page))
                    found = {url.replace("https:", "http:") for url in found}  # "//a.test/b"
                    wanted = always if mode == "hold" else always | chosen
                    self.assertEqual(wanted - found, set())
                    self.assertNotIn(BASE, page)
                    self.assertNotIn("data-shoji-", page)

    @unittest.skipUnless(MAILS.is_dir(), "wants ../shared/data/mails")
    def test_real_mail(self):
        files = sorted(MAILS.glob("*.eml"))
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            found = pool.map(lambda path: self.check(path.name, path.read_bytes()), files)
            problems = [problem for one in found for problem in one]
        self.assertEqual(problems, [])


class Program(Case):
    def test_html_and_report(self):
        report = self.folder / "report.json"
        out = self.rewrite("--html", "--report", report, stdin=b"<p>x</p>" + IMAGE)
        self.assertEqual(html_problems(out.decode()), [])
        self.assertIn(BASE.encode() + b"/i/k1/", out)
        self.assertEqual(json.loads(report.read_text())["images"]["proxied"], 1)

    def test_mailbox_and_day_are_in_the_url(self):
        out = self.rewrite("--html", "--mailbox", "a@b", "--delivered", "2024-02-29", stdin=IMAGE)
        url = re.search(rb'src="([^"]+)"', out)[1].decode()
        opened = self.run_shoji(url, command="open").stdout.decode().splitlines()
        self.assertEqual(opened[0], "http://a.test/i.png")
        self.assertEqual(opened[1], "d=19782")  # date -d 2024-02-29 +%s, over 86400
        self.assertRegex(opened[2], r"^m=[A-Za-z0-9_-]{11}$")

    def test_wrong_usage(self):
        for args in (["--mode", "x"], ["--links", "x"], ["--delivered", "yesterday"], ["file"],
                     ["--bogus"]):
            done = self.run_shoji(*args, stdin=IMAGE)
            self.assertEqual((done.returncode, done.stdout), (2, b""), args)

    def test_trouble_leaves_stdout_empty(self):
        done = self.run_shoji("--report", "/nonexistent/report", stdin=SAMPLES["html alone"])
        self.assertEqual((done.returncode, done.stdout), (3, b""))


class Prefetch(Case):
    def setUp(self):
        self.report = self.folder / "report.json"
        for file in (self.folder / "spool").iterdir():
            file.unlink()

    def days(self, out):
        url = re.search(rb'src="([^"]+)"', out)[1].decode()
        return [line for line in self.run_shoji(url, command="open").stdout.decode().splitlines()
                if line.startswith("d=")]

    def outcome(self):
        return json.loads(self.report.read_text())["prefetch"]

    def run_prefetch(self):
        return self.rewrite("--html", "--prefetch", "--delivered", "2024-02-29", "--report",
                            self.report, stdin=IMAGE)

    def serve(self, answer):
        """A server for one request; returns the list that it will be in."""
        path = self.folder / "submit.sock"
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(path))
        listener.listen()
        self.addCleanup(path.unlink)
        self.addCleanup(listener.close)
        requests = []

        def run():
            peer, _ = listener.accept()
            with peer, peer.makefile("rb") as lines:
                head = b"".join(iter(lines.readline, b"\r\n"))
                length = int(re.search(rb"content-length: *(\d+)", head, re.I)[1])
                requests.append((head, lines.read(length)))
                peer.sendall(answer)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        self.addCleanup(thread.join, 30)
        return requests

    def test_server_takes_it(self):
        requests = self.serve(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
        self.assertEqual(self.days(self.run_prefetch()), ["d=19782"])
        self.assertEqual(self.outcome(), "queued")
        head, body = requests[0]
        self.assertTrue(head.startswith(b"POST /v1/prefetch HTTP/1.1\r\n"))
        self.assertEqual(json.loads(body),
                         {"urls": ["http://a.test/i.png"], "delivered": "2024-02-29",
                          "kid": self.kid()})
        self.assertEqual(list((self.folder / "spool").iterdir()), [])

    def kid(self):
        return (self.folder / "keys").read_text().split()[0]

    def check_off(self):
        """Nobody would fetch them: `d` would mean that nobody ever does."""
        self.assertEqual(self.days(self.run_prefetch()), [])
        self.assertEqual(self.outcome(), "off")
        self.assertEqual(list((self.folder / "spool").iterdir()), [])
        done = self.run_shoji(stdin=SAMPLES["html alone"], command="prefetch")
        self.assertEqual((done.returncode, done.stdout), (0, b""))
        self.assertIn(b"switched off", done.stderr)
        self.assertEqual(list((self.folder / "spool").iterdir()), [])

    def test_switched_off(self):
        text = self.config.read_text()
        self.config.write_text(text.replace("[prefetch]\n", "[prefetch]\nenabled = off\n"))
        try:
            self.check_off()
        finally:
            self.config.write_text(text)

    def test_switched_off_in_the_server(self):
        self.serve(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        self.assertEqual(self.days(self.run_prefetch()), [])
        self.assertEqual(self.outcome(), "off")
        self.assertEqual(list((self.folder / "spool").iterdir()), [])

    def check_spooled(self):
        self.assertEqual(self.days(self.run_prefetch()), ["d=19782"])
        self.assertEqual(self.outcome(), "spooled")
        (file,) = (self.folder / "spool").iterdir()
        self.assertEqual(file.stat().st_mode & 0o777, 0o640)  # the server is of the folder's group
        self.assertEqual(file.suffix, ".urls")
        self.assertNotIn(b"a.test", file.read_bytes())
        (line,) = file.read_text().splitlines()
        self.assertEqual(self.run_shoji(BASE + line, command="open").stdout,
                         b"http://a.test/i.png\nd=19782\n")

    def test_server_is_down(self):
        self.check_spooled()

    def test_server_refuses(self):
        self.serve(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
        self.check_spooled()

    def test_prefetch_alone_hands_over_the_same(self):
        sample = SAMPLES["html alone"]
        texts = []
        for command, args in (("rewrite", ["--prefetch"]), ("prefetch", [])):
            done = self.run_shoji(*args, stdin=sample, command=command)
            self.assertEqual(done.returncode, 0, done.stderr)
            (file,) = (self.folder / "spool").iterdir()
            texts.append([self.run_shoji(BASE + line, command="open").stdout.splitlines()[0]
                          for line in file.read_text().splitlines()])
            file.unlink()
        self.assertEqual(done.stdout, b"")
        self.assertEqual(texts[0], texts[1])
        self.assertEqual(len(texts[0]), 6)  # bg.png, //a.test/b, s, i.png, 1, 2

    def test_prefetch_nowhere_is_trouble(self):
        self.config.write_text(self.config.read_text().replace("/spool\n", "/nowhere\n"))
        try:
            done = self.run_shoji(stdin=SAMPLES["html alone"], command="prefetch")
            self.assertEqual(done.returncode, 3)
            self.assertIn(b"not prefetched", done.stderr)
        finally:
            self.config.write_text(self.config.read_text().replace("/nowhere\n", "/spool\n"))

    def test_spam_is_not_handed_over(self):
        text = self.config.read_text()
        self.config.write_text(text + "[rewrite]\nspam_header = X-Spam-Flag: YES\n")
        try:
            out = self.rewrite("--prefetch", stdin=b"X-Spam-Flag: YES\r\n" + SAMPLES["html alone"])
            page = email.message_from_bytes(out).get_payload(decode=True).decode()
            url = re.search(r'data-shoji-src="([^"]+)"', page)[1]
            opened = self.run_shoji(url, command="open").stdout.decode().splitlines()
            self.assertEqual(opened, ["http://a.test/i.png", "c=1"])
            self.run_shoji(stdin=b"X-Spam-Flag: YES\r\n" + SAMPLES["html alone"],
                           command="prefetch")
            self.assertEqual(list((self.folder / "spool").iterdir()), [])
        finally:
            self.config.write_text(text)

    def test_neither_way_is_open(self):
        self.config.write_text(self.config.read_text().replace("/spool\n", "/nowhere\n"))
        try:
            self.assertEqual(self.days(self.run_prefetch()), [])
            self.assertEqual(self.outcome(), "failed")
        finally:
            self.config.write_text(self.config.read_text().replace("/nowhere\n", "/spool\n"))


if __name__ == "__main__":
    unittest.main()
