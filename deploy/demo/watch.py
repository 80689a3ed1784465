"""Serves the page that is watched: on loopback, nothing from elsewhere, and only to itself."""

import http.server
import json
import pathlib
import socketserver
import threading
import urllib.parse

import mails
import reader
import story

PAGE = pathlib.Path(__file__).resolve().parent / "page"
FILES = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}
PAGE_POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
               "connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; "
               "frame-ancestors 'none'")
# The same for both copies, and lenient: what protects the one is its text, not this header.
MAIL_POLICY = ("default-src 'none'; img-src *; style-src * 'unsafe-inline'; font-src *; "
               "media-src *; sandbox")


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "demo"
    sys_version = ""

    def log_message(self, *arguments):
        pass

    def _send(self, status, kind, body, policy=PAGE_POLICY):
        self.send_response(status)
        for name, value in (
                ("Content-Type", kind), ("Content-Length", str(len(body))),
                ("Content-Security-Policy", policy), ("X-Content-Type-Options", "nosniff"),
                ("Cache-Control", "no-store")):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _refuse(self, status, why):
        self.close_connection = True
        self._send(status, "text/plain; charset=utf-8", why.encode() + b"\n")

    def _path(self):
        """The request's path and query; None for a request that other sites could have caused."""
        if self.headers.get("Host") != self.server.place:
            return None, None
        parts = urllib.parse.urlsplit(self.path)
        return parts.path, dict(urllib.parse.parse_qsl(parts.query))

    def do_GET(self):
        path, query = self._path()
        if path in FILES:
            name, kind = FILES[path]
            self._send(200, kind, (PAGE / name).read_bytes())
        elif path == "/api/state" and query.get("mail") in mails.MAILS:
            self._json(self.server.state(query["mail"]))
        elif path and path.startswith("/mail/"):
            self._mail(*(path.split("/") + [""])[2:4])
        else:
            self._refuse(404, "no such page")

    def do_POST(self):
        path, query = self._path()
        # No other site can send this header without asking first, and nobody answers yes.
        own = self.headers.get("X-Demo") == "1" and query is not None
        if not own or query.get("mail") not in mails.MAILS:
            self._refuse(403, "not from this page")
        elif path == "/api/phone":
            self.server.open_on_phone(query["mail"], self.headers.get("Accept-Language"))
            self._json({})
        elif path == "/api/deliver":
            self.server.story.deliver(query["mail"])
            self._json({})
        else:
            self._refuse(404, "no such page")

    def _json(self, value):
        self._send(200, "application/json", json.dumps(value).encode())

    def _mail(self, name, box):
        if name not in mails.MAILS or box not in story.MAILBOXES:
            self._refuse(404, "no such mail")
            return
        copy = self.server.story.opened(name, box, "here")
        self._send(200, "text/html; charset=utf-8", copy.html.encode(), MAIL_POLICY)


class Watch(socketserver.ThreadingTCPServer):
    """The page's server. Runs until stop()."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, a_story, port=0):
        super().__init__(("127.0.0.1", port), _Handler)
        self.story = a_story
        self.place = f"127.0.0.1:{self.server_address[1]}"
        self.url = f"http://{self.place}/"
        self.mails = [{"id": name, "blurb": blurb,
                       **dict(zip(("from", "subject"), mails.headline(name)))}
                      for name, blurb in mails.MAILS.items()]
        self.phone = reader.Reader(reader.PHONE)
        self.thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def state(self, name):
        return {"mails": self.mails, "sender": self.story.sender.address,
                "boxes": self.story.state(name)}

    def open_on_phone(self, name, language):
        """Anna is whoever watches: her phone speaks the watcher's language."""
        self.phone.device = {**reader.PHONE, "language": language or reader.PHONE["language"]}
        self.story.open_with(self.phone, name)

    def handle_error(self, request, client_address):
        pass  # a browser that hangs up is nothing to report

    def stop(self):
        self.shutdown()
        self.server_close()
        self.thread.join()
