#!/usr/bin/python3
"""Bitmaps and icons for test_transform.c, written here byte by byte from the formats' description;
what they show is known before they are written. Where PIL reads a kind as browsers do, it is asked
as well: that a file is what it is meant to be is then no matter of our opinion.

The rules for files that the description leaves open are those of bmpsuite's list of what Firefox
does with them, and mostly Chromium, too.
"""

import io
import struct
import sys

from picture_trial import (BROKEN, NOT_IMAGE, PNG, TOO_LARGE, WEBP, Image, Wrong, main, numpy,
                           refused, rgba, same, saved, shows)

W, H = 37, 11  # neither a multiple of the bits of a byte nor of four bytes
RGB, RLE8, RLE4, BITFIELDS, JPEG_INSIDE, PNG_INSIDE, ALPHABITFIELDS = range(7)


def scene():
    y, x = numpy.mgrid[0:H, 0:W]
    pixels = numpy.stack([x * 255 // (W - 1), y * 255 // (H - 1), (x * 7 + y * 13) % 256,
                          (x * 5 + y * 3) % 256], axis=-1)
    return pixels.astype(numpy.int32)


def opaque(pixels):
    pixels = pixels.copy()
    pixels[:, :, 3] = 255
    return pixels


def clean(pixels):
    """What is wholly transparent has no colour."""
    pixels = pixels.copy()
    pixels[pixels[:, :, 3] == 0] = 0
    return pixels


SCENE = scene()
OPAQUE = opaque(SCENE)


# ---- rows ----

def padded(rows):
    return b"".join(row + bytes(-len(row) % 4) for row in rows)


def packed(indices, bits):
    rows = []
    for row in indices:
        number = "".join(format(int(i), f"0{bits}b") for i in row)
        number += "0" * (-len(number) % 8)
        rows.append(int(number, 2).to_bytes(len(number) // 8, "big"))
    return rows


def fields(pixels, masks, size, fill=0):
    """Rows of pixels whose channels stand where the masks say; `fill`: bits outside any mask."""
    rows = []
    for line in pixels:
        row = b""
        for pixel in line:
            value = fill
            for sample, mask in zip(pixel, masks):
                if mask:
                    shift = (mask & -mask).bit_length() - 1
                    value |= (int(sample) * (mask >> shift) // 255) << shift
            row += value.to_bytes(size, "little")
        rows.append(row)
    return rows


def through(pixels, masks):
    """What is left of the pixels after they were held in so few bits."""
    out = pixels.copy()
    for i, mask in enumerate(masks):
        if not mask:
            out[:, :, i] = 255 if i == 3 else 0
            continue
        most = mask >> ((mask & -mask).bit_length() - 1)
        held = pixels[:, :, i].astype(object) * most // 255
        out[:, :, i] = ((held * 510 + most) // (2 * most)).astype(numpy.int32)
    if not out[:, :, 3].any():
        out[:, :, 3] = 255
    return clean(out)


# ---- files ----

class Bitmap:
    """A file in the making; `up`: rows from the last to the first, as is usual."""

    def __init__(self, bits, rows, header=40, compression=RGB, palette=(), up=True, **more):
        self.bits, self.rows, self.header = bits, rows, header
        self.compression, self.palette, self.up = compression, list(palette), up
        self.masks, self.profile, self.gap = (), b"", b""
        self.colours, self.offset, self.width, self.height = None, None, W, H
        self.profile_kind = b""
        self.__dict__.update(more)

    def data(self):
        if isinstance(self.rows, bytes):
            return self.rows
        return padded(self.rows[::-1] if self.up else self.rows)

    def head(self, data, doubled=False):
        height = self.height * (2 if doubled else 1) * (1 if self.up else -1)
        if self.header == 12:
            return struct.pack("<IHHHH", 12, self.width, self.height, 1, self.bits)
        colours = len(self.palette) if self.colours is None else self.colours
        head = struct.pack("<IiiHHIIiiII", self.header, self.width, height, 1, self.bits,
                           self.compression, len(data), 2835, 2835, colours, 0)
        if self.header > 40:
            masks = list(self.masks) + [0] * (4 - len(self.masks))
            head += struct.pack("<IIII", *masks)
            head += (self.profile_kind or b"BGRs")
        return (head + bytes(124))[:self.header]

    def tables(self):
        masks = b""
        if self.header == 40 and self.compression in (BITFIELDS, ALPHABITFIELDS):
            masks = struct.pack(f"<{len(self.masks)}I", *self.masks)
        filler = b"" if self.header == 12 else b"\0"
        return masks + b"".join(bytes(c)[::-1] + filler for c in self.palette)

    def file(self):
        data = self.data()
        body = self.tables() + self.gap
        at = 14 + self.header + len(body)
        head = bytearray(self.head(data))
        if self.profile:
            head[112:120] = struct.pack("<II", self.header + len(body) + len(data),
                                        len(self.profile))
        offset = at if self.offset is None else self.offset
        size = at + len(data) + len(self.profile)
        return (b"BM" + struct.pack("<IHHI", size, 0, 0, offset) + bytes(head) + body + data
                + self.profile)

    def icon(self, mask):
        data = self.data() + (b"" if mask is None else padded(packed(mask, 1)[::-1]))
        return self.head(data, doubled=True) + self.tables() + data


def icon(pictures, kind=1, directory=None):
    """`pictures`: of bytes; what the directory says of them is all 0 unless told."""
    at, head, body = 6 + 16 * len(pictures), struct.pack("<HHH", 0, kind, len(pictures)), b""
    for i, picture in enumerate(pictures):
        size = directory[i] if directory else (0, 0, 0, 0, 0, 0)
        head += struct.pack("<BBBBHHII", *size, len(picture), at + len(body))
        body += picture
    return head + body


def palette_of(count):
    return [((i * 37) % 256, (i * 91 + 40) % 256, 255 - i * 255 // max(count - 1, 1))
            for i in range(count)]


def indices_of(count):
    y, x = numpy.mgrid[0:H, 0:W]
    return (x * 3 + y * 5) % count


def painted(indices, palette):
    table = numpy.array([list(c) + [255] for c in palette], dtype=numpy.int32)
    return table[indices]


# ---- run-length coding ----

def rle8(indices):
    """Runs and, every third row, literals; with marks at the ends of rows and of the picture."""
    out = b""
    for number, row in enumerate(indices[::-1]):
        row = bytes(int(i) for i in row)
        if number % 3 == 0:
            out += bytes([0, len(row)]) + row + bytes(len(row) % 2)
        else:
            for value in row:
                out += bytes([1, value])
        out += b"\0\0"
    return out + b"\0\1"


def rle4(indices):
    out = b""
    for number, row in enumerate(indices[::-1]):
        row = [int(i) for i in row]
        pairs = row + [0] * (len(row) % 2)
        coded = bytes(a << 4 | b for a, b in zip(pairs[::2], pairs[1::2]))
        if number % 3 == 0:
            out += bytes([0, len(row)]) + coded + bytes(len(coded) % 2)
        else:
            for i in range(0, len(row), 2):
                out += bytes([min(2, len(row) - i), coded[i // 2]])
        out += b"\0\0"
    return out + b"\0\1"


def skipping():
    """A run of five, a step of 3 to the right and 2 up, a run of four that is too long for no
    row, an early end: all else is left out."""
    code = b"\5\1" + b"\0\2\3\2" + b"\4\2" + b"\0\1"
    shown = numpy.zeros((H, W, 4), dtype=numpy.int32)
    palette = painted(numpy.arange(4).reshape(1, 4), palette_of(4))[0]
    shown[H - 1, 0:5] = palette[1]
    shown[H - 3, 8:12] = palette[2]
    return code, shown


# ---- cases ----

def bitmap_cases():
    cases = {}

    def add(name, bitmap, shown, pil=True):
        data = bitmap.file()
        if pil:  # an eye besides ours
            try:
                same(rgba(Image.open(io.BytesIO(data))), shown)
            except Wrong as wrong:
                raise SystemExit(f"{name}: PIL sees it otherwise: {wrong}")
        cases[name] = (data, shows(shown))

    for bits in (1, 2, 4, 8):
        palette, indices = palette_of(1 << bits), indices_of(1 << bits)
        shown = painted(indices, palette)
        rows = packed(indices, bits)
        add(f"bmp-{bits}", Bitmap(bits, rows, palette=palette), shown, bits != 2)
        add(f"bmp-{bits}-down", Bitmap(bits, rows, palette=palette, up=False), shown, bits != 2)
        for header in (12, 64, 108, 124):
            if bits == 2 and header in (12, 64):
                continue
            add(f"bmp-{bits}-header-{header}", Bitmap(bits, rows, header, palette=palette), shown,
                bits != 2)
        add(f"bmp-{bits}-offset-0", Bitmap(bits, rows, palette=palette, offset=0), shown, False)
    palette, indices = palette_of(256), indices_of(256)
    shown, rows = painted(indices, palette), packed(indices, 8)
    add("bmp-8-header-16", Bitmap(8, rows, 16, palette=palette), shown, False)
    add("bmp-8-colours-0", Bitmap(8, rows, palette=palette, colours=0), shown)
    add("bmp-8-colours-300", Bitmap(8, rows, palette=palette + [(1, 2, 3)] * 44), shown, False)
    add("bmp-8-colours-many", Bitmap(8, rows, palette=palette, colours=305402420), shown, False)
    add("bmp-8-gap", Bitmap(8, rows, palette=palette, gap=bytes(100)), shown)
    few = palette[:100] + [(0, 0, 0)] * 156  # an index outside the palette is black
    add("bmp-8-colours-few", Bitmap(8, rows, palette=palette[:100]), painted(indices, few), False)
    add("bmp-8-core-short", Bitmap(8, rows, 12, palette=palette[:100]), painted(indices, few),
        False)
    add("bmp-8-rle", Bitmap(8, rle8(indices), 40, RLE8, palette), shown)
    add("bmp-8-rle-down", Bitmap(8, rle8(indices[::-1]), 40, RLE8, palette, up=False), shown, False)
    # an end mark is not needed once all is there; a run may be too long for its row
    add("bmp-8-rle-no-end", Bitmap(8, rle8(indices)[:-4], 40, RLE8, palette), shown, False)
    long = b"".join(bytes([W + 3, y]) + b"\0\0" for y in range(H)) + b"\0\1"
    add("bmp-8-rle-long", Bitmap(8, long, 40, RLE8, palette),
        painted(numpy.arange(H)[::-1].reshape(H, 1).repeat(W, 1), palette), False)
    palette, indices = palette_of(16), indices_of(16)
    add("bmp-4-rle", Bitmap(4, rle4(indices), 40, RLE4, palette), painted(indices, palette), False)
    code, shown = skipping()
    add("bmp-8-rle-skips", Bitmap(8, code, 40, RLE8, palette_of(4)), shown, False)
    code4 = b"\5\x11" + b"\0\2\3\2" + b"\4\x22" + b"\0\1"
    add("bmp-4-rle-skips", Bitmap(4, code4, 40, RLE4, palette_of(4)), shown, False)

    x555, rgb24 = (0x7c00, 0x3e0, 0x1f), (0xff0000, 0xff00, 0xff)
    add("bmp-16", Bitmap(16, fields(SCENE, x555, 2)), through(SCENE, x555 + (0,)), False)
    add("bmp-16-fake-alpha", Bitmap(16, fields(SCENE, x555, 2, 0x8000)),
        through(SCENE, x555 + (0,)), False)
    add("bmp-24", Bitmap(24, fields(SCENE, rgb24, 3)), OPAQUE)
    add("bmp-24-down", Bitmap(24, fields(SCENE, rgb24, 3), up=False), OPAQUE)
    add("bmp-24-core", Bitmap(24, fields(SCENE, rgb24, 3), 12), OPAQUE)
    add("bmp-24-v5", Bitmap(24, fields(SCENE, rgb24, 3), 124, masks=(0, 0, 0, 0xff000000)), OPAQUE)
    add("bmp-24-palette", Bitmap(24, fields(SCENE, rgb24, 3), palette=palette_of(300)), OPAQUE)
    # the fourth byte of a pixel without a mask for it is nothing, whatever it holds
    add("bmp-32", Bitmap(32, fields(SCENE, rgb24, 4)), OPAQUE)
    add("bmp-32-fake-alpha", Bitmap(32, fields(SCENE, rgb24 + (0xff000000,), 4)), OPAQUE)
    for name, bits, header, masks in (
            ("565", 16, 40, (0xf800, 0x7e0, 0x1f)), ("231", 16, 40, (0x60, 0x1c, 1)),
            ("3103", 16, 40, (0xe000, 0x1ff8, 7)), ("880", 16, 40, (0xff00, 0xff, 0)),
            ("111110", 32, 40, (0xffe00000, 0x1ffc00, 0x3ff)),
            ("7187", 32, 40, (0xfe000000, 0x1ffff80, 0x7f)),
            ("4444", 16, 124, (0xf00, 0xf0, 0xf, 0xf000)),
            ("5551", 16, 108, (0x7c00, 0x3e0, 0x1f, 0x8000)),
            ("1010102", 32, 124, (0x3ff00000, 0xffc00, 0x3ff, 0xc0000000)),
            ("8888", 32, 124, (0xff000000, 0xff0000, 0xff00, 0xff)),
            ("argb", 32, 108, (0xff0000, 0xff00, 0xff, 0xff000000)),
            ("rgb-v2", 32, 52, (0xff00, 0xff0000, 0xff)),
            ("rgba-v3", 32, 56, (0xff00, 0xff0000, 0xff, 0xff000000))):
        add(f"bmp-fields-{name}",
            Bitmap(bits, fields(SCENE, masks, bits // 8), header, BITFIELDS, masks=masks),
            through(SCENE, masks + (0,) * (4 - len(masks))), False)
    masks = rgb24 + (0xff000000,)
    add("bmp-fields-alpha",
        Bitmap(32, fields(SCENE, masks, 4), 40, ALPHABITFIELDS, masks=masks), clean(SCENE), False)
    nothing = SCENE.copy()
    nothing[:, :, 3] = 0  # a mask for alpha, and none anywhere
    add("bmp-fields-alpha-0",
        Bitmap(32, fields(nothing, masks, 4), 124, BITFIELDS, masks=masks), OPAQUE, False)
    return cases


def refused_cases():
    masks = (0xff0000, 0xff00, 0xff)
    rows24, rows32 = fields(SCENE, masks, 3), fields(SCENE, masks, 4)
    pal8 = Bitmap(8, packed(indices_of(256), 8), palette=palette_of(256)).file()
    rle = Bitmap(8, rle8(indices_of(256)), 40, RLE8, palette_of(256)).file()
    made = {
        "short": Bitmap(24, rows24).file()[:-40],
        "rle-cut": rle[:len(rle) * 2 // 3],
        "rle-away": Bitmap(8, b"\0\2\xff\xff" * 9 + b"\0\1", 40, RLE8, palette_of(4)).file(),
        "jpeg": Bitmap(0, saved(Image.new("RGB", (W, H)), "JPEG"), 40, JPEG_INSIDE).file(),
        "png": Bitmap(0, saved(Image.new("RGB", (W, H)), "PNG"), 40, PNG_INSIDE).file(),
        "huffman": Bitmap(1, packed(indices_of(2), 1), 64, 3, palette_of(2)).file(),
        "rle24": Bitmap(24, rows24, 64, 4).file(),
        "rle8-of-4": Bitmap(4, rle8(indices_of(16)), 40, RLE8, palette_of(16)).file(),
        "bits-3": Bitmap(3, rows24).file(), "bits-64": Bitmap(64, rows24).file(),
        "bits-0": Bitmap(0, rows24).file(), "bits-30000": Bitmap(30000, rows24).file(),
        "masks-cross": Bitmap(32, rows32, 40, BITFIELDS, masks=(0xff0000, 0x1ff00, 0xff)).file(),
        "masks-holes": Bitmap(32, rows32, 40, BITFIELDS, masks=(0xff0000, 0xf500, 0xff)).file(),
        "width-0": Bitmap(24, rows24, width=0).file(),
        "width-negative": Bitmap(24, rows24, width=-W).file(),
        "height-0": Bitmap(24, rows24, height=0).file(),
        "height-least": Bitmap(24, rows24, height=1 << 31, up=False).file(),
        "really-big": Bitmap(24, rows24, width=3000000, height=2000000).file(),
    }
    cases = {f"bmp-bad-{name}": (data, refused()) for name, data in made.items()}
    # nothing stands where the rows should: not even taken for a bitmap
    for name, length in (("no-rows", 14 + 40 + 1024), ("half-palette", 500), ("half-header", 40)):
        cases[f"bmp-bad-{name}"] = (pal8[:length], refused(NOT_IMAGE))
    cases["bmp-bad-palette"] = (Bitmap(8, b"", palette=palette_of(9), colours=256,
                                       offset=0).file(), refused())
    bomb = Bitmap(8, b"\0\1", 40, RLE8, palette_of(4), width=60000, height=60000).file()
    cases["bmp-bomb"] = (bomb, refused(TOO_LARGE))
    odd = bytearray(pal8)
    odd[14] = 66
    cases["bmp-bad-header-66"] = (bytes(odd), refused(NOT_IMAGE))
    cases["bmp-bad-offset"] = (Bitmap(24, rows24, offset=1 << 30).file(), refused(NOT_IMAGE))
    return cases


def masked(shown, mask):
    shown = shown.copy()
    shown[mask == 1] = 0
    return shown


def icon_cases():
    mask = (indices_of(3) == 0).astype(int)
    argb = (0xff0000, 0xff00, 0xff, 0xff000000)
    kinds = {}
    for bits in (1, 4, 8):
        palette, indices = palette_of(1 << bits), indices_of(1 << bits)
        kinds[str(bits)] = (Bitmap(bits, packed(indices, bits), palette=palette),
                            masked(painted(indices, palette), mask))
    kinds["24"] = (Bitmap(24, fields(SCENE, argb[:3], 3)), masked(OPAQUE, mask))
    kinds["16"] = (Bitmap(16, fields(SCENE, (0x7c00, 0x3e0, 0x1f), 2)),
                   masked(through(SCENE, (0x7c00, 0x3e0, 0x1f, 0)), mask))
    kinds["32"] = (Bitmap(32, fields(SCENE, argb, 4)), clean(SCENE))
    kinds["32-no-alpha"] = (Bitmap(32, fields(SCENE, argb[:3], 4)), masked(OPAQUE, mask))
    cases = {f"ico-{name}": (icon([bitmap.icon(mask)]), shows(shown))
             for name, (bitmap, shown) in kinds.items()}
    deep, shown = kinds["32"]
    cases["ico-32-no-mask"] = (icon([deep.icon(None)]), shows(shown))
    cases["cur-8"] = (icon([kinds["8"][0].icon(mask)], 2, [(0, 0, 0, 0, 3, 70)]),
                      shows(kinds["8"][1]))
    flat = kinds["4"][0].icon(mask)
    cases["ico-deepest"] = (icon([flat, deep.icon(mask), kinds["24"][0].icon(mask)]), shows(shown))
    large = Image.fromarray(numpy.uint8(SCENE), "RGBA").resize((64, 64))
    png = saved(large, "PNG")
    cases["ico-png"] = (icon([deep.icon(mask), png, flat]), shows(large))
    cases["ico-png@webp"] = (cases["ico-png"][0], shows(large, WEBP))
    lies = [(255, 255, 0, 0, 1, 32), (1, 1, 0, 0, 1, 1)]
    cases["ico-lies"] = (icon([flat, png], 1, lies), shows(large))
    cases["ico-pil"] = (saved(large, "ICO", sizes=[(16, 16), (64, 64)]), shows(large))
    cases["ico-pil-bmp"] = (saved(large, "ICO", sizes=[(64, 64)], bitmap_format="bmp"),
                            shows(large))
    whole = icon([kinds["8"][0].icon(mask)])
    cases["ico-bad-mask"] = (icon([kinds["24"][0].icon(None)]), refused())
    cases["ico-bad-short"] = (whole[:-60] + b"", refused())
    cases["ico-bad-entry"] = (whole[:18] + struct.pack("<I", 1 << 31) + whole[22:], refused())
    cases["ico-bad-count"] = (whole[:4] + b"\xff\0" + whole[6:], refused(NOT_IMAGE))
    cases["ico-bad-png"] = (icon([png[:-30]]), refused())
    cases["ico-bomb"] = (icon([png[:16] + struct.pack(">II", 60000, 60000) + png[24:29]
                               + struct.pack(">I", crc(png[12:16], 60000, png[24:29]))
                               + png[33:]]), refused(TOO_LARGE))
    return cases


def crc(name, side, rest):
    import zlib
    return zlib.crc32(name + struct.pack(">II", side, side) + rest)


def profile_case():
    """Red and green swapped, and a profile that swaps them back."""
    from PIL import ImageCms
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    at = {bytes(profile[i:i + 4]): i for i in range(132, 132 + 12 * 20, 12)}
    red, green = at[b"rXYZ"], at[b"gXYZ"]
    profile[red:red + 4], profile[green:green + 4] = b"gXYZ", b"rXYZ"
    swapped = OPAQUE[:, :, [1, 0, 2, 3]]
    bitmap = Bitmap(24, fields(swapped, (0xff0000, 0xff00, 0xff), 3), 124,
                    profile=bytes(profile), profile_kind=b"DEBM")
    return {"bmp-profile": (bitmap.file(), shows(OPAQUE, most=3))}  # 3: two roundings through XYZ


if __name__ == "__main__":
    sys.exit(main({**bitmap_cases(), **refused_cases(), **icon_cases(), **profile_case()}))
