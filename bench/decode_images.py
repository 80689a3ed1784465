#!/usr/bin/python3
"""Pictures like those that mail loads, for bench/decode.py: decode_images.py FOLDER [large]

Photographs come from Debian's mate-backgrounds (twelve of nature, 1.3 to 5 megapixels), cropped and
scaled; where the package is not installed noise with a photograph's spectrum stands in, and the list
says so. Logos, icons, screens and text are drawn here. The same packages give the same bytes on
every run.

How many of each kind: of the 138 <img> in 33 published mail templates (emailmonday, konsav,
SendGrid) 40 % are icons and social buttons, 10 % logos, 33 % thumbnails, 15 % heroes, 2 % pixels;
but a sent newsletter has at least one pixel, which the sending service adds, and of the images of
560 real messages (SpamAssassin's corpus) 25 % were pixels and spacers, most of them GIF. So: a
quarter icons, a fifth each pixels (with spacers) and thumbnails, and the rest as below; a few
screenshots, animations, and photographs as telephones store them, which are rare and dear.

FOLDER/list has a line a picture, `KIND FORMAT PATH`; the kind `large`, 40 megapixels, is made apart.
"""

import glob
import io
import os
import random
import sys

import numpy
from PIL import Image, ImageChops, ImageCms, ImageDraw, ImageFont

PHOTOGRAPHS = "/usr/share/backgrounds/mate/nature/*.jpg"
FONTS = "/usr/share/fonts/truetype/dejavu/DejaVu%s.ttf"
NAMES = ("Northwind", "Acme & Söhne", "blue otter", "KIRIN", "Papaya", "Linden", "postmark", "Ōtani")
WORDS = ("New in this week", "Your order is on its way", "-30 % on all shoes", "Read more",
         "Last chance", "See you on Friday", "Only until Sunday", "Thank you, Maria!")
BRANDS = ((59, 89, 152), (29, 161, 242), (221, 42, 123), (10, 102, 194), (230, 33, 23),
          (37, 211, 102), (34, 34, 34), (250, 140, 22))
EXIF_ORIENTATION = 0x0112
SRGB = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
SRGB[24:36] = bytes((7, 232, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0))  # made on a day that does not change


def font(size, bold=True):
    return ImageFont.truetype(FONTS % ("Sans-Bold" if bold else "Sans"), size)


# ---- photographs ----

def pink_noise(size, seed):
    """As a photograph's spectrum falls, with one over the frequency."""
    width, height = size
    noise = numpy.random.default_rng(seed)
    fy, fx = numpy.fft.fftfreq(height)[:, None], numpy.fft.fftfreq(width)[None, :]
    fall = 1 / numpy.maximum(numpy.hypot(fx, fy), 1 / max(size))
    bands = []
    for _ in range(3):
        plane = numpy.fft.ifft2(numpy.fft.fft2(noise.standard_normal((height, width))) * fall).real
        bands.append(128 + 40 * plane / plane.std())
    return Image.fromarray(numpy.clip(numpy.dstack(bands), 0, 255).astype("uint8"))


class Photographs:
    def __init__(self):
        self.paths = sorted(glob.glob(PHOTOGRAPHS))
        self.kept = {}

    def whole(self, number):
        number %= len(self.paths) or 4
        if number not in self.kept:
            self.kept[number] = (Image.open(self.paths[number]).convert("RGB") if self.paths
                                 else pink_noise((1600, 1200), number))
        return self.kept[number]

    def crop(self, chance, size, part=(0.5, 1.0)):
        """A part of one of them, of this size."""
        whole = self.whole(chance.randrange(1000))
        scale = min(whole.width / size[0], whole.height / size[1]) * chance.uniform(*part)
        width, height = size[0] * scale, size[1] * scale
        x, y = chance.uniform(0, whole.width - width), chance.uniform(0, whole.height - height)
        return whole.resize(size, Image.LANCZOS, (x, y, x + width, y + height))

    def mosaic(self, size, across, down):
        """Larger than any of them, and as rich in detail as they are."""
        image = Image.new("RGB", size)
        tile = (-(-size[0] // across), -(-size[1] // down))
        for i in range(across * down):
            chance = random.Random(2 + 5 * i)
            image.paste(self.crop(chance, tile, (.95, 1.0)),
                        (i % across * tile[0], i // across * tile[1]))
        return image


def grain(image, seed, amount=2.5):
    """What a sensor adds: one tile of noise, repeated, the same on every channel."""
    noise = numpy.random.default_rng(seed).normal(128, amount, (509, 509)).clip(0, 255)
    tile = Image.fromarray(noise.astype("uint8"))
    whole = Image.new("L", image.size)
    for y in range(0, image.height, 509):
        for x in range(0, image.width, 509):
            whole.paste(tile, (x, y))
    return ImageChops.add(image, Image.merge("RGB", (whole, whole, whole)), 1, -128)


# ---- what is drawn ----

def smooth(size, draw_on, mode="RGBA", back=(0, 0, 0, 0)):
    """Drawn four times as large, so that edges are anti-aliased."""
    large = Image.new(mode, (size[0] * 4, size[1] * 4), back)
    draw_on(ImageDraw.Draw(large), large.size)
    return large.resize(size, Image.BOX)


def gradient(size, left, right):
    row = numpy.linspace(left, right, size[0])
    return Image.fromarray(numpy.tile(row.astype("uint8"), (size[1], 1, 1)))


def logo(chance, size, alpha, shaded):
    colour, name = chance.choice(BRANDS), chance.choice(NAMES)

    def draw_on(draw, large):
        w, h = large
        draw.ellipse((h * .15, h * .15, h * .85, h * .85), colour)
        draw.pieslice((h * .3, h * .3, h * .7, h * .7), 30, 250, (255, 255, 255))
        text = font(int(h * .42))
        room = (w - h * 1.05) / max(1, draw.textlength(name, text))
        text = font(int(h * .42 * min(1, room)))
        draw.text((h, h * .5), name, colour, text, anchor="lm")

    drawn = smooth(size, draw_on, back=(*colour, 0))
    if alpha:
        return drawn
    white = (255, 255, 255)
    back = gradient(size, white, (226, 232, 240)) if shaded else Image.new("RGB", size, white)
    back.paste(drawn, (0, 0), drawn)
    return back


def icon(chance, side):
    colour, letter = chance.choice(BRANDS), chance.choice("fxinPY@&")
    round_one = chance.random() < .5

    def draw_on(draw, large):
        box = (0, 0, large[0] - 1, large[1] - 1)
        if round_one:
            draw.ellipse(box, colour)
        else:
            draw.rounded_rectangle(box, large[0] // 6, colour)
        draw.text((large[0] / 2, large[1] / 2), letter, (255, 255, 255), font(large[0] // 2), "mm")

    return smooth((side, side), draw_on, back=(*colour, 0))


def product(chance, photographs, side):
    """A thing on white, with its shadow, as shops show it."""
    def shape(draw, large):
        draw.rounded_rectangle([v * .12 for v in large] + [v * .88 for v in large], large[0] // 5,
                               255)
    mask = smooth((side, side), shape, "L", 0)
    image = Image.new("RGB", (side, side), (255, 255, 255))
    for step in range(8):
        shadow = mask.point(lambda v: v // 28)
        image.paste((90, 90, 90), (step // 2, side // 40 + step), shadow)
    image.paste(photographs.crop(chance, (side, side), (.3, .6)), (0, 0), mask)
    return image


def hero(chance, photographs, size):
    image = photographs.crop(chance, size)
    dark = Image.new("RGB", size, (16, 16, 24))
    image.paste(dark, (0, 0), gradient((size[0], size[1]), (170,) * 3, (0,) * 3).convert("L"))
    draw = ImageDraw.Draw(image)
    lines = chance.sample(WORDS, 2)
    draw.text((size[0] * .06, size[1] * .35), lines[0], "white", font(size[1] // 9), "lm")
    draw.text((size[0] * .06, size[1] * .55), lines[1], (230, 230, 230),
              font(size[1] // 16, False), "lm")
    button = (size[0] * .06, size[1] * .68, size[0] * .30, size[1] * .84)
    draw.rounded_rectangle(button, size[1] // 30, chance.choice(BRANDS))
    draw.text((size[0] * .18, size[1] * .76), "Shop now", "white", font(size[1] // 20), "mm")
    return image


def screenshot(chance, photographs, size):
    """A page in a window: text, boxes, a table, and a picture."""
    image = Image.new("RGB", size, (250, 250, 252))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, size[0], 46), (45, 55, 72))
    draw.text((16, 23), "Dashboard", "white", font(18), "lm")
    draw.rectangle((0, 46, 200, size[1]), (237, 242, 247))
    for line in range(12):
        draw.text((20, 80 + 34 * line), chance.choice(WORDS), (74, 85, 104), font(14, False))
    image.paste(photographs.crop(chance, (360, 240)), (230, 80))
    for y in range(350, size[1] - 20, 24):
        draw.line((230, y + 20, size[0] - 30, y + 20), (226, 232, 240))
        for x in range(230, size[0] - 160, 170):
            draw.text((x, y), f"{chance.choice(WORDS)[:14]} {chance.randrange(999)}", (45, 55, 72),
                      font(13, False))
    for x in range(620, size[0] - 40, 40):
        draw.rectangle((x, 320 - chance.randrange(20, 230), x + 26, 320), chance.choice(BRANDS))
    return image


def moving_text(chance, size, count):
    """A flat banner whose line slides in."""
    back, words = chance.choice(BRANDS), chance.choice(WORDS)
    frames = []
    for step in range(count):
        frame = Image.new("RGB", size, back)
        draw = ImageDraw.Draw(frame)
        x = size[0] // 2 - (count // 2 - min(step, count // 2)) * size[0] // count
        draw.text((x, size[1] // 2), words, "white", font(size[1] // 6), "mm")
        frames.append(frame)
    return frames


def fading(chance, photographs, size, count):
    """Two photographs, one turning into the other, and back to the start."""
    one, two = photographs.crop(chance, size), photographs.crop(chance, size)
    return [Image.blend(one, two, step / (count - 1)) for step in range(count)]


# ---- files ----

def file_of(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def jpeg(image, quality, **options):
    return file_of(image, "JPEG", quality=quality, optimize=True, **options)


def png(image, **options):
    return file_of(image, "PNG", **options)


def webp(image, **options):
    return file_of(image, "WEBP", **options)


def palette_png(image, colours):
    if image.mode == "RGBA":
        return png(image.quantize(colours, Image.FASTOCTREE))
    return png(image.quantize(colours, dither=Image.NONE))


def animated(frames, kind, **options):
    if kind == "GIF":
        frames = [frame.quantize(256) for frame in frames]
    return file_of(frames[0], kind, save_all=True, append_images=frames[1:], duration=90, loop=0,
                   **options)


def exif(orientation):
    data = Image.Exif()
    data[EXIF_ORIENTATION] = orientation
    data[0x010F], data[0x0110] = "Kirin", "Telephone 7"
    return data.tobytes()


# ---- the set ----

def icons(chance, _photographs):
    for i in range(42):
        image = icon(chance, chance.choice((24, 30, 30, 32, 44, 44, 48, 60, 64)))
        if i % 7 == 5:
            yield "gif", file_of(image, "GIF")
        elif i % 7 == 6:
            yield "png", palette_png(image, 32)
        else:
            yield "png", png(image, optimize=i % 2 == 0)


def logos(chance, _photographs):
    for i in range(24):
        size = chance.choice(((200, 60), (200, 50), (300, 75), (400, 120), (480, 120), (600, 200)))
        image = logo(chance, size, i % 3 == 1, i % 6 == 0)
        if i % 12 == 11:
            yield "gif", file_of(image.convert("RGB").quantize(64), "GIF")
        elif i % 3 == 2:
            yield "png", palette_png(image, chance.choice((32, 64, 256)))
        else:
            yield "png", png(image, optimize=i % 2 == 0)


def thumbnails(chance, photographs):
    for i in range(32):
        side = chance.choice((160, 160, 200, 200, 270, 292, 320, 400, 600))
        image = (product(chance, photographs, side) if i % 2
                 else photographs.crop(chance, (side, side)))
        if i % 8 == 5:
            yield "png", png(image)
        elif i % 16 == 6:
            yield "webp", webp(image, quality=80)
        else:
            yield "jpg", jpeg(image, chance.choice((75, 80, 85, 90)), progressive=i % 4 == 0)


def heroes(chance, photographs):
    for i in range(20):
        size = ((600, 200), (600, 300), (600, 350), (1200, 400), (1200, 600))[i % 5]
        image = hero(chance, photographs, size)
        if i in (6, 12):
            yield "png", png(image)
        elif i == 9:
            yield "webp", webp(image, quality=80)
        else:
            full = {"subsampling": 0} if i % 8 == 0 else {}
            yield "jpg", jpeg(image, chance.choice((75, 80, 85, 90)), progressive=i % 3 == 0, **full)


def photos(chance, photographs):
    for i in range(8):
        size = ((800, 600), (1024, 683), (1200, 900), (1600, 1067))[i % 4]
        image = photographs.crop(chance, size)
        yield "jpg", jpeg(image, chance.choice((80, 85, 92)), progressive=i % 3 == 0,
                          icc_profile=bytes(SRGB) if i % 2 else None)


def phones(chance, photographs):
    """Stored on their side: as sent on, scaled down, and one as it was taken."""
    for i, size in enumerate(((1600, 1200), (2016, 1512))):
        yield "jpg", jpeg(grain(photographs.crop(chance, size), i), 88, exif=exif(6 if i else 8))
    image = grain(photographs.mosaic((4032, 3024), 2, 2), 9)
    yield "jpg", jpeg(image, 88, exif=exif(6))
    yield "jpg", jpeg(image, 80, progressive=True)


def screenshots(chance, photographs):
    for size in ((1280, 720), (1280, 800), (1440, 900)):
        yield "png", png(screenshot(chance, photographs, size))


def animations(chance, photographs):
    yield "gif", animated(moving_text(chance, (600, 200), 20), "GIF")
    yield "gif", animated(moving_text(chance, (468, 60), 40), "GIF")
    yield "gif", animated(fading(chance, photographs, (300, 250), 12), "GIF")
    yield "gif", animated(fading(chance, photographs, (600, 200), 10), "GIF")
    yield "gif", animated(moving_text(chance, (300, 250), 30), "GIF")
    yield "webp", animated(fading(chance, photographs, (300, 200), 12), "WEBP", quality=70)


def pixels(chance, _photographs):
    """Tracking pixels, and spacers."""
    for i in range(22):
        clear = Image.new("RGBA", (1, 1), (0, 0, 0, 0))
        if i % 4 == 3:
            yield "png", png(clear)
        else:
            one = Image.new("P", (1, 1), 0)
            one.putpalette(bytes(chance.randrange(256) for _ in range(6)))
            yield "gif", file_of(one, "GIF", **({"transparency": 0} if i % 4 else {}))
    for size in ((1, 20), (20, 1), (600, 1), (10, 10), (1, 10), (8, 8), (600, 20), (30, 15)):
        one = Image.new("P", size, 0)
        one.putpalette(b"\xff\xff\xff\0\0\0")
        yield "gif", file_of(one, "GIF", transparency=0)


def large(_chance, photographs):
    """40 megapixels, below the 10 MiB that an original may have: progressive, on its side, both."""
    image = grain(photographs.mosaic((7300, 5475), 4, 3), 40)
    yield "jpg", jpeg(image, 75, progressive=True)
    yield "jpg", jpeg(image, 75, exif=exif(6))
    yield "jpg", jpeg(image, 75, progressive=True, exif=exif(8))


ORDINARY = {"icon": icons, "logo": logos, "thumbnail": thumbnails, "hero": heroes, "photo": photos,
            "phone": phones, "screenshot": screenshots, "animation": animations, "pixel": pixels}
LARGE = {"large": large}


def make(folder, kinds):
    """Writes them, and the list; the path of the list."""
    photographs = Photographs()
    if not photographs.paths:
        print("decode_images: no mate-backgrounds here, noise stands for photographs")
    path = os.path.join(folder, "list")
    with open(path, "w", encoding="ascii") as file:
        for kind, pictures in kinds.items():
            for i, (ending, data) in enumerate(pictures(random.Random(kind), photographs)):
                name = os.path.join(folder, f"{kind}-{i:02d}.{ending}")
                with open(name, "wb") as picture:
                    picture.write(data)
                file.write(f"{kind} {ending} {name}\n")
    return path


if __name__ == "__main__":
    os.makedirs(sys.argv[1], exist_ok=True)
    make(sys.argv[1], LARGE if sys.argv[2:] == ["large"] else ORDINARY)
