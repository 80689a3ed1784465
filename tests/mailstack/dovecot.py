"""Debian's Dovecot as an LMTP store, from a configuration and Maildirs of its own. Needs root, as
Dovecot does; without either the tests are skipped. Mail is kept by `nobody`; who is no user is
refused. With an `imap_port` it speaks IMAP there, too; `more` is appended to its configuration."""

import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest

import harness

PROGRAM = "/usr/sbin/dovecot"
STOP_S = 30

CONF = """
base_dir = {0}/run
log_path = {0}/log
protocols = lmtp
ssl = no
mail_location = maildir:~
first_valid_uid = 1
service lmtp {{
  unix_listener {0}/lmtp.sock {{
    mode = 0666
  }}
}}
passdb {{
  driver = static
  args = password=secret
}}
userdb {{
  driver = passwd-file
  args = {0}/users
}}
"""


def need():
    if not os.path.exists(PROGRAM) or not os.path.exists("/usr/lib/dovecot/lmtp"):
        raise unittest.SkipTest("dovecot-lmtpd is not installed (deploy/install-packages mailstack)")
    if os.getuid() != 0:
        raise unittest.SkipTest("Dovecot wants to be started by root")


IMAP = """
protocols = lmtp imap
disable_plaintext_auth = no
postmaster_address = postmaster@example.org
service imap-login {{
  inet_listener imap {{
    address = 127.0.0.1
    port = {0}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
"""


class Dovecot:
    def __init__(self, *users, imap_port=None, more=""):
        need()
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="shoji-dovecot-"))
        self.directory.chmod(0o755)
        self.socket = str(self.directory / "lmtp.sock")
        self.conf = self.directory / "dovecot.conf"
        nobody = pwd.getpwnam("nobody")
        lines = ""
        for user in users:
            home = self.directory / "mail" / user
            home.mkdir(parents=True)
            os.chown(home, nobody.pw_uid, nobody.pw_gid)
            lines += f"{user}::{nobody.pw_uid}:{nobody.pw_gid}::{home}::\n"
        (self.directory / "users").write_text(lines, encoding="ascii")
        (self.directory / "log").touch()
        self.conf.write_text(CONF.format(self.directory) +
                             (IMAP.format(imap_port) if imap_port else "") + more, encoding="ascii")
        self.process = None

    def start(self):
        with open(self.directory / "out", "ab") as out:
            self.process = subprocess.Popen([PROGRAM, "-F", "-c", str(self.conf)], stdout=out,
                                            stdin=subprocess.DEVNULL, stderr=out,
                                            start_new_session=True)
        try:
            harness.until(self.answers)
        except AssertionError as why:
            raise AssertionError(f"{why}\n{self.logged()}") from None
        return self

    def answers(self):
        with socket.socket(socket.AF_UNIX) as sock:
            return sock.connect_ex(self.socket) == 0

    def logged(self):
        return "".join((self.directory / name).read_text(errors="replace")
                       for name in ("out", "log") if (self.directory / name).exists())

    def mails(self, user, folder=""):
        """What is in the mailbox, or another folder of his, oldest first."""
        at = self.directory / "mail" / user / folder
        files = sorted([*at.glob("new/*"), *at.glob("cur/*")],
                       key=lambda file: file.stat().st_mtime_ns)
        return [file.read_bytes() for file in files]

    def stop(self, how=signal.SIGTERM):
        if not self.process:
            return
        process, self.process = self.process, None
        process.send_signal(how)
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise AssertionError(f"Dovecot did not end\n{self.logged()}") from None

    def remove(self):
        try:
            self.stop()
        finally:
            shutil.rmtree(self.directory, ignore_errors=True)
