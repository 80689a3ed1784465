"""A mail server's side of the milter protocol, version 6 (sendmail's libmilter/docs and
include/libmilter/mfdef.h), and the milter under test.

A Milter is the program in a directory of its own. A Client is one SMTP connection to it: send()
takes a whole message through and gives an Outcome, which carries out what the milter asked for as a
mail server does; the single commands are there for what is not so orderly."""

import contextlib
import os
import re
import select
import signal
import socket
import struct
import subprocess
import time

import harness

MILTER = os.path.join(harness.BUILD, "src", "milter", "shoji-milter")

ADD_HEADERS, CHANGE_BODY, CHANGE_HEADERS = 0x01, 0x02, 0x10
ACTIONS = 0x1FF
SKIP, NR_HDR, LEADING_SPACE = 0x400, 0x80, 0x100000
STEPS = 0x1FFFFF
CHUNK = 65535

LOCAL = ("anna@example.org", "virtual")
OUTSIDE = ("rolf@elsewhere.example", "smtp")


def words(*texts):
    return b"".join(text + b"\0" for text in texts)


def parse(message):
    """([(name, value)], body) of a message with CRLF line ends, a value as it stands behind the
    colon, its lines ended by LF alone. As a mail server does it: what is no field begins the body."""
    fields, rest = [], message
    while rest:
        line, end, after = rest.partition(b"\r\n")
        if not line:
            return fields, after
        name, colon, value = line.partition(b":")
        if fields and line[:1] in b" \t":
            fields[-1][1] += b"\n" + line
        elif colon and re.fullmatch(rb"[!-9;-~]+[ \t]*", name):
            fields.append([name, value])
        else:
            break
        rest = after
    return fields, rest


def unparse(fields, body):
    head = b"".join(name + b":" + value.replace(b"\n", b"\r\n") + b"\r\n" for name, value in fields)
    return head + b"\r\n" + body


class Outcome:
    """What became of a message: `verdict` is the milter's last word ("c" continue, "a" accept,
    "t" tempfail), `message` what the mail server goes on with."""

    def __init__(self, fields, body, exact):
        self.fields = [list(field) for field in fields]
        self.before = unparse(fields, body)
        self.body = body
        self.exact = exact
        self.new_body = None
        self.verdict = None
        self.progress = 0
        self.skipped = False
        self.changes = []

    def value(self, text):
        return text if self.exact else b" " + text

    def add(self, data):
        name, value = data.split(b"\0")[:2]
        self.changes.append((b"+", name))
        self.fields.append([name, self.value(value)])

    def change(self, data):
        number, = struct.unpack(">I", data[:4])
        name, value = data[4:].split(b"\0")[:2]
        self.changes.append((number, name))
        same = [field for field in self.fields if field[0].rstrip().lower() == name.lower()]
        if number > len(same) or number < 1:
            raise AssertionError(f"there is no {name!r} number {number}")
        if value:
            same[number - 1][1] = self.value(value)
        else:
            self.fields = [field for field in self.fields if field is not same[number - 1]]

    def replace(self, data):
        self.new_body = (self.new_body or b"") + data

    @property
    def message(self):
        return unparse(self.fields, self.body if self.new_body is None else self.new_body)

    @property
    def changed(self):
        return self.message != self.before

    def header(self, name):
        return [value.strip() for key, value in self.fields if key.lower() == name.lower()]


class Client:
    def __init__(self, address, steps=STEPS, actions=ACTIONS, timeout_s=60):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(timeout_s)
        self.sock.connect(address)
        self.command(b"O", struct.pack(">III", 6, actions, steps))
        kind, data = self.answer()
        if kind != b"O":
            raise ConnectionError(f"negotiation: {kind!r}")
        self.version, self.actions, self.steps = struct.unpack(">III", data[:12])
        self.exact = bool(self.steps & LEADING_SPACE)

    def command(self, kind, data=b""):
        self.sock.sendall(struct.pack(">I", 1 + len(data)) + kind + data)

    def answer(self):
        head = self.sock.recv(4, socket.MSG_WAITALL)
        if len(head) < 4:
            raise ConnectionError("the milter hung up")
        size, = struct.unpack(">I", head)
        data = b""
        while len(data) < size:
            more = self.sock.recv(size - len(data))
            if not more:
                raise ConnectionError("the milter hung up")
            data += more
        return data[:1], data[1:]

    def ask(self, kind, data=b""):
        self.command(kind, data)
        return self.answer()[0]

    # ---- a message, step by step; each says the milter's verdict ----

    def sender(self, address="news@sender.example"):
        self.command(b"D", b"M" + words(b"i", b"4XYZ", b"{mail_addr}", address.encode()))
        return self.ask(b"M", words(f"<{address}>".encode()))

    def recipient(self, address, mailer=None):
        if mailer is not None:
            self.command(b"D", b"R" + words(b"{rcpt_mailer}", mailer.encode()))
        return self.ask(b"R", words(f"<{address}>".encode()))

    def field(self, name, value):
        if not self.exact and value[:1] == b" ":
            value = value[1:]
        self.command(b"L", words(name, value))
        return b"c" if self.steps & NR_HDR else self.answer()[0]

    def send(self, message, recipients=(LOCAL,), chunk=CHUNK):
        fields, body = parse(message)
        return self.send_parts(fields, body, recipients, chunk)

    def send_parts(self, fields, body, recipients=(LOCAL,), chunk=CHUNK):
        outcome = Outcome(fields, body, self.exact)
        verdict = self.sender()
        for address, mailer in recipients:
            if verdict == b"c":
                verdict = self.recipient(address, mailer)
        for name, value in fields:
            if verdict == b"c":
                verdict = self.field(name, value)
        if verdict == b"c":
            verdict = self.ask(b"N")
        at = 0
        while verdict == b"c" and at < len(body):
            verdict = self.ask(b"B", body[at:at + chunk])
            at += chunk
        outcome.skipped = verdict == b"s"
        if verdict in (b"c", b"s"):
            verdict = self.end(outcome)
        outcome.verdict = verdict.decode()
        return outcome

    def end(self, outcome):
        self.command(b"E")
        changes = {b"h": outcome.add, b"m": outcome.change, b"b": outcome.replace}
        while True:
            kind, data = self.answer()
            if kind == b"p":
                outcome.progress += 1
            elif kind in changes:
                changes[kind](data)
            else:
                return kind

    def abort(self):
        self.command(b"A")

    def close(self):
        with contextlib.suppress(OSError):
            self.command(b"Q")
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Milter:
    """shoji-milter over a configuration; `deliver` is its --deliver. `listen`: elsewhere than at the
    socket that client() connects to."""

    def __init__(self, config, directory, deliver=None, name="milter", listen=None):
        self.address = os.path.join(directory, name + ".sock")
        self.listen = listen or "unix:" + self.address
        self.log = os.path.join(directory, name + ".log")
        self.command = [MILTER, "--config", config, "--listen", self.listen,
                        *(["--deliver", deliver] if deliver else [])]
        self.process = None

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL,
                                            stdout=subprocess.PIPE, stderr=log, text=True)
        readable, _, _ = select.select([self.process.stdout], [], [], harness.START_S)
        line = self.process.stdout.readline() if readable else ""
        if line != f"ready milter={self.listen}\n":
            self.kill()
            raise AssertionError(f"shoji-milter said {line!r}\n{self.logged()}")
        return self

    def logged(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def client(self, **options):
        return Client(self.address, **options)

    def send(self, message, recipients=(LOCAL,), chunk=CHUNK, **options):
        with self.client(**options) as client:
            return client.send(message, recipients, chunk)

    def kill(self):
        process, self.process = self.process, None
        process.kill()
        process.wait()
        process.stdout.close()

    def stop(self):
        if not self.process:
            return
        process, self.process = self.process, None
        process.send_signal(signal.SIGTERM)
        code, end = None, time.monotonic() + harness.STOP_S
        while code is None and time.monotonic() < end:
            # libmilter notices at a connection, or else every five seconds.
            with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as sock:
                sock.connect(self.address)
            with contextlib.suppress(subprocess.TimeoutExpired):
                code = process.wait(0.1)
        if code is None:
            process.kill()
            process.wait()
            code = "none: it had to be killed"
        process.stdout.close()
        log = self.logged()
        if code != 0:
            raise AssertionError(f"shoji-milter: exit code {code}\n{log}")
        for sign in ("broken invariant", "Sanitizer", "runtime error"):
            if sign in log:
                raise AssertionError(f"the log holds {sign!r}:\n{log}")
