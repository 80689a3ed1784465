"""How much memory processes took at most, from the kernel's own books."""

import contextlib


def begin(pids):
    """From now on peak_kb() tells the largest since this call (proc(5), clear_refs)."""
    for pid in pids:
        with contextlib.suppress(OSError):
            with open(f"/proc/{pid}/clear_refs", "w", encoding="ascii") as file:
                file.write("5")


def read_kb(pid, field):
    with contextlib.suppress(OSError):
        with open(f"/proc/{pid}/status", encoding="latin-1") as file:
            for line in file:
                if line.startswith(field + ":"):
                    return int(line.split()[1])
    return 0


def peak_kb(pid):
    return read_kb(pid, "VmHWM")


def now_kb(pid):
    return read_kb(pid, "VmRSS")


def is_plain(program):
    """False for a build with sanitizers, whose memory says nothing."""
    with open(program, "rb") as file:
        return b"__asan_init" not in file.read()
