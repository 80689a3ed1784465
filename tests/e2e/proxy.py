"""A SOCKS5 or HTTP proxy (RFC 1928; RFC 9110, 9.3.6) that remembers what it was asked to connect to.

`dial` makes its connections, so that they may leave from another network than the one it listens
in. It resolves nothing: a name is remembered as "name NAME:port" and refused."""

import contextlib
import socket
import struct
import threading


def relay(one, other):
    with contextlib.suppress(OSError):
        while data := one.recv(65536):
            other.sendall(data)
    with contextlib.suppress(OSError):
        other.shutdown(socket.SHUT_WR)


class Proxy:
    def __init__(self, kind, host, dial=socket.create_connection, port=0):
        self.kind = kind
        self.dial = dial
        self.asked = []
        self.connections = 0
        self.open = []
        self.lock = threading.Lock()
        self.sock = socket.create_server((host, port), backlog=64)
        self.port = self.sock.getsockname()[1]
        self.address = f"{host}:{self.port}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                conn, _ = self.sock.accept()
            except OSError:
                return
            with self.lock:
                self.connections += 1
                self.open.append(conn)
            threading.Thread(target=self.serve, args=(conn,), daemon=True).start()

    def serve(self, conn):
        with contextlib.suppress(OSError, ValueError, struct.error), conn:
            host, port = self.socks_target(conn) if self.kind == "socks5" else self.http_target(conn)
            with self.lock:
                self.asked.append(f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
            try:
                there = None if host.startswith("name ") else self.dial((host, port))
            except OSError:
                there = None
            conn.sendall(self.said(there is not None))
            if there:
                with there:
                    back = threading.Thread(target=relay, args=(there, conn), daemon=True)
                    back.start()
                    relay(conn, there)
                    back.join()

    def said(self, good):
        if self.kind == "socks5":
            return b"\x05" + (b"\0" if good else b"\x05") + b"\0\x01" + bytes(6)
        return b"HTTP/1.1 200 Go\r\n\r\n" if good else b"HTTP/1.1 502 No\r\n\r\n"

    @staticmethod
    def exactly(conn, count):
        data = conn.recv(count, socket.MSG_WAITALL)
        if len(data) != count:
            raise ValueError("cut off")
        return data

    def socks_target(self, conn):
        version, count = self.exactly(conn, 2)
        if version != 5 or 0 not in self.exactly(conn, count):
            raise ValueError("not SOCKS5 without authentication")
        conn.sendall(b"\x05\0")
        version, command, _, kind = self.exactly(conn, 4)
        if (version, command) != (5, 1):
            raise ValueError("not CONNECT")
        if kind == 3:
            host = "name " + self.exactly(conn, self.exactly(conn, 1)[0]).decode("latin-1")
        else:
            family, length = (socket.AF_INET, 4) if kind == 1 else (socket.AF_INET6, 16)
            host = socket.inet_ntop(family, self.exactly(conn, length))
        return host, struct.unpack(">H", self.exactly(conn, 2))[0]

    def http_target(self, conn):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self.exactly(conn, 1)
        method, target, _ = head.split(b"\r\n")[0].split(b" ")
        if method != b"CONNECT":
            raise ValueError("not CONNECT")
        host, _, port = target.decode("latin-1").rpartition(":")
        host = host.strip("[]")
        for family in (socket.AF_INET, socket.AF_INET6):
            with contextlib.suppress(OSError):
                socket.inet_pton(family, host)
                return host, int(port)
        return "name " + host, int(port)

    def close(self):
        """Nobody listens there any more, and what was open is cut."""
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()
        with self.lock:
            for conn in self.open:
                with contextlib.suppress(OSError):
                    conn.shutdown(socket.SHUT_RDWR)
