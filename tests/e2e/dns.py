"""A DNS server that says whatever bytes a test wants said, over UDP and TCP on one port, and
remembers every question. (origin.Names is the one for tests that only want names to have addresses.)

A handler gets the Question and returns None (silence), the bytes of an answer, or a list of them.
"""

import contextlib
import socket
import struct
import threading
import time

A, CNAME, AAAA = 1, 5, 28
NOERROR, FORMERR, SERVFAIL, NXDOMAIN, REFUSED = 0, 1, 2, 3, 5
POINTER = b"\xc0\x0c"  # to the name in the question


def pack_name(name):
    labels = name.rstrip(".").split(".")
    return b"".join(bytes([len(label)]) + label.encode("latin-1") for label in labels) + b"\0"


def record(kind, data, owner=POINTER, ttl=60):
    return owner + struct.pack(">HHIH", kind, 1, ttl, len(data)) + data


def address(text, owner=POINTER, ttl=60):
    if ":" in text:
        return record(AAAA, socket.inet_pton(socket.AF_INET6, text), owner, ttl)
    return record(A, socket.inet_pton(socket.AF_INET, text), owner, ttl)


def cname(target, owner=POINTER):
    return record(CNAME, pack_name(target), owner)


class Question:
    def __init__(self, data, peer, tcp):
        at, labels = 12, []
        while data[at]:
            labels.append(data[at + 1:at + 1 + data[at]].decode("latin-1"))
            at += 1 + data[at]
        self.name = ".".join(labels).lower()
        self.kind, = struct.unpack(">H", data[at + 1:at + 3])
        self.section = data[12:at + 5]
        self.id = data[:2]
        self.peer = peer
        self.tcp = tcp
        self.when = time.monotonic()
        self.before = 0  # how often this name and kind were asked already

    def answer(self, *records, code=NOERROR, flags=0x8180, answers=None, **differently):
        """`differently`: id, section, authority, extra (each bytes) instead of what is right."""
        section = differently.get("section", self.section)
        extra = differently.get("extra", [])
        counts = (1 if section else 0, len(records) if answers is None else answers, 0, len(extra))
        return (differently.get("id", self.id) + struct.pack(">HHHHH", flags | code, *counts)
                + section + b"".join(records) + b"".join(extra))

    def addresses(self, *texts):
        """Those of the kind that was asked for."""
        return self.answer(*(address(t) for t in texts if (":" in t) == (self.kind == AAAA)
                             and self.kind in (A, AAAA)))


class Server:
    def __init__(self, handlers=(), default=None, host="127.0.0.1", port=0):
        self.handlers = dict(handlers)
        self.default = default or (lambda q: q.answer(code=NXDOMAIN))
        self.questions = []
        self.lock = threading.Lock()
        self.closing = threading.Event()
        self.tcp = socket.create_server((host, port), backlog=64)
        self.port = self.tcp.getsockname()[1]
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind((host, self.port))
        self.address = f"{host}:{self.port}"
        threading.Thread(target=self.serve_udp, daemon=True).start()
        threading.Thread(target=self.serve_tcp, daemon=True).start()

    def ask(self, data, peer, tcp):
        """The answers, each as bytes."""
        if len(data) < 17:
            return []
        question = Question(data, peer, tcp)
        with self.lock:
            question.before = sum((q.name, q.kind) == (question.name, question.kind)
                                  for q in self.questions)
            self.questions.append(question)
        said = self.handlers.get(question.name, self.default)(question)
        if said is None:
            return []
        return said if isinstance(said, list) else [said]

    def serve_udp(self):
        def one(data, peer):
            with contextlib.suppress(OSError):
                for said in self.ask(data, peer, False):
                    self.udp.sendto(said, peer)

        while not self.closing.is_set():
            try:
                data, peer = self.udp.recvfrom(4096)
            except OSError:
                return
            threading.Thread(target=one, args=(data, peer), daemon=True).start()

    def serve_tcp(self):
        def one(conn, peer):
            with contextlib.suppress(OSError, struct.error), conn:
                conn.settimeout(30)
                while head := conn.recv(2, socket.MSG_WAITALL):
                    length, = struct.unpack(">H", head)
                    data = conn.recv(length, socket.MSG_WAITALL)
                    for said in self.ask(data, peer, True):
                        conn.sendall(struct.pack(">H", len(said)) + said)

        while not self.closing.is_set():
            try:
                conn, peer = self.tcp.accept()
            except OSError:
                return
            threading.Thread(target=one, args=(conn, peer), daemon=True).start()

    def asked(self, name):
        with self.lock:
            return [q for q in self.questions if q.name == name]

    def close(self):
        self.closing.set()
        for sock in (self.tcp, self.udp):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()
