"""HTML documents before and after `shoji rewrite`: what the tests of the rewriter look at.

load() gives the samples below, every template of ../shared/data and every HTML part of the mails
there (where that folder is). The program is the real one; mails go through it whole.
"""

import base64
import concurrent.futures
import contextlib
import dataclasses
import email
import os
import pathlib
import re
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("SHOJI_BUILD") or ROOT / "build") / "src" / "cli" / "shoji"
DATA = ROOT.parent / "shared" / "data"
HAS_DATA = (DATA / "mails").is_dir() and (DATA / "templates").is_dir()
BASE = "https://img.example.org"
KEY = "k1  " + base64.b64encode(bytes(range(32))).decode() + "  sign\n"

# Every way to load something that the samples try; a.test is nobody's.
SAMPLES = {
    "images": """<!DOCTYPE html><html><head><title>t</title></head><body background=http://a.test/1>
<p>one</p><img src=http://a.test/2 srcset="//a.test/3 1x, http://a.test/4 2x" lowsrc=http://a.test/5>
<picture><source srcset=http://a.test/6 type=image/webp><img src='ht&#10;tp://a.test/7'></picture>
<image src=http://a.test/8 href=http://a.test/9><input type=image src=http://a.test/10>
<table background=http://a.test/11><tr><td background=http://a.test/12>two</td></tr></table>
<img loading=lazy src=http://a.test/13 style="margin-top:5000px"><img data-src=http://a.test/14>""",
    "css": """<html><head><style>@import "http://a.test/1"; @font-face{font-family:f;
src:url(http://a.test/2)} p{font-family:f;background:u\\72 l(http://a.test/3)}
.x{background:image-set("http://a.test/4" 1x);cursor:url(http://a.test/5),auto}
:root{--y:url(http://a.test/6)} .y{background:var(--y)} @media all{b{content:url(http://a.test/7)}}
li{list-style-image:url(//a.test/8)} @supports (top:0){i{border-image:url(http://a.test/9) 1}}
</style></head><body><p class=x>one</p><div class=y style="background:url&#40;http://a.test/10)">two
</div><b></b><ul><li>three</ul><i style="mask:url(http://a.test/11#m);filter:url(http://a.test/12#f)">
four</i></body></html>""",
    "head": """<html manifest=http://a.test/1><head><base href=http://a.test/base/>
<link rel=stylesheet href=2><link rel=prefetch href=3><link rel=preconnect href=//b.test>
<link rel=dns-prefetch href=//c.test><link rel=icon href=4><link rel=preload as=image href=5>
<meta http-equiv=refresh content="0;url=6"><meta http-equiv=x-dns-prefetch-control content=on>
<meta http-equiv=link content="<7>;rel=preload;as=image"><script src=8></script>
<script type=speculationrules>{"prefetch":[{"urls":["9"]}]}</script></head>
<body onload="new Image().src='http://a.test/10'"><p>one <img src=11></p>
<a href=http://d.test/ ping=12>two</a><a href=13>three</a></body></html>""",
    "embedded": """<p>one</p><iframe src=http://a.test/1></iframe><iframe srcdoc="<img
src=http://a.test/2>"></iframe><object data=http://a.test/3>two<img src=http://a.test/4></object>
<embed src=http://a.test/5><video src=http://a.test/6 poster=http://a.test/7 autoplay></video>
<audio src=http://a.test/8 preload=auto></audio><svg><image href=http://a.test/9 /><use
href=http://a.test/10#x /><style>@import "http://a.test/11"</style></svg><math><mglyph
src=http://a.test/12></math><noscript><img src=http://a.test/13></noscript><template
shadowrootmode=open><img src=http://a.test/14></template><script>fetch("http://a.test/15")</script>
<form action=http://a.test/16><button formaction=http://a.test/17>three</button></form>""",
    "broken": """<p title='<img src=http://a.test/1>'>one</p><!--><img src=http://a.test/2>-->
<a href='x"><img src=http://a.test/3>'>two</a><style><!--</style><img src=http://a.test/4>--></style>
<textarea></textarea ><img src=http://a.test/5><xmp></p><img src=http://a.test/6></xmp><p/><b>three
<table><b>four<tr><td>five<img/src=http://a.test/7/><svg><p>six</svg><img src=http://a.test/8""",
    "fragment": "<a href=http://d.test/>one</a> <a href=//e.test/>two</a><img src=//a.test/1>",
}


@dataclasses.dataclass
class Document:
    name: str
    before: bytes
    charset: str  # what the mail's header says, or None
    after: str


class Rewriter(contextlib.AbstractContextManager):
    """`shoji rewrite` with a key of its own. Several threads may call it."""

    def __init__(self, base=BASE):
        self.folder = tempfile.TemporaryDirectory(prefix="shoji-documents-")
        keys = pathlib.Path(self.folder.name, "keys")
        with open(os.open(keys, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as file:
            file.write(KEY)
        self.options = ["--base", base, "--keys", str(keys)]

    def __exit__(self, *_):
        self.folder.cleanup()

    def run(self, command, *options, stdin):
        return subprocess.run([PROGRAM, *self.options, command, *options], input=stdin, check=True,
                              capture_output=True, timeout=120).stdout

    def rewrite(self, *options, stdin):
        return self.run("rewrite", *options, stdin=stdin)


def signed_urls(html, base=BASE):
    return re.findall(re.escape(base) + r"/[is]/[A-Za-z0-9_/-]+", html)


def html_parts(message):
    return [part for part in email.message_from_bytes(message).walk()
            if part.get_content_type() == "text/html" and part.get_payload(decode=True)]


def of_mail(rewriter, name, message):
    """Its HTML parts; those of a mail whose parts changed their number cannot be told apart."""
    before, after = html_parts(message), html_parts(rewriter.rewrite(stdin=message))
    if len(before) != len(after):
        before = [None] * len(after)
    for number, (was, now) in enumerate(zip(before, after)):
        yield Document(f"{name} {number}", was and was.get_payload(decode=True),
                       was and was.get_content_charset(), now.get_payload(decode=True).decode())


def of_html(rewriter, name, html):
    yield Document(name, html, None, rewriter.rewrite("--html", stdin=html).decode())


def load(rewriter, mails=True):
    jobs = [(of_html, name, text.encode()) for name, text in SAMPLES.items()]
    if HAS_DATA:
        jobs += [(of_html, path.name, path.read_bytes())
                 for path in sorted((DATA / "templates").glob("*.html"))]
    if HAS_DATA and mails:
        jobs += [(of_mail, path.name, path.read_bytes())
                 for path in sorted((DATA / "mails").glob("*.eml"))]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        found = pool.map(lambda job: list(job[0](rewriter, job[1], job[2])), jobs)
        return [document for one in found for document in one]
