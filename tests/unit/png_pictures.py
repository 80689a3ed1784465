#!/usr/bin/python3
"""PNGs of every kind for test_transform.c, written here by the specification (PNG, third edition);
what they show is known before they are written, and PIL is asked as well where it reads a kind
whole (it drops the lower half of 16 bits in its own ways, and knows no gamma).

Our result is a PNG again, so that every pixel must be the same; of 16 bits, which become 8, it may
be one step off (cut by some, rounded by others).
"""

import io
import struct
import sys
import zlib

import profiles
from picture_trial import (BROKEN, PNG, TOO_LARGE, WEBP, Image, Wrong, expect, main, numpy,
                           refused, rgba, same, saved, shows)
from PIL import ImageCms

W, H = 37, 19
GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6
SAMPLES = {GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGBA: 4}
KINDS = [(GREY, 1), (GREY, 2), (GREY, 4), (GREY, 8), (GREY, 16), (RGB, 8), (RGB, 16),
         (PALETTE, 1), (PALETTE, 2), (PALETTE, 4), (PALETTE, 8), (GREY_ALPHA, 8),
         (GREY_ALPHA, 16), (RGBA, 8), (RGBA, 16)]
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
         (0, 1, 1, 2)]  # x, y, step in x, step in y
SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def samples(kind, depth, size=(W, H)):
    """Values as they are stored: height, width, samples a pixel."""
    w, h = size
    y, x = numpy.mgrid[0:h, 0:w]
    most = (1 << depth) - 1
    planes = [(x * (most // 37 or 1) + y * 3) % (most + 1), (x * 5 + y * (most // 19 or 1)) % (most + 1),
              (x + y * 2) * 7 % (most + 1), (x * 11 + y * 29) * (most // 255 or 1) % (most + 1)]
    if kind in (GREY_ALPHA, RGBA):
        planes[1 if kind == GREY_ALPHA else 3] = planes[3]
    return numpy.stack(planes[:SAMPLES[kind]], axis=-1).astype(numpy.int64)


def filtered(rows):
    """Each row by another of the five filters; of one byte a pixel that is simple arithmetic, for
    others `rows` come with their pixel's length."""
    out, before = b"", None
    for number, (row, step) in enumerate(rows):
        row = numpy.frombuffer(row, dtype=numpy.uint8).astype(int)
        up = numpy.zeros_like(row) if before is None or len(before) != len(row) else before
        left, corner = numpy.zeros_like(row), numpy.zeros_like(row)
        left[step:], corner[step:] = row[:-step], up[:-step]
        way = number % 5
        guess = left + up - corner
        a, b, c = abs(guess - left), abs(guess - up), abs(guess - corner)
        paeth = numpy.where((a <= b) & (a <= c), left, numpy.where(b <= c, up, corner))
        minus = [0, left, up, (left + up) // 2, paeth][way]
        out += bytes([way]) + numpy.uint8((row - minus) % 256).tobytes()
        before = row
    return out


def packed(row, depth):
    if depth == 16:
        return row.astype(">u2").tobytes()
    if depth == 8:
        return numpy.uint8(row).tobytes()
    bits = "".join(format(int(v), f"0{depth}b") for v in row.reshape(-1))
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def scan(values, depth):
    step = max(1, values.shape[2] * depth // 8)
    return filtered([(packed(row.reshape(-1), depth), step) for row in values])


def png(kind, depth, values=None, interlaced=False, chunks=(), parts=1, end=True):
    values = samples(kind, depth) if values is None else values
    h, w, _ = values.shape
    head = struct.pack(">IIBBBBB", w, h, depth, kind, 0, 0, int(interlaced))
    if interlaced:
        raw = b"".join(scan(values[y::sy, x::sx], depth) for x, y, sx, sy in ADAM7
                       if values[y::sy, x::sx].size)
    else:
        raw = scan(values, depth)
    data = zlib.compress(raw)
    size = -(-len(data) // parts)
    return (SIGNATURE + chunk(b"IHDR", head) + b"".join(chunks)
            + b"".join(chunk(b"IDAT", data[i:i + size]) for i in range(0, len(data), size))
            + (chunk(b"IEND", b"") if end else b""))


def colours(count):
    return [((i * 37) % 256, (i * 91 + 40) % 256, (255 - i * 5) % 256) for i in range(count)]


def to_rgba(kind, depth, values, clear=None, table=None, alphas=b""):
    """By section 13.12 of the specification; `clear` is a tRNS colour."""
    most = (1 << depth) - 1
    if kind == PALETTE:
        wide = [list(c) + [alphas[i] if i < len(alphas) else 255] for i, c in enumerate(table)]
        out = numpy.array(wide, dtype=numpy.int32)[values[:, :, 0]]
    else:
        small = values >> 8 if depth == 16 else values * 255 // most
        if kind in (GREY, GREY_ALPHA):
            colour = small[:, :, [0, 0, 0]]
        else:
            colour = small[:, :, :3]
        alpha = (small[:, :, -1:] if kind in (GREY_ALPHA, RGBA)
                 else numpy.full(small.shape[:2] + (1,), 255))
        out = numpy.concatenate([colour, alpha], axis=2).astype(numpy.int32)
        if clear is not None:
            out[(values == numpy.array(clear)).all(axis=2), 3] = 0
    out[out[:, :, 3] == 0] = 0
    return out


def every_kind():
    cases = {}
    for kind, depth in KINDS:
        values = samples(kind, depth)
        table = colours(1 << depth) if kind == PALETTE else None
        plte = [chunk(b"PLTE", b"".join(bytes(c) for c in table))] if table else []
        near = 1 if depth == 16 else 0
        shown = to_rgba(kind, depth, values, table=table)
        for interlaced in (False, True):
            name = f"png-{kind}-{depth}" + ("-i" if interlaced else "")
            data = png(kind, depth, values, interlaced, plte)
            if depth < 16:
                same(rgba(Image.open(io.BytesIO(data))), shown)
            cases[name] = (data, shows(shown, most=near))
        if kind in (GREY, RGB):
            clear = [int(v) for v in values[3, 5]]
            trns = [chunk(b"tRNS", b"".join(struct.pack(">H", v) for v in clear))]
            cases[f"png-{kind}-{depth}-trns"] = (
                png(kind, depth, values, chunks=trns),
                shows(to_rgba(kind, depth, values, clear=clear), most=near))
        if kind == PALETTE:
            alphas = bytes((i * 60) % 256 for i in range((1 << depth) // 2 + 1))
            cases[f"png-{kind}-{depth}-trns"] = (
                png(kind, depth, values, chunks=plte + [chunk(b"tRNS", alphas)]),
                shows(to_rgba(kind, depth, values, table=table, alphas=alphas)))
    for w, h in ((1, 1), (2, 1), (3, 5), (5, 2), (1, 9)):  # passes without a pixel
        values = samples(RGB, 8, (w, h))
        cases[f"png-{w}x{h}-i"] = (png(RGB, 8, values, True), shows(to_rgba(RGB, 8, values)))
    return cases


def phys():
    return chunk(b"pHYs", struct.pack(">IIB", 9999, 1, 1))


def same_picture(**options):
    values = samples(RGB, 8)
    return png(RGB, 8, values, **options), shows(to_rgba(RGB, 8, values))


def other_chunks():
    """None of these changes what is seen."""
    text = b"Comment\0" + b"x" * 5000
    return {
        "png-parts": same_picture(parts=50),
        "png-background": same_picture(chunks=[chunk(b"bKGD", struct.pack(">3H", 9, 9, 9))]),
        "png-density": same_picture(chunks=[phys()]),
        "png-text": same_picture(chunks=[chunk(b"tEXt", text), chunk(b"tIME", bytes(7))]),
        "png-deep-text": same_picture(chunks=[
            chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(9 << 20))),
            chunk(b"iTXt", b"a\0\1\0\0\0" + zlib.compress(bytes(9 << 20)))]),
        "png-unknown": same_picture(chunks=[chunk(b"shOj", b"y" * 99)]),
        "png-significant": same_picture(chunks=[chunk(b"sBIT", b"\5\6\5")]),
        "png-suggested": same_picture(chunks=[chunk(b"PLTE", bytes(9))]),
        "png-apng": same_picture(chunks=[
            chunk(b"acTL", struct.pack(">II", 2, 0)),
            chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, W, H, 0, 0, 1, 10, 0, 0))]),
        "png-trailing": (same_picture()[0] + b"<script>" * 100, same_picture()[1]),
        "png-bad-time-crc": same_picture(chunks=[chunk(b"tIME", bytes(7))[:-1] + b"!"]),
        "png-srgb": same_picture(chunks=[chunk(b"gAMA", struct.pack(">I", 99999)),
                                         chunk(b"sRGB", b"\0")]),
        "png-gamma-usual": same_picture(chunks=[chunk(b"gAMA", struct.pack(">I", 45455))]),
        "png-gamma-near": same_picture(chunks=[chunk(b"gAMA", struct.pack(">I", 45000))]),
        "png-gamma-0": same_picture(chunks=[chunk(b"gAMA", bytes(4))]),
        "png-gamma-short": same_picture(chunks=[chunk(b"gAMA", b"\0\0")]),
    }


def by_gamma(kind, gamma, depth=8, chunks=()):
    """Stored values are light ^ gamma; a screen shows value ^ 2.2."""
    values = samples(kind, depth)
    table = colours(1 << depth) if kind == PALETTE else None
    shown = to_rgba(kind, depth, values, table=table)
    most = 65535 if depth == 16 else 255
    curve = numpy.round(most * (numpy.arange(most + 1) / most) ** (1 / (2.2 * gamma))).astype(int)
    shown[:, :, :3] = curve[values] >> 8 if depth == 16 else curve[shown[:, :, :3]]
    shown[shown[:, :, 3] == 0] = 0
    told = [chunk(b"gAMA", struct.pack(">I", round(gamma * 100000))), *chunks]
    if table:
        told.append(chunk(b"PLTE", b"".join(bytes(c) for c in table)))
    return png(kind, depth, values, chunks=told), shows(shown, most=1)


def iccp(profile):
    return chunk(b"iCCP", b"x\0\0" + zlib.compress(profile))


def by_profile(kind, mode, profile, depth=8):
    data = png(kind, depth, chunks=[iccp(profile)])
    samples_shown = to_rgba(kind, depth, samples(kind, depth))
    stored = Image.fromarray(numpy.uint8(samples_shown), "RGBA").convert(mode)
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    wanted = rgba(ImageCms.profileToProfile(stored, source, ImageCms.createProfile("sRGB"), 1,
                                            "RGB"))
    wanted[:, :, 3] = samples_shown[:, :, 3]
    wanted[wanted[:, :, 3] == 0] = 0
    # two roundings, one of them through Lab; of 16 bits, what is darkest starts between two steps
    return data, shows(wanted, most=8 if depth == 16 else 3, mean=0.5)


def colour_cases():
    return {
        "png-gamma-linear": by_gamma(RGB, 1.0),
        "png-gamma-dark": by_gamma(RGB, 0.3),
        "png-gamma-grey": by_gamma(GREY, 1.0),
        "png-gamma-alpha": by_gamma(RGBA, 1.0),
        "png-gamma-grey-alpha": by_gamma(GREY_ALPHA, 0.3),
        "png-gamma-palette": by_gamma(PALETTE, 1.0),
        "png-gamma-16": by_gamma(RGB, 1.0, 16),
        "png-gamma-chrm": by_gamma(RGB, 1.0, chunks=[chunk(b"cHRM", struct.pack(
            ">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000))]),
        "png-p3": by_profile(RGB, "RGB", profiles.matrix(profiles.DISPLAY_P3, 2.2)),
        "png-p3-alpha": by_profile(RGBA, "RGB", profiles.matrix(profiles.DISPLAY_P3, 2.2)),
        "png-p3-16": by_profile(RGB, "RGB", profiles.matrix(profiles.DISPLAY_P3, 2.2), 16),
        "png-p3-alpha-16": by_profile(RGBA, "RGB", profiles.matrix(profiles.DISPLAY_P3, 2.2), 16),
        "png-grey-profile": by_profile(GREY, "L", profiles.grey(1.0)),
        "png-grey-profile-alpha": by_profile(GREY_ALPHA, "L", profiles.grey(1.0)),
        "png-grey-profile-alpha-16": by_profile(GREY_ALPHA, "L", profiles.grey(1.0), 16),
        "png-profile-before-gamma": same_picture(chunks=[
            iccp(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()),
            chunk(b"gAMA", struct.pack(">I", 100000))]),
        "png-other-profile": same_picture(chunks=[iccp(profiles.grey(1.0))]),
        "png-bad-profile": same_picture(chunks=[iccp(b"\x99" * 500)]),
    }


def turned_case():
    exif = Image.Exif()
    exif[0x0112] = 6
    shown = numpy.rot90(to_rgba(RGB, 8, samples(RGB, 8)), -1)
    return png(RGB, 8, chunks=[chunk(b"eXIf", exif.tobytes()[6:])]), shows(shown)


def refused_cases():
    whole = png(RGB, 8)
    at = whole.index(b"IDAT") + 20
    head = struct.pack(">IIBBBBB", W, H, 8, RGB, 0, 0, 0)
    deep = zlib.compress(bytes(40 << 20))  # far more than the picture has rows
    made = {
        "data-crc": whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1:],
        "head-crc": whole[:29] + b"\0\0\0\0" + whole[33:],
        "critical": png(RGB, 8, chunks=[chunk(b"ShOj", b"y")]),
        "no-palette": png(PALETTE, 8),
        "cut": whole[:len(whole) // 2],
        "no-data": SIGNATURE + chunk(b"IHDR", head) + chunk(b"IEND", b""),
        "few-rows": (SIGNATURE + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(500)))
                     + chunk(b"IEND", b"")),
        "not-zlib": (SIGNATURE + chunk(b"IHDR", head) + chunk(b"IDAT", b"\x55" * 500)
                     + chunk(b"IEND", b"")),
        "type-1": whole.replace(chunk(b"IHDR", head),
                                chunk(b"IHDR", head[:9] + b"\1" + head[10:])),
        "depth-3": whole.replace(chunk(b"IHDR", head),
                                 chunk(b"IHDR", head[:8] + b"\3" + head[9:])),
        "filter": (SIGNATURE + chunk(b"IHDR", head)
                   + chunk(b"IDAT", zlib.compress(b"\7" * H * (1 + 3 * W))) + chunk(b"IEND", b"")),
    }
    cases = {f"png-bad-{name}": (data, refused()) for name, data in made.items()}
    cases["png-deep"] = (SIGNATURE + chunk(b"IHDR", head) + chunk(b"IDAT", deep)
                         + chunk(b"IEND", b""), lambda result: expect("no crash", True,
                                                                      result.outcome in (0, 3)))
    cases["png-no-end"] = (png(RGB, 8, end=False), refused())
    outside = samples(PALETTE, 8) % 9  # of a palette of four: black
    cases["png-index"] = (png(PALETTE, 8, outside, chunks=[chunk(b"PLTE", b"\xff" * 12)]),
                          shows(to_rgba(PALETTE, 8, outside, table=[(255,) * 3] * 4 + [(0,) * 3] * 5)))
    cases["png-wide"] = (SIGNATURE + chunk(b"IHDR", struct.pack(">II", 900000, 900000)
                                           + head[8:]) + whole[33:], refused(TOO_LARGE))
    return cases


if __name__ == "__main__":
    sys.exit(main({**every_kind(), **other_chunks(), **colour_cases(), **refused_cases(),
                   "png-turned": turned_case()}))
