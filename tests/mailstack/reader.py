"""The reader, in a network of his own: a resolver that knows the provider's hosts, and asks the
sender's name server for all of the sender's; and browsers, each with a profile of its own, that log
in at the webmail as a person does."""

import base64
import json
import socket
import urllib.parse

import browser
import dns
import harness
import sender

SIZE = (1100, 940)
EDITOR = """
new Promise(done => { const look = () => window.tinymce && tinymce.activeEditor &&
    tinymce.activeEditor.initialized ? done(true) : setTimeout(look, 50); look(); })
"""
LOADED = "Array.from(tinymce.activeEditor.getBody().querySelectorAll('img')).every(img => img.complete)"
DRAWN = """
Array.from(document.querySelectorAll('#messagebody img'))
     .filter(img => img.complete && img.naturalWidth >= 100).length
"""


class Resolver(dns.Server):
    """Of his own provider: at 127.0.0.1 in his network."""

    def __init__(self, hosts):
        self.hosts = hosts
        super().__init__(default=self.look_up, port=53)

    def look_up(self, question):
        if question.name in self.hosts:
            return question.addresses(self.hosts[question.name])
        if not question.name.endswith((sender.DOMAIN, *sender.VENDOR_ZONES)):
            return question.answer(code=dns.NXDOMAIN)  # a browser's own affairs
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(5)
            sock.sendto(question.id + b"\1\0\0\1\0\0\0\0\0\0" + question.section, (sender.NAMES, 53))
            return sock.recv(4096)


class Browser(browser.Chromium):
    """`webmail` is the URL of the webmail. requests: every URL that it asked for."""

    def __init__(self, resolv, webmail):
        super().__init__(resolv, SIZE)
        self.webmail = webmail
        self.requests = []
        self.on_event = self.note
        self.call("Network.enable")
        self.call("Network.setCacheDisabled", cacheDisabled=True)

    def note(self, method, params):
        if method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])

    def hosts(self):
        return {urllib.parse.urlsplit(url).hostname for url in self.requests
                if url.startswith(("http:", "https:"))}

    def value(self, expression, wait=False):
        done = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=wait)
        if "exceptionDetails" in done:
            raise AssertionError(f"{expression}: {done['exceptionDetails']}")
        return done["result"].get("value")

    def log_in(self, user, password):
        self.open(self.webmail)
        self.send("Runtime.evaluate", expression=f"""
            document.querySelector('#rcmloginuser').value = {json.dumps(user)};
            document.querySelector('#rcmloginpwd').value = {json.dumps(password)};
            document.querySelector('#rcmloginsubmit').click()""")
        self.run_until(lambda said: said.get("method") == "Page.loadEventFired")

    def page(self, **query):
        self.open(self.webmail + "?" + urllib.parse.urlencode({"_task": "mail", "_mbox": "INBOX", **query}))

    def show(self, uid=1, **query):
        """Opens a message; how many of its pictures are drawn."""
        self.page(_action="show", _uid=uid, **query)
        return self.value(DRAWN)

    def draw(self):
        """PNG of the message alone."""
        box = json.loads(self.value("JSON.stringify(document.querySelector('#messagebody')"
                                    ".getBoundingClientRect())"))
        clip = {name: box[name] for name in ("x", "y", "width", "height")}
        return base64.b64decode(self.call("Page.captureScreenshot", clip={**clip, "scale": 1})["data"])

    def compose(self, text, **query):
        """Opens the editor on a reply or a forward, as the query says, and writes something above."""
        self.page(_action="compose", **query)
        self.value(EDITOR, wait=True)
        self.value("tinymce.activeEditor.selection.setCursorLocation(tinymce.activeEditor.getBody(), 0);"
                   f"tinymce.activeEditor.insertContent({json.dumps(f'<p>{text}</p>')})")
        harness.until(lambda: self.value(LOADED), 60)

    def send_it(self):
        """Returns when the webmail has gone back to its list."""
        self.send("Runtime.evaluate", expression="document.querySelector('button.send').click()")
        self.run_until(lambda said: said.get("method") == "Page.loadEventFired")
