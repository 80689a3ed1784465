"""The plugin in Debian's Roundcube: what is shown, what the editor loads, and what is sent."""

import base64
import datetime
import email
import email.policy
import html
import os
import pathlib
import re
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

# pylint: disable=wrong-import-position
import browser
import harness
import origin as origins
import pictures
import webmail

OURS = re.compile(re.escape(harness.BASE) + r"/[is]/[A-Za-z0-9._/-]+")
RULES = os.path.join(harness.ROOT, "deploy/rules/trackers.rules")
PREFETCHED = "$config['shoji_prefetched_since'] = '2026-01-31';\n"
PATHS = ("/picture.png", "/paper.png", "/sheet.png")  # of the newsletter: in an attribute or a style
CAME_S = int(datetime.datetime(2026, 3, 4, 23, 59, tzinfo=datetime.timezone.utc).timestamp())


@unittest.skipIf(webmail.missing(), webmail.missing())
class Roundcube(harness.ServerTest):
    def setUp(self):
        self.sender = self.origin()
        self.sender.default = origins.picture(pictures.plain_png())
        self.server = self.shojid({"trackers": {"rules": RULES}, "fetch": {"wait": "1s"}})

    def roundcube(self, more="", plugin=True):
        mail = webmail.Roundcube(self.server.submit, more, plugin)
        self.addCleanup(mail.close)
        self.addCleanup(lambda: self.assertEqual(mail.errors(), ""))
        return mail

    def newsletter(self, more=b"", head=b""):
        """Labelled as what it is, and as what Roundcube makes of it no more."""
        picture = self.sender.url("/picture.png").encode()
        paper = self.sender.url("/paper.png").encode()
        sheet = self.sender.url("/sheet.png").encode()
        return (b"From: News <news@sender.example>\r\nTo: " + webmail.USER.encode() + b"\r\n" + head +
                b"Subject: news\r\nDate: Wed, 04 Mar 2026 12:00:00 +0000\r\nMIME-Version: 1.0\r\n"
                b"Message-ID: <1@sender.example>\r\n"
                b"Content-Type: text/html; charset=iso-8859-1\r\n\r\n"
                b'<html><head><meta charset="iso-8859-1"><style>.k{background:url(' + sheet + b")}"
                b'</style></head><body><p class="k">Caf\xe9</p>'
                b'<table background="' + paper + b'"><tr><td>x</td></tr></table>'
                b'<img src="' + picture + b'" width="64">' + more + b"</body></html>\r\n")

    def opened(self, text):
        """{original: {option: value}} of the signed URLs in it."""
        found = {}
        for url in OURS.findall(text):
            _, out, _ = harness.shoji("open", "--keys", self.server.keys, "--base", harness.BASE,
                                      url, check=0)
            lines = out.decode().split()
            found[lines[0]] = dict(line.split("=", 1) for line in lines[1:])
        return found

    def assertNothingForeign(self, text):
        self.assertNotIn(f":{self.sender.port}", text)

    def lines_above(self, page):
        return [html.unescape(re.sub("<[^>]*>", "", line))
                for line in re.findall(r'<div class="notice shoji">(.*?)</div>', page)]

    # ---- what is shown ----

    def test_prefetched_mail_is_shown(self):
        mail = self.roundcube(PREFETCHED)
        message = self.newsletter()
        mail.deliver(message, came_s=CAME_S)
        page = mail.show()
        self.assertNothingForeign(page)
        self.assertIn(">Café</p>", page)
        day = str(CAME_S // 86400)
        options = {"d": day, "m": self.server.key.salt(webmail.USER)}
        self.assertEqual(self.opened(page), {self.sender.url(path): options for path in PATHS})
        self.assertEqual(self.lines_above(page), [])
        for url in OURS.findall(page):
            self.server.get(url[len(harness.BASE):])
        self.assertEqual(self.sender.connections, 0)
        stored, = [path for path in mail.maildir.rglob("*1.mail*") if path.is_file()]
        self.assertEqual(stored.read_bytes(), message)

    def test_prefetch_at_delivery_and_rewrite_at_view(self):
        """One fetch of each, before anybody opens the mail; three openings change nothing."""
        message = self.newsletter(b'<img src="' + self.sender.url("/spy.gif").encode() +
                                  b'" width="1" height="1">')
        harness.shoji("--config", self.server.config_file(), "prefetch", stdin=message, check=0)
        for path in PATHS:
            self.assertTrue(self.sender.wait_for(path))
        mail = self.roundcube(PREFETCHED)
        mail.deliver(message)
        for _ in range(3):
            signed = OURS.findall(mail.show())
            self.assertEqual(len(signed), len(PATHS))
            for url in signed:
                self.assertPicture(self.server.get(url[len(harness.BASE):]))
        self.assertEqual(sorted(asked.path for asked in self.sender.asked), sorted(PATHS))

    def test_pictures_inside_the_mail(self):
        """They need nobody: in the message, and in the reply."""
        png = base64.b64encode(pictures.plain_png())
        message = (b"From: a@sender.example\r\nSubject: x\r\nMIME-Version: 1.0\r\n"
                   b"Content-Type: multipart/related; boundary=b\r\n\r\n--b\r\n"
                   b"Content-Type: text/html; charset=utf-8\r\n\r\n"
                   b'<p>x<img src="cid:one@sender.example"><img src="' +
                   self.sender.url("/a.png").encode() + b'"></p>\r\n--b\r\n'
                   b"Content-Type: image/png\r\nContent-ID: <one@sender.example>\r\n"
                   b"Content-Transfer-Encoding: base64\r\n\r\n" + png + b"\r\n--b--\r\n")
        mail = self.roundcube()
        mail.deliver(message)
        inside = re.compile(r'<img src="([^"]*_action=get[^"]*_part=2[^"]*)"')
        self.assertEqual(len(inside.findall(mail.show())), 1)
        form, text = mail.compose(_forward_uid=1)
        self.assertIn("_action=display-attachment", text)
        mail.send(form, text)
        sent = email.message_from_bytes(mail.smtp.messages[-1], policy=email.policy.SMTP)
        self.assertIn(pictures.plain_png(), [part.get_payload(decode=True) for part in sent.walk()])

    def test_other_mail_waits_for_a_click(self):
        mail = self.roundcube(PREFETCHED.replace("2026", "2027"))
        mail.deliver(self.newsletter(), came_s=CAME_S)
        page = mail.show()
        self.assertNothingForeign(page)
        self.assertEqual(OURS.findall(page), [])
        line, = self.lines_above(page)
        self.assertIn("have not been loaded.", line)
        self.assertIn("Load images", line)
        page = mail.show(_safe=1)
        self.assertNothingForeign(page)
        self.assertEqual(self.lines_above(page), [])
        options = {"c": "1", "m": self.server.key.salt(webmail.USER)}
        self.assertEqual(self.opened(page), {self.sender.url(path): options for path in PATHS})
        self.assertPicture(self.server.get(OURS.findall(page)[0][len(harness.BASE):]))

    def test_spam_waits_for_a_click_of_its_own(self):
        """Neither the day nor the reader's setting for all mail shows it."""
        mail = self.roundcube(PREFETCHED + "$config['show_images'] = 2;\n"
                              "$config['junk_mbox'] = 'Junk';\n")
        mail.deliver(self.newsletter(head=b"X-Spam-Flag: YES\r\n"), came_s=CAME_S)
        mail.deliver(self.newsletter(), folder=".Junk")
        for box in ("INBOX", "Junk"):
            with self.subTest(box=box):
                page = mail.show(mbox=box)
                self.assertNothingForeign(page)
                self.assertEqual(OURS.findall(page), [])
                for options in self.opened(mail.show(mbox=box, _safe=1)).values():
                    self.assertEqual(options["c"], "1")

    def test_trackers_are_named(self):
        pixels = (b'<img src="https://x.list-manage.com/track/open.php?u=1&id=2" width="1">'
                  b'<img src="https://u1.ct.sendgrid.net/wf/open?upn=abc" width="1">'
                  b'<img src="https://a&lt;b&gt;.example/1.gif" width="1" height="1">'
                  b'<img src="https://p.example/1.gif" width="1" height="1">'
                  b'<img src="https://p.example/2.gif" width="1" height="1">')
        mail = self.roundcube(PREFETCHED)
        mail.deliver(self.newsletter(pixels), came_s=CAME_S)
        line, = self.lines_above(mail.show())
        self.assertRegex(line, r"^[34] trackers blocked: Mailchimp, SendGrid, .*p\.example$")
        german = self.roundcube(PREFETCHED + "$config['language'] = 'de_DE';\n")
        german.deliver(self.newsletter(pixels), came_s=CAME_S)
        line, = self.lines_above(german.show())
        self.assertRegex(line, "^[34] Tracker blockiert: Mailchimp")

    def test_without_the_server_it_stays_blocked(self):
        """Even where the reader has allowed all; without the plugin, that loads."""
        self.server.stop()
        for more in ("", "$config['show_images'] = 2;\n"):
            mail = self.roundcube(PREFETCHED + more)
            mail.deliver(self.newsletter(), came_s=CAME_S)
            for how in ({}, {"_safe": 1}):
                with self.subTest(more=more, **how):
                    page = mail.show(**how)
                    self.assertNothingForeign(page)
                    self.assertIn(">Café</p>", page)
                    self.assertEqual(len(self.lines_above(page)), 1)
            _, text = mail.compose(_reply_uid=1)
            self.assertNothingForeign(text)
            self.assertIn("Café", text)
        bare = self.roundcube(plugin=False)
        bare.deliver(self.newsletter())
        self.assertIn(f":{self.sender.port}", bare.show(_safe=1))

    def test_html_attachments(self):
        """Opened, they are pages like any other; downloaded, they are what was sent."""
        url = self.sender.url("/attached.png")
        page = f'<p>Gr\xfc\xdfe</p><img src="{url}" width="64">'.encode("latin-1")
        message = (b"From: a@sender.example\r\nSubject: x\r\nMIME-Version: 1.0\r\n"
                   b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhello\r\n--b\r\n"
                   b"Content-Type: text/html; charset=iso-8859-1; name=x.html\r\n"
                   b"Content-Disposition: attachment; filename=x.html\r\n\r\n" + page +
                   b"\r\n--b--\r\n")
        part = {"_task": "mail", "_action": "get", "_mbox": "INBOX", "_uid": 1, "_part": 2,
                "_mimewarning": 1, "_embed": 1}
        mail = self.roundcube("$config['show_images'] = 2;\n")
        mail.deliver(message)
        held, shown = mail.get(**part), mail.get(**part, _safe=1)
        for text in (held, shown):
            self.assertIn("Grüße", html.unescape(text))
            self.assertNothingForeign(text)
        self.assertEqual(OURS.findall(held), [])
        self.assertEqual(self.opened(shown)[url]["c"], "1")
        self.server.stop()
        with mail.opener.open(mail.url(**part, _safe=1), timeout=60) as answer:
            self.assertEqual(answer.headers.get_content_type(), "text/plain")
        with mail.opener.open(mail.url(**part, _download=1, _token=mail.token), timeout=60) as answer:
            self.assertEqual(answer.read(), page)

    # ---- what is quoted ----

    def sent(self, mail):
        message = email.message_from_bytes(mail.smtp.messages[-1], policy=email.policy.SMTP)
        return message.get_body(("html",)).get_content()

    def test_replies_and_forwards_have_the_originals(self):
        for more in (PREFETCHED, "", "$config['show_images'] = 2;\n"):
            mail = self.roundcube(more)
            mail.deliver(self.newsletter(), came_s=CAME_S)
            for how in ("_reply_uid", "_forward_uid"):
                with self.subTest(more=more, how=how):
                    form, text = mail.compose(**{how: 1})
                    self.assertNothingForeign(text)
                    self.assertIn(self.sender.url("/picture.png"), self.opened(text))
                    mail.send(form, text)
                    there = self.sent(mail)
                    self.assertIn(f'src="{self.sender.url("/picture.png")}"', there)
                    self.assertIn("Café", there)
                    self.assertNotIn(harness.BASE, there)
        self.assertEqual(self.sender.connections, 0)

    def test_a_draft_has_the_originals(self):
        mail = self.roundcube(PREFETCHED)
        mail.deliver(self.newsletter(), folder=".Drafts")
        form, text = mail.compose(_draft_uid=1, _mbox="Drafts")
        self.assertNothingForeign(text)
        self.assertIn(self.sender.url("/picture.png"), self.opened(text))
        mail.send(form, text, _draft="1")
        saved = [path.read_bytes() for path in (mail.maildir / ".Drafts").rglob("*")
                 if path.is_file() and b"\nSubject: Re: news" in path.read_bytes()]
        self.assertEqual(len(saved), 1)
        saved = email.message_from_bytes(saved[0], policy=email.policy.SMTP)
        saved = saved.get_body(("html",)).get_content()
        self.assertIn(self.sender.url("/picture.png"), saved)
        self.assertNotIn(harness.BASE, saved)

    def test_what_cannot_be_given_back_is_not_sent(self):
        mail = self.roundcube(PREFETCHED)
        mail.deliver(self.newsletter(), came_s=CAME_S)
        form, text = mail.compose(_reply_uid=1)
        self.server.stop()
        self.assertIn("was not sent", mail.send(form, text))
        self.assertEqual(mail.smtp.messages, [])
        mail.send(form, "<p>without pictures</p>")
        self.assertIn("without pictures", self.sent(mail))

    # ---- what it looks like ----

    @unittest.skipUnless(browser.CHROMIUM, "chromium is not installed")
    def test_screenshots(self):
        """Kept in the build's screenshots/, to be looked at; here it only counts what is drawn."""
        self.server.stop()
        here = "127.0.0.1:%d" % self.server.address[1]
        self.server.conf["server"].update(listen=here, base_url=f"http://{here}")
        self.server.start()
        pixel = b'<img src="https://x.list-manage.com/track/open.php?u=1" width="1" height="1">'
        seen = {}
        for name, plugin, query in (("with", True, {"_safe": 1}), ("held", True, {}),
                                    ("without", False, {})):
            mail = self.roundcube("", plugin)
            mail.deliver(self.newsletter(pixel), came_s=int(time.time()))
            with browser.Chromium(size=(1000, 700)) as chromium:
                for cookie in mail.cookies:
                    chromium.call("Network.setCookie", name=cookie.name, value=cookie.value,
                                  url=mail.url())
                chromium.open(mail.url(_task="mail", _action="show", _mbox="INBOX", _uid=1, **query))
                self.keep(name, chromium.screenshot(1000, 700))
                seen[name] = self.drawn(chromium)
                if name == "held":
                    chromium.send("Runtime.evaluate",
                                  expression="document.querySelector('.shoji .boxbuttons a').click()")
                    chromium.run_until(lambda said: said.get("method") == "Page.loadEventFired")
                    seen["clicked"] = self.drawn(chromium)
        self.assertEqual(seen, {"with": 1, "held": 0, "clicked": 1, "without": 0})

    def drawn(self, chromium):
        return chromium.call("Runtime.evaluate", returnByValue=True, expression="""
            Array.from(document.querySelectorAll('#messagebody img'))
                 .filter(img => img.naturalWidth > 1 && img.src.includes('/i/')).length
            """)["result"]["value"]

    def keep(self, name, png):
        folder = pathlib.Path(harness.BUILD, "screenshots")
        folder.mkdir(exist_ok=True)
        (folder / f"roundcube-{name}.png").write_bytes(png)


if __name__ == "__main__":
    unittest.main()
