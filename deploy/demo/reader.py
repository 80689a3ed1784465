"""A mail reader without a screen: finds what a mail program would load when it shows a mail, and
loads it, from an address of its own, with the headers that such a program sends."""

import html.parser
import http.client
import re
import urllib.parse

LAPTOP = {
    "name": "laptop",
    "address": "127.0.0.2",
    "agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "language": "de-DE,de;q=0.9,en;q=0.5",
}
PHONE = {
    "name": "phone",
    "address": "127.0.0.4",
    "agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 "
             "(KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1",
    "language": "de-DE",
}
WEBMAIL = "http://webmail.anna-home.example/"

# Attributes whose value is loaded without a click, whatever the element.
LOADING = {"src", "background", "poster", "data", "dynsrc", "lowsrc", "code", "classid"}
CSS_URL = re.compile(r"""url\(\s*["']?([^"')]+)["']?\s*\)|@import\s+["']([^"']+)["']""", re.I)


class _Loads(html.parser.HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.urls = []
        self.in_style = False

    def handle_starttag(self, tag, attrs):
        self.in_style = tag == "style"
        values = {name: value or "" for name, value in attrs}
        for name, value in values.items():
            if name in LOADING:
                self.urls.append(value)
            elif name in ("srcset", "imagesrcset"):
                self.urls += [part.split()[0] for part in value.split(",") if part.strip()]
            elif name == "style":
                self._css(value)
            elif name.endswith("href") and tag not in ("a", "area", "base"):
                self.urls.append(value)

    def handle_endtag(self, tag):
        if tag == "style":
            self.in_style = False

    def handle_data(self, data):
        if self.in_style:
            self._css(data)

    def handle_comment(self, data):
        # Outlook reads conditional comments, so what they load is loaded by somebody.
        if data.lstrip().startswith("[if"):
            inner = _Loads()
            inner.feed(data)
            self.urls += inner.urls

    def _css(self, text):
        self.urls += [first or second for first, second in CSS_URL.findall(text)]


def loads(document, base="http:"):
    """The remote URLs that showing this HTML would load, each once, in order."""
    parser = _Loads()
    parser.feed(document)
    parser.close()
    found = (urllib.parse.urljoin(base, url.strip()) for url in parser.urls)
    return [url for url in dict.fromkeys(found) if url.lower().startswith(("http://", "https://"))]


class Answer:
    def __init__(self, url, status, headers, body):
        self.url, self.status, self.headers, self.body = url, status, headers, body


class Reader:
    """One device. Keeps cookies and ETags, as a browser does."""

    def __init__(self, device):
        self.device = device
        self.cookies = {}
        self.etags = {}

    def get(self, url):
        parts = urllib.parse.urlsplit(url)
        place = (parts.hostname, parts.port)
        headers = {"User-Agent": self.device["agent"], "Accept": "image/webp,image/png,*/*;q=0.8",
                   "Accept-Language": self.device["language"], "Referer": WEBMAIL}
        if place in self.cookies:
            headers["Cookie"] = self.cookies[place]
        if url in self.etags:
            headers["If-None-Match"] = self.etags[url]
        target = urllib.parse.urlunsplit(("", "", parts.path, parts.query, ""))
        connection = http.client.HTTPConnection(parts.hostname, parts.port or 80, timeout=20,
                                                source_address=(self.device["address"], 0))
        try:
            connection.request("GET", target, headers=headers)
            response = connection.getresponse()
            body = response.read()
        finally:
            connection.close()
        cookie = response.getheader("Set-Cookie")
        if cookie:
            self.cookies[place] = cookie.partition(";")[0]
        if response.status == 200 and response.getheader("ETag"):
            self.etags[url] = response.getheader("ETag")
        return Answer(url, response.status, response.getheaders(), body)

    def open(self, document):
        """Shows a mail: loads all that it refers to. A URL that cannot be had is a gap in it."""
        answers = []
        for url in loads(document):
            try:
                answers.append(self.get(url))
            except (OSError, http.client.HTTPException):
                answers.append(Answer(url, 0, [], b""))
        return answers
