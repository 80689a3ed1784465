"""Starts and stops a shojid of our own, and talks to it as a webmail or a milter would: over the
submit socket. Its whole state lies in one private directory."""

import base64
import datetime
import http.client
import json
import os
import pathlib
import select
import signal
import socket
import subprocess
import time
import urllib.parse

READY_S = 30
STOP_S = 15

CONFIG = """\
[server]
listen = 127.0.0.1:{port}
base_url = http://127.0.0.1:{port}
submit = {folder}/submit.sock
admin = {folder}/admin.sock
keys = {folder}/keys
state = {folder}/state
threads = 2

[cache]
size = 256M
index_size = 64M

[fetch]
# The sender of this demo lives on this machine. Without this line Shoji refuses to go there.
allow_private = {sender}/32
ports = any
timeout = 5s

[prefetch]
# At once, so that it can be watched.
delay = 0s
jitter = 0s
spool = {folder}/spool
"""


class ServerError(Exception):
    """The server could not be started, stopped or asked; the text says why."""


class _Submit(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=30)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def descendants(pid):
    """The process ids below `pid`, from /proc."""
    children = {}
    for entry in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            after_name = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # ended meanwhile
        children.setdefault(int(after_name[1]), []).append(int(entry.parent.name))
    found, queue = [], [pid]
    while queue:
        below = children.get(queue.pop(), [])
        found += below
        queue += below
    return found


class Server:
    """One shojid. Not for several threads, but for rewrite(), which any may call."""

    def __init__(self, build, folder, sender_address):
        self.build = pathlib.Path(build).resolve()
        self.folder = pathlib.Path(folder)
        self.port = _free_port()
        self.base_url = f"http://127.0.0.1:{self.port}"
        self.keys = self.folder / "keys"
        self.config = self.folder / "shoji.conf"
        self.errors = self.folder / "shojid.log"
        self.process = None
        for name in ("state", "spool"):
            (self.folder / name).mkdir(mode=0o700)
        self.config.write_text(
            CONFIG.format(port=self.port, folder=self.folder, sender=sender_address))
        self.tool("keygen", "--keys", str(self.keys))

    def tool(self, *arguments, given=None, answers=(0,)):
        """Runs `shoji ARGUMENTS`; gives back its exit code and output."""
        done = subprocess.run([self.build / "src/cli/shoji", *arguments], input=given,
                              capture_output=True, timeout=60, check=False)
        if done.returncode not in answers:
            raise ServerError(f"shoji {' '.join(arguments)}: exit code {done.returncode}: "
                              f"{done.stderr.decode(errors='replace').strip()}")
        return done.returncode, done.stdout

    def start(self):
        # A server of ours must not outlive us, however we end.
        command = ["setpriv", "--pdeathsig", "TERM", self.build / "src/daemon/shojid",
                   "--config", self.config]
        with self.errors.open("ab") as errors:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=errors,
                                            stdout=subprocess.PIPE, start_new_session=True)
        self._await_ready()

    def _await_ready(self):
        line = b""
        deadline = time.monotonic() + READY_S
        out = self.process.stdout
        while not line.startswith(b"ready "):
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([out], [], [], left)[0]:
                raise ServerError(f"shojid was not ready after {READY_S} s\n{self.last_words()}")
            line = out.readline()
            if not line:
                code = self.process.wait(STOP_S)
                raise ServerError(f"shojid ended with {code} at its start\n{self.last_words()}")

    def stop(self):
        """Asks it to end and waits; its exit code, or -SIGKILL when it would not."""
        if not self.process:
            return None
        process, self.process = self.process, None
        process.send_signal(signal.SIGTERM)
        try:
            return process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return process.wait()
        finally:
            process.stdout.close()

    def last_words(self):
        lines = self.errors.read_text(errors="replace").splitlines() if self.errors.exists() else []
        return "\n".join("  | " + line for line in lines[-12:])

    def rewrite(self, message, mailbox):
        """Delivers through the submit socket: the rewritten message, and the report."""
        today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
        query = urllib.parse.urlencode(
            {"mode": "proxy", "prefetch": 1, "mailbox": mailbox, "delivered": today})
        connection = _Submit(str(self.folder / "submit.sock"))
        try:
            connection.request("POST", f"/v1/rewrite?{query}", body=message, headers={
                "Content-Type": "message/rfc822", "Accept": "application/json"})
            response = connection.getresponse()
            body = response.read()
        finally:
            connection.close()
        if response.status != 200:
            raise ServerError(f"POST /v1/rewrite: {response.status} {body[:200]!r}")
        answer = json.loads(body)
        return base64.b64decode(answer["body_base64"]), answer["report"]

    def open_url(self, signed):
        """The original behind a signed URL, through `shoji open`; None when it is refused."""
        code, out = self.tool("open", "--config", str(self.config), signed, answers=(0, 1))
        return out.decode().split()[0] if code == 0 else None
