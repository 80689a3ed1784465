"""A client that says exactly what a test wants said, and shows exactly what came: HTTP/1.1 over TCP
or a Unix socket, nothing added but Host."""

import socket
import time


class Response:
    def __init__(self, status, reason, headers, body):
        self.status = status
        self.reason = reason
        self.headers = headers  # [(name as sent, value)]
        self.body = body

    def all(self, name):
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def get(self, name):
        values = self.all(name)
        return values[0] if values else None

    def names(self):
        return {key.lower() for key, _ in self.headers}

    def __repr__(self):
        return f"<{self.status} {self.headers} {len(self.body)} bytes>"


class Closed(Exception):
    """The peer closed the connection where an answer, or its rest, was due."""


class Client:
    def __init__(self, address, timeout_s=30):
        """`address`: (host, port), or the path of a Unix socket."""
        if isinstance(address, str):
            self.sock = socket.socket(socket.AF_UNIX)
            self.host = "localhost"
        else:
            self.sock = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
            self.host = f"{address[0]}:{address[1]}"
        self.sock.settimeout(timeout_s)
        self.sock.connect(address)
        self.pending = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.sock.close()

    def send_raw(self, data):
        self.sock.sendall(data)

    def send(self, method, target, headers=(), body=None):
        lines = [f"{method} {target} HTTP/1.1", f"Host: {self.host}"]
        pairs = headers.items() if isinstance(headers, dict) else headers
        lines += [f"{name}: {value}" for name, value in pairs]
        if body is not None:
            lines.append(f"Content-Length: {len(body)}")
        self.send_raw("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (body or b""))

    def fill(self):
        data = self.sock.recv(65536)
        if not data:
            raise Closed(f"after {self.pending[:200]!r}")
        self.pending += data

    def receive(self, method="GET"):
        while True:
            while b"\r\n\r\n" not in self.pending:
                self.fill()
            head, _, self.pending = self.pending.partition(b"\r\n\r\n")
            first, *rest = head.decode("latin-1").split("\r\n")
            version, status, *reason = first.split(" ", 2)
            if not version.startswith("HTTP/1."):
                raise ValueError(f"not HTTP: {first!r}")
            if int(status) != 100:
                break
        headers = [tuple(part.strip() for part in line.split(":", 1)) for line in rest]
        answer = Response(int(status), " ".join(reason), headers, b"")
        if method == "HEAD" or answer.status in (204, 304):
            return answer
        if "chunked" in (answer.get("Transfer-Encoding") or ""):
            answer.body = self.chunks()
        elif answer.get("Content-Length") is not None:
            answer.body = self.exactly(int(answer.get("Content-Length")))
        else:
            answer.body = self.rest()
        return answer

    def exactly(self, count):
        parts, missing = [self.pending], count - len(self.pending)
        while missing > 0:
            self.pending = b""
            self.fill()
            parts.append(self.pending)
            missing -= len(self.pending)
        whole = b"".join(parts)
        body, self.pending = whole[:count], whole[count:]
        return body

    def line(self):
        while b"\r\n" not in self.pending:
            self.fill()
        line, _, self.pending = self.pending.partition(b"\r\n")
        return line

    def chunks(self):
        body = b""
        while size := int(self.line().split(b";")[0], 16):
            body += self.exactly(size)
            self.line()
        self.line()
        return body

    def rest(self):
        try:
            while True:
                self.fill()
        except Closed:
            body, self.pending = self.pending, b""
            return body

    def is_closed(self, timeout_s=5):
        """True when the peer has closed, or closes within the time, without a further byte."""
        self.sock.settimeout(timeout_s)
        try:
            return not self.pending and self.sock.recv(1) == b""
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False

    def ask(self, method, target, headers=(), body=None):
        self.send(method, target, headers, body)
        return self.receive(method)


def ask(address, target, headers=(), method="GET", body=None, timeout_s=30):
    with Client(address, timeout_s) as client:
        return client.ask(method, target, headers, body)


def timed(call, *args, **named):
    began = time.monotonic()
    result = call(*args, **named)
    return result, time.monotonic() - began
