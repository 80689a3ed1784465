#!/usr/bin/python3
"""How well the decoder packs what it hands out, for test_transform.c: what is coded without loss
keeps every pixel, in the form that these rules name, and nothing becomes larger than it came
without need. Made and looked at by PIL and numpy, as transform_pictures.py does; run like it.

The colour of a wholly transparent pixel is not kept (worker/png_form.h).
"""

import io
import struct
import sys

from transform_pictures import (GIF, JPEG, OK, PNG, exif, expect, fail, frames_of, main,
                                no_metadata, plays, saved, scene)

try:
    import numpy
    from PIL import Image, ImageDraw, ImageOps, JpegImagePlugin
except ImportError:
    sys.exit(77)

QUALITIES = (5, 25, 49, 50, 51, 66, 75, 79, 80, 81, 92, 100)
OURS = 80
SAMPLINGS = ("444", "422", "420")
LARGE = ((201, 133, 1), (799, 601, 1), (801, 533, 6), (1003, 601, 1), (1601, 1203, 8),
         (1999, 3, 1), (601, 1700, 3))  # with the orientation
SIZES = ((8, 8), (17, 16), (37, 29), (240, 1), (1, 30))

GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6  # PNG, table 12


# ---- originals ----

def photograph(size=(240, 160), seed=7):
    """Noise with detail of every size, as a photograph has."""
    random = numpy.random.default_rng(seed)
    sum_of = numpy.zeros((size[1], size[0], 3))
    for octave in range(1, 8):
        small = random.normal(size=(2 ** octave + 1, 2 ** octave + 1, 3)) * 0.6 ** octave
        for band in range(3):
            plane = Image.fromarray(small[:, :, band].astype("float32"), "F")
            sum_of[:, :, band] += numpy.asarray(plane.resize(size, Image.BICUBIC))
    low, high = sum_of.min(), sum_of.max()
    return Image.fromarray(((sum_of - low) / (high - low) * 255).astype("uint8"))


def greys(levels):
    """Bars of these greys."""
    image = Image.new("L", (len(levels) * 7, 20))
    for i, level in enumerate(levels):
        ImageDraw.Draw(image).rectangle((i * 7, 0, i * 7 + 6, 19), fill=level)
    return image


def logo(mode="RGBA", size=(160, 60)):
    image = Image.new("RGBA", (size[0] * 4, size[1] * 4), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    draw.ellipse((10, 10, 220, 220), fill=(200, 30, 60, 255))
    draw.polygon([(260, 30), (600, 60), (300, 200)], fill=(20, 90, 180, 255))
    image = image.resize(size, Image.BOX)
    if mode == "RGBA":
        return image
    ground = Image.new("RGB", size, (255, 255, 255))
    ground.paste(image, mask=image)
    return ground


def hidden():
    """A secret in the colour of what is wholly transparent."""
    pixels = numpy.asarray(photograph().convert("RGBA")).copy()
    pixels[:, :120, 3] = 0
    return Image.fromarray(pixels)


def hidden_large():
    """Beyond what is written whole, in memory."""
    pixels = numpy.full((1001, 4001, 4), (90, 20, 200, 255), dtype=numpy.uint8)
    pixels[:, :120, 3] = 0
    return Image.fromarray(pixels)


def keyed():
    """True colour with one of them declared transparent (PNG, 11.3.1.1)."""
    return saved(scene(), "PNG", transparency=(30, 200, 30))


def deep(bands):
    """16 bits a channel, written by hand: PIL has no such RGB."""
    import zlib
    from transform_pictures import png_chunk
    width, height = 40, 30
    rows = bytearray()
    for y in range(height):
        rows.append(0)
        for x in range(width):
            for band in range(bands):
                rows += struct.pack(">H", ((x * 6 + band * 9) % 256) * 256 + y * 8 % 256)
    colour = {1: 0, 2: 4, 3: 2, 4: 6}[bands]
    header = struct.pack(">IIBBBBB", width, height, 16, colour, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header)
            + png_chunk(b"IDAT", zlib.compress(bytes(rows))) + png_chunk(b"IEND", b""))


def interlaced(bands):
    """Adam7 by hand: PIL writes none."""
    import zlib
    from transform_pictures import png_chunk
    image = numpy.asarray(photograph((37, 29)))[:, :, :bands]
    rows = bytearray()
    for x0, y0, dx, dy in ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4),
                           (1, 0, 2, 2), (0, 1, 1, 2)):
        for row in image[y0::dy, x0::dx]:
            rows += b"\0" + row.tobytes()
    header = struct.pack(">IIBBBBB", 37, 29, 8, 2, 0, 0, 1)
    return (b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header)
            + png_chunk(b"IDAT", zlib.compress(bytes(rows))) + png_chunk(b"IEND", b""))


def with_levels(image, levels):
    """`image` with alpha of these levels, in columns."""
    out = image.convert("RGBA")
    alpha = numpy.resize(numpy.array(levels, "uint8"), (out.height, out.width))
    out.putalpha(Image.fromarray(alpha))
    return out


def animation(pictures):
    return saved(pictures[0], "GIF", save_all=True, append_images=pictures[1:], loop=2,
                 duration=[40 + 70 * i for i in range(len(pictures))])


def wandering():
    """More than 256 colours in all, and no more than that in a frame: half of it stays."""
    still, pictures = photograph(), []
    for i in range(5):
        picture = still.copy()
        picture.paste(photograph((60, 40), seed=i), (20 * i, 30))
        pictures.append(picture.quantize(256, dither=Image.Dither.NONE))
    return pictures


def shadow(size=(160, 80)):
    """Slowly changing, of under 256 colours: filters pack it better than any palette."""
    y, x = numpy.mgrid[0:size[1], 0:size[0]]
    pixels = numpy.zeros((size[1], size[0], 4), dtype=numpy.uint8)
    pixels[:, :, 3] = numpy.clip(250 - x - y, 1, 250)
    pixels[:, :, 0] = 40
    return Image.fromarray(pixels)


def originals():
    two = scene().quantize(2)
    return {
        "png-1": saved(scene().convert("1"), "PNG"),
        "png-two": saved(two, "PNG"),
        "png-four": saved(scene().quantize(4), "PNG"),
        "png-sixteen": saved(photograph().quantize(16), "PNG"),
        "png-many": saved(photograph().quantize(200), "PNG"),
        "png-grey-4": saved(greys([0, 85, 170, 255]), "PNG"),
        "png-grey-odd": saved(photograph().convert("L").point(lambda v: (0, 84, 170, 255)[v // 64]),
                              "PNG"),
        "png-grey-as-rgb": saved(photograph().convert("L").convert("RGB"), "PNG"),
        "png-rgb-few": saved(scene(), "PNG"),
        "png-rgb": saved(photograph(), "PNG"),
        "png-rgba-opaque": saved(photograph().convert("RGBA"), "PNG"),
        "png-rgba-few": saved(with_levels(scene(), [0, 128, 255]), "PNG"),
        "png-rgba": saved(with_levels(photograph(), range(256)), "PNG"),
        "png-grey-alpha": saved(with_levels(photograph().convert("L"), range(256)).convert("LA"),
                                "PNG"),
        "png-logo": saved(logo(), "PNG"),
        "png-hidden": saved(hidden(), "PNG"),
        "png-hidden-large": saved(hidden_large(), "PNG"),
        "png-key": keyed(),
        "png-palette-alpha": saved(logo("RGB").quantize(60), "PNG", transparency=3),
        "png-shadow": saved(shadow(), "PNG"),
        "png-dot": saved(Image.new("RGBA", (5, 5), (10, 20, 30, 40)), "PNG"),
        "png-deep-1": deep(1), "png-deep-2": deep(2), "png-deep-3": deep(3), "png-deep-4": deep(4),
        "png-adam7": interlaced(3),
        "png-hard": saved(photograph().quantize(200), "PNG", optimize=True),
        "png-cut-end": saved(photograph(), "PNG")[:-14],
        "webp-lossless": saved(logo(), "WEBP", lossless=True),
        **{f"jpeg-{quality}": saved(photograph(), "JPEG", quality=quality)
           for quality in QUALITIES},
        **{f"jpeg-{name}-{width}x{height}": saved(photograph().crop((0, 0, width, height)), "JPEG",
                                                  quality=90, subsampling=number)
           for number, name in enumerate(SAMPLINGS) for width, height in SIZES},
        "gif-one-table": animation([logo("RGB").rotate(i * 9).quantize(40) for i in range(6)]),
        "gif-own-tables": animation([photograph(seed=i).quantize(256) for i in range(4)]),
        "gif-part": animation(wandering()),
        "gif-still": saved(photograph().quantize(256), "GIF"),
        "gif-clear": saved(logo("RGB").quantize(60), "GIF", transparency=0),
        **{f"jpeg-side-{w}x{h}": saved(photograph().resize((w, h)), "JPEG", quality=90,
                                       exif=exif(turn))
           for w, h, turn in LARGE},
        "jpeg-grey": saved(photograph((37, 29)).convert("L"), "JPEG", quality=70),
        "jpeg-progressive": saved(photograph(), "JPEG", quality=75, progressive=True,
                                  optimize=True),
        "jpeg-tables": saved(photograph(), "JPEG", qtables=[[40] * 64, [60] * 64]),
        "jpeg-turned": saved(photograph((64, 40)), "JPEG", quality=40, exif=exif(6)),
    }


# ---- looking at results ----

def shown(image):
    """What is seen: no colour where nothing shows."""
    pixels = numpy.asarray(image.convert("RGBA")).copy()
    pixels[pixels[:, :, 3] == 0] = 0
    return pixels


def same_pixels(result, wanted):
    found = shown(result.image())
    if found.shape != wanted.shape or (found != wanted).any():
        fail(f"pixels differ: {found.shape}, {wanted.shape}")


def exact_png(colour, depth):
    def check(result):
        expect("outcome", result.outcome, OK)
        expect("type", result.type, PNG)
        expect("form", (result.bytes[25], result.bytes[24]), (colour, depth))
        same_pixels(result, shown(Image.open(io.BytesIO(result.original))))
        no_metadata(result.bytes, PNG)
    return check


def also(*checks):
    def check(result):
        for one in checks:
            one(result)
    return check


def at_most(part):
    """Of the original's bytes."""
    def check(result):
        if len(result.bytes) > part * len(result.original):
            fail(f"{len(result.bytes)} bytes of {len(result.original)}")
    return check


def deep_to_eight(bands):
    """The upper byte of each sample."""
    def check(result):
        expect("outcome", result.outcome, OK)
        found = numpy.asarray(result.image().convert("RGBA")).astype(int)
        y, x = numpy.mgrid[0:30, 0:40]
        samples = [(x * 6 + band * 9) % 256 for band in range(bands)]
        alpha = samples.pop() if bands in (2, 4) else 255 + 0 * x
        if bands < 3:
            samples = samples * 3
        wanted = numpy.dstack(samples + [alpha])
        wanted[wanted[:, :, 3] == 0] = 0
        if (found != wanted).any():
            fail("not the upper bytes")
    return check


def nothing_hidden(result):
    expect("outcome", result.outcome, OK)
    pixels = numpy.asarray(result.image().convert("RGBA"))
    expect("colour of the transparent half", int(pixels[:, :120].max()), 0)


def exact_gif(count, plays_wanted):
    """All pixels of all frames, and when they show."""
    def check(result):
        expect("outcome", result.outcome, OK)
        expect("type", result.type, GIF)
        (found, _), (wanted, _) = frames_of(result.bytes), frames_of(result.original)
        expect("frames", (result.frames, len(found), len(wanted)), (count, count, count))
        for i, ((a, delay), (b, wanted_delay)) in enumerate(zip(found, wanted)):
            if (shown(a) != shown(b)).any():
                fail(f"pixels of frame {i}")
            expect("delay", delay or 0, wanted_delay or 0)
        expect("plays", plays(result.bytes), plays_wanted)
    return check


def tables(data):
    return {number: list(table) for number, table in
            Image.open(io.BytesIO(data)).quantization.items()}


def as_good(result):
    """No coarser than ours, no finer than the original; of a picture coded as coarsely as its
    original nothing more is lost."""
    expect("outcome", result.outcome, OK)
    expect("type", result.type, JPEG)
    quality = int(result.case.split("-")[1])
    same = saved(photograph(), "JPEG", quality=min(quality, OURS))
    expect("tables", tables(result.bytes), tables(same))
    at_most(1.02)(result)
    near(0.4 if quality <= OURS else 2)(result)
    no_metadata(result.bytes, JPEG)


def near(most):
    """As the original shows it: how far off the mean, and the worst line at an edge."""
    def check(result):
        expect("outcome", result.outcome, OK)
        found = numpy.asarray(result.image().convert("RGB")).astype(int)
        wanted = numpy.asarray(Image.open(io.BytesIO(result.original)).convert("RGB")).astype(int)
        expect("size", found.shape, wanted.shape)
        off = abs(found - wanted)
        for name, part in (("all", off), ("right", off[:, -1]), ("bottom", off[-1])):
            if part.mean() > (most if name == "all" else 2 * most):
                fail(f"{name}: off by {part.mean():.2f}")
    return check


def scaled_to(size):
    """200 at most, in proportion, rounded; and as PIL's best scaler has it."""
    def check(result):
        expect("outcome", result.outcome, OK)
        expect("told size", (result.width, result.height), size)
        factor = 200 / max(size)
        wanted_size = tuple(max(1, int(side * factor + 0.5)) for side in size)
        image = result.image().convert("RGB")
        expect("size", image.size, wanted_size)
        wanted = ImageOps.exif_transpose(Image.open(io.BytesIO(result.original)))
        wanted = wanted.convert("RGB").resize(wanted_size, Image.LANCZOS)
        off = abs(numpy.asarray(image).astype(int) - numpy.asarray(wanted).astype(int)).mean()
        if off > 4:
            fail(f"off by {off:.2f}")
    return check


def sampled(number):
    def check(result):
        expect("outcome", result.outcome, OK)
        expect("sampling", JpegImagePlugin.get_sampling(result.image()), number)
    return check


def is_grey(result):
    expect("mode", result.image().mode, "L")


def mean_of_tables(least, most):
    """Close to tables that are of no quality in cjpeg's sense."""
    def check(result):
        mean = sum(tables(result.bytes)[0]) / 64
        if not least <= mean <= most:
            fail(f"a mean of {mean}")
    return check


def broken(result):
    expect("outcome", result.outcome, 3)


CHECKS = {
    "png-1": exact_png(GREY, 1),
    "png-two": exact_png(PALETTE, 1),
    "png-four": exact_png(PALETTE, 2),
    "png-sixteen": exact_png(PALETTE, 4),
    "png-many": also(exact_png(PALETTE, 8), at_most(1.03)),
    "png-grey-4": exact_png(GREY, 2),
    "png-grey-odd": exact_png(PALETTE, 2),
    "png-grey-as-rgb": also(exact_png(GREY, 8), at_most(0.8)),
    "png-rgb-few": exact_png(PALETTE, 2),
    "png-rgb": also(exact_png(RGB, 8), at_most(1.03)),
    "png-rgba-opaque": also(exact_png(RGB, 8), at_most(1)),
    "png-rgba-few": exact_png(PALETTE, 4),
    "png-rgba": also(exact_png(RGBA, 8), at_most(1.03)),
    "png-grey-alpha": exact_png(GREY_ALPHA, 8),
    "png-logo": also(exact_png(PALETTE, 8), at_most(0.8)),
    "png-hidden": nothing_hidden, "png-hidden-large": nothing_hidden,
    "png-key": exact_png(PALETTE, 2),
    "png-palette-alpha": also(exact_png(PALETTE, 8), at_most(1.03)),
    "png-shadow": also(exact_png(RGBA, 8), at_most(1.03)),
    "png-dot": exact_png(RGBA, 8),
    "png-deep-1": deep_to_eight(1), "png-deep-2": deep_to_eight(2),
    "png-deep-3": deep_to_eight(3), "png-deep-4": deep_to_eight(4),
    "png-adam7": exact_png(RGB, 8),
    "png-hard": at_most(1.03),
    "png-cut-end": broken,
    "webp-lossless": exact_png(PALETTE, 8),
    **{f"jpeg-{quality}": as_good for quality in QUALITIES},
    **{f"jpeg-{name}-{width}x{height}": also(sampled(number), near(3))
       for number, name in enumerate(SAMPLINGS) for width, height in SIZES},
    "gif-one-table": also(exact_gif(6, 3), at_most(1.05)),
    "gif-own-tables": also(exact_gif(4, 3), at_most(1.05)),
    "gif-part": also(exact_gif(5, 3), at_most(1.05)),
    "gif-still": also(exact_gif(1, 1), at_most(1.05)),
    "gif-clear": also(exact_gif(1, 1), at_most(1.05)),
    **{f"jpeg-side-{w}x{h}@side": scaled_to((h, w) if turn > 4 else (w, h))
       for w, h, turn in LARGE},
    "jpeg-grey": also(near(0.4), is_grey, at_most(1.02)),
    "jpeg-progressive": also(near(0.4), at_most(1.04)),
    "jpeg-tables": mean_of_tables(36, 44),
    "jpeg-turned": lambda r: expect("tables", tables(r.bytes), tables(r.original)),
}


if __name__ == "__main__":
    main(originals, CHECKS)
