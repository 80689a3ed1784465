"""The pictures of the sample mails, painted when the demo starts: nothing is downloaded, nothing
binary lies in the tree. A picture is a pure function of its size: two runs paint the same."""

import math
import struct
import zlib

PAPER = (246, 239, 224)
INK = (44, 46, 54)
SEAL = (184, 64, 42)
INDIGO = (62, 84, 112)
STRAW = (222, 203, 164)

# One transparent pixel: logical screen 1x1, two colours, index 0 transparent, one LZW code.
PIXEL_GIF = (
    b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + b"\x00\x00\x00\xff\xff\xff"
    + b"\x21\xf9\x04\x01\x00\x00\x00\x00" + b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0)
    + b"\x02\x02\x44\x01\x00" + b"\x3b"
)


def _chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _png(width, height, colour_at):
    rows = bytearray()
    for y in range(height):
        rows.append(0)
        for x in range(width):
            rows.extend(colour_at(x, y))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head)
            + _chunk(b"IDAT", zlib.compress(bytes(rows), 9)) + _chunk(b"IEND", b""))


def with_comment(png, text):
    """The same picture with a tEXt chunk after its header: how a sender marks a copy."""
    return png[:33] + _chunk(b"tEXt", b"Comment\x00" + text.encode("latin-1")) + png[33:]


def _mix(a, b, share):
    share = 0.0 if share < 0 else 1.0 if share > 1 else share
    return (int(a[0] + (b[0] - a[0]) * share), int(a[1] + (b[1] - a[1]) * share),
            int(a[2] + (b[2] - a[2]) * share))


def mountains(width, height):
    """Ridges in fog, and a sun: the newsletter's banner."""
    unit = height / 170
    ridges = []
    for base, swing, wave, shift, tone in (
            (0.50, 26, 71, 0.4, 0.26), (0.62, 30, 97, 2.1, 0.44),
            (0.76, 24, 53, 4.4, 0.66), (0.92, 20, 83, 1.3, 0.92)):
        line = [height * base - unit * swing * (
                    math.sin(x / unit / wave + shift)
                    + 0.45 * math.sin(x / unit / wave * 2.7 + shift * 3)
                    + 0.12 * math.sin(x / unit / wave * 9.1 + shift * 7))
                for x in range(width)]
        ridges.append((line, _mix(PAPER, INK, tone)))
    sun_x, sun_y, sun_r = width * 0.72, height * 0.34, 30 * unit
    fog = 86 * unit

    def colour_at(x, y):
        colour = _mix(PAPER, STRAW, y / height * 0.6)
        if abs(x - sun_x) <= sun_r + 1 and abs(y - sun_y) <= sun_r + 1:
            colour = _mix(colour, SEAL, sun_r - math.hypot(x - sun_x, y - sun_y) + 0.5)
        for line, ink in ridges:
            depth = y - line[x]
            if depth > -1:
                veil = _mix(ink, PAPER, depth / fog * 0.8)
                colour = _mix(colour, veil, depth + 1)
        return colour

    return _png(width, height, colour_at)


def waves(width, height):
    """Seigaiha, overlapping waves: a tile for backgrounds, pale enough to write on."""
    radius = width / 2
    line = _mix(PAPER, INDIGO, 0.30)

    def colour_at(x, y):
        # Rows lie a quarter of a tile apart, each shifted by half; the lowest circle that covers
        # the point wins. The tile repeats because centres are taken modulo its width.
        for row in range(6, -3, -1):
            centre_y = row * height / 2 + height / 2
            centre_x = radius if row % 2 else 0.0
            across = abs((x - centre_x + radius) % width - radius)
            away = math.hypot(across, y - centre_y)
            if away <= radius and y <= centre_y:
                ring = away / radius * 4.0
                near = abs(ring - round(ring)) * radius / 4.0
                return _mix(line, PAPER, near - 0.2) if round(ring) else PAPER
        return PAPER

    return _png(width, height, colour_at)


def _still_life(width, height, shapes):
    """Paints `shapes` (signed distance in hundredths of the width, colour) on a paper ground."""
    def colour_at(x, y):
        u, v = x * 100 / width, y * 100 / width
        colour = _mix(PAPER, STRAW, 0.25 + v / 260)
        for distance, shade in shapes:
            inside = 0.5 - distance(u, v) * width / 100
            if inside > 0:
                colour = _mix(colour, shade(u, v), inside)
        return colour
    return _png(width, height, colour_at)


def _box(cx, cy, half_w, half_h, corner):
    def distance(u, v):
        dx, dy = abs(u - cx) - half_w + corner, abs(v - cy) - half_h + corner
        outside = math.hypot(max(dx, 0), max(dy, 0))
        return outside + min(max(dx, dy), 0) - corner
    return distance


def _disc(cx, cy, rx, ry):
    return lambda u, v: (math.hypot((u - cx) / rx, (v - cy) / ry) - 1) * min(rx, ry)


def bowl(width, height):
    """A tea bowl in indigo glaze."""
    glaze = lambda u, v: _mix(INDIGO, INK, (u - 20) / 80)
    round_part = _disc(50, 44, 32, 34)
    return _still_life(width, height, (
        (_disc(50, 82, 34, 5), lambda u, v: _mix(STRAW, INK, 0.35)),
        (_box(50, 78, 13, 5, 2), lambda u, v: _mix(INDIGO, INK, 0.7)),
        (lambda u, v: max(round_part(u, v), 44 - v), glaze),
        (_disc(50, 44, 32, 8), lambda u, v: _mix(INDIGO, PAPER, 0.28)),
        (_disc(50, 45.5, 28, 6), lambda u, v: _mix((122, 140, 84), INK, (v - 38) / 40)),
    ))


def lamp(width, height):
    """A paper lamp: a lattice with light behind it."""
    def paper(u, v):
        return _mix((255, 236, 190), STRAW, math.hypot(u - 50, v - 44) / 62)
    wood = lambda u, v: _mix(INK, (96, 66, 44), 0.55)
    bars = [(_box(x, 45, 0.9, 33, 0.3), wood) for x in (38, 50, 62)]
    bars += [(_box(50, y, 24, 0.9, 0.3), wood) for y in (28, 45, 62)]
    return _still_life(width, height, (
        (_disc(50, 87, 34, 4), lambda u, v: _mix(STRAW, INK, 0.3)),
        (_box(50, 46, 26, 36, 2), wood), (_box(50, 45, 23.5, 33, 1), paper), *bars,
        (_box(50, 84, 28, 3, 1), wood),
    ))


def book(width, height):
    """A bound notebook with a seal."""
    return _still_life(width, height, (
        (_box(53, 54, 28, 37, 2), lambda u, v: _mix(STRAW, INK, 0.4)),
        (_box(50, 50, 28, 37, 2), lambda u, v: _mix(SEAL, INK, 0.10 + (u - 22) / 240)),
        (_box(27, 50, 2.2, 37, 1), lambda u, v: _mix(SEAL, INK, 0.5)),
        (_box(55, 36, 13, 8, 0.6), lambda u, v: PAPER),
        (_box(55, 34, 9, 0.7, 0.2), lambda u, v: INK),
        (_box(52, 38, 6, 0.7, 0.2), lambda u, v: INK),
    ))


def portrait(width, height):
    """Somebody's picture beside a signature."""
    return _still_life(width, height, (
        (_disc(50, 50, 47, 47), lambda u, v: _mix(INDIGO, PAPER, 0.45)),
        (lambda u, v: max(_disc(50, 96, 34, 34)(u, v), _disc(50, 50, 47, 47)(u, v)),
         lambda u, v: INK),
        (_disc(50, 41, 17, 19), lambda u, v: _mix(STRAW, (198, 150, 118), 0.6)),
        (lambda u, v: max(_disc(50, 38, 19, 20)(u, v), v - 34), lambda u, v: INK),
    ))


# What the sender serves: file name -> (painter, width, height).
GALLERY = {
    "banner.png": (mountains, 600, 160),
    "waves.png": (waves, 96, 48),
    "bowl.png": (bowl, 120, 120),
    "lamp.png": (lamp, 120, 120),
    "lamp@2x.png": (lamp, 240, 240),
    "book.png": (book, 120, 120),
    "portrait.png": (portrait, 96, 96),
}


def paint_all():
    return {name: painter(width, height) for name, (painter, width, height) in GALLERY.items()}
