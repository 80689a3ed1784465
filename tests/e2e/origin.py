"""A scripted origin: a sender's web server that does what a test tells it, and remembers every byte
that it was asked, by whom and when. And a scripted DNS server of the same kind."""

import socket
import struct
import threading
import time


class Asked:
    def __init__(self, head, peer):
        self.head = head
        self.peer = peer
        self.when = time.monotonic()
        first = head.split(b"\r\n", 1)[0].split(b" ")
        self.path = first[1].decode("latin-1") if len(first) > 1 else ""


def answer(body=b"", status="200 OK", headers=()):
    """A page that answers with these bytes and closes."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close"]
    pairs = headers.items() if isinstance(headers, dict) else headers
    lines += [f"{name}: {value}" for name, value in pairs]
    data = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body

    def page(conn, _asked):
        conn.sendall(data)

    return page


def picture(body, headers=()):
    return answer(body, headers=[("Content-Type", "image/png"), *dict(headers).items()])


def redirect(location, status="302 Found"):
    return answer(status=status, headers={"Location": location})


class Origin:
    """`pages` maps a path to a function of (connection, Asked); another path is a 404."""

    def __init__(self, host="127.0.0.1", port=0):
        self.pages = {}
        self.default = answer(b"nothing here", "404 Not Found")
        self.asked = []
        self.connections = 0
        self.changed = threading.Condition()
        self.stopping = threading.Event()
        self.sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.sock.bind((host, port))
        self.sock.listen(1024)
        self.host, self.port = self.sock.getsockname()[:2]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                conn, peer = self.sock.accept()
            except OSError:
                return
            with self.changed:
                self.connections += 1
                self.changed.notify_all()
            threading.Thread(target=self.serve, args=(conn, peer), daemon=True).start()

    def serve(self, conn, peer):
        conn.settimeout(60)
        with conn:
            try:
                data = b""
                while b"\r\n\r\n" not in data:
                    more = conn.recv(65536)
                    if not more:
                        return
                    data += more
                asked = Asked(data, peer)
                with self.changed:
                    self.asked.append(asked)
                    self.changed.notify_all()
                self.pages.get(asked.path, self.default)(conn, asked)
                conn.shutdown(socket.SHUT_WR)
                conn.recv(1)
            except OSError:
                pass  # the asker went away, which is its right

    def url(self, path, host=None):
        return f"http://{host or self.host}:{self.port}{path}"

    def count(self, path=None):
        with self.changed:
            return sum(path in (None, asked.path) for asked in self.asked)

    def wait_for(self, path, count=1, timeout_s=20):
        with self.changed:
            return self.changed.wait_for(
                lambda: sum(path in (None, asked.path) for asked in self.asked) >= count, timeout_s)

    def close(self):
        self.stopping.set()
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Names:
    """A DNS server over UDP. `hosts` maps a name to a list of addresses, or to a function of the
    number of times the name was asked before that returns one; an unknown name does not exist."""

    def __init__(self, hosts=(), host="127.0.0.1"):
        self.hosts = dict(hosts)
        self.questions = []  # (name, type)
        self.lock = threading.Lock()
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind((host, 0))
        self.address = "%s:%d" % self.sock.getsockname()
        self.closing = False
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while not self.closing:
            try:
                data, peer = self.sock.recvfrom(4096)
                if len(data) > 12:
                    self.sock.sendto(self.reply(data), peer)
            except OSError:
                return

    def reply(self, data):
        at, labels = 12, []
        while data[at]:
            labels.append(data[at + 1:at + 1 + data[at]].decode("latin-1"))
            at += 1 + data[at]
        question = data[12:at + 5]
        kind = struct.unpack(">H", data[at + 1:at + 3])[0]
        name = ".".join(labels).lower()
        with self.lock:
            before = sum(asked == (name, kind) for asked in self.questions)
            self.questions.append((name, kind))
        addresses = self.hosts.get(name)
        known = addresses is not None
        if callable(addresses):
            addresses = addresses(before)
        records = b"".join(self.record(a, kind) for a in addresses or [] if (":" in a) == (kind == 28)
                           and kind in (1, 28))
        count = sum((":" in a) == (kind == 28) and kind in (1, 28) for a in addresses or [])
        flags = 0x8180 if known else 0x8183
        return data[:2] + struct.pack(">HHHHH", flags, 1, count, 0, 0) + question + records

    @staticmethod
    def record(address, kind):
        family = socket.AF_INET6 if kind == 28 else socket.AF_INET
        packed = socket.inet_pton(family, address)
        return struct.pack(">HHHIH", 0xC00C, kind, 1, 60, len(packed)) + packed

    def close(self):
        self.closing = True
        self.sock.close()

    def asked(self, name):
        with self.lock:
            return sum(question == name for question, _ in self.questions)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
