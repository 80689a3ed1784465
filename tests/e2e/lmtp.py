"""Both neighbours of `shoji lmtp`: a scripted mail store that writes down what it gets, and an MTA's
side of the dialogue, to the byte."""

import contextlib
import os
import re
import select
import signal
import socket
import subprocess
import threading

import harness

WAIT_S = 30


class Hangup(Exception):
    """Raised by a script: the store closes the connection without a word."""


class Transaction:
    def __init__(self, sender):
        self.sender, self.recipients = sender, []
        self.wire = None  # between DATA's answer and the last line, as it came
        self.answers = []

    @property
    def text(self):
        """Without dot-stuffing."""
        lines = self.wire.split(b"\r\n")
        return b"\r\n".join(line[1:] if line.startswith(b".") else line for line in lines)


class Store:
    """An LMTP store on a Unix socket. Scripts: `on_command[b"VERB"]` and `on_message` are called with
    the transaction and what there is (the line; the recipient's index) and return an answer or None."""

    def __init__(self, directory, keywords=("PIPELINING", "8BITMIME", "ENHANCEDSTATUSCODES")):
        self.path = os.path.join(directory, "store.sock")
        self.keywords = keywords
        self.transactions, self.commands, self.connections = [], [], []
        self.on_command, self.on_message = {}, None
        self.listening = socket.socket(socket.AF_UNIX)
        self.listening.bind(self.path)
        self.listening.listen(64)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listening.accept()
                self.connections.append(connection)
                threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with contextlib.suppress(OSError, Hangup), connection, connection.makefile("rb") as lines:
            connection.sendall(b"220 store.example LMTP\r\n")
            self.talk(connection, lines)

    def talk(self, connection, lines):
        current = None
        while line := lines.readline():
            self.commands.append(line)
            verb = line.split()[0].upper()
            script = self.on_command.get(verb)
            answer = script(current, line) if script else None
            if verb == b"LHLO":
                answer = answer or "\r\n".join(["250-store.example", *(
                    f"250-{word}" for word in self.keywords), "250 HELP"])
            elif verb == b"MAIL" and not answer:
                current = Transaction(line.rstrip(b"\r\n"))
                answer = "250 2.1.0 OK"
            elif verb == b"RCPT" and not answer:
                current.recipients.append(line.rstrip(b"\r\n"))
                answer = "250 2.1.5 OK"
            elif verb == b"RSET":
                current = None
            elif verb == b"DATA" and not answer:
                connection.sendall(b"354 go on\r\n")
                self.take_message(connection, lines, current)
                current = None
                continue
            connection.sendall((answer or "250 2.0.0 OK").encode() + b"\r\n")
            if verb == b"QUIT":
                return

    def take_message(self, connection, lines, current):
        pieces = [b"\r\n"]
        while not (pieces[-1] == b".\r\n" and pieces[-2].endswith(b"\r\n")):
            pieces.append(lines.readline())
            if not pieces[-1]:
                raise Hangup
        current.wire = b"".join(pieces[1:-1])
        self.transactions.append(current)
        for i in range(len(current.recipients)):
            answer = self.on_message(current, i) if self.on_message else None
            current.answers.append(answer or "250 2.0.0 saved")
            connection.sendall(current.answers[-1].encode() + b"\r\n")

    def close(self):
        self.listening.close()
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class Mta:
    """One connection; answers are (code, text of all lines)."""

    def __init__(self, address, greet=True):
        self.socket = socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET)
        self.socket.settimeout(WAIT_S)
        self.socket.connect(address)
        self.lines = self.socket.makefile("rb")
        if greet:
            self.greeting = self.answer()
            self.said = self.ask(b"LHLO mta.example")

    def send(self, wire):
        self.socket.sendall(wire)

    def answer(self):
        text = ""
        while True:
            line = self.lines.readline().decode()
            if not line:
                return None, text
            if not re.fullmatch(r"[2-5]\d\d[ -].*\r\n", line):
                raise AssertionError(f"{line!r} is no answer")
            text += line[4:]
            if line[3] == " ":
                return int(line[:3]), text

    def ask(self, line):
        self.send(line + b"\r\n")
        return self.answer()

    def envelope(self, *recipients, sender="sender@example.net"):
        """Ahead of the answers, as real MTAs do; the codes."""
        lines = [f"MAIL FROM:<{sender}>", *(f"RCPT TO:<{one}>" for one in recipients), "DATA"]
        self.send("".join(f"{line}\r\n" for line in lines).encode())
        return [self.answer()[0] for _ in lines]

    def message(self, text, count=1):
        """The answers to a message with CRLF line ends."""
        self.send(re.sub(rb"(?m)^\.", b"..", text) + b".\r\n")
        return [self.answer() for _ in range(count)]

    def close(self):
        self.lines.close()
        self.socket.close()


class Front:
    """A running `shoji lmtp`."""

    def __init__(self, conf, to, listen, *arguments):
        self.log = listen.removeprefix("unix:") + ".log" if listen.startswith("unix:") else None
        with open(self.log or os.devnull, "ab") as log:
            self.process = subprocess.Popen(
                [harness.SHOJI, "lmtp", "--config", conf, "--to", to, "--listen", listen, *arguments],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True)
        readable, _, _ = select.select([self.process.stdout], [], [], harness.START_S)
        line = self.process.stdout.readline() if readable else ""
        if not line.startswith("ready lmtp="):
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"shoji lmtp said {line!r} and not that it is ready")
        address = line.removeprefix("ready lmtp=").rstrip()
        self.address = (address.removeprefix("unix:") if "/" in address
                        else (address.split(":")[0], int(address.split(":")[1])))

    def logged(self):
        with open(self.log, encoding="utf-8") as file:
            return file.read()

    def stop(self):
        if not self.process:
            return
        process, self.process = self.process, None
        process.send_signal(signal.SIGTERM)
        try:
            code = process.wait(harness.STOP_S)
        finally:
            process.kill()
            process.wait()
            process.stdout.close()
        if code != 0:
            raise AssertionError(f"shoji lmtp ended with {code}")
