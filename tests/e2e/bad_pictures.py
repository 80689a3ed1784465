"""Pictures made to hurt whoever reads them, and files that are not what they say: each with the verdicts
that its format's standard leaves open, written down before the server was asked.

SHOWN: the picture, with nothing of what was smuggled in. BROKEN, LARGE, NOTHING (no picture of a known
kind): the placeholder. LATE: the deadline, for what is honest work without end."""

import functools
import struct
import zlib

import pictures
import samples
from pictures import chunk

SHOWN, BROKEN, LARGE, NOTHING, LATE = "shown", "broken", "large", "nothing", "late"

SENTENCES = {  # what `shoji explain` says of them
    "damaged": BROKEN, "too many pixels": LARGE, "no picture of a known kind": NOTHING,
    "too long to decode": LATE, "crashed": "crashed", "no memory": "no memory",
}

JS = b"*/=1;alert(document.domain)//<script>alert(1)</script>"
HTML = b"<!DOCTYPE html><html><script>alert(1)</script></html>"
ZIP = b"PK\x03\x04\x14\0\0\0\0\0" + bytes(20) + b"PK\x05\x06" + bytes(18)
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog/OpenAction<</S/JavaScript/JS(app.alert(1))>>>>endobj\n%%EOF\n"
SMUGGLED = (b"alert(", b"<script", b"PK\x03\x04", b"%PDF", b"<html")


@functools.lru_cache(maxsize=1)
def good():
    return samples.every()


# ---- PNG (ISO/IEC 15948) ----

def png_with(*chunks):
    """A good picture with these between its header and its pixels."""
    png = good()["png"]
    return png[:33] + b"".join(chunks) + png[33:]


def deflated(kind, before, total):
    pack = zlib.compressobj(9)
    piece = bytes(1 << 20)
    data = b"".join(pack.compress(piece) for _ in range(total >> 20)) + pack.flush()
    return chunk(kind, before + data)


def png_header(width, height, depth=8, colour=2):
    return pictures.png_of_rows(width, height, depth, colour, zlib.compress(bytes(1 << 16)))


def png_without(kind):
    png, at, out = good()["png-palette"], 8, b""
    while at < len(png):
        end = at + 12 + struct.unpack(">I", png[at:at + 4])[0]
        out += b"" if png[at + 4:at + 8] == kind else png[at:end]
        at = end
    return png[:8] + out


def png_frames(count):
    """APNG: frames that a reader of PNG does not know, and leaves out."""
    control = chunk(b"fcTL", struct.pack(">IIIIIHHBB", 1, 8, 8, 0, 0, 1, 100, 0, 0))
    data = chunk(b"fdAT", struct.pack(">I", 2) + zlib.compress(bytes(8 * 25)))
    return png_with(chunk(b"acTL", struct.pack(">II", count, 0)), (control + data) * count)


# ---- JPEG (ITU T.81) ----

def segment(marker, data):
    return b"\xff" + bytes([marker]) + struct.pack(">H", 2 + len(data)) + data


def jpeg_with(*segments):
    jpeg = good()["jpeg"]
    return jpeg[:2] + b"".join(segments) + jpeg[2:]


def jpeg_header(width, height):
    """The same picture, said to be of another size."""
    jpeg = bytearray(good()["jpeg"])
    at = jpeg.index(b"\xff\xc0")
    jpeg[at + 5:at + 9] = struct.pack(">HH", height, width)
    return bytes(jpeg)


def jpeg_scans(count, side=2000):
    """Progressive, with so many scans: each costs some 20 bytes here and a walk over all blocks there.
    Its one Huffman code is of a run of 2^14 + 14 bits blocks without a coefficient (T.81, G.1.2.2)."""
    table = bytes([0x10]) + bytes([1] + [0] * 15) + bytes([0xE0])
    dc = bytes([0x00]) + bytes([1] + [0] * 15) + bytes([0x00])
    frame = struct.pack(">BHHB", 8, side, side, 1) + bytes([1, 0x11, 0])
    blocks = ((side + 7) // 8) ** 2

    def bits_of(text):
        text += "1" * (-len(text) % 8)
        data = int(text, 2).to_bytes(len(text) // 8, "big")
        return data.replace(b"\xff", b"\xff\x00")

    left, text = blocks, ""
    while left >= 1 << 14:
        run = min(left, (1 << 15) - 1)
        text += "0" + format(run - (1 << 14), "014b")
        left -= run
    scan = segment(0xDA, bytes([1, 1, 0x00, 1, 63, 0])) + bits_of(text)
    first = segment(0xDA, bytes([1, 1, 0x00, 0, 0, 0])) + bits_of("0" * blocks)
    return (b"\xff\xd8" + segment(0xDB, bytes([0]) + b"\1" * 64) + segment(0xC2, frame)
            + segment(0xC4, dc) + segment(0xC4, table) + first + scan * count + b"\xff\xd9")


def jpeg_restarts(count):
    jpeg = good()["jpeg"]
    at = jpeg.index(b"\xff\xda")
    at += 2 + struct.unpack(">H", jpeg[at + 2:at + 4])[0]
    markers = b"".join(b"\xff" + bytes([0xD0 + i % 8]) for i in range(count))
    return jpeg[:2] + segment(0xDD, b"\0\1") + jpeg[2:at] + markers + jpeg[at:]


# ---- GIF (89a) ----

def gif_blocks(screen=(8, 8), frame=(8, 8), count=1):
    """Frames of one colour, in the fewest blocks there are: a clear code and an end."""
    one = (b"\x21\xf9\x04\x00\x0a\0\0\0" + b"\x2c" + struct.pack("<HHHHB", 0, 0, *frame, 0)
           + b"\x02" + LZW_8X8 + b"\0")
    return (b"GIF89a" + struct.pack("<HHBBB", *screen, 0x80, 0, 0) + b"\x20\x30\x40\xf0\xe0\xd0"
            + one * count + b"\x3b")


def lzw(indices, bits=2):
    """Literal codes only, with a clear code before the code size would grow (appendix F)."""
    clear, codes = 1 << bits, []
    for i, index in enumerate(indices):
        if i % 2 == 0:
            codes.append(clear)
        codes.append(index)
    codes.append(clear + 1)
    number = 0
    for i, code in enumerate(codes):
        number |= code << (i * (bits + 1))
    data = number.to_bytes((len(codes) * (bits + 1) + 7) // 8, "little")
    return bytes([len(data)]) + data


LZW_8X8 = lzw([1] * 64)


# ---- WebP (RFC 9649) ----

def riff_chunk(kind, data):
    return kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) & 1)


def riff(*chunks):
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def webp_lossless(width, height):
    """A header of that size, and the pixels of a smaller one."""
    data = good()["webp-lossless"]
    bits = (width - 1) | (height - 1) << 14
    return data[:21] + struct.pack("<I", bits | struct.unpack("<I", data[21:25])[0] & ~0xFFFFFFF) + data[25:]


def webp_frames(count, canvas=(48, 36)):
    still = good()["webp-lossless"][12:]
    wide, high = struct.pack("<I", canvas[0] - 1)[:3], struct.pack("<I", canvas[1] - 1)[:3]
    frame = riff_chunk(b"ANMF", bytes(6) + struct.pack("<I", 47)[:3] + struct.pack("<I", 35)[:3]
                       + struct.pack("<I", 10)[:3] + b"\0" + still)
    return riff(riff_chunk(b"VP8X", b"\x02\0\0\0" + wide + high),
                riff_chunk(b"ANIM", bytes(6)), frame * count)


# ---- the others ----

def bmp_header(width, height):
    bmp = bytearray(good()["bmp"])
    bmp[18:26] = struct.pack("<ii", width, height)
    return bytes(bmp)


def cases():
    """Name -> (bytes, the verdicts that are right)."""
    some = good()
    made = {
        # bombs
        "png-60000": (png_header(60000, 60000), {LARGE}),
        "png-longest": (png_header(0x7FFFFFFF, 1), {LARGE, BROKEN}),
        "png-true-bomb": (pictures.bomb_png(), {LARGE}),
        "png-hidden": (pictures.hidden_bomb_png(), {SHOWN, BROKEN}),
        "png-ztxt": (png_with(deflated(b"zTXt", b"Comment\0\0", 64 << 20)), {SHOWN, BROKEN}),
        "png-itxt": (png_with(deflated(b"iTXt", b"Comment\0\1\0\0\0", 64 << 20)), {SHOWN, BROKEN}),
        "png-iccp": (png_with(deflated(b"iCCP", b"ICC\0\0", 64 << 20)), {SHOWN, BROKEN}),
        "png-800-ztxt": (png_with(deflated(b"zTXt", b"Comment\0\0", 7 << 20) * 800),
                         {SHOWN, BROKEN, LATE}),
        "png-frames": (png_frames(30000), {SHOWN}),
        "jpeg-60000": (jpeg_header(60000, 60000), {LARGE}),
        "jpeg-scans": (jpeg_scans(100000), {BROKEN, LATE}),
        "jpeg-restarts": (jpeg_restarts(500000), {SHOWN, BROKEN}),
        "jpeg-comments": (jpeg_with(segment(0xFE, bytes(65533)) * 100), {SHOWN}),
        "jpeg-segments": (jpeg_with(segment(0xE1, b"Exif\0\0" + bytes(65000)) * 100), {SHOWN, BROKEN}),
        "gif-60000": (gif_blocks((60000, 60000), (60000, 60000)), {LARGE}),
        "gif-frames": (gif_blocks(count=100000), {SHOWN}),
        "webp-16384": (webp_lossless(16384, 16384), {LARGE, BROKEN}),
        "webp-canvas": (webp_frames(2, (1 << 24, 255)), {LARGE, BROKEN}),
        "webp-frames": (webp_frames(40000), {LARGE}),
        "bmp-60000": (bmp_header(60000, 60000), {LARGE, BROKEN}),
        "bmp-lowest": (bmp_header(48, -0x80000000), {LARGE, BROKEN}),
        "ico-bomb": (
                     b"\0\0\1\0\1\0" + struct.pack("<BBBBHHII", 0, 0, 0, 0, 1, 32,
                                                   len(png_header(60000, 60000)), 22)
                     + png_header(60000, 60000), {LARGE, BROKEN}),
        # more than one file in one
        "gif-js": (some["gif"] + JS, {SHOWN}),
        "gif-js-comment": (some["gif"][:-1] + b"\x21\xfe" + bytes([len(JS)]) + JS + b"\0;", {SHOWN}),
        "jpeg-html": (jpeg_with(segment(0xFE, HTML)), {SHOWN}),
        "jpeg-pdf": (jpeg_with(segment(0xFE, PDF)) + PDF, {SHOWN}),
        "png-zip": (some["png"] + ZIP, {SHOWN}),
        "png-html": (png_with(chunk(b"tEXt", b"Comment\0" + HTML)), {SHOWN}),
        "webp-html": (some["webp"] + HTML, {SHOWN}),
        "html-before-gif": (HTML + some["gif"], {NOTHING}),
        "pdf-before-jpeg": (PDF + some["jpeg"], {NOTHING}),
        "zip-before-png": (ZIP + some["png"], {NOTHING}),
        # not what they say
        "empty": (b"", {NOTHING, BROKEN}),
        "one-byte": (b"\xff", {NOTHING}),
        "two-bytes": (b"BM", {NOTHING, BROKEN}),
        "wave": (b"RIFF\x24\0\0\0WAVEfmt " + bytes(28), {NOTHING}),
        "riff-webp-alone": (b"RIFF\x04\0\0\0WEBP", {NOTHING, BROKEN}),
        "riff-no-vp8": (riff(riff_chunk(b"VP8X", bytes(10))), {BROKEN}),
        "riff-jpeg": (riff(riff_chunk(b"VP8 ", some["jpeg"])), {BROKEN}),
        "png-jpeg": (some["png"][:8] + some["jpeg"], {BROKEN}),
        "jpeg-png": (some["jpeg"][:3] + some["png"], {BROKEN}),
        "gif-png": (b"GIF89a" + some["png"], {BROKEN}),
        "jpeg-only-ends": (b"\xff\xd8\xff\xd9", {NOTHING, BROKEN}),
        "gif-no-frame": (gif_blocks(count=0), {BROKEN}),
        "png-no-pixels": (png_without(b"IDAT"), {BROKEN}),
        "png-no-palette": (png_without(b"PLTE"), {BROKEN}),
        "png-zero": (png_header(0, 10), {BROKEN}),
        "jpeg-zero": (jpeg_header(0, 10), {BROKEN}),
        "html": (HTML, {NOTHING}),
        "zip": (ZIP, {NOTHING}),
    }
    return made


def behind():
    """Name -> (a good picture with something behind it, that picture's name): each is shown as if there
    were nothing. What follows a picture's end is nobody's (PNG, 5.7; GIF89a, 27; T.81, B.1.1.3;
    RFC 9649, 2.4)."""
    some, made = good(), {}
    for name in ("jpeg", "jpeg-progressive", "png", "png-alpha", "gif", "gif-moving", "webp",
                 "webp-alpha", "webp-moving"):
        made[f"{name}-and-rubbish"] = (some[name] + b"\0\xff\xd8\x89PNG" * 1000, name)
        made[f"{name}-twice"] = (some[name] + some[name], name)
    return made
