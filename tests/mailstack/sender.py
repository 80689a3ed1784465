"""The sender's side of the stack, in a network of its own: Postfix whose mail OpenDKIM signs, the
only name server of his zones and of the vendors he works with, their web servers, and a capture of
every packet. A newsletter is what he sends."""

import collections
import email.message
import email.policy
import html.parser
import re
import smtplib
import struct

import dkim_filter
import dns
import harness
import origin as origins
import pictures
import postfix

WEB, VENDORS, NAMES = "93.184.215.14", "93.184.215.20", "93.184.215.53"
ADDRESSES = (WEB, VENDORS, NAMES)
DOMAIN = "sender.example"
VENDOR_ZONES = ("list-manage.com", "sendgrid.net")
ZONES = (DOMAIN, *VENDOR_ZONES)
IMAGES = 12
BACKGROUNDS = ("sheet", "table", "cell")
SIGNER, SUBMISSION = 8891, 587
TXT = 16

Seen = collections.namedtuple("Seen", "requests questions connections")
# Within HTML: an attribute's value, or what stands between tags and is not seen (attribute "").
Place = collections.namedtuple("Place", "element attribute value")

CELL = """\
<td width="33%" align="center"><a href="http://www.sender.example/{0}/{1}">\
<img src="{2}" width="150" height="100" alt="Picture {1}" border="0"></a><br>Offer {1}</td>
"""
PAGE = """\
<html><head><title>News</title><style type="text/css">
.hero {{ background-image: url("{sheet}"); color: #102030; padding: 24px; font-size: 24px }}
td {{ font-family: sans-serif; padding: 6px }}
</style></head><body>
<table width="600" align="center" cellspacing="0">
<tr><td colspan="3" class="hero">The news</td></tr>
<tr><td colspan="3" background="{table}">Grüße! Twelve offers for you, Anna.</td></tr>
{rows}
<tr><td colspan="3" style="background: #eee url('{cell}') repeat-x">
You get this mail since you asked for it.</td></tr>
</table>
{trackers}
<audio src="{audio}" autoplay></audio><bgsound src="{audio}2">
</body></html>
"""


def colour(i):
    """Twelve that are easily told apart."""
    return ((230, 80, 60), (240, 160, 50), (220, 200, 60), (140, 190, 70), (60, 160, 90), (50, 160, 160),
            (60, 130, 200), (80, 90, 190), (140, 90, 190), (200, 90, 170), (150, 110, 80), (90, 100, 110))[i]


class Places(html.parser.HTMLParser):
    """All of an HTML text but where links lead and what is read: wherever a client might find
    something to load, known to this or not."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.found += [Place(tag, name, value or "") for name, value in attrs
                       if (tag, name) not in (("a", "href"), ("area", "href"))]

    def handle_data(self, data):
        if self.cdata_elem:
            self.found.append(Place(self.cdata_elem, "", data))

    def handle_comment(self, data):
        self.found.append(Place("!", "", data))

    handle_decl = handle_pi = unknown_decl = handle_comment


class Newsletter:
    """`name` makes its URLs its own."""

    def __init__(self, name):
        self.name = name
        self.images = [f"http://img{i % 3}.{DOMAIN}/{name}/{i}.png" for i in range(IMAGES)]
        self.backgrounds = {kind: f"http://img.{DOMAIN}/{name}/{kind}.png" for kind in BACKGROUNDS}
        mailchimp = f"http://news.us1.list-manage.com/track/open.php?u=1&id=2&e={name}"
        self.trackers = {"Mailchimp": mailchimp,
                         "SendGrid": f"http://u1.ct.sendgrid.net/wf/open?upn={name}"}
        self.audio = f"http://media.{DOMAIN}/{name}/beacon.mp3"

    @property
    def shown(self):
        return [*self.images, *self.backgrounds.values()]

    def html(self):
        cells = [CELL.format(self.name, i + 1, url) for i, url in enumerate(self.images)]
        rows = "".join(f"<tr>\n{''.join(cells[i:i + 3])}</tr>\n" for i in range(0, IMAGES, 3))
        pixels = "".join(f'<img src="{url.replace("&", "&amp;")}" width="1" height="1" alt="">\n'
                         for url in self.trackers.values())
        return PAGE.format(name=self.name, rows=rows, trackers=pixels, audio=self.audio,
                           **self.backgrounds)

    def message(self, to):
        mail = email.message.EmailMessage(email.policy.SMTP)
        mail["From"], mail["To"], mail["Subject"] = f"News <news@{DOMAIN}>", to, f"News {self.name}"
        mail["Date"], mail["Message-ID"] = "Mon, 1 Jun 2026 10:00:00 +0000", f"<{self.name}@{DOMAIN}>"
        mail["List-Unsubscribe"] = f"<mailto:leave@{DOMAIN}>"
        mail.set_content("The news, for those who read text.\n")
        mail.add_alternative(self.html(), subtype="html", cte="quoted-printable")
        return mail.as_bytes()


class Sender:
    """`relay` takes his mail. What ends with the test is registered there."""

    def __init__(self, test, province, relay):
        self.province = province
        self.web, self.vendors = (self.serve(test, address) for address in (WEB, VENDORS))
        for i in range(IMAGES):
            self.web.pages[i] = origins.picture(pictures.plain_png(150, 100, colour(i)))
        self.web.default = self.picture
        self.vendors.default = origins.answer(pictures.PIXEL_GIF, headers={"Content-Type": "image/gif"})
        signer, self.record = dkim_filter.signer(SIGNER, DOMAIN)
        test.addCleanup(signer.remove)
        province.run(signer.start)
        self.names = province.run(lambda: dns.Server(default=self.answer, host=NAMES, port=53))
        test.addCleanup(self.names.close)
        self.mta = province.run(lambda: postfix.Postfix(
            DOMAIN, f"[{relay}]",
            [f"{province.address}:25 inet n - n - - smtpd", f"127.0.0.1:{SUBMISSION} inet n - n - - smtpd",
             f"  -o smtpd_milters=inet:127.0.0.1:{SIGNER}"],
            {"mynetworks": "127.0.0.0/8", "milter_default_action": "tempfail"}))
        test.addCleanup(self.mta.remove)
        province.run(self.mta.start)
        self.capture = province.capture()
        test.addCleanup(self.capture.close)

    def serve(self, test, address):
        server = self.province.run(origins.Origin, address, 80)
        test.addCleanup(server.close)
        return server

    def picture(self, conn, asked):
        number = re.search(r"/(\d+)\.png$", asked.path)
        if number:
            return self.web.pages[int(number.group(1))](conn, asked)
        return origins.picture(pictures.plain_png(300, 80, (225, 235, 245)))(conn, asked)

    def answer(self, question):
        name = question.name
        if name == f"{dkim_filter.SELECTOR}._domainkey.{DOMAIN}":
            if question.kind != TXT:
                return question.answer()
            text = self.record.encode()
            pieces = [text[i:i + 255] for i in range(0, len(text), 255)]
            data = b"".join(struct.pack("B", len(piece)) + piece for piece in pieces)
            return question.answer(dns.record(TXT, data))
        if name.endswith("." + DOMAIN):
            return question.addresses(WEB)
        if name.endswith(VENDOR_ZONES):
            return question.addresses(VENDORS)
        return question.answer(code=dns.NXDOMAIN)

    def send(self, message, *recipients):
        """Hands it to his own mail server."""
        def submit():
            with smtplib.SMTP("127.0.0.1", SUBMISSION, timeout=30) as client:
                client.sendmail(f"news@{DOMAIN}", recipients, message)

        self.province.run(submit)

    # ---- what he learns ----

    def asked(self, *urls):
        """The requests that his own and the vendors' web servers had, or those for these."""
        requests = self.web.asked + self.vendors.asked
        wanted = {url.split("/", 3)[3] for url in urls}
        return [one for one in requests if not urls or one.path[1:] in wanted]

    def packets(self):
        """That came to one of his web or name servers, from elsewhere."""
        return [p for p in self.province.run(self.capture.packets)
                if p.target[0] in ADDRESSES and p.source[0] not in ADDRESSES]

    def learned(self):
        """All of it, to be compared: requests, questions, and connections that were begun."""
        return Seen([one.path for one in self.asked()], [q.name for q in self.names.questions],
                    [p.source[0] for p in self.packets() if p.opens()])

    def received(self, count):
        """What has come to his own mailbox, oldest first."""
        harness.until(lambda: len(self.mta.delivered()) >= count, 60)
        return self.mta.delivered()
