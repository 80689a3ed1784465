"""Debian's OpenDKIM, as the milter that signs or verifies beside a Postfix, from a configuration of
its own; and the verdict of Debian's python3-dkim, which shares no code with it."""

import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import unittest

import harness

PROGRAM = shutil.which("opendkim", path="/usr/sbin:/usr/bin")
GENKEY = shutil.which("opendkim-genkey", path="/usr/sbin:/usr/bin")
SELECTOR = "mail"

CONF = """
Mode {mode}
Socket inet:{port}@127.0.0.1
PidFile {folder}/pid
UserID root
RequireSafeKeys no
Syslog yes
Canonicalization relaxed/simple
{more}
"""


def need():
    try:
        import dkim  # pylint: disable=import-outside-toplevel,unused-import
    except ImportError:
        raise unittest.SkipTest("python3-dkim is not installed") from None
    if not PROGRAM or not GENKEY:
        raise unittest.SkipTest("opendkim is not installed")


class Filter:
    """Runs in the network of whoever starts it, at 127.0.0.1 and this port."""

    def __init__(self, port, mode, more=""):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="shoji-dkim-"))
        self.port = port
        self.conf = self.folder / "conf"
        self.conf.write_text(CONF.format(mode=mode, port=port, folder=self.folder, more=more),
                             encoding="ascii")
        self.process = None

    def start(self):
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen([PROGRAM, "-f", "-x", str(self.conf)], stdout=log,
                                            stdin=subprocess.DEVNULL, stderr=log)
        return self

    def remove(self):
        if self.process:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(harness.STOP_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def signer(port, domain):
    """(a Filter that signs for it, what the DNS is to say under SELECTOR._domainkey)"""
    keys = pathlib.Path(tempfile.mkdtemp(prefix="shoji-dkim-key-"))
    try:
        subprocess.run([GENKEY, "-D", keys, "-d", domain, "-s", SELECTOR, "-b", "2048"], check=True,
                       capture_output=True)
        made = Filter(port, "s", f"Domain {domain}\nSelector {SELECTOR}\n")
        key = made.folder / "key"
        shutil.move(keys / f"{SELECTOR}.private", key)
        os.chmod(key, 0o600)
        with open(made.conf, "a", encoding="ascii") as conf:
            conf.write(f"KeyFile {key}\n")
        zone = (keys / f"{SELECTOR}.txt").read_text(encoding="ascii")
    finally:
        shutil.rmtree(keys)
    return made, "".join(zone.split('"')[1::2])


def holds(message, record):
    """Whether its signature is valid under this record, whatever line ends it is stored with."""
    import dkim  # pylint: disable=import-outside-toplevel
    wire = message.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return dkim.verify(wire, dnsfunc=lambda name, timeout=5: record.encode())
