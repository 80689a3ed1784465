"""SVG through the real server: drawn, by processes that come with the first one, and without a single
request, question or connection for anything that it refers to."""

import struct
import unittest

import dns
import harness
import origin as origins
import pictures

ADDRESS = "127.61.62.64"
NAMES = ('xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
         'xmlns:xi="http://www.w3.org/2001/XInclude"')


def svg(body, size=(40, 30), prolog=""):
    return (f'{prolog}<svg {NAMES} width="{size[0]}" height="{size[1]}">{body}'
            '<rect width="20" height="30" fill="red"/></svg>').encode()


def page(body):
    return origins.answer(body, headers={"Content-Type": "image/svg+xml"})


def references(base):
    """Every kind that the drawing of a document could follow."""
    return (
        f'<?xml-stylesheet href="{base}/instruction.css" type="text/css"?>'
        f'<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "{base}/svg11.dtd">',
        f'<style>@import url({base}/import.css); @font-face {{ font-family: f; src: '
        f'url({base}/font.woff) }}</style>'
        f'<image width="9" height="9" href="{base}/image.png"/>'
        f'<image width="9" height="9" xlink:href="{base}/image-too.png"/>'
        f'<g xml:base="{base}/"><image width="9" height="9" href="relative.png"/></g>'
        f'<use href="{base}/use.svg#a"/><use xlink:href="{base}/use-too.svg#a"/>'
        f'<filter id="f"><feImage xlink:href="{base}/fe-image.png"/></filter>'
        f'<rect width="9" height="9" filter="url(#f)"/>'
        f'<pattern id="p" xlink:href="{base}/pattern.svg#p"/>'
        f'<rect width="9" height="9" fill="url(#p)"/>'
        f'<rect width="9" height="9" fill="url({base}/paint.svg#g) none"/>'
        f'<linearGradient id="g" xlink:href="{base}/gradient.svg#g"/>'
        f'<g mask="url({base}/mask.svg#m)" clip-path="url({base}/clip.svg#c)"/>'
        f'<path d="M0 0h9" marker-end="url({base}/marker.svg#m)"/>'
        f'<xi:include href="{base}/include.svg"/><script href="{base}/script.js"/>'
        f'<text font-family="f">text</text>'
        f'<foreignObject width="9" height="9"><img xmlns="http://www.w3.org/1999/xhtml" '
        f'src="{base}/foreign.png"/></foreignObject>')


class Svg(harness.ServerTest):
    def setUp(self):
        self.sender = self.origin(ADDRESS)
        self.resolver = dns.Server(default=lambda question: question.addresses(ADDRESS))
        self.addCleanup(self.resolver.close)
        self.server = self.shojid({"fetch": {"resolvers": self.resolver.address},
                                   "decode": {"workers": "1"}})

    def open(self, path, body):
        self.sender.pages[path] = page(body)
        return self.server.open(self.sender.url(path, "sender.example"))

    def explain(self, path):
        url = self.sender.url(path, "sender.example")
        return self.server.ask_admin("GET", "/v1/explain?url=" + url).body.decode()

    def assertDrawn(self, answer, size=(40, 30)):
        self.assertPicture(answer, "png")
        self.assertEqual(struct.unpack(">II", answer.body[16:24]), size)

    def test_nothing_outside_is_asked_for(self):
        for host in (f"http://elsewhere.example:{self.sender.port}", f"http://{ADDRESS}:"
                     f"{self.sender.port}", "file:///etc", f"//{ADDRESS}:{self.sender.port}"):
            with self.subTest(host):
                path = f"/all-{len(self.sender.asked)}.svg"
                prolog, body = references(host)
                before = self.sender.connections
                self.assertDrawn(self.open(path, svg(body, prolog=prolog)))
                # Whatever it had asked for would have come before the next picture does.
                self.assertDrawn(self.open("/next" + path, svg("")))
                self.assertEqual([a.path for a in self.sender.asked][-2:], [path, "/next" + path])
                self.assertEqual(self.sender.connections, before + 2)
        self.assertEqual(len(self.sender.asked), 8)
        self.assertEqual({q.name for q in self.resolver.questions}, {"sender.example"})

    def test_its_processes_come_with_it(self):
        self.sender.pages["/a.png"] = origins.picture(pictures.plain_png())
        self.assertPicture(self.server.open(self.sender.url("/a.png", "sender.example")))
        before = self.server.decoders()
        self.assertDrawn(self.open("/a.svg", svg("")))
        self.assertEqual(len(self.server.decoders()), len(before) + 2)  # a zygote and a worker

    def test_refused_ones_are_remembered_with_their_reason(self):
        self.assertPlaceholder(self.open("/cut.svg", svg("")[:-8]))
        self.assertPlaceholder(self.open("/wide.svg", svg("", (30000, 30000))))
        self.assertPlaceholder(self.open("/page.html", b"<html>" + svg("") + b"</html>"))
        words = [self.explain(path) for path in ("/cut.svg", "/wide.svg", "/page.html")]
        self.assertEqual(len(set(words)), 3)
        for path in ("/cut.svg", "/wide.svg", "/page.html"):
            self.assertPlaceholder(self.server.open(self.sender.url(path, "sender.example")))
            self.assertEqual(self.sender.count(path), 1)


if __name__ == "__main__":
    unittest.main()
