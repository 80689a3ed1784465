"""Debian's Postfix from a configuration, a queue and a log of its own, in the network of whoever
starts it. Needs root, as Postfix does; without either the tests are skipped.

Mail for `domain` is delivered to a Maildir a mailbox; all other mail goes to `relay`. Services are
lines of master.cf; `settings` go before ours."""

import contextlib
import grp
import os
import pathlib
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

PROGRAM = "/usr/sbin/postfix"
START_S = STOP_S = 30

SERVICES = """\
pickup    unix  n  -  n  60    1  pickup
cleanup   unix  n  -  n  -     0  cleanup
qmgr      unix  n  -  n  300   1  qmgr
rewrite   unix  -  -  n  -     -  trivial-rewrite
bounce    unix  -  -  n  -     0  bounce
defer     unix  -  -  n  -     0  bounce
trace     unix  -  -  n  -     0  bounce
flush     unix  n  -  n  1000? 0  flush
proxymap  unix  -  -  n  -     -  proxymap
smtp      unix  -  -  n  -     -  smtp
lmtp      unix  -  -  n  -     -  lmtp
showq     unix  n  -  n  -     -  showq
error     unix  -  -  n  -     -  error
retry     unix  -  -  n  -     -  error
virtual   unix  -  n  n  -     -  virtual
anvil     unix  -  -  n  -     1  anvil
scache    unix  -  -  n  -     1  scache
postlog   unix-dgram n - n -   1  postlogd
"""


def need():
    if not os.path.exists(PROGRAM):
        raise unittest.SkipTest("postfix is not installed (deploy/install-packages mailstack)")
    if os.getuid() != 0:
        raise unittest.SkipTest("postfix runs only as root")


class Postfix:
    def __init__(self, domain, relay, services, settings=()):
        need()
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="shoji-postfix-"))
        self.directory.chmod(0o755)
        self.conf = self.directory / "conf"
        self.log = self.directory / "log"
        self.mail = self.directory / "mail"
        owner, nobody = pwd.getpwnam("postfix"), pwd.getpwnam("nobody")
        for name, uid in (("conf", 0), ("queue", 0), ("data", owner.pw_uid), ("mail", nobody.pw_uid)):
            (self.directory / name).mkdir(mode=0o755)
            os.chown(self.directory / name, uid, -1)
        # Where others listen for it: what is made here belongs to Postfix's group.
        self.sockets = self.directory / "sockets"
        self.sockets.mkdir()
        os.chown(self.sockets, 0, grp.getgrnam("postfix").gr_gid)
        self.sockets.chmod(0o2750)
        main = {
            "compatibility_level": "3.6", "maillog_file": self.log,
            "maillog_file_prefixes": self.directory, "queue_directory": self.directory / "queue",
            "data_directory": self.directory / "data", "inet_protocols": "ipv4",
            "myhostname": f"mx.{domain}", "mydestination": "", "alias_maps": "",
            "alias_database": "", "local_recipient_maps": "", "smtpd_relay_restrictions":
            "permit_mynetworks, reject_unauth_destination", "smtpd_peername_lookup": "no",
            "disable_dns_lookups": "yes", "relayhost": relay, "virtual_mailbox_domains": domain,
            "virtual_mailbox_base": self.mail, "virtual_mailbox_maps": "static:all/",
            "virtual_uid_maps": f"static:{nobody.pw_uid}",
            "virtual_gid_maps": f"static:{nobody.pw_gid}", "smtp_tls_security_level": "none",
            "smtpd_tls_security_level": "none", "minimal_backoff_time": "300s",
            **dict(settings)}
        (self.conf / "main.cf").write_text(
            "".join(f"{key} = {value}\n" for key, value in main.items()), encoding="utf-8")
        (self.conf / "master.cf").write_text("\n".join(services) + "\n" + SERVICES, encoding="utf-8")
        self.process = None

    def command(self, *words):
        return subprocess.run([words[0], "-c", str(self.conf), *words[1:]], timeout=STOP_S,
                              capture_output=True, text=True, check=False)

    def start(self):
        with open(self.directory / "out", "ab") as out:
            self.process = subprocess.Popen([PROGRAM, "-c", str(self.conf), "start-fg"],
                                            stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                            start_new_session=True)
        self.wait_for("daemon started")
        return self

    def logged(self):
        text = ""
        for path in (self.directory / "out", self.log):
            with contextlib.suppress(FileNotFoundError):
                text += path.read_text(encoding="utf-8", errors="replace")
        return text

    def wait_for(self, pattern, count=1, timeout_s=START_S):
        """Until its log holds this so often."""
        end = time.monotonic() + timeout_s
        while len(re.findall(pattern, self.logged())) < count:
            if time.monotonic() > end:
                raise AssertionError(f"no {count} x {pattern!r} in {timeout_s} s:\n{self.logged()}")
            time.sleep(0.05)

    def flush(self):
        """Tries again at once what waits."""
        done = self.command("/usr/sbin/postqueue", "-f")
        if done.returncode:
            raise AssertionError(done.stderr)

    def waiting(self):
        return self.command("/usr/sbin/postqueue", "-j").stdout.splitlines()

    def delivered(self):
        """The messages in the mailbox, oldest first."""
        files = sorted(self.mail.glob("all/new/*"), key=lambda file: file.stat().st_mtime_ns)
        return [file.read_bytes() for file in files]

    def stop(self):
        if not self.process:
            return
        process, self.process = self.process, None
        self.command(PROGRAM, "stop")
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise AssertionError(f"Postfix did not end\n{self.logged()}") from None

    def remove(self):
        try:
            self.stop()
        finally:
            shutil.rmtree(self.directory, ignore_errors=True)
