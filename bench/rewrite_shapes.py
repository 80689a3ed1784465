"""Hostile input: shapes that made other rewriters slow, about a megabyte each, and no secret of
ours among them. name -> bytes; HTML documents and whole messages apart."""

SIZE = 1_000_000


def fill(unit, before="", after="", size=SIZE):
    """The unit again and again; a "%d" in it counts."""
    if "%d" not in unit:
        return (before + unit * (size // len(unit)) + after).encode()
    parts, length, i = [before], 0, 0
    while length < size:
        parts.append(unit.replace("%d", str(i)))
        length += len(parts[-1])
        i += 1
    return "".join([*parts, after]).encode()


def html():
    style = {"before": "<style>", "after": "</style>"}
    attribute = {"before": '<p style="', "after": '">x'}
    return {
        # nests
        "nest-div": fill("<div>"),
        "nest-table": fill("<table><tr><td>"),
        "nest-inline": fill("<a><b><i><font>"),
        "nest-svg": fill("<svg>"),
        "nest-svg-points": fill("<svg><foreignobject>"),
        "nest-svg-ended": fill("<svg><p>"),
        "nest-unknown": fill("<x%d>"),
        "nest-end-tags": fill("</div>"),
        "nest-select": fill("<select><option>"),
        "tags-of-one": fill("<b>x"),
        # attributes
        "attributes-distinct": fill(" a%d=1", "<p", ">"),
        "attributes-same": fill(" title=1", "<p", ">"),
        "attributes-bare": fill(" a", "<p", ">"),
        "attributes-512-a-tag": fill("<p" + "".join(f" a{i}" for i in range(512)) + ">"),
        "attributes-on": fill('<p onclick="x">'),
        "attribute-long": fill("x", '<p title="', '">'),
        "attribute-many-urls": fill('<p a%d="http://a/">'),
        # never closed
        "open-tag": fill("<a "),
        "open-quote": fill('<a b="'),
        "open-comment": fill("<!--"),
        "open-comment-dash": fill("-", "<!--"),
        "open-comment-bang": fill("--!", "<!--"),
        "open-bogus": fill("<!x"),
        "open-angle": fill("<"),
        "open-end": fill("</"),
        "open-style": fill("<style>"),
        "open-script": fill("<script>"),
        "open-script-hidden": fill("<!--<script>", "<script>"),
        "open-title": fill("<title>"),
        "open-textarea": fill("<textarea>"),
        "open-iframe": fill("<iframe>"),
        "open-style-ends": fill("</styl", "<style>"),
        "open-cdata": fill("<svg><![CDATA["),
        "open-doctype": fill("<!doctype "),
        "open-conditional": fill("<!--[if mso]>"),
        "closed-script": fill("<script></script>"),
        "closed-style": fill("<style>a{color:red}</style>"),
        "closed-styles-empty": fill("<style></style>"),
        # references and bytes
        "entity-named": fill("&amp;"),
        "entity-longest": fill("&CounterClockwiseContourIntegral;"),
        "entity-almost": fill("&CounterClockwiseContourIntegra "),
        "entity-prefix": fill("&notit"),
        "entity-bare": fill("&"),
        "entity-number": fill("&#65;"),
        "entity-zeros": fill("0", "&#", "65;"),
        "entity-in-value": fill("&amp;", '<p title="', '">'),
        "bytes-nul": fill("\0"),
        "bytes-cr": fill("\r"),
        "bytes-quotes": fill('"'),
        "bytes-bad-utf8": b"\xe2\x82" * (SIZE // 2),
        "bytes-latin1": b"\xe9" * SIZE,
        "bytes-marks": b"\xef\xbb\xbf" * (SIZE // 3),
        "bytes-utf8": "\u3042".encode() * (SIZE // 3),
        "bytes-blank": fill(" "),
        # CSS
        "css-blocks": fill("a{", **style),
        "css-media": fill("@media screen{", **style),
        "css-parens": fill("(", "<style>a{width:", "</style>"),
        "css-calc": fill("calc(", "<style>a{width:", "</style>"),
        "css-not": fill(":not(", **style),
        "css-brackets": fill("[", **style),
        "css-closers": fill("}", **style),
        "css-comments": fill("/**/", **style),
        "css-open-comment": fill("/*", **style),
        "css-urls": fill("a{background:url(http://a/%d)}", **style),
        "css-urls-same": fill("a{background:url(http://a/)}", **style),
        "css-url-lists": fill("url(http://a/),", "<style>a{background:", "}</style>"),
        "css-open-url": fill("url(", "<style>a{background:", "</style>"),
        "css-open-string": fill('"', "<style>a{content:", "</style>"),
        "css-escapes": fill("\\61 ", "<style>a{color:", "}</style>"),
        "css-declarations": fill("color:red;", **attribute),
        "css-unknown": fill("zz%d:zz;", **attribute),
        "css-semicolons": fill(";", **attribute),
        "css-selectors": fill("a,", "<style>", "{color:red}</style>"),
        "css-selector-chain": fill(".a", "<style>", "{color:red}</style>"),
        "css-imports": fill("@import 'x';", **style),
        "css-at": fill("@a ", **style),
        "css-important": fill("!important", **attribute),
        "css-vars": fill("--a:url(http://a/);", **attribute),
        "css-attributes": fill('<p style="color:red">'),
        "css-in-attribute": fill("(", **attribute),
        # images and links
        "img-distinct": fill('<img src="http://a/%d">'),
        "img-same": fill('<img src="http://a/">'),
        "img-pixel": fill('<img width=1 height=1 src="http://a%d/">'),
        "img-bare": fill("<img src=x>"),
        "img-data": fill('<img src="data:image/gif;base64,AAAA">'),
        "img-data-long": fill("AAAA", '<img src="data:image/gif;base64,', '">'),
        "img-idn": fill('<img src="http://\u00e4\u00f6%d.de/">'),
        "img-punycode": fill("\u00e4", '<img src="http://', '/">', size=SIZE // 2),
        "img-long": fill("x", '<img src="http://a/', '">'),
        "img-dots": fill("../", '<img src="http://a/', '">'),
        "img-forged": fill('<img src="https://img.example.org/i/bench/AAAA">'),
        "srcset-list": fill("http://a/%d 1x, ", '<img srcset="', '">'),
        "srcset-same": fill("http://a/ 1x, ", '<img srcset="', '">'),
        "srcset-commas": fill(",", '<img srcset="', '">'),
        "srcset-blanks": fill(" ", '<img srcset="a', '">'),
        "srcset-parens": fill("(", '<img srcset="http://a/ ', '">'),
        "srcset-data": fill("data:image/gif;base64,AAAA 1x, ", '<img srcset="', '">'),
        "links": fill('<a href="http://a/%d">'),
        "links-relative": fill('<a href="x">', '<base href="http://a/">'),
        "links-mailto": fill('<a href="mailto:a?attach=b&attach=c">'),
        "link-long": fill("x", '<a href="http://a/', '">'),
        "bases": fill('<base href="http://a/">'),
        "metas": fill('<meta name=viewport content="a">'),
        "background": fill('<td background="http://a/">'),
    }


def mail(body, kind="text/html; charset=utf-8", coding="8bit"):
    return (f"From: a@example.org\r\nMIME-Version: 1.0\r\nContent-Type: {kind}\r\n"
            f"Content-Transfer-Encoding: {coding}\r\n\r\n").encode() + body


def nested(levels, part):
    head = "".join(f'Content-Type: multipart/mixed; boundary="{i}"\r\n\r\n--{i}\r\n'
                   for i in range(levels))
    tail = "".join(f"\r\n--{i}--" for i in reversed(range(levels)))
    return (head + part + tail).encode()


def multipart(unit, after="--b--\r\n"):
    return mail(fill(unit, after=after), 'multipart/mixed; boundary="b"')


def mails():
    leaf = "--b\r\nContent-Type: text/html\r\n\r\n"
    return {
        "mime-parts-empty": multipart("--b\r\n\r\n\r\n"),
        "mime-parts-html": multipart(leaf + "<p>x\r\n"),
        "mime-parts-900": multipart(leaf + "<p>" + "x" * 1000 + "\r\n"),
        "mime-never-closed": multipart(leaf, ""),
        "mime-almost-boundaries": multipart("--bx\r\n"),
        "mime-dashes": multipart("--\r\n"),
        "mime-nested-multiparts": nested(20000, "Content-Type: text/html\r\n\r\n<p>x"),
        "mime-nested-90": nested(90, "Content-Type: text/html\r\n\r\n"
                                 + "<p>" + "x\r\n" * (SIZE // 3)),
        "mime-nested-messages": fill("Content-Type: message/rfc822\r\n\r\n"),
        "mime-nested-same-boundary": fill(
            "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"),
        "mime-fields": fill("X-%d: a\r\n", after="\r\nx"),
        "mime-field-long": fill("x", "Subject: ", "\r\n\r\nx"),
        "mime-field-folds": fill(" x\r\n", "Subject: x\r\n", "\r\nx"),
        "mime-receipts": fill("Disposition-Notification-To: a@b\r\n", after="\r\nx"),
        "mime-types": fill("Content-Type: text/html\r\n", after="\r\n<p>"),
        "mime-parameters": fill("; a%d=b", "Content-Type: text/html", "\r\n\r\n<p>x"),
        "mime-continuations": fill("; boundary*%d=a", "Content-Type: multipart/mixed",
                                   "\r\n\r\n--a\r\n\r\n"),
        "mime-comments": fill("(", "Content-Type: text/html ", "\r\n\r\n<p>x"),
        "mime-no-colon": fill("x\r\n"),
        "mime-qp": mail(fill("=41"), coding="quoted-printable"),
        "mime-qp-soft": mail(fill("=\r\n"), coding="quoted-printable"),
        "mime-qp-broken": mail(fill("=z"), coding="quoted-printable"),
        "mime-qp-blanks": mail(fill(" "), coding="quoted-printable"),
        "mime-base64": mail(fill("PHA+\r\n"), coding="base64"),
        "mime-base64-early": mail(fill("PA==\r\n"), coding="base64"),
        "mime-base64-junk": mail(fill("*"), coding="base64"),
        "mime-uuencode": mail(fill("M\r\n", "begin 644 a\r\n"), coding="x-uuencode"),
        "mime-utf16": mail("<p>x".encode("utf-16-le") * (SIZE // 8),
                           "text/html; charset=utf-16le"),
        "mime-iso2022": mail(fill("\x1b$B!!\x1b(B"), "text/html; charset=iso-2022-jp"),
        "mime-utf7": mail(fill("+ADw-"), "text/html; charset=utf-7"),
        "mime-calendar": mail(fill("ATTACH:http://a/\r\n"), "text/calendar"),
        "mime-external": multipart("--b\r\nContent-Type: message/external-body; "
                                   "access-type=URL\r\n\r\n\r\n"),
        "mime-header-of-many": fill("X-%d: a\r\n", size=SIZE * 9 // 10, after=(
            'Content-Type: multipart/mixed; boundary="b"\r\n\r\n' + (leaf + "<p>x\r\n") * 900
            + "--b--\r\n")),
        "mime-signed-many": multipart(
            "--b\r\nContent-Type: multipart/signed; boundary=s\r\n\r\n--s\r\nContent-Type: "
            "text/html\r\n\r\n<p>" + "x" * 4000 + "\r\n--s\r\nContent-Type: "
            "application/pgp-signature\r\n\r\nx\r\n--s--\r\n"),
        "mime-plain": mail(fill("x\r\n"), "text/plain"),
    }
