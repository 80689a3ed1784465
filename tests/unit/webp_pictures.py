#!/usr/bin/python3
"""WebPs of every kind for test_transform.c, composed here frame by frame by RFC 9649 from stills that
PIL writes; what they show is the same stills composed by arithmetic.

Without loss, and with alpha, our result is a PNG and every pixel must be the same; an animation
becomes a GIF, whose alpha is all or nothing, so that the frames here are so, too, and of few
colours. A lossy still becomes a JPEG of quality 82: tolerances as in jpeg_pictures.py.
"""

import io
import struct
import sys

import profiles
from picture_trial import (GIF, JPEG, PNG, WEBP, Image, expect, frames, main, numpy, refused, rgba,
                           same, saved, shows)
from PIL import ImageCms

W, H = 40, 24
ALPHA, EXIF, ICC, MOVES = 0x10, 0x08, 0x20, 0x02
OVER, NOT_BLENDED, BACKGROUND = 0, 2, 1  # of an ANMF: bit 1: not blended; bit 0: disposed of


def chunk(name, data):
    return name + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)


def riff(*chunks):
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def little24(value):
    return struct.pack("<I", value)[:3]


def extended(flags, *chunks, size=(W, H)):
    head = bytes([flags, 0, 0, 0]) + little24(size[0] - 1) + little24(size[1] - 1)
    return riff(chunk(b"VP8X", head), *chunks)


def chunks_of(webp):
    """Those that hold the pixels of a still."""
    at, found = 12, b""
    while at < len(webp):
        size = struct.unpack("<I", webp[at + 4:at + 8])[0]
        size += size % 2 + 8
        if webp[at:at + 4] in (b"VP8 ", b"VP8L", b"ALPH"):
            found += webp[at:at + size]
        at += size
    return found


def scene(seed=0, size=(W, H), holes=False):
    """Of eight colours, with pixels that are wholly transparent or not at all."""
    y, x = numpy.mgrid[0:size[1], 0:size[0]]
    index = (x // 5 + y // 4 + seed) % 8
    pixels = numpy.stack([index * 30, 255 - index * 25, (index * 77) % 256,
                          numpy.where(holes & (index == 2), 0, 255)], axis=-1)
    pixels[pixels[:, :, 3] == 0] = 0
    return pixels.astype(numpy.int32)


def soft():
    pixels = scene()
    pixels[:, :, 3] = numpy.mgrid[0:H, 0:W][1] * 6
    pixels[pixels[:, :, 3] == 0] = 0
    return pixels


def smooth():
    y, x = numpy.mgrid[0:64, 0:96]
    return Image.fromarray(numpy.uint8(numpy.stack(
        [40 + x * 2, 60 + y * 2, 220 - x - y], axis=-1)))


def image(pixels):
    return Image.fromarray(numpy.uint8(pixels), "RGBA")


def still(pixels, **options):
    return saved(image(pixels), "WEBP", lossless=True, exact=True, **options)


def lossy(**options):
    return saved(smooth(), "WEBP", quality=95, **options)


class Frame:
    def __init__(self, pixels, x=0, y=0, way=OVER, delay=100, coded=None):
        self.pixels, self.x, self.y, self.way, self.delay = pixels, x, y, way, delay
        self.coded = coded

    def bytes(self):
        h, w, _ = self.pixels.shape
        head = (little24(self.x // 2) + little24(self.y // 2) + little24(w - 1) + little24(h - 1)
                + little24(self.delay) + bytes([self.way]))
        return chunk(b"ANMF", head + chunks_of(self.coded or still(self.pixels)))


def moving(parts, loop=0, background=b"\0\0\0\0", extra=()):
    flags = MOVES | ALPHA | (EXIF if extra else 0)
    return extended(flags, chunk(b"ANIM", background + struct.pack("<H", loop)),
                    *(p.bytes() for p in parts), *extra)


def composed(parts):
    canvas, shown = numpy.zeros((H, W, 4), dtype=numpy.int32), []
    for part in parts:
        h, w, _ = part.pixels.shape
        area = canvas[part.y:part.y + h, part.x:part.x + w]
        opaque = part.pixels[:, :, 3:] > 0
        area[:] = part.pixels if part.way & NOT_BLENDED else numpy.where(opaque, part.pixels, area)
        shown.append(canvas.copy())
        if part.way & BACKGROUND:
            area[:] = 0
    return shown


def plays(data):
    if data[:3] != b"GIF":
        return struct.unpack("<H", data[data.index(b"ANIM") + 12:data.index(b"ANIM") + 14])[0]
    at = data.find(b"NETSCAPE2.0")
    count = struct.unpack("<H", data[at + 13:at + 15])[0] if at >= 0 else None
    return 1 if count is None else count + 1 if count else 0


def turned(pixels, orientation):
    """Exif 2.3, 4.6.4 A: which sides of the picture row 0 and column 0 are."""
    if orientation > 4:
        pixels = pixels.transpose(1, 0, 2)
    right = orientation in (2, 3, 6, 7)
    bottom = orientation in (3, 4, 7, 8)
    return pixels[::-1 if bottom else 1, ::-1 if right else 1]


def moves(parts, times, kind=GIF, orientation=1):
    shown = [turned(pixels, orientation) for pixels in composed(parts)]

    def check(result):
        expect("outcome", result.outcome, 0)
        expect("type", result.type, kind)
        expect("told size", (result.height, result.width), shown[0].shape[:2])
        found = frames(result.bytes)
        expect("frames", len(found), len(shown))
        for (pixels, _), wanted in zip(found, shown):
            same(pixels, wanted)
        expect("delays", [delay for _, delay in found], [p.delay for p in parts])
        expect("plays", plays(result.bytes), times)
    return check


def moving_case(parts, loop=0, **options):
    return moving(parts, loop, **options), moves(parts, loop)


def by_profile(data, primaries):
    profile = profiles.matrix(primaries, 2.2)
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    wanted = ImageCms.profileToProfile(smooth(), source, ImageCms.createProfile("sRGB"), 1, "RGB")
    return data(icc_profile=profile), shows(wanted, JPEG, 24, 3.0)


def exif(orientation):
    data = Image.Exif()
    data[0x0112] = orientation
    return data.tobytes()


def still_cases():
    plain = still(scene())
    as_jpeg = shows(smooth(), JPEG, 24, 3.0)
    return {
        "webp-lossless": (plain, shows(scene())),
        "webp-lossless@webp": (plain, shows(scene(), WEBP)),
        "webp-holes": (still(scene(holes=True)), shows(scene(holes=True))),
        "webp-soft": (still(soft()), shows(soft())),
        "webp-soft@webp": (still(soft()), shows(soft(), WEBP)),
        "webp-extended": (extended(0, chunks_of(plain)), shows(scene())),
        "webp-unknown-chunk": (extended(0, chunk(b"shOj", b"x" * 99), chunks_of(plain)),
                               shows(scene())),
        "webp-trailing": (plain + b"<script>" * 100, shows(scene())),
        "webp-1x1": (still(scene(size=(1, 1))), shows(scene(size=(1, 1)))),
        "webp-lossy": (lossy(), as_jpeg),
        "webp-lossy-odd": (saved(smooth().crop((0, 0, 61, 33)), "WEBP", quality=95),
                           shows(smooth().crop((0, 0, 61, 33)), JPEG, 24, 3.0)),
        "webp-lossy-exif": (lossy(exif=exif(1)), as_jpeg),
        "webp-turned": (lossy(exif=exif(6)), shows(smooth().transpose(Image.ROTATE_270), JPEG, 24,
                                                   3.0)),
        "png-widest@webp": (saved(image(scene(size=(16383, 2))), "PNG"),
                            shows(scene(size=(16383, 2)), WEBP)),
        "png-too-wide@webp": (saved(image(scene(size=(16384, 2))), "PNG"),
                              shows(scene(size=(16384, 2)))),
        "jpeg-too-high@webp": (saved(Image.new("L", (2, 16384), 77), "JPEG"),
                               shows(Image.new("L", (2, 16384), 77), JPEG)),
        "gif-too-wide@webp": (saved(image(scene(size=(16384, 2))).quantize(8), "GIF"),
                              shows(scene(size=(16384, 2)), GIF)),
        "webp-bad-profile": (lossy(icc_profile=b"x" * 300), as_jpeg),
        "webp-grey-profile": (lossy(icc_profile=profiles.grey(1.0)), as_jpeg),
        "webp-adobe-rgb": by_profile(lossy, profiles.ADOBE_RGB),
        "webp-p3": by_profile(lossy, profiles.DISPLAY_P3),
    }


def moving_cases():
    whole = [Frame(scene(i), delay=40 + 10 * i) for i in range(5)]
    small = [Frame(scene(i, (12, 10), holes=True), 4 * i, 2 * i) for i in range(5)]

    def again(way):
        return [Frame(scene()), *(Frame(p.pixels, p.x, p.y, way) for p in small)]
    mixed = [Frame(scene())] + [Frame(p.pixels, p.x, p.y, i % 4) for i, p in enumerate(small)]
    return {
        "webp-moves": moving_case(whole),
        "webp-moves-once": moving_case(whole, 1),
        "webp-moves-thrice": moving_case(whole, 3),
        "webp-moves@webp": (moving(whole), moves(whole, 0, WEBP)),
        "webp-moves-over": moving_case(again(OVER)),
        "webp-moves-replace": moving_case(again(NOT_BLENDED)),
        "webp-moves-dispose": moving_case(again(BACKGROUND)),
        "webp-moves-both": moving_case(again(BACKGROUND | NOT_BLENDED)),
        "webp-moves-mixed": moving_case(mixed),
        "webp-moves-bare": moving_case(small),
        "webp-moves-background": moving_case(small, background=b"\xff\0\0\xff"),
        "webp-moves-exif": moving_case(whole, extra=[chunk(b"EXIF", exif(1)[6:])]),
        "webp-moves-one": (moving(whole[:1]), shows(scene())),
        **{f"webp-moves-turned-{o}": (moving(mixed, extra=[chunk(b"EXIF", exif(o)[6:])]),
                                      moves(mixed, 0, orientation=o)) for o in range(2, 9)},
    }


def refused_cases():
    plain, moving_file = still(scene()), moving([Frame(scene(i)) for i in range(4)])
    large = extended(0, chunks_of(plain), size=(16384, 16384))
    return {
        "webp-cut": (plain[:len(plain) * 2 // 3], refused()),
        "webp-cut-lossy": (lossy()[:-200], refused()),
        "webp-cut-moving": (moving_file[:len(moving_file) * 2 // 3], refused()),
        "webp-no-frame": (moving([]), refused()),
        "webp-sizes-differ": (large, lambda result: expect("refused", True, result.outcome in
                                                           (2, 3))),
    }


if __name__ == "__main__":
    sys.exit(main({**still_cases(), **moving_cases(), **refused_cases()}))
