#!/usr/bin/python3
"""GIFs of every kind for test_transform.c, written and composed here by GIF89a. What the standard
leaves open goes by what browsers do: the screen begins transparent whatever the background colour,
a frame outside it is cut, "restore to background" is transparent.

Our result is a GIF again: every pixel of every frame must be the same, and every delay.
"""

import struct
import sys

from picture_trial import (BROKEN, GIF, PNG, TOO_LARGE, WEBP, expect, frames, main, numpy, refused,
                           same)

W, H = 40, 24
KEEP, LEAVE, CLEAR, RESTORE = range(4)


def colours(count, seed=0):
    return [((i * 37 + seed * 50) % 256, (i * 91 + 40) % 256, (255 - i * 5 + seed) % 256)
            for i in range(count)]


def codes(indices, depth):
    """LZW that never uses its table: a clear code before it would make codes longer."""
    size, clear = depth + 1, 1 << depth
    stream, count = [clear], 0
    for index in indices:
        if count == clear - 2:
            stream.append(clear)
            count = 0
        stream.append(int(index))
        count += 1
    stream.append(clear + 1)
    number, bits, out = 0, 0, bytearray()
    for code in stream:
        number |= code << bits
        bits += size
        while bits >= 8:
            out.append(number & 255)
            number >>= 8
            bits -= 8
    return bytes(out + bytes([number & 255]))


def blocks(data):
    parts = [data[i:i + 255] for i in range(0, len(data), 255)]
    return b"".join(bytes([len(p)]) + p for p in parts) + b"\0"


def table_of(palette):
    depth = max(1, (len(palette) - 1).bit_length())
    flat = b"".join(bytes(c) for c in palette)
    return depth - 1, flat + bytes(3 * (1 << depth) - len(flat))


class Frame:
    def __init__(self, indices, x=0, y=0, **more):
        self.indices, self.x, self.y = numpy.array(indices), x, y
        self.palette, self.clear, self.disposal, self.delay = None, None, KEEP, 10
        self.interlaced, self.control = False, True
        self.__dict__.update(more)

    def bytes(self, depth):
        h, w = self.indices.shape
        rows = list(range(h))
        if self.interlaced:
            rows = [*range(0, h, 8), *range(4, h, 8), *range(2, h, 4), *range(1, h, 2)]
        out, flags = b"", 0x40 if self.interlaced else 0
        if self.control:
            packed = self.disposal << 2 | (self.clear is not None)
            out += b"!\xf9\4" + struct.pack("<BHBB", packed, self.delay, self.clear or 0, 0)
        table = b""
        if self.palette:
            size, table = table_of(self.palette)
            depth, flags = size + 1, flags | 0x80 | size
        out += b"," + struct.pack("<HHHHB", self.x, self.y, w, h, flags) + table
        depth = max(2, depth)
        return out + bytes([depth]) + blocks(codes(self.indices[rows].reshape(-1), depth))


def gif(parts, palette=None, version=b"89a", loop=None, size=(W, H), background=0, end=b";"):
    flags, table = 0x70, b""
    if palette:
        bits, table = table_of(palette)
        flags |= 0x80 | bits
    out = b"GIF" + version + struct.pack("<HHBBB", *size, flags, background, 0) + table
    if loop is not None:
        out += b"!\xff\x0bNETSCAPE2.0\3\1" + struct.pack("<H", loop) + b"\0"
    for part in parts:
        out += part if isinstance(part, bytes) else part.bytes((flags & 7) + 1)
    return out + end


def composed(parts, palette, size=(W, H)):
    canvas = numpy.zeros((size[1], size[0], 4), dtype=numpy.int32)
    shown = []
    for frame in (p for p in parts if isinstance(p, Frame)):
        before = canvas.copy()
        table = numpy.array([list(c) + [255] for c in frame.palette or palette])
        for dy, row in enumerate(frame.indices):
            for dx, index in enumerate(row):
                y, x = frame.y + dy, frame.x + dx
                if y < size[1] and x < size[0] and index != frame.clear:
                    canvas[y, x] = table[index] if index < len(table) else (0, 0, 0, 255)
        shown.append(canvas.copy())
        h, w = frame.indices.shape
        if frame.disposal == CLEAR:
            canvas[frame.y:frame.y + h, frame.x:frame.x + w] = 0
        elif frame.disposal == RESTORE:
            canvas = before
    return shown


def plays(data):
    at = data.find(b"NETSCAPE2.0")
    if at < 0:
        return 1
    count = struct.unpack("<H", data[at + 13:at + 15])[0]
    return count + 1 if count else 0


def looks(shown, delays, times=None, kind=GIF):
    def check(result):
        expect("outcome", result.outcome, 0)
        expect("type", result.type, kind)
        found = frames(result.bytes)
        expect("frames", (len(found), result.frames), (len(shown), len(shown)))
        expect("told size", (result.height, result.width), shown[0].shape[:2])
        for (pixels, _), wanted in zip(found, shown):
            same(pixels, wanted)
        if len(shown) > 1:
            expect("delays", [delay for _, delay in found], delays)
        if times is not None:
            expect("plays", plays(result.bytes), times)
    return check


def pattern(count, w=W, h=H, start=0):
    y, x = numpy.mgrid[0:h, 0:w]
    return (start + x // 3 + y // 2 * 5) % count


def case(parts, palette, **options):
    size = options.get("size", (W, H))
    data = gif(parts, palette, **options)
    times = None if len(parts) == 1 else plays(data)
    delays = [p.delay * 10 for p in parts if isinstance(p, Frame)]
    return data, looks(composed(parts, palette, size), delays, times)


def still_cases():
    cases = {}
    for bits in range(1, 9):
        cases[f"gif-{bits}-bits"] = case([Frame(pattern(1 << bits))], colours(1 << bits))
    eight = colours(8)
    cases["gif-87a"] = case([Frame(pattern(8), control=False)], eight, version=b"87a")
    cases["gif-interlaced"] = case([Frame(pattern(8), interlaced=True)], eight)
    cases["gif-interlaced-low"] = case([Frame(pattern(8, W, 3), interlaced=True)], eight,
                                       size=(W, 3))
    cases["gif-local"] = case([Frame(pattern(16), palette=colours(16, 2))], eight)
    cases["gif-only-local"] = case([Frame(pattern(16), palette=colours(16, 2))], None)
    cases["gif-clear"] = case([Frame(pattern(8), clear=3)], eight)
    cases["gif-clear-outside"] = case([Frame(pattern(8), clear=200)], eight)
    cases["gif-background"] = case([Frame(pattern(8, 20, 10), 5, 5, clear=0)], eight, background=4)
    cases["gif-background-bare"] = case([Frame(pattern(8, 20, 10), 5, 5)], eight, background=4)
    # a first frame beyond the screen makes that larger; only the size of one that is too large does
    # in browsers, which cut this one: nobody draws such a picture on purpose
    corner = [Frame(pattern(8), 30, 20)]
    cases["gif-corner"] = (gif(corner, eight), looks(composed(corner, eight, (70, 44)), []))
    cases["gif-1x1"] = case([Frame(pattern(2, 1, 1))], colours(2), size=(1, 1))

    comment = b"!\xfe" + blocks(b"x" * 1000)
    application = b"!\xff\x0bXMP DataXMP" + blocks(b"y" * 600)
    data, check = case([Frame(pattern(8))], eight)
    cases["gif-extensions"] = (gif([comment, application, Frame(pattern(8)), comment], eight),
                               check)
    cases["gif-trailing"] = (data + b"<script>" * 90, check)
    cases["gif-no-end"] = (data[:-1], check)
    cases["gif-zero-at-end"] = (data[:-1] + b"\0;", check)
    cases["gif-odd-end"] = (data[:-1] + b"\0\0GIF,!", check)
    return cases


def moving_cases():
    eight, cases = colours(8), {}
    small = [Frame(pattern(8, 12, 9, i), 3 * i, 2 * i, clear=i % 8, delay=5 + i) for i in range(6)]
    for name, disposal in (("keep", KEEP), ("leave", LEAVE), ("clear", CLEAR),
                           ("restore", RESTORE)):
        parts = [Frame(pattern(8), delay=7)] + [
            Frame(f.indices, f.x, f.y, clear=f.clear, delay=f.delay, disposal=disposal)
            for f in small]
        cases[f"gif-moves-{name}"] = case(parts, eight, loop=0)
        cases[f"gif-moves-{name}-bare"] = case(parts[1:], eight, loop=0)
        parts = [Frame(p.indices, p.x, p.y, disposal=disposal, delay=p.delay) for p in parts]
        cases[f"gif-moves-{name}-opaque"] = case(parts, eight, loop=0)
        cases[f"gif-moves-{name}-opaque-bare"] = case(parts[1:], eight)
    cases["gif-moves-exposed-no-end"] = (cases["gif-moves-keep-opaque-bare"][0][:-1],
                                         cases["gif-moves-keep-opaque-bare"][1])
    for name in ("keep", "clear-opaque-bare"):
        data, check = cases[f"gif-moves-{name}"]
        cases[f"gif-moves-{name}-zero"] = (data[:-1] + b"\0;", check)
    mixed = [Frame(pattern(8, 12, 9, i), 3 * i, 2 * i, clear=1, disposal=i % 4) for i in range(8)]
    cases["gif-moves-mixed"] = case([Frame(pattern(8))] + mixed, eight, loop=0)
    cases["gif-moves-opaque-cleared"] = case([Frame(pattern(8), disposal=CLEAR)] + mixed, eight,
                                             loop=0)
    opaque = [Frame(pattern(8, 12, 9, i), 3 * i, 2 * i, disposal=CLEAR) for i in range(4)]
    cases["gif-moves-in-turn"] = case([f for pair in zip(opaque, mixed) for f in pair], eight,
                                      loop=0, background=3)
    full = [Frame(pattern(255, start=i % 2), palette=colours(256, i), disposal=CLEAR)
            for i in range(3)]
    cases["gif-moves-full-table"] = case([f for pair in zip(full, mixed) for f in pair], eight,
                                         loop=0, background=3)
    cases["gif-moves-seen-through"] = case(
        [Frame(pattern(8), disposal=CLEAR), Frame(pattern(8), clear=2)], eight, loop=0)
    cases["gif-moves-once"] = case([Frame(pattern(8, start=i)) for i in range(4)], eight)
    cases["gif-moves-thrice"] = case([Frame(pattern(8, start=i)) for i in range(4)], eight, loop=2)
    cases["gif-moves-at-once"] = case([Frame(pattern(8, start=i), delay=i) for i in range(4)],
                                      eight, loop=0)
    cases["gif-moves-slowly"] = case([Frame(pattern(8, start=i), delay=6000) for i in range(3)],
                                     eight, loop=0)
    cases["gif-moves-local"] = case([Frame(pattern(16, start=i), palette=colours(16, i))
                                     for i in range(5)], None, loop=0)
    # each frame of 256 colours, over a thousand in all
    cases["gif-moves-many-colours"] = case(
        [Frame(pattern(256, start=i), palette=colours(256, i)) for i in range(5)], None, loop=0)
    cases["gif-moves-interlaced"] = case([Frame(pattern(8, start=i), interlaced=True)
                                          for i in range(4)], eight, loop=0)
    cases["gif-moves-outside"] = case([Frame(pattern(8))] + [
        Frame(pattern(8, 20, 12, i), 30, 18, disposal=i % 3) for i in range(4)], eight, loop=0)
    cases["gif-moves-nothing"] = case([Frame(pattern(8))] * 4, eight, loop=0)
    cases["gif-moves-uncontrolled"] = (
        gif([Frame(pattern(8, start=i), control=False) for i in range(3)], eight, loop=0),
        looks(composed([Frame(pattern(8, start=i)) for i in range(3)], eight), [100] * 3, 0))
    return cases


def refused_cases():
    whole = gif([Frame(pattern(8))], colours(8))
    moving = gif([Frame(pattern(8, start=i)) for i in range(4)], colours(8), loop=0)
    return {
        "gif-cut": (whole[:len(whole) // 2], refused()),
        "gif-cut-moving": (moving[:len(moving) * 2 // 3], refused()),
        "gif-no-frame": (gif([], colours(8)), refused()),
        "gif-no-size": (gif([Frame(pattern(8))], colours(8), size=(0, 0)), lambda result: expect(
            "no crash", True, result.outcome in (0, BROKEN))),
        "gif-large": (gif([Frame(pattern(8))], colours(8), size=(65535, 65535)), lambda result:
                      expect("no crash", True, result.outcome in (0, TOO_LARGE))),
    }


if __name__ == "__main__":
    sys.exit(main({**still_cases(), **moving_cases(), **refused_cases()}))
