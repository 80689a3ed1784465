"""What happens in the demo, whoever watches: each sample mail is sent to two mailboxes of the same
person. One shows the mail as it came; the other's provider runs Shoji, so the mail passes through
it on delivery. Then Anna opens both, as often and on as many devices as she likes."""

import threading
import time
import urllib.parse

import dossier
import mails
import reader

NAME = "Anna"
MAILBOXES = {"plain": "anna@plain.example", "shoji": "anna@shoji.example"}
ARRIVED_S = 20


class Copy:
    """One mailbox's copy of a mail, and what happened to it."""

    def __init__(self, box, token):
        self.box = box
        self.mailbox = MAILBOXES[box]
        self.token = token
        self.events = []  # (time, what)
        self.raw = b""
        self.html = ""
        self.report = None
        self.originals = []  # the URLs that Shoji showed us in the rewritten mail, opened again

    def note(self, what):
        self.events.append((time.time(), what))


def file_name(url):
    return urllib.parse.unquote(urllib.parse.urlsplit(url).path.rpartition("/")[2])


class Story:
    def __init__(self, sender, server):
        self.sender = sender
        self.server = server
        self.copies = {}  # mail name -> box -> Copy
        self.lock = threading.Lock()

    def deliver(self, name):
        """Sends the mail to both mailboxes, anew if it was there. Waits until its originals, if
        any, have been fetched; false when that took too long."""
        plain, shoji = (Copy(box, self.sender.new_token()) for box in ("plain", "shoji"))
        for copy in (plain, shoji):
            copy.note("delivered")
            copy.raw = mails.compose(name, self.sender.url, copy.token, copy.mailbox)
        shoji.raw, shoji.report = self.server.rewrite(shoji.raw, shoji.mailbox)
        for copy in (plain, shoji):
            copy.html = mails.html_of(copy.raw)
        signed = [url for url in reader.loads(shoji.html) if url.startswith(self.server.base_url)]
        shoji.originals = [self.server.open_url(url) for url in signed]
        with self.lock:
            self.copies[name] = {"plain": plain, "shoji": shoji}
        wanted = [file_name(url) for url in shoji.originals if url]
        return self.sender.wait_for(shoji.token, wanted, ARRIVED_S)

    def copy(self, name, box):
        with self.lock:
            return self.copies[name][box]

    def opened(self, name, box, device):
        copy = self.copy(name, box)
        copy.note(device)
        return copy

    def open_with(self, device, name):
        """A scripted reader opens both copies; its answers by box."""
        return {box: device.open(self.opened(name, box, device.device["name"]).html)
                for box in MAILBOXES}

    def state(self, name):
        """All that the page shows of one mail, ready for JSON."""
        return {box: self._state_of(self.copy(name, box)) for box in MAILBOXES}

    def _state_of(self, copy):
        requests = self.sender.seen(copy.token)
        events = list(copy.events)
        ends = [at for at, _ in events[1:]] + [float("inf")]
        shown = [{"clock": dossier.clock(at), "what": what,
                  "requests": [_brief(r) for r in requests if at <= r.at < end]}
                 for (at, what), end in zip(events, ends)]
        return {
            "mailbox": copy.mailbox,
            "verdict": dossier.conclude(NAME, requests),
            "events": shown,
            "report": copy.report,
            "points_to": reader.loads(copy.html),
            "raw": [r.raw.decode("latin-1") for r in requests[-12:]],
        }


def _brief(request):
    agent = request.headers.get("user-agent", "")
    spoken = dossier.language(request.headers.get("accept-language"))
    return {
        "picture": request.picture,
        "count": request.count,
        "who": dossier.program(agent) or agent or "no user agent",
        "address": request.address,
        "language": spoken,
        "known_again": request.known_again,
    }
