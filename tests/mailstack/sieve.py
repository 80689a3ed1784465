"""What deploy/dovecot holds for Sieve, installed below a folder as its README says, for the user
nobody: programs, scripts, keys of his own, mail.conf and a spool. `more` is appended to mail.conf;
`sendmail` is what a redirect goes out by.

As installed, socket and spool are open to the group `shoji` alone, which is there once enter() was
called. Nobody is no member of it: what he may, the tests learn from how his programs are started."""

import os
import pathlib
import pwd
import shutil
import subprocess
import tempfile
import unittest

import harness
import network

PLUGIN = "/usr/lib/dovecot/modules/sieve/lib90_sieve_extprograms_plugin.so"
DEPLOY = pathlib.Path(harness.ROOT, "deploy/dovecot")
GROUP, GID = "shoji", 2424
CLONE_NEWNS = 0x20000


def enter():
    """For this process and what it starts, the system has the group."""
    if network.libc.unshare(CLONE_NEWNS):
        raise unittest.SkipTest("no mount namespace")
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    there = pathlib.Path("/etc/group").read_text(encoding="utf-8").splitlines(keepends=True)
    with tempfile.NamedTemporaryFile("w", encoding="utf-8") as file:
        file.writelines([line for line in there if not line.startswith(GROUP + ":")])
        file.write(f"{GROUP}:x:{GID}:\n")
        file.flush()
        os.chmod(file.name, 0o644)
        subprocess.run(["mount", "--bind", file.name, "/etc/group"], check=True)


def open_socket(server):
    """As its systemd socket is."""
    os.chown(server.submit, -1, GID)
    os.chmod(server.submit, 0o660)


def give_away(*paths):
    nobody = pwd.getpwnam("nobody")
    for path in paths:
        os.chown(path, nobody.pw_uid, nobody.pw_gid)


def install(folder, server, more="", sendmail="/usr/sbin/sendmail"):
    folder.mkdir(exist_ok=True)
    shutil.copy(server.keys, folder / "keys")
    (folder / "mail.conf").write_text(
        f"[server]\nbase_url = {server.conf['server']['base_url']}\nkeys = {folder}/keys\n"
        f"submit = {server.submit}\n[prefetch]\nspool = {folder}/spool\n" + more)
    programs = folder / "programs"
    programs.mkdir()
    for name in ("shoji-rewrite", "shoji-text", "shoji-prefetch", "shoji-sendmail"):
        text = (DEPLOY / name).read_text()
        text = text.replace("/etc/shoji/mail.conf", str(folder / "mail.conf"))
        text = text.replace("/usr/sbin/sendmail", str(sendmail))
        text = text.replace("/run/shoji/submit.sock", server.submit)
        (programs / name).write_text(text.replace(" shoji --", f" {harness.SHOJI} --"))
        (programs / name).chmod(0o755)
    for name in ("shoji.sieve", "prefetch.sieve"):
        shutil.copy(DEPLOY / name, folder)
    give_away(folder, *folder.rglob("*"))
    (folder / "spool").mkdir()
    os.chown(folder / "spool", -1, GID)
    (folder / "spool").chmod(0o2770)  # shoji.tmpfiles


def configuration(folder, script="shoji.sieve"):
    """Lines for Dovecot's."""
    conf = (DEPLOY / "dovecot-2.3.conf").read_text().replace("user = vmail", "user = nobody")
    for there in ("/usr/lib/dovecot/sieve-filter", "/usr/lib/dovecot/sieve-execute"):
        conf = conf.replace(there, str(folder / "programs"))
    conf = conf.replace("/usr/lib/dovecot/shoji-sendmail", str(folder / "programs/shoji-sendmail"))
    return conf.replace("/etc/dovecot/sieve/shoji.sieve", str(folder / script))
