"""Small pictures made with the standard library alone, so that nothing of ours makes its own input."""

import random
import struct
import zlib


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_of_rows(width, height, depth, colour, compressed):
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", compressed)
            + chunk(b"IEND", b""))


def plain_png(width=64, height=48, colour=(200, 30, 60)):
    row = b"\x00" + bytes(colour) * width
    return png_of_rows(width, height, 8, 2, zlib.compress(row * height))


def clear_png(width, height):
    """Fully transparent, as spacers are."""
    row = b"\x00" + b"\x00\x00\x00\x00" * width
    return png_of_rows(width, height, 8, 6, zlib.compress(row * height))


def noise_png(width, height, seed=1):
    """Nothing can make it smaller: what is served has about its size."""
    noise = random.Random(seed)
    rows = b"".join(b"\x00" + noise.randbytes(3 * width) for _ in range(height))
    return png_of_rows(width, height, 8, 2, zlib.compress(rows, 1))


def bomb_png(side=30000):
    """A few hundred kilobytes that claim, truthfully, side * side pixels."""
    pack = zlib.compressobj(9)
    row = b"\x00" * (1 + (side + 7) // 8)
    rows = b"".join(pack.compress(row * 100) for _ in range(side // 100)) + pack.flush()
    return png_of_rows(side, side, 1, 0, rows)


def hidden_bomb_png():
    """Claims 16 by 16 pixels and holds data for a hundred million."""
    pack = zlib.compressobj(9)
    rows = b"".join(pack.compress(b"\x00" * 1000000) for _ in range(100)) + pack.flush()
    return png_of_rows(16, 16, 8, 0, rows)


# 1x1, its only colour transparent, from the GIF89a specification's block layouts.
PIXEL_GIF = (b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + bytes(6)
             + b"\x21\xf9\x04\x01\x00\x00\x00\x00" + b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0)
             + b"\x02\x02\x44\x01\x00" + b"\x3b")


def kind_of(body):
    """By its first bytes: jpeg, png, gif, webp or None."""
    if body.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if body.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if body[:6] in (b"GIF87a", b"GIF89a"):
        return "gif"
    if body[:4] == b"RIFF" and body[8:12] == b"WEBP":
        return "webp"
    return None


def png_size(body):
    return struct.unpack(">II", body[16:24])
