#!/usr/bin/env python3
"""`shoji check` from outside: what it finds, how it says so, and that the rewriter passes it.

Signed URLs are made here, from the README alone. SHOJI_BUILD names the build directory.
"""

import base64
import email
import hashlib
import hmac
import html.parser
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

PROGRAM = pathlib.Path(os.environ["SHOJI_BUILD"]) / "src" / "cli" / "shoji"
DATA = pathlib.Path(__file__).resolve().parents[3] / "shared" / "data"
BASE = "https://img.example.org"
SECRET = bytes(range(32))
KID = "k1"


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signed(url, base=BASE, secret=SECRET):
    """The form /s/ of the README, "Signed URLs"."""
    key = hmac.digest(secret, b"shoji v1 sign", hashlib.sha256)
    payload = b64url(url.encode())
    tag = hmac.digest(key, f"{KID}/{payload}".encode(), hashlib.sha256)[:16]
    return f"{base}/s/{KID}/{b64url(tag)}/{payload}"


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="shoji-check-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.keys = self.folder / "keys"
        self.keys.write_text(f"{KID}  {base64.b64encode(SECRET).decode()}  sign\n")
        self.keys.chmod(0o600)
        self.config = self.folder / "shoji.conf"
        self.config.write_text("")

    def run_shoji(self, *args, stdin=b"", code=0):
        if isinstance(stdin, str):
            stdin = stdin.encode()
        done = subprocess.run([PROGRAM, "--config", self.config, *args], input=stdin,
                              capture_output=True, timeout=60, check=False)
        self.assertEqual(done.returncode, code, f"{args}: {done.stdout}{done.stderr}")
        return done.stdout.decode(), done.stderr.decode()

    def check(self, stdin, *args, code=0):
        return self.run_shoji("check", "--base", BASE, "--keys", self.keys, *args, stdin=stdin,
                              code=code)[0]

    def rewrite(self, stdin, *args):
        return self.run_shoji("rewrite", "--base", BASE, "--keys", self.keys, *args,
                              stdin=stdin)[0]


class Usage(Case):
    def test_usage_is_2(self):
        for args in (("extra",), ("--text",), ("--html=x",)):
            with self.subTest(args=args):
                out, err = self.run_shoji("check", *args, code=2)
                self.assertEqual(out, "")
                self.assertIn("usage: shoji check", err)

    def test_without_a_base_or_keys_is_3(self):
        _, err = self.run_shoji("check", "--keys", self.keys, code=3)
        self.assertIn("base", err)
        _, err = self.run_shoji("check", "--base", BASE, code=3)
        self.assertIn("key", err)
        _, err = self.run_shoji("check", "--base", f"{BASE}/path", "--keys", self.keys, code=3)
        self.assertIn("base", err)

    def test_the_configuration_names_base_keys_and_older_bases(self):
        self.config.write_text(f"[server]\nbase_url = {BASE}\nkeys = {self.keys}\n"
                               "[rewrite]\naccept_base = https://old.example.org\n")
        for base in (BASE, "https://old.example.org"):
            self.run_shoji("check", "--html", stdin=f"<img src={signed('http://t/', base)}>")
        self.run_shoji("check", "--html", code=1,
                       stdin=f"<img src={signed('http://t/', 'https://x.example.org')}>")

    def test_nothing_is_found_in_nothing(self):
        self.assertEqual(self.check(""), "")
        self.assertEqual(self.check("", "--html"), "")


class Findings(Case):
    def test_one_line_each(self):
        html = ("<p>text\n<img src='http://t/a'>\n"
                "<td style=\"background: url(http://t/b)\" background=c.png>\n"
                "<style>@import 'd.css';</style>")
        self.assertEqual(self.check(html, "--html", code=1).splitlines(), [
            "line 2: img src: http://t/a",
            "line 3: td style url(): http://t/b",
            "line 3: td background: c.png",
            "line 4: style @import: d.css",
        ])

    def test_controls_do_not_reach_the_terminal(self):
        out = self.check(b"<img src='http://t/\x1b[2J\n\x07x'>", "--html", code=1)
        self.assertEqual(out, "line 1: img src: http://t/\\x1b[2J\\x0a\\x07x\n")

    def test_mail_is_the_default(self):
        mail = ("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
                "Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n"
                + base64.b64encode(b"<p>\n<img src=http://t/>").decode() + "\r\n--b--\r\n")
        for args in ((), ("--mail",)):
            self.assertEqual(self.check(mail, *args, code=1), "part 2 line 2: img src: http://t/\n")

    def test_our_urls_are_none(self):
        url = signed("http://t/a.png")
        self.assertEqual(self.check(f"<img src=\"{url}\" data-shoji-src=\"{url}\">", "--html"), "")
        self.check(f"<img src=\"{signed('http://t/', secret=bytes(32))}\">", "--html", code=1)
        for at in range(len(BASE), len(url)):
            other = url[:at] + ("A" if url[at] != "A" else "B") + url[at + 1:]
            if other[at] == "B" or url[at] != "/":
                self.check(f"<img src=\"{other}\">", "--html", code=1)

    def test_clicks_are_none(self):
        self.assertEqual(self.check("<a href=http://t/>x</a> <a href='mailto:a@t'>y</a>", "--html"),
                         "")


HOSTILE = """<html><head><link rel=stylesheet href=http://t/1><base href=http://t/>
<style>@import "2"; p { background: url(3); --x: url(4) } a:hover { content: url(//t/5) }</style>
<body background=6 onload=x()><img src=7 srcset="8 1x, 9 2x" longdesc=10><!--[if mso]><img src=11>
<![endif]--><svg><image href=12 /></svg><iframe srcdoc="&lt;img src=13&gt;"></iframe>
<p style="background:u\\72l(14)">text</p><a href=http://t/15 ping=http://t/16>link</a>"""


class AfterTheRewriter(Case):
    def test_what_was_found_before_is_found_no_more(self):
        before = self.check(HOSTILE, "--html", code=1)
        for number in range(1, 17):
            if number != 15:
                self.assertRegex(before, rf"[: /]{number}\n", f"{number} in {before}")
        for mode in ("proxy", "hold", "strip"):
            with self.subTest(mode=mode):
                after = self.rewrite(HOSTILE, "--html", "--mode", mode)
                self.assertIn("text", after)
                self.assertEqual(self.check(after, "--html"), "")

    def test_the_same_in_mail(self):
        mail = "Subject: x\r\nContent-Type: text/html\r\n\r\n" + HOSTILE.replace("\n", "\r\n")
        self.check(mail, code=1)
        after = self.rewrite(mail)
        self.assertEqual(self.check(after), "")
        self.assertIn("fallback=no", after)

    def test_where_they_disagree_there_is_text(self):
        """A type that no standard knows: the rewriter leaves it, a careless reader takes it for
        HTML. What is delivered is text."""
        mail = ("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
                "Content-Type: text/plain; boundary=c\r\n\r\n--c\r\n"
                "Content-Type: text/html\r\n\r\nhello <img src=http://t/>\r\n--c--\r\n--b--\r\n")
        self.check(mail, code=1)
        after = self.rewrite(mail)
        self.assertIn("hello", after)
        self.assertNotIn("<img", after)
        self.assertIn("X-Shoji-Fallback: check", after)
        self.assertEqual(self.check(after), "")
        self.assertEqual(self.rewrite(after), after)

    def test_another_house_finds_our_images(self):
        after = self.rewrite("<img src=http://t/>", "--html")
        self.run_shoji("check", "--html", "--base", "https://other.example.org", "--keys", self.keys,
                       stdin=after, code=1)


class Loads(html.parser.HTMLParser):
    """What a plain parser takes for a load: fewer than there are, and each is one."""

    PLACES = {("img", "src"), ("body", "background"), ("table", "background"),
              ("td", "background"), ("link", "href"), ("iframe", "src"), ("script", "src"),
              ("embed", "src"), ("input", "src"), ("object", "data"), ("bgsound", "src"),
              ("frame", "src"), ("video", "poster"), ("base", "href"), ("form", "action")}

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.urls = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        for name, value in dict(reversed(attrs)).items():  # the first of a name counts
            if (tag, name) in self.PLACES:
                self.urls.append(value or "")
            if name == "style":
                self.urls += re.findall(r"url\(\s*[\"']?([^\"')]+)", value or "", re.I)

    handle_startendtag = handle_starttag


def loads_of(path):
    raw = path.read_bytes()
    if path.suffix == ".html":
        documents = [raw]
    else:
        documents = [part.get_payload(decode=True) or b"" for part in
                     email.message_from_bytes(raw).walk() if part.get_content_type() == "text/html"]
    urls = [url.strip() for text in documents for url in Loads(text.decode("latin-1")).urls]
    return [url for url in urls if url and not re.match("cid:|data:|#", url, re.I)]


def shown(url):
    """As the program prints it, and not all of it: controls by number."""
    return "".join(c if " " <= c != "\x7f" else f"\\x{ord(c):02x}" for c in url)[:60]


@unittest.skipUnless(DATA.is_dir(), "no ../shared/data here")
class RealMail(Case):
    def test_what_another_parser_sees_is_found(self):
        seen = 0
        for path in sorted([*DATA.glob("mails/*.eml"), *DATA.glob("templates/*.html")]):
            urls = loads_of(path)
            if not urls:
                continue
            kind = "--html" if path.suffix == ".html" else "--mail"
            done = subprocess.run([PROGRAM, "--config", self.config, "check", kind, "--base", BASE,
                                   "--keys", self.keys], input=path.read_bytes(), timeout=60,
                                  capture_output=True, check=False)
            self.assertEqual(done.returncode, 1, path.name)
            found = done.stdout.decode("latin-1")
            if found.count("\n") >= 1000:  # no more are told
                continue
            missed = [url for url in urls if shown(url) not in found]
            self.assertEqual(missed, [], path.name)
            seen += len(urls)
        self.assertGreater(seen, 5000)


if __name__ == "__main__":
    unittest.main()
