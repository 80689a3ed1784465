"""Debian's Sendmail, unpacked below the build (its package would put Postfix out), from a
configuration and a queue of its own, at port 25 in the network of whoever starts it. Mail for
`domain` is delivered to a file each; all else goes to port 25 of `relay`. `more` are further lines
of sendmail.mc. Skips where it cannot be had."""

import os
import pathlib
import shutil
import smtplib
import subprocess
import tempfile
import time
import unittest

import harness

PACKAGES = ("sendmail-bin", "sendmail-cf")
START_S = STOP_S = 60
ADDRESS = ("127.0.0.1", 25)

OWN_NAME = 'hostname mx.example.org; mount --bind "$0/hosts" /etc/hosts; exec "$@"'

CONFIGURATION = """\
divert(-1)dnl
divert(0)dnl
OSTYPE(`linux')dnl
define(`confDOMAIN_NAME', `mx.{domain}')dnl
define(`QUEUE_DIR', `{at}/queue')dnl
define(`confPID_FILE', `{at}/pid')dnl
define(`STATUS_FILE', `{at}/statistics')dnl
define(`HELP_FILE', `{at}/help')dnl
define(`ALIAS_FILE', `')dnl
define(`confCW_FILE', `-o {at}/none')dnl
define(`confSERVICE_SWITCH_FILE', `{at}/switch')dnl
define(`confHOSTS_FILE', `{at}/hosts')dnl
define(`confTO_IDENT', `0')dnl
define(`confTO_ICONNECT', `5s')dnl
define(`confMIN_QUEUE_AGE', `0')dnl
define(`confDELIVERY_MODE', `i')dnl
define(`confQUEUE_LA', `1000')dnl
define(`confREFUSE_LA', `1000')dnl
define(`confDONT_BLAME_SENDMAIL', `GroupWritableDirPathSafe,TrustStickyBit')dnl
define(`LOCAL_MAILER_PATH', `{at}/deliver')dnl
define(`LOCAL_MAILER_ARGS', `deliver $u')dnl
MODIFY_MAILER_FLAGS(`LOCAL', `-Aw5:/|@')dnl
define(`SMART_HOST', `[{relay}]')dnl
FEATURE(`nocanonify')dnl
FEATURE(`accept_unresolvable_domains')dnl
DAEMON_OPTIONS(`Name=MTA, Addr=127.0.0.1, Port=25')dnl
{more}
MAILER(`local')dnl
MAILER(`smtp')dnl
LOCAL_DOMAIN(`{domain}')dnl
"""


def unpacked():
    """Where its files are; fetched once for a build."""
    if os.geteuid() != 0:
        raise unittest.SkipTest("sendmail takes mail only as root")
    at = pathlib.Path(harness.BUILD, "sendmail")
    if not (at / "done").exists():
        shutil.rmtree(at, ignore_errors=True)
        at.mkdir(parents=True)
        try:
            subprocess.run(["apt-get", "-qq", "download", *PACKAGES], cwd=at, check=True,
                           capture_output=True, timeout=120)
            for package in at.glob("*.deb"):
                subprocess.run(["dpkg", "-x", package, at], check=True, timeout=60)
        except (OSError, subprocess.SubprocessError) as why:
            raise unittest.SkipTest(f"the package of sendmail cannot be had: {why}") from why
        (at / "done").touch()
    if not shutil.which("m4"):
        raise unittest.SkipTest("m4 is not installed (deploy/install-packages mailstack)")
    found = subprocess.run(["ldd", at / "usr/libexec/sendmail/sendmail"], capture_output=True,
                           text=True, check=False)
    if "not found" in found.stdout or found.returncode:
        raise unittest.SkipTest("a library that sendmail needs is not installed")
    return at


class Sendmail:
    def __init__(self, domain, more="", relay="127.0.0.1"):
        self.files = unpacked()
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="shoji-sendmail-"))
        self.directory.chmod(0o755)
        for name in ("queue", "mail"):
            (self.directory / name).mkdir(mode=0o700)
        (self.directory / "switch").write_text("hosts files\naliases files\n", encoding="ascii")
        (self.directory / "hosts").write_text(f"127.0.0.1 localhost mx.{domain}\n", encoding="ascii")
        (self.directory / "statistics").touch()
        deliver = self.directory / "deliver"
        deliver.write_text(f'#!/bin/sh\ncd {self.directory}/mail && file=$(mktemp .XXXXXX) || exit 75\n'
                           f'cat > "$file" && mv "$file" "$(date +%s.%N).$1" || exit 75\n',
                           encoding="ascii")
        deliver.chmod(0o755)
        self.conf = self.directory / "sendmail.cf"
        self.expand(CONFIGURATION.format(domain=domain, relay=relay, at=self.directory, more=more))
        self.process = None

    def expand(self, text):
        macros = self.files / "usr/share/sendmail/cf"
        done = subprocess.run(["m4", f"-D_CF_DIR_={macros}/", macros / "m4/cf.m4", "-"], input=text,
                              capture_output=True, text=True, check=False)
        if done.returncode or done.stderr:
            raise AssertionError(f"m4: {done.stderr}")
        self.conf.write_text(done.stdout, encoding="utf-8")

    def start(self):
        with open(self.directory / "log", "ab") as log:
            self.process = subprocess.Popen(
                # Before it reads a configuration it asks for its own name, and waits for a minute
                # where that has no dot.
                ["unshare", "--uts", "--mount", "sh", "-euc", OWN_NAME, self.directory,
                 self.files / "usr/libexec/sendmail/sendmail", "-bD", "-q1s", "-C", self.conf,
                 "-X", self.directory / "traffic", "-O", "LogLevel=0"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        end = time.monotonic() + START_S
        while not self.is_up():
            if time.monotonic() > end or self.process.poll() is not None:
                raise AssertionError(f"sendmail does not start\n{self.logged()}")
            time.sleep(0.05)
        return self

    @staticmethod
    def is_up():
        try:
            with smtplib.SMTP(*ADDRESS, timeout=START_S):
                return True
        except ConnectionRefusedError:
            return False

    def logged(self):
        """What it said, and all dialogues."""
        text = b""
        for name in ("log", "traffic"):
            if (self.directory / name).exists():
                text += (self.directory / name).read_bytes()
        return text.decode(errors="replace")[-4000:]

    def delivered(self):
        return [file.read_bytes() for file in sorted((self.directory / "mail").glob("[0-9]*"))]

    def remove(self):
        try:
            if self.process:
                self.process.terminate()
                self.process.wait(STOP_S)
        finally:
            shutil.rmtree(self.directory, ignore_errors=True)
