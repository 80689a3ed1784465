"""The spying sender: an HTTP server that hands out newsletter pictures and writes down everything
it can learn from each request, as senders' image servers do. It knows one thing beforehand: which
recipient's copy of which mail carries which token.

Every request is kept raw, byte for byte, so that a check can search what really arrived."""

import secrets
import socketserver
import threading
import time
import urllib.parse

import paint

HEAD_MAX = 64 * 1024


class Request:
    """One request as the sender saw it."""

    def __init__(self, at, address, raw):
        self.at = at
        self.address = address
        self.raw = raw
        lines = raw.decode("latin-1").split("\r\n")
        self.method, _, rest = lines[0].partition(" ")
        self.target = rest.rpartition(" ")[0]
        self.headers = {}
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            if colon:
                self.headers[name.strip().lower()] = value.strip()
        path, _, query = self.target.partition("?")
        self.token = urllib.parse.parse_qs(query).get("r", [""])[0]
        self.picture = urllib.parse.unquote(path.rpartition("/")[2])
        self.count = 0  # how often this copy's picture was asked for, this time included
        self.known_again = False  # it brings back a mark of ours from an earlier opening


class _Handler(socketserver.StreamRequestHandler):
    timeout = 10

    def handle(self):
        raw = b""
        while not raw.endswith(b"\r\n\r\n"):
            line = self.rfile.readline(HEAD_MAX)
            if not line or len(raw) > HEAD_MAX:
                return
            raw += line
        request = Request(time.time(), self.client_address[0], raw)
        self.server.sender.write_down(request)
        status, headers, body = self.server.sender.answer(request)
        head = f"HTTP/1.1 {status}\r\n" + "".join(f"{k}: {v}\r\n" for k, v in headers)
        self.wfile.write(head.encode("latin-1") + b"\r\n")
        if request.method != "HEAD":
            self.wfile.write(body)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        pass  # a reader that hangs up is nothing to report


class Sender:
    """Runs until stop(). Any thread may call."""

    def __init__(self, address):
        self.pictures = paint.paint_all()
        self.log = []
        self.news = threading.Condition()
        self.server = _Server((address, 0), _Handler)
        self.server.sender = self
        self.address, self.port = self.server.server_address
        self.url = f"http://{self.address}:{self.port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def new_token(self):
        return secrets.token_hex(8)

    def write_down(self, request):
        with self.news:
            before = [old for old in self.log
                      if (old.token, old.picture) == (request.token, request.picture)]
            cookies = {old.headers.get("cookie") for old in before} - {None}
            request.count = len(before) + 1
            request.known_again = ("if-none-match" in request.headers
                                   or request.headers.get("cookie") in cookies)
            self.log.append(request)
            self.news.notify_all()

    def answer(self, request):
        """Status line, headers and body, with every means of recognising the reader again."""
        cookie = [] if "cookie" in request.headers else [
            ("Set-Cookie", f"reader={secrets.token_hex(8)}; Max-Age=31536000; Path=/")]
        if request.target.startswith("/track/"):
            headers = [("Content-Type", "image/gif"), ("Cache-Control", "no-store")]
            return self._finish("200 OK", headers + cookie, paint.PIXEL_GIF)
        picture = self.pictures.get(request.picture)
        if picture is None:
            headers = [("Content-Type", "text/plain")]
            return self._finish("404 Not Found", headers, b"no such thing\n")
        # "no-cache" makes a browser ask again each time; the ETag, drawn anew for everyone who
        # comes without one, then comes back and names the device: a cookie that no setting clears.
        seen = request.headers.get("if-none-match")
        headers = [("Cache-Control", "private, no-cache, must-revalidate"),
                   ("ETag", seen or f'"device-{secrets.token_hex(8)}"')]
        if seen:
            return self._finish("304 Not Modified", headers, b"")
        body = paint.with_comment(picture, f"copy of {request.token}")
        return self._finish("200 OK", headers + [("Content-Type", "image/png")] + cookie, body)

    @staticmethod
    def _finish(status, headers, body):
        if not status.startswith("304"):
            headers = headers + [("Content-Length", str(len(body)))]
        return status, headers + [("Connection", "close")], body

    def seen(self, token):
        """What was asked with this token so far, oldest first."""
        with self.news:
            return [request for request in self.log if request.token == token]

    def everything(self):
        with self.news:
            return list(self.log)

    def wait_for(self, token, pictures, timeout_s):
        """Waits until each of these file names was asked for with this token. True: they were."""
        def all_there():
            return set(pictures) <= {r.picture for r in self.log if r.token == token}
        with self.news:
            return self.news.wait_for(all_there, timeout_s)
