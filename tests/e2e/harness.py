"""Starts the real shojid in a directory of its own, waits for its ready line, and sees to it that it
ends cleanly and leaves nothing behind.

A Shojid is made with what differs from the harness's configuration, as {section: {key: value}};
its key's secret is known here, and sign() makes signed URLs from the contract's text alone (HMAC
over kid and payload), sharing nothing with the programs under test. Programs come from SHOJI_BUILD
(default: build/ in the source tree)."""

import base64
import collections
import contextlib
import hashlib
import hmac
import json
import os
import re
import resource
import secrets
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import threading
import unittest

import http1
import network
import origin as origins
import pictures

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("SHOJI_BUILD") or os.path.join(ROOT, "build")
SHOJID = os.path.join(BUILD, "src", "daemon", "shojid")
SHOJI = os.path.join(BUILD, "src", "cli", "shoji")

# Passes sockets on as a service manager does, and becomes the server: descriptors, names, command.
HAND_OVER = """
import os, sys
fds, names, command = sys.argv[1].split(","), sys.argv[2], sys.argv[3:]
held = [os.dup(int(fd)) for fd in fds]
held = [os.dup2(fd, 100 + i) for i, fd in enumerate(held)]
for i, fd in enumerate(held):
    os.dup2(fd, 3 + i)
os.closerange(3 + len(held), 200)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(fds)), LISTEN_FDNAMES=names)
os.execv(command[0], command)
"""

START_S = 30  # a sanitized build on a busy machine; a healthy one takes a fraction of a second
STOP_S = 20
BASE = "https://img.example.org"  # never connected to: a request names only its path


def b64url(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


class Key:
    def __init__(self, kid=None, secret=None):
        self.kid = kid or "".join(secrets.choice("abcdefghijklmnopqrstuvwxyz0123456789")
                                  for _ in range(8))
        self.secret = secret or secrets.token_bytes(32)

    def line(self, state="sign", tenant=None):
        secret = base64.b64encode(self.secret).decode()
        return f"{self.kid} {secret} {state}" + (f" tenant={tenant}" if tenant else "") + "\n"

    def derive(self, purpose):
        return hmac.new(self.secret, b"shoji v1 " + purpose, hashlib.sha256).digest()

    def sign(self, url, **options):
        """The path of the signed form. Options in the order given: sort them yourself, or not."""
        plain = url + "".join(f"\n{name}={value}" for name, value in options.items())
        return self.sign_plain(plain.encode())

    def sign_plain(self, plain):
        payload = b64url(plain)
        tag = hmac.new(self.derive(b"sign"), f"{self.kid}/{payload}".encode(), hashlib.sha256)
        return f"/s/{self.kid}/{b64url(tag.digest()[:16])}/{payload}"

    def salt(self, mailbox):
        return b64url(hmac.new(self.derive(b"mailbox"), mailbox.encode(),
                               hashlib.sha256).digest()[:8])


def today():
    """The value of option d for mail that is delivered now."""
    return int(time.time()) // 86400


def until(holds, timeout_s=20):
    """Asks until it holds; for what gives no event that could be awaited."""
    end = time.monotonic() + timeout_s
    while not holds():
        if time.monotonic() > end:
            raise AssertionError(f"still not so after {timeout_s} s")
        time.sleep(0.02)


def as_json(value):
    return json.dumps(value).encode()


def write_keys(path, text):
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as file:
        file.write(text)


def descendants(pid):
    """Pids below this one, whatever they are called."""
    children = collections.defaultdict(list)
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError):
                with open(f"/proc/{entry}/stat", encoding="latin-1") as file:
                    children[int(file.read().rpartition(")")[2].split()[1])].append(int(entry))
    found, at = [], [pid]
    while at:
        below = children[at.pop()]
        found += below
        at += below
    return found


class Shojid:
    def __init__(self, conf=None, directory=None):
        self.directory = directory or tempfile.mkdtemp(prefix="shoji-e2e-")
        self.own_directory = directory is None
        self.key = Key()
        self.keys = os.path.join(self.directory, "keys")
        self.submit = os.path.join(self.directory, "submit.sock")
        self.admin = os.path.join(self.directory, "admin.sock")
        self.state = os.path.join(self.directory, "state")
        self.log = os.path.join(self.directory, "log")
        self.conf = {
            "server": {"listen": "127.0.0.1:0", "submit": self.submit,
                       "admin": self.admin, "base_url": BASE, "keys": self.keys,
                       "state": self.state, "threads": "2"},
            "cache": {"size": "64M", "index_size": "16M"},
            "fetch": {"allow_private": "127.0.0.0/8", "ports": "any", "timeout": "10s"},
            "decode": {"workers": "2"},
            "prefetch": {"delay": "0s", "jitter": "0s"},
        }
        for section, values in (conf or {}).items():
            self.conf.setdefault(section, {}).update(values)
        write_keys(self.keys, self.key.line())
        self.process = None
        self.address = None
        self.sockets = []  # [(name, socket)]: listening ones that are handed over at each start

    def config_file(self):
        path = os.path.join(self.directory, "shoji.conf")
        with open(path, "w", encoding="utf-8") as file:
            for section, values in self.conf.items():
                file.write(f"[{section}]\n")
                file.writelines(f"{key} = {value}\n" for key, value in values.items()
                                if value is not None)
        return path

    def start(self, *arguments):
        if not os.path.exists(SHOJID):
            raise AssertionError(f"{SHOJID} is not built")
        arguments = arguments or ("--config", self.config_file())
        command, fds = [SHOJID, *arguments], [sock.fileno() for _, sock in self.sockets]
        if fds:
            command = [sys.executable, "-c", HAND_OVER, ",".join(map(str, fds)),
                       ":".join(name for name, _ in self.sockets), *command]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                                            stdout=subprocess.PIPE, stderr=log, text=True,
                                            pass_fds=fds)
        readable, _, _ = select.select([self.process.stdout], [], [], START_S)
        line = self.process.stdout.readline() if readable else ""
        if not line.startswith("ready "):
            self.kill()
            raise AssertionError(f"shojid said {line!r} and not that it is ready\n{self.logged()}")
        listen = re.search(r" listen=(127\.0\.0\.1):(\d+)", line)
        if listen:
            self.address = (listen.group(1), int(listen.group(2)))
        self.ready_line = line
        return self

    def logged(self, lines=40):
        with contextlib.suppress(FileNotFoundError):
            with open(self.log, encoding="utf-8", errors="replace") as file:
                return "".join(file.readlines()[-lines:])
        return ""

    def stop(self):
        """SIGTERM; it must say 0 and take all its processes with it."""
        if not self.process:
            return
        process, self.process = self.process, None
        below = [(pid, os.pidfd_open(pid)) for pid in descendants(process.pid)
                 if os.path.exists(f"/proc/{pid}")]
        process.send_signal(signal.SIGTERM)
        try:
            code = process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            code = "none: it had to be killed"
        process.stdout.close()
        left = []
        for pid, fd in below:
            if not select.select([fd], [], [], 5)[0]:
                left.append(pid)
                os.kill(pid, signal.SIGKILL)
            os.close(fd)
        log = self.logged()
        if code != 0 or left:
            raise AssertionError(f"exit code {code}, left behind {left}\n{log}")
        for sign in ("broken invariant", "Sanitizer", "runtime error"):
            if sign in log:
                raise AssertionError(f"the log holds {sign!r}:\n{log}")

    def reload(self):
        """SIGHUP, and waits until the server says that it read the keys and, last, the rules."""
        def said():
            log = self.logged(1000)
            return log.count("keys reloaded"), len(re.findall("tracker rules (?:not )?reloaded", log))

        keys, rules = said()
        self.process.send_signal(signal.SIGHUP)
        until(lambda: said()[0] > keys and said()[1] > rules)

    def kill(self):
        """SIGKILL, as the kernel does when memory is out. Its children must notice by themselves."""
        process, self.process = self.process, None
        below = [(pid, os.pidfd_open(pid)) for pid in descendants(process.pid)
                 if os.path.exists(f"/proc/{pid}")]
        process.kill()
        process.wait()
        process.stdout.close()
        left = []
        for pid, fd in below:
            if not select.select([fd], [], [], 10)[0]:
                left.append(pid)
                os.kill(pid, signal.SIGKILL)
            os.close(fd)
        if left:
            raise AssertionError(f"decoders {left} outlived a killed shojid")

    def remove(self):
        try:
            self.stop()
        finally:
            if self.own_directory:
                shutil.rmtree(self.directory, ignore_errors=True)

    def decoders(self):
        return descendants(self.process.pid)

    # ---- asking it ----

    def get(self, path, headers=(), method="GET", timeout_s=60):
        return http1.ask(self.address, path, headers, method, timeout_s=timeout_s)

    def open(self, url, headers=(), timeout_s=60, **options):
        return self.get(self.key.sign(url, **options), headers, timeout_s=timeout_s)

    def client(self, timeout_s=60):
        return http1.Client(self.address, timeout_s)

    def ask_submit(self, method, target, headers=(), body=None, timeout_s=60):
        return http1.ask(self.submit, target, headers, method, body, timeout_s)

    def ask_admin(self, method, target, headers=(), body=None, timeout_s=60):
        return http1.ask(self.admin, target, headers, method, body, timeout_s)


def shoji(*arguments, stdin=b"", check=None):
    """Runs the command line; (exit code, stdout, stderr)."""
    done = subprocess.run([SHOJI, *arguments], input=stdin, capture_output=True, timeout=60)
    if check is not None and done.returncode != check:
        raise AssertionError(f"shoji {' '.join(arguments)}: exit code {done.returncode}, "
                             f"{done.stderr.decode(errors='replace')}")
    return done.returncode, done.stdout, done.stderr.decode(errors="replace")


class ServerTest(unittest.TestCase):
    """A test with servers: what self.shojid() and self.origin() start ends with the test, and an
    unclean end fails it."""

    def shojid(self, conf=None, start=True):
        server = Shojid(conf)
        self.addCleanup(server.remove)
        return server.start() if start else server

    def origin(self, host="127.0.0.1"):
        near = host.startswith("127.") or network.far_network is None
        server = origins.Origin(host) if near else network.far(origins.Origin, host)
        self.addCleanup(server.close)
        return server

    def names(self, hosts=()):
        server = origins.Names(hosts)
        self.addCleanup(server.close)
        return server

    def assertPicture(self, answer, kind=None):
        self.assertEqual(answer.status, 200, answer)
        found = pictures.kind_of(answer.body)
        self.assertIsNotNone(found, answer.body[:40])
        self.assertEqual(answer.get("Content-Type"), f"image/{found}")
        if kind:
            self.assertEqual(found, kind)

    def assertPlaceholder(self, answer, status=404):
        """The same picture, whatever the reason."""
        self.assertEqual(answer.status, status, answer)
        self.assertEqual(answer.get("Content-Type"), "image/png")
        self.assertEqual(pictures.kind_of(answer.body), "png")
        self.assertRegex(answer.get("Cache-Control"), r"^public, max-age=(300|60)$")


def many_sockets():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < 8192:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, hard), hard))


def in_threads(count, work):
    """work(i) for each i at once; the results in order. The first error is raised."""
    results, errors = [None] * count, []

    def one(i):
        try:
            results[i] = work(i)
        except BaseException as error:  # pylint: disable=broad-except
            errors.append(error)

    threads = [threading.Thread(target=one, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return results
