"""A file system that loses power: files in memory, mounted by FUSE; a cut throws away a random part
of what was not synced.

What survives: all that was written before a file's last fsync; of later writes, any sector (512
bytes) or none, in any combination, as a disk with a write cache does that puts its sectors in its
own order. Names (making, renaming, removing) go through a journal as those of ext4 and XFS do: an
fsync of a folder, or of a file that is new or has another length, makes all earlier ones durable; of
later ones, those up to a random one survive. So a file's new length may survive without its bytes:
these are then zeros.

Harder than most disks, and softer in one thing: a sector is old or new, never torn.
"""

import errno
import os
import stat
import threading
import time

import fusepy

SECTOR = 512


class File:
    def __init__(self, mode, data=b""):
        self.mode = mode
        self.data = bytearray(data)  # as programs see it
        self.synced = bytearray(data)  # as the disk has it for certain
        self.log = []  # since: ("write", offset, bytes) or ("size", length)
        self.in_journal = False  # it is new, or has another length, since its last fsync
        self.changed_s = time.time()


def _apply(data, entry):
    if entry[0] == "size":
        length = entry[1]
        del data[length:]
        data.extend(bytes(length - len(data)))
        return
    _, offset, piece = entry
    if len(data) < offset:
        data.extend(bytes(offset - len(data)))
    data[offset:offset + len(piece)] = piece


class PowerFS(fusepy.Operations):
    lock = None  # the kernel's own

    def __init__(self):
        self.guard = threading.Lock()
        self.names = {"/": (stat.S_IFDIR | 0o700, None)}  # path: (mode, File or None)
        self.journal = []  # changes of names since the last fsync
        self.synced_names = dict(self.names)
        self.dark = False

    # ---- the cut ----

    def load(self, root):
        """Takes over a real directory, as if all of it had been synced long ago."""
        for folder, _, files in os.walk(root):
            at = "/" + os.path.relpath(folder, root) if folder != root else "/"
            self.names[at] = (stat.S_IFDIR | 0o700, None)
            for name in files:
                path = os.path.join(folder, name)
                with open(path, "rb") as file:
                    node = File(stat.S_IFREG | (os.stat(path).st_mode & 0o7777), file.read())
                node.changed_s = os.stat(path).st_mtime
                self.names[os.path.join(at, name)] = (node.mode, node)
        self.synced_names = dict(self.names)

    def cut(self):
        """From now on nothing is written any more."""
        with self.guard:
            self.dark = True

    def survive(self, root, rng):
        """Writes to an empty directory what one disk may have after the cut; each call another."""
        names = dict(self.synced_names)
        for changes in self.journal[:rng.randint(0, len(self.journal))]:
            self._replay(changes, names)
        keep = rng.choice([0.0, 0.1, 0.5, 0.9, 1.0])
        for path in sorted(names):
            mode, node = names[path]
            real = root + path
            if node is None:
                os.makedirs(real, mode=0o700, exist_ok=True)
                continue
            os.makedirs(os.path.dirname(real), mode=0o700, exist_ok=True)
            with open(real, "wb") as file:
                file.write(self._sectors(node, keep, rng))
            os.chmod(real, node.mode & 0o7777)
            os.utime(real, (node.changed_s, node.changed_s))

    @staticmethod
    def _sectors(node, keep, rng):
        data = bytearray(node.synced)
        for entry in node.log:
            if entry[0] == "size":
                if rng.random() < keep:
                    _apply(data, entry)
                continue
            _, offset, piece = entry
            at = 0
            while at < len(piece):
                end = min(len(piece), (offset + at) // SECTOR * SECTOR + SECTOR - offset)
                if rng.random() < keep:
                    _apply(data, ("write", offset + at, piece[at:end]))
                at = end
        return data

    # ---- what FUSE asks ----

    def _node(self, path):
        if path not in self.names:
            raise fusepy.FuseOSError(errno.ENOENT)
        return self.names[path]

    def _change(self):
        if self.dark:
            raise fusepy.FuseOSError(errno.EIO)

    @staticmethod
    def _replay(changes, names):
        for path, entry in changes:
            names.pop(path, None)
            if entry:
                names[path] = entry

    def _set(self, *changes):
        """One step: all of it survives, or none."""
        self._replay(changes, self.names)
        self.journal.append(changes)

    def _sync_names(self):
        for changes in self.journal:
            self._replay(changes, self.synced_names)
        self.journal.clear()

    def getattr(self, path, fh=None):
        with self.guard:
            mode, node = self._node(path)
            size = len(node.data) if node else 0
            when = node.changed_s if node else time.time()
            return {"st_mode": mode, "st_nlink": 1 if node else 2, "st_size": size,
                    "st_blocks": (size + 511) // 512, "st_mtime": when, "st_ctime": when,
                    "st_atime": when, "st_uid": os.getuid(), "st_gid": os.getgid()}

    def readdir(self, path, fh):
        with self.guard:
            inside = path.rstrip("/") + "/"
            return [".", ".."] + [name[len(inside):] for name in self.names
                                  if name.startswith(inside) and name != inside
                                  and "/" not in name[len(inside):]]

    def mkdir(self, path, mode):
        with self.guard:
            self._change()
            if path in self.names:
                raise fusepy.FuseOSError(errno.EEXIST)
            self._set((path, (stat.S_IFDIR | mode, None)))

    def rmdir(self, path):
        with self.guard:
            self._change()
            self._set((path, None))

    def create(self, path, mode, fi=None):
        with self.guard:
            self._change()
            file = File(stat.S_IFREG | mode)
            file.in_journal = True
            self._set((path, (file.mode, file)))
            return 0

    def open(self, path, flags):
        with self.guard:
            self._node(path)
            return 0

    def unlink(self, path):
        with self.guard:
            self._change()
            self._node(path)
            self._set((path, None))

    def rename(self, old, new):
        with self.guard:
            self._change()
            moved = {path: entry for path, entry in self.names.items()
                     if path == old or path.startswith(old + "/")}
            self._set(*((path, None) for path in moved),
                      *((new + path[len(old):], entry) for path, entry in moved.items()))

    def chmod(self, path, mode):
        with self.guard:
            self._change()
            kind, node = self._node(path)
            if node:
                node.mode = stat.S_IFMT(kind) | mode
            self._set((path, (stat.S_IFMT(kind) | mode, node)))

    def chown(self, path, uid, gid):
        return 0

    def utimens(self, path, times=None):
        return 0

    def read(self, path, size, offset, fh):
        with self.guard:
            return bytes(self._node(path)[1].data[offset:offset + size])

    def _log(self, path, entry):
        node = self._node(path)[1]
        length = len(node.data)
        _apply(node.data, entry)
        node.in_journal |= len(node.data) != length
        node.log.append(entry)
        node.changed_s = time.time()

    def write(self, path, data, offset, fh):
        with self.guard:
            self._change()
            self._log(path, ("write", offset, bytes(data)))
            return len(data)

    def truncate(self, path, length, fh=None):
        with self.guard:
            self._change()
            self._log(path, ("size", length))

    def fsync(self, path, datasync, fh):
        with self.guard:
            self._change()
            node = self._node(path)[1]
            for entry in node.log:
                _apply(node.synced, entry)
            node.log.clear()
            if node.in_journal:
                self._sync_names()
            node.in_journal = False

    def fsyncdir(self, path, datasync, fh):
        with self.guard:
            self._change()
            self._sync_names()
            return 0

    def statfs(self, path):
        return {"f_bsize": 4096, "f_frsize": 4096, "f_blocks": 1 << 20, "f_bfree": 1 << 19,
                "f_bavail": 1 << 19}


class Mount:
    """`with Mount(fs, point):`; the point is empty again afterwards."""

    def __init__(self, fs, point):
        self.point = point
        self.thread = threading.Thread(target=self._run, args=(fs,), daemon=True)

    def _run(self, fs):
        fusepy.FUSE(fs, self.point, foreground=True, nothreads=True, big_writes=True,
                    attr_timeout=0, entry_timeout=0, negative_timeout=0)

    def __enter__(self):
        self.thread.start()
        deadline = time.monotonic() + 20
        while not os.path.ismount(self.point):
            if time.monotonic() > deadline or not self.thread.is_alive():
                raise OSError("FUSE does not mount here")
            time.sleep(0.01)
        return self

    def __exit__(self, *_):
        os.system(f"fusermount -u -z '{self.point}' 2>/dev/null || umount -l '{self.point}'")
        self.thread.join(20)
