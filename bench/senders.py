"""The far side of bench/miss.py and bench/prefetch.py: senders' pictures, and the server that has
them (bench/origin.c), with a DNS that knows every name. Pictures are made with the standard library
alone, and read with it again: nothing of ours says whether an answer is the right picture."""

import os
import random
import re
import select
import struct
import subprocess
import sys
import tempfile
import zlib

from measure import BUILD, LOAD_CORE, ROOT, Unavailable, pin

sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
import pictures  # noqa: E402

WIDTH, HEIGHT = 160, 48
LOGOS = 4096  # different ones; more answers than that repeat them
HOSTS = 997


def logo_rows(number):
    """Bands of colour with a soft grain in one of them: some 2 KB as a PNG, like a small logo."""
    rng = random.Random(number)
    rows, height = [], 0
    while height < HEIGHT:
        band = min(rng.randint(4, 12), HEIGHT - height)
        cuts = sorted(rng.sample(range(1, WIDTH), 5))
        spans = b"".join(bytes(rng.randrange(256) for _ in range(3)) * (end - start)
                         for start, end in zip([0, *cuts], [*cuts, WIDTH]))
        rows += [spans] * band
        height += band
    for at in range(16, 24):
        grain = bytes(v & 15 for v in rng.randbytes(3 * 60))
        row = bytearray(rows[at])
        row[150:330] = bytes(min(a + b, 255) for a, b in zip(row[150:330], grain))
        rows[at] = bytes(row)
    return rows


def logo(number):
    rows = b"".join(b"\0" + row for row in logo_rows(number))
    return pictures.png_of_rows(WIDTH, HEIGHT, 8, 2, zlib.compress(rows, 6))


def paeth(a, b, c):
    """PNG specification, 9.4."""
    p = a + b - c
    pa, pb, pc = abs(p - a), abs(p - b), abs(p - c)
    return a if pa <= pb and pa <= pc else b if pb <= pc else c


def unfilter(kind, row, before, step):
    for i in range(len(row) if kind else 0):
        a = row[i - step] if i >= step else 0
        c = before[i - step] if i >= step else 0
        row[i] = (row[i] + (a, before[i], (a + before[i]) // 2, paeth(a, before[i], c))[kind - 1]
                  ) & 255
    return row


def rows_of_png(body):
    """RGB rows of an 8-bit RGB or RGBA PNG; ValueError for anything else."""
    if body[:8] != b"\x89PNG\r\n\x1a\n" or body[24] != 8 or body[25] not in (2, 6) or body[28]:
        raise ValueError(f"no plain RGB picture: {body[:33]!r}")
    width, height = pictures.png_size(body)
    step, data, at = (3 if body[25] == 2 else 4), b"", 8
    while at < len(body):
        size, kind = struct.unpack(">I4s", body[at:at + 8])
        data += body[at + 8:at + 8 + size] if kind == b"IDAT" else b""
        at += 12 + size
    data = zlib.decompress(data)
    rows, before = [], bytes(width * step)
    for y in range(height):
        line = data[y * (1 + width * step):(y + 1) * (1 + width * step)]
        before = unfilter(line[0], bytearray(line[1:]), before, step)
        rows.append(bytes(before) if step == 3 else
                    b"".join(before[i:i + 3] for i in range(0, len(before), 4)))
    return rows


def responses(logos, draw=logo):
    """The file that bench/origin.c and bench/decode_loop.c read; gone when it is closed."""
    file = tempfile.NamedTemporaryFile(prefix="shoji-bench-")
    for number in range(logos):
        body = draw(number)
        data = (b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nCache-Control: max-age=86400\r\n"
                b"Content-Length: %d\r\n\r\n" % len(body)) + body
        file.write(b"%d\n" % len(data) + data)
    file.flush()
    return file


class Senders:
    """The origin at work; host(n) and path(n) are those of picture n, which is logo n % LOGOS."""

    def __init__(self, logos=LOGOS, draw=None):
        """`draw`: what makes the bytes of picture n, which is otherwise a logo."""
        program = os.path.join(BUILD, "bench", "origin")
        if not os.path.exists(program):
            raise Unavailable(f"{program} is not built")
        self.logos = logos
        with responses(logos, draw or logo) as file:
            self.process = subprocess.Popen(
                pin(LOAD_CORE, [program, "127.0.0.1", file.name]), stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, text=True)
            line = self.process.stdout.readline()
        found = re.fullmatch(r"ready listen=127\.0\.0\.1:(\d+) dns=(127\.0\.0\.1:\d+)\n", line)
        if not found:
            raise RuntimeError(f"the origin said {line!r}")
        self.port, self.dns = int(found.group(1)), found.group(2)

    def order(self, text):
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()
        if not select.select([self.process.stdout], [], [], 30)[0]:
            raise RuntimeError(f"the origin does not answer to {text!r}")
        return self.process.stdout.readline().strip()

    def count(self):
        """Requests so far, and those that wait for their answer."""
        return tuple(map(int, self.order("count").split()))

    def log(self):
        """[(when in seconds since 1970, number)] since the last call."""
        with tempfile.NamedTemporaryFile(prefix="shoji-bench-", mode="r") as file:
            self.order(f"log {file.name}")
            return [(int(when) / 1e9, int(number))
                    for when, number in (line.split() for line in file)]

    def path(self, number):
        return f"/i/{number}.png"

    def url(self, number):
        return f"http://img.sender{number % HOSTS}.example:{self.port}" + self.path(number)

    def is_picture(self, body, number):
        return rows_of_png(body) == logo_rows(number % self.logos)

    def stop(self):
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()
