"""Rewritten documents as three other parsers read them: libxml2 (lxml), html5lib, html.parser.

None of the three may find a remote reference but URLs under the base, in any document; and the
visible text, as html5lib's tree has it, is the same before and after.
"""

import html.parser
import re
import unittest

import documents

try:
    import html5lib
    import lxml.html
    import webencodings
    MISSING = None
except ImportError as error:
    MISSING = error

BASE = documents.BASE

# What a rewritten document has no use for: it loads, or it changes how the rest is read.
NEVER = set("""applet audio base bgsound button command embed fencedframe form frame frameset iframe
import input isindex layer link listing math model noembed noframes noscript object param plaintext
portal script select slot svg template textarea track video webview xml xmp""".split())
# Words for people, and where a click goes: they load nothing.
WORDS = set("""abbr alt aria-description aria-describedby aria-label aria-labelledby
aria-roledescription axis class content data-shoji-tracker headers id name summary title""".split())
OURS = re.compile(re.escape(BASE) + r"/[is]/[a-z0-9]{1,16}/[A-Za-z0-9_/-]+$")
INSIDE = re.compile(r"(cid:[^\s\"'()<>]+|data:image/(png|jpe?g|gif|webp);base64,[A-Za-z0-9+/]+=*)$")
IN_TEXT = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?[/\\]{2}[^\s\"'(),;}]*|(?:data|cid):[^\s\"'()]*", re.I)
ESCAPE = re.compile(r"\\(?:([0-9a-f]{1,6})(?:\r\n|\s)?|([^\n]))", re.I)
LOADING_CSS = ("@import", "@font-face", "image-set", "expression", "-moz-binding", "behavior",
               "element(", "cross-fade", "src(", "attr(", "paint(", "image(", "var(")


def setUpModule():
    if MISSING:
        raise unittest.SkipTest(f"{MISSING}: apt install python3-lxml python3-html5lib")


def allowed(url):
    return bool(OURS.match(url) or INSIDE.match(url))


def css_findings(css):
    plain = ESCAPE.sub(lambda m: chr(min(int(m[1], 16), 0x10FFFF)) if m[1] else m[2], css)
    found = [url for url in IN_TEXT.findall(plain) if not allowed(url)]
    found += [url for url in re.findall(r"url\(\s*[\"']?([^\"')]*)", plain, re.I)
              if not allowed(url)]
    return found + [word for word in LOADING_CSS if word in plain.lower()]


def attribute_findings(tag, name, value):
    name, value = name.lower(), value or ""
    if name.startswith("on") or name in ("ping", "srcdoc", "http-equiv") and not (
            tag == "meta" and value == "x-dns-prefetch-control"):
        return [f"<{tag} {name}={value!r}>"]
    if name in WORDS or (name == "href" and tag in ("a", "area")):
        return ["javascript:"] if re.match(r"[\0-\x20]*(java|vb)script:", value, re.I) else []
    if name == "style":
        return [f"<{tag} style> {word}" for word in css_findings(value)]
    if name == "srcset":
        urls = [part.split()[0] for part in value.split(", ") if part.strip()]
    elif name in ("src", "background"):
        urls = [value]
    else:
        urls = IN_TEXT.findall(value)
    return [f"<{tag} {name}={url!r}>" for url in urls if not allowed(url)]


def element_findings(tag, attributes):
    if tag.lower() in NEVER or ":" in tag:
        return [f"<{tag}>"]
    return [finding for name, value in attributes for finding in attribute_findings(tag, name, value)]


class Sloppy(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []
        self.style = False

    def handle_starttag(self, tag, attrs):
        self.style = tag == "style"
        self.found += element_findings(tag, attrs)

    def handle_endtag(self, tag):
        self.style = False

    def handle_data(self, data):
        if self.style:
            self.found += css_findings(data)

    def handle_comment(self, data):
        self.found.append(f"<!--{data[:40]}")

    def handle_pi(self, data):
        self.found.append(f"<?{data[:40]}")

    def unknown_decl(self, data):
        self.found.append(f"<![{data[:40]}")


def by_html_parser(text):
    parser = Sloppy()
    parser.feed(text)
    parser.close()
    return parser.found


def tree_findings(root):
    found = []
    for element in root.iter():
        if not isinstance(element.tag, str):
            found.append(f"a comment or instruction: {str(element.text)[:40]}")
            continue
        found += element_findings(element.tag, element.attrib.items())
        if element.tag == "style":
            found += css_findings("".join(element.itertext()))
    return found


def by_libxml2(text):
    if not text.strip():
        return []
    parser = lxml.html.HTMLParser(encoding="utf-8", huge_tree=True)
    return tree_findings(lxml.html.document_fromstring(text.encode(), parser=parser))


def by_html5lib(text):
    return tree_findings(html5lib.parse(text, namespaceHTMLElements=False))


READERS = (by_libxml2, by_html5lib, by_html_parser)

# ---- visible text ----

# Not drawn where scripts do not run. What svg and math draw goes with them.
HIDDEN = set("""head title style script template noembed noframes iframe svg math datalist""".split())


def visible(root):
    """Without white space: where lines break is for the layout to say."""
    words, stack = [], [(root, False)]
    while stack:
        element, tail = stack.pop()
        if tail:
            words.append(element.tail or "")
            continue
        if isinstance(element.tag, str) and element.tag.split("}")[-1] not in HIDDEN:
            words.append(element.text or "")
            for child in reversed(element):
                stack += [(child, True), (child, False)]
    return "".join("".join(words).split())


def tree_of(document):
    """Before: bytes, read as the header, the document or the bytes themselves say."""
    charset = document.charset and webencodings.lookup(document.charset)
    if not charset and not re.search(rb"charset\s*=", document.before[:4096], re.I):
        try:
            document.before.decode("utf-8")
            charset = webencodings.lookup("utf-8")
        except UnicodeDecodeError:
            pass
    return html5lib.parse(document.before, namespaceHTMLElements=False,
                          transport_encoding=charset and charset.name)


def text_change(document):
    was = visible(tree_of(document))
    now = visible(html5lib.parse(document.after, namespaceHTMLElements=False))
    was, now = (re.sub("[\0\ufeff]", "", text) for text in (was, now))  # neither is drawn
    if was == now:
        return None
    at = next((i for i, (a, b) in enumerate(zip(was, now)) if a != b), min(len(was), len(now)))
    return f"{document.name}: ...{was[max(at - 20, 0):at + 40]!r} became ...{now[max(at - 20, 0):at + 40]!r}"


class Judge(unittest.TestCase):
    """The parsers themselves must be able to say no."""

    BAD = ('<img src="http://a.test/">', "<img srcset='//a.test/x 1x'>", "<p background=//a.test>",
           '<p style="background:u\\72l(http://a.test/)">', "<style>@import 'x'</style>",
           "<body background=http://a.test/>", "<p><!-- x --></p>", "<p onclick=x>y", "<svg></svg>",
           "<meta http-equiv=refresh content='0;url=http://a.test/'>", "<p poster=http://a.test/>",
           "<a ping=http://a.test/>x</a>", "<a href=' javascript:x'>y</a>",
           f"<img src='{BASE}.a.test/i/k/x'>", "<img src='data:image/svg+xml;base64,AA'>",
           "<p style='background:var(--x)'>y", f"<img src='{BASE}/x?y'>", "<iframe></iframe>")
    GOOD = (f'<img src="{BASE}/i/k1/abc">', "<img src=cid:x>", '<a href="http://a.test/">x</a>',
            f'<p style="background:url({BASE}/i/k/x)">x', "<p title='see http://a.test/'>text</p>",
            f'<img srcset="{BASE}/i/k/a 1x, {BASE}/i/k/b 2x">')

    def test_all_see_what_loads(self):
        for reader in READERS:
            for bad in self.BAD:
                self.assertTrue(reader(bad), (reader.__name__, bad))
            for good in self.GOOD:
                self.assertEqual(reader(good), [], reader.__name__)

    def test_samples_load_before(self):
        for name, text in documents.SAMPLES.items():
            for reader in READERS:
                self.assertTrue(reader(text), (reader.__name__, name))

    def test_text_that_changed_is_seen(self):
        for was, now in ((b"<p>a b</p>", "<p>a c</p>"), (b"<p>a</p>", ""), (b"\xe9", "x"),
                         (b"<p>a<p>b", "<p>b<p>a"), (b"<style>a</style>", "a")):
            self.assertTrue(text_change(documents.Document("x", was, None, now)), was)
        for was, now in ((b"<p>a b</p>", "<p>a\n b"), (b"\xe9", "\xe9"), (b"\xc3\xa9", "\xe9"),
                         (b"a<script>b</script>", "a"), (b"a<!-- b -->", "a")):
            self.assertIsNone(text_change(documents.Document("x", was, None, now)), was)


class Documents(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with documents.Rewriter() as rewriter:
            cls.all = documents.load(rewriter)

    def read_by(self, reader):
        found = [f"{document.name}: {finding}" for document in self.all
                 for finding in reader(document.after)]
        self.assertEqual(found, [])

    def test_libxml2_finds_nothing_remote(self):
        self.read_by(by_libxml2)

    def test_html5lib_finds_nothing_remote(self):
        self.read_by(by_html5lib)

    def test_html_parser_finds_nothing_remote(self):
        self.read_by(by_html_parser)

    def test_visible_text_stays(self):
        changes = [text_change(document) for document in self.all if document.before is not None]
        self.assertEqual([change for change in changes if change], [])

    @unittest.skipUnless(documents.HAS_DATA, "wants ../shared/data")
    def test_shared_data_is_there_and_can_be_compared(self):
        compared = [document for document in self.all if document.before is not None]
        self.assertGreater(len(compared), 200)
        self.assertGreater(len(compared), 0.95 * len(self.all))


if __name__ == "__main__":
    unittest.main()
