"""A systemd of its own, as on a machine that has just been started, with what `meson install` puts
there: its files are a copy in memory over those of this machine, which it cannot change; its
processes, mounts and names are its own, its network is the caller's.

Skips where the kernel, or the container, does not allow it. Needs root."""

import contextlib
import ctypes
import os
import subprocess
import tempfile
import unittest

import harness

SYSTEMD = "/lib/systemd/systemd"
BOOT_S = 120
PR_SET_PDEATHSIG, SIGKILL = 1, 9

# Nothing of what is enabled on this machine is started, and nothing may be written to its kernel's
# settings. $1: a directory, $2: what is laid over the root.
BOOT = r"""
set -eu
mount --make-rprivate /
mount -t tmpfs none "$1"
mkdir "$1/up" "$1/work" "$1/root"
cp -a "$2/." "$1/up/"
root="$1/root"
mount -t overlay -o "lowerdir=/,upperdir=$1/up,workdir=$1/work" none "$root"
mount -t proc none "$root/proc"
mount -o bind "$root/proc/sys" "$root/proc/sys"
mount -o remount,bind,ro "$root/proc/sys"
mount -t sysfs -o ro none "$root/sys"
mount -t cgroup2 none "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755 none "$root/dev"
for name in null zero full random urandom tty; do
    touch "$root/dev/$name"
    mount --bind "/dev/$name" "$root/dev/$name"
done
mkdir "$root/dev/shm" "$root/dev/pts"
mount -t devpts -o newinstance,ptmxmode=0666 none "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
: > "$root/etc/fstab"
: > "$root/etc/crypttab"
for place in run etc/systemd/system; do
    mount -t tmpfs -o mode=755 none "$root/$place"
done
for place in tmp var/tmp; do
    mount -t tmpfs -o mode=1777 none "$root/$place"
done
printf '[Unit]\nRequires=basic.target\nAfter=basic.target\n' > "$root/etc/systemd/system/test.target"
mkdir "$root/run/before"
cd "$root"
pivot_root . run/before
umount -l /run/before
exec env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --unit=test.target \
    --log-target=journal --show-status=no
"""


def own_cgroups():
    """Where a new one may be made, or None."""
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        places = [line.split()[4] for line in file if " - cgroup2 " in line]
    return next((place for place in places if os.access(place, os.W_OK)), None)


def missing():
    if os.geteuid() != 0:
        return "a systemd of its own needs root"
    if not os.path.exists(SYSTEMD):
        return "systemd is not installed"
    return None if own_cgroups() else "there is no cgroup2 to be written to"


def die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, SIGKILL)


class Machine:
    def __init__(self):
        self.directory = tempfile.mkdtemp(prefix="shoji-machine-")
        self.cgroup = os.path.join(own_cgroups(), os.path.basename(self.directory))
        self.process = self.pid = None

    def boot(self):
        installed = os.path.join(self.directory, "installed")
        subprocess.run(["meson", "install", "-C", harness.BUILD, "--no-rebuild", "--quiet",
                        "--destdir", installed], check=True, capture_output=True)
        try:
            os.mkdir(self.cgroup)
        except OSError as why:
            raise unittest.SkipTest(f"no cgroup of its own: {why}") from why
        at = os.path.join(self.directory, "machine")
        os.mkdir(at)
        # In its cgroup before that becomes the root of its own.
        command = ["sh", "-c", 'echo $$ > "$0/cgroup.procs"; exec "$@"', self.cgroup,
                   "unshare", "--mount", "--pid", "--fork", "--kill-child", "--uts", "--ipc",
                   "--cgroup", "sh", "-c", BOOT, "boot", at, installed]
        with open(os.path.join(self.directory, "log"), "wb") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, preexec_fn=die_with_parent)
        try:
            harness.until(self.is_up, BOOT_S)
        except AssertionError as why:
            raise unittest.SkipTest(f"systemd does not come up here: {why}") from why
        return self

    def is_up(self):
        if self.process.poll() is not None:
            with open(os.path.join(self.directory, "log"), encoding="utf-8") as file:
                raise unittest.SkipTest("systemd does not start here: " + file.read()[-300:])
        if not self.pid:
            with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children",
                      encoding="ascii") as file:
                self.pid = int((file.read().split() or [0])[0])
            return False
        with open(f"/proc/{self.pid}/comm", encoding="ascii") as file:
            if file.read() != "systemd\n":
                return False
        if not os.path.exists(self.path("/run/systemd/private")):
            return False
        said = self.run("systemctl", "is-system-running", check=False).stdout.strip()
        return said in ("running", "degraded")

    def path(self, inside):
        """A file of the machine, as this process sees it."""
        return f"/proc/{self.pid}/root{inside}"

    def run(self, *command, check=True, stdin=""):
        """Inside, as root."""
        done = subprocess.run(
            ["nsenter", "-t", str(self.pid), "--mount", "--pid", "--uts", "--ipc", "--cgroup",
             "--root", "--wd", "env", "-i", "HOME=/root",
             "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", *command],
            input=stdin, capture_output=True, text=True, timeout=BOOT_S)
        if check and done.returncode:
            raise AssertionError(f"{' '.join(command)}: {done.returncode}\n{done.stdout}"
                                 f"{done.stderr}\n{self.journal()}")
        return done

    def journal(self):
        return self.run("journalctl", "--no-pager", "--lines=60", check=False).stdout

    def show(self, unit, what):
        return self.run("systemctl", "show", "--value", "--property", what, unit).stdout.strip()

    def main_process(self, unit):
        """Its pid inside."""
        return self.show(unit, "MainPID")

    def stop(self):
        """The first process of its own number space takes all others with it."""
        if self.process:
            self.process.kill()
            self.process.wait()
            harness.until(lambda: not self.has_processes())
        for folder, _, _ in os.walk(self.cgroup, topdown=False):
            with contextlib.suppress(OSError):
                os.rmdir(folder)
        subprocess.run(["rm", "-rf", "--one-file-system", self.directory], check=False)

    def has_processes(self):
        try:
            with open(os.path.join(self.cgroup, "cgroup.events"), encoding="ascii") as file:
                return "populated 1" in file.read()
        except FileNotFoundError:
            return False
