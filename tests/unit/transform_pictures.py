#!/usr/bin/python3
"""Pictures for test_transform.c, and an independent eye on what became of them (PIL, and plain
parsing of the files' structure: nothing of libvips).

    transform_pictures.py make DIR      writes the originals
    transform_pictures.py check DIR CASE   reads DIR/CASE.result and DIR/CASE.out; exit 1 and a
                                            sentence when they are not what they should be

A result file holds `outcome type width height frames transparent`, as numbers of decode/pool.h.
"""

import io
import os
import struct
import sys
import zlib

try:
    from PIL import Image, ImageCms, ImageDraw, PngImagePlugin
except ImportError:
    sys.exit(77)

JPEG, PNG, GIF, WEBP = 1, 2, 3, 4
FORMAT = {JPEG: "JPEG", PNG: "PNG", GIF: "GIF", WEBP: "WEBP"}
OK, NOT_IMAGE, TOO_LARGE, BROKEN = 0, 1, 2, 3
SECRET = b"SECRET-OF-THE-SENDER"


def scene(size=(64, 48)):
    """Four plain fields, red, green, blue, grey, so that a turn or a swap of colours shows."""
    image = Image.new("RGB", size)
    draw = ImageDraw.Draw(image)
    w, h = size
    draw.rectangle((0, 0, w // 2 - 1, h // 2 - 1), (220, 30, 30))
    draw.rectangle((w // 2, 0, w, h // 2 - 1), (30, 200, 30))
    draw.rectangle((0, h // 2, w // 2 - 1, h), (30, 30, 220))
    draw.rectangle((w // 2, h // 2, w, h), (128, 128, 128))
    return image


def saved(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def exif(orientation):
    data = Image.Exif()
    data[0x0112] = orientation
    data[0x010E] = SECRET.decode()
    return data.tobytes()


def turned(orientation):
    """The scene as a camera would store it, to be shown upright with this orientation."""
    back = {3: Image.ROTATE_180, 6: Image.ROTATE_90, 8: Image.ROTATE_270, 2: Image.FLIP_LEFT_RIGHT,
            5: Image.TRANSPOSE}
    return saved(scene().transpose(back[orientation]), "JPEG", quality=95, exif=exif(orientation))


def moving(count, size=(24, 16)):
    frames = []
    for i in range(count):
        frame = Image.new("RGB", size, (0, 0, 0))
        ImageDraw.Draw(frame).rectangle((i % size[0], 4, i % size[0] + 3, 8), (250, 200, 10))
        frames.append(frame)
    return frames


def animation(kind, count=5, **options):
    frames = moving(count)
    if kind == "GIF":
        frames = [f.quantize(8) for f in frames]
    durations = [100 + 50 * (i % 5) for i in range(count)]
    return saved(frames[0], kind, save_all=True, append_images=frames[1:], duration=durations,
                 **options)


def png_chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_bomb(width, height):
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header)
            + png_chunk(b"IDAT", zlib.compress(bytes(1 << 20))) + png_chunk(b"IEND", b""))


def gif_bomb():
    """Screen and frame both: libnsgif does not believe a large screen around a small frame."""
    small, size = animation("GIF", 1), struct.pack("<HH", 65535, 65535)
    table = 3 << ((small[10] & 7) + 1) if small[10] & 0x80 else 0
    at = small.index(b",", 13 + table)
    return small[:6] + size + small[10:at + 5] + size + small[at + 9:]


def gif_screen():
    small = animation("GIF", 2, loop=0)
    return small[:6] + struct.pack("<HH", 65535, 65535) + small[10:]


def with_text_png():
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", SECRET.decode())
    text.add_itxt("XML:com.adobe.xmp", "<x>" + SECRET.decode() + "</x>")
    return saved(scene(), "PNG", pnginfo=text, dpi=(301, 301), exif=exif(1))


def with_comment_jpeg():
    jpeg = saved(scene(), "JPEG", quality=95, exif=exif(1), dpi=(301, 301),
                 icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    return jpeg[:2] + b"\xff\xfe" + struct.pack(">H", len(SECRET) + 2) + SECRET + jpeg[2:] + SECRET


def with_comment_gif():
    gif = animation("GIF", 3, loop=0)
    at = gif.index(b"!\xff\x0bNETSCAPE")
    return gif[:at] + b"!\xfe" + bytes([len(SECRET)]) + SECRET + b"\0" + gif[at:]


def swapped_profile():
    """A profile in which red and green stand for each other: a viewer that minds it shows the
    scene's first field green."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    tags = {}
    for i in range(struct.unpack(">I", profile[128:132])[0]):
        at = 132 + 12 * i
        tags[bytes(profile[at:at + 4])] = at
    for a, b in ((b"rXYZ", b"gXYZ"),):
        profile[tags[a]:tags[a] + 4], profile[tags[b]:tags[b] + 4] = b, a
    return bytes(profile)


def noise(seed, length):
    state, out = seed, bytearray()
    while len(out) < length:
        state = (state * 6364136223846793005 + 1442695040888963407) % (1 << 64)
        out.append(state >> 56)
    return bytes(out)


def spacer_half():
    image = Image.new("RGBA", (40, 3), (0, 0, 0, 0))
    image.putpixel((39, 2), (0, 0, 0, 1))
    return image


def alpha_scene():
    image = scene().convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    return image


def cut(data, part):
    return data[:int(len(data) * part)]


def originals():
    big = scene((1000, 600))
    return {
        "jpeg": saved(scene(), "JPEG", quality=95),
        "jpeg-progressive": saved(scene(), "JPEG", quality=95, progressive=True),
        "jpeg-grey": saved(scene().convert("L"), "JPEG", quality=95),
        "jpeg-cmyk": saved(scene().convert("CMYK"), "JPEG", quality=95),
        "jpeg-2": turned(2), "jpeg-3": turned(3), "jpeg-5": turned(5), "jpeg-6": turned(6),
        "jpeg-8": turned(8),
        "jpeg-icc": saved(scene(), "JPEG", quality=95, icc_profile=swapped_profile()),
        "jpeg-bad-icc": saved(scene(), "JPEG", quality=95, icc_profile=noise(1, 500)),
        "jpeg-comment": with_comment_jpeg(),
        "jpeg-cut": cut(saved(big.effect_spread(30), "JPEG"), 0.5),
        "jpeg-header": cut(saved(scene(), "JPEG"), 0.1),
        "png": saved(scene(), "PNG"),
        "png-palette": saved(scene().quantize(16), "PNG"),
        "png-grey": saved(scene().convert("L"), "PNG"),
        "png-16": saved(Image.new("I;16", (20, 10), 0x8080), "PNG"),
        "png-alpha": saved(alpha_scene(), "PNG"),
        "png-interlaced-text": with_text_png(),
        "png-cut": cut(saved(big.effect_spread(30), "PNG"), 0.5),
        "png-crc": saved(scene(), "PNG")[:-20] + b"\0" * 20,
        "png-bomb": png_bomb(60000, 60000),
        "png-zero": png_bomb(0, 10),
        "png-spacer": saved(Image.new("RGBA", (600, 4), (255, 255, 255, 0)), "PNG"),
        "png-almost-spacer": saved(spacer_half(), "PNG"),
        "gif": saved(scene().quantize(8), "GIF"),
        "gif-moving": animation("GIF", 5, loop=3),
        "gif-endless": animation("GIF", 5, loop=0),
        "gif-once": animation("GIF", 5),
        "gif-many": animation("GIF", 40, loop=0),
        "gif-comment": with_comment_gif(),
        "gif-spacer": saved(Image.new("P", (90, 2), 0), "GIF", transparency=0),
        "gif-bomb": gif_bomb(),
        "gif-cut": cut(animation("GIF", 5), 0.6),
        "gif-screen": gif_screen(),
        "gif-no-trailer": animation("GIF", 5, loop=3)[:-1],
        "webp-lossy": saved(scene(), "WEBP", quality=95),
        "webp-lossless": saved(scene(), "WEBP", lossless=True),
        "webp-alpha": saved(alpha_scene(), "WEBP", lossless=False),
        "webp-moving": animation("WEBP", 5, loop=4, lossless=True),
        "webp-exif": saved(scene(), "WEBP", quality=95, exif=exif(1), xmp=SECRET),
        "webp-cut": cut(saved(big.effect_spread(30), "WEBP"), 0.5),
        "large": saved(big, "JPEG", quality=95),
        "large-png": saved(big.convert("RGBA"), "PNG"),
        "large-gif": animation("GIF", 5, loop=3),
        "noise-jpeg": b"\xff\xd8\xff" + noise(2, 3000),
        "noise-png": b"\x89PNG\r\n\x1a\n" + noise(3, 3000),
        "noise-gif": b"GIF89a" + noise(4, 3000),
        "noise-webp": b"RIFF\0\x10\0\0WEBPVP8 " + noise(5, 3000),
        "noise": noise(6, 3000),
        "svg": b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>",
        "bmp": saved(scene(), "BMP"), "tiff": saved(scene(), "TIFF"), "ico": saved(scene(), "ICO"),
    }


# ---- looking at results ----

def fail(text):
    print(text)
    sys.exit(1)


def expect(what, found, wanted):
    if found != wanted:
        fail(f"{what}: {found!r}, not {wanted!r}")


class Result:
    def __init__(self, folder, case):
        self.folder, self.case = folder, case
        with open(os.path.join(folder, case + ".result"), encoding="ascii") as file:
            (self.outcome, self.type, self.width, self.height, self.frames,
             self.transparent) = map(int, file.read().split())
        self.bytes = b""
        if self.outcome == OK:
            with open(os.path.join(folder, case + ".out"), "rb") as file:
                self.bytes = file.read()
        with open(os.path.join(folder, case.split("@")[0]), "rb") as file:
            self.original = file.read()

    def other(self, case):
        with open(os.path.join(self.folder, case + ".out"), "rb") as file:
            return file.read()

    def image(self):
        image = Image.open(io.BytesIO(self.bytes))
        expect("format", image.format, FORMAT[self.type])
        image.load()
        return image


def no_metadata(data, kind):
    if SECRET in data:
        fail("the sender's text is in the result")
    if kind == PNG:
        at, names = 8, set()
        while at < len(data):
            length, name = struct.unpack(">I4s", data[at:at + 8])
            names.add(name)
            at += 12 + length
        expect("PNG chunks", names - {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"pHYs"}, set())
    elif kind == JPEG:
        at = 2
        while data[at + 1] != 0xDA:
            marker, length = data[at + 1], struct.unpack(">H", data[at + 2:at + 4])[0]
            if marker == 0xFE or (0xE1 <= marker <= 0xEF):
                fail(f"JPEG segment {marker:02x}")
            at += 2 + length
        expect("end of JPEG", data[-2:], b"\xff\xd9")
    elif kind == WEBP:
        at = 12
        while at < len(data):
            name, length = struct.unpack("<4sI", data[at:at + 8])
            if name not in (b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF"):
                fail(f"WebP chunk {name}")
            if name == b"VP8X" and data[at + 8] & 0x2C:
                fail("WebP flags promise metadata")
            at += 8 + length + (length & 1)
        expect("RIFF size", struct.unpack("<I", data[4:8])[0], len(data) - 8)
    elif kind == GIF and b"!\xfe" in data and b"!\xff\x0bXMP" in data:
        fail("GIF comment")


def close(found, wanted, tolerance, what="pixels"):
    if found.size != wanted.size:
        fail(f"size {found.size}, not {wanted.size}")
    w, h = wanted.size
    # away from the fields' edges, where chroma may be averaged
    for x in (w // 8, w // 4, w * 5 // 8, w * 7 // 8):
        for y in (h // 8, h // 4, h * 5 // 8, h * 7 // 8):
            a, b = found.getpixel((x, y)), wanted.getpixel((x, y))
            if max(abs(i - j) for i, j in zip(a, b)) > tolerance:
                fail(f"{what} at {x},{y}: {a}, not {b}")


def frames_of(data):
    image = Image.open(io.BytesIO(data))
    frames = []
    for i in range(getattr(image, "n_frames", 1)):
        image.seek(i)
        image.load()
        frames.append((image.convert("RGBA"), image.info.get("duration")))
    return frames, image.info.get("loop")


def plays(data):
    """How often an animation plays, 0 for ever: from the bytes, since the two formats count
    differently (a GIF's number is of repetitions)."""
    if data[:3] == b"GIF":
        at = data.find(b"NETSCAPE2.0")
        if at < 0:
            return 1
        count = struct.unpack("<H", data[at + 13:at + 15])[0]
        return count + 1 if count else 0
    return struct.unpack("<H", data[data.index(b"ANIM") + 12:data.index(b"ANIM") + 14])[0]


def still(kind, wanted=None, tolerance=0, mode=None):
    def check(result):
        expect("outcome", result.outcome, OK)
        expect("type", result.type, kind)
        image = result.image()
        want = wanted() if wanted else Image.open(io.BytesIO(result.original))
        expect("told size", (result.width, result.height), want.size)
        expect("frames", result.frames, 1)
        expect("transparent", result.transparent, 0)
        if mode:
            expect("mode", image.mode, mode)
        close(image.convert("RGBA"), want.convert("RGBA"), tolerance)
        no_metadata(result.bytes, kind)
    return check


def moves(kind, tolerance=0):
    def check(result):
        expect("outcome", result.outcome, OK)
        expect("type", result.type, kind)
        expect("frames", result.frames, 5)
        result.image()
        (found, _), (wanted, _) = frames_of(result.bytes), frames_of(result.original)
        expect("delays", [d for _, d in found], [d for _, d in wanted])
        expect("plays", plays(result.bytes), plays(result.original))
        for (a, _), (b, _) in zip(found, wanted):
            close(a, b, tolerance)
        no_metadata(result.bytes, kind)
    return check


def first_only(result):
    expect("outcome", result.outcome, OK)
    expect("frames", result.frames, 1)
    found, _ = frames_of(result.bytes)
    expect("frames in the file", len(found), 1)
    close(found[0][0], frames_of(result.original)[0][0][0], 0)


def spacer(size):
    def check(result):
        expect("outcome", result.outcome, OK)
        expect("transparent", result.transparent, 1)
        expect("told size", (result.width, result.height), size)
        alpha = result.image().convert("RGBA").getchannel("A")
        expect("alpha", alpha.getextrema(), (0, 0))
    return check


def scaled(kind, size):
    def check(result):
        expect("outcome", result.outcome, OK)
        expect("type", result.type, kind)
        expect("told size", (result.width, result.height), (1000, 600))
        image = result.image()
        expect("size", image.size, size)
        close(image.convert("RGB"), scene((1000, 600)).resize(size), 12)
    return check


def scaled_gif(result):
    expect("outcome", result.outcome, OK)
    expect("told size", (result.width, result.height), (24, 16))
    found, _ = frames_of(result.bytes)
    expect("frames", len(found), 5)
    expect("sizes", {f.size for f, _ in found}, {(12, 8)})
    expect("delays", [d for _, d in found], [100, 150, 200, 250, 300])


def not_larger_than(size):
    """Too large, or shown without the empty rest; never four thousand million pixels."""
    def check(result):
        if result.outcome != TOO_LARGE:
            expect("outcome", result.outcome, OK)
            expect("size", result.image().size, size)
    return check


def as_without_profile(result):
    """An sRGB profile changes nothing, so the result is that of the same scene without one."""
    still(JPEG, scene, 12)(result)
    expect("same bytes as without", result.bytes == result.other("jpeg"), True)


def swapped():
    red, green, blue = scene().split()
    return Image.merge("RGB", (green, red, blue))


def outcome(number):
    def check(result):
        expect("outcome", result.outcome, number)
    return check


def cmyk(result):
    expect("outcome", result.outcome, OK)
    image = result.image()
    expect("mode", image.mode, "RGB")
    # by a press profile no pure colour stays pure: the fields must still be red, green, blue, grey
    for at, channel in (((16, 12), 0), ((48, 12), 1), ((16, 36), 2)):
        pixel = image.getpixel(at)
        if max(pixel) != pixel[channel]:
            fail(f"{at}: {pixel}")
    grey = image.getpixel((48, 36))
    if max(grey) - min(grey) > 25:
        fail(f"grey: {grey}")
    no_metadata(result.bytes, JPEG)


def grey16(result):
    expect("outcome", result.outcome, OK)
    expect("pixel", result.image().convert("L").getpixel((5, 5)), 0x80)


CHECKS = {
    "jpeg": still(JPEG, scene, 12, "RGB"),
    "jpeg-progressive": still(JPEG, scene, 12),
    "jpeg-grey": still(JPEG, None, 6, "L"),
    "jpeg-cmyk": cmyk,
    "jpeg-2": still(JPEG, scene, 12), "jpeg-3": still(JPEG, scene, 12),
    "jpeg-5": still(JPEG, scene, 12), "jpeg-6": still(JPEG, scene, 12),
    "jpeg-8": still(JPEG, scene, 12),
    "jpeg-icc": still(JPEG, swapped, 16),
    "jpeg-bad-icc": still(JPEG, scene, 12),
    "jpeg-comment": as_without_profile,
    "jpeg-cut": outcome(BROKEN), "jpeg-header": outcome(BROKEN),
    "png": still(PNG), "png-palette": still(PNG, None, 0, "P"), "png-grey": still(PNG, None, 0, "L"),
    "png-16": grey16, "png-alpha": still(PNG),
    "png-interlaced-text": still(PNG),
    "png-cut": outcome(BROKEN), "png-crc": outcome(BROKEN),
    "png-bomb": outcome(TOO_LARGE), "png-zero": outcome(BROKEN),
    "png-spacer": spacer((600, 4)),
    "png-almost-spacer": still(PNG),
    "gif": still(GIF), "gif-moving": moves(GIF), "gif-endless": moves(GIF), "gif-once": moves(GIF),
    "gif-many@few": first_only,
    "gif-comment": lambda r: (expect("outcome", r.outcome, OK), no_metadata(r.bytes, GIF)),
    "gif-spacer": spacer((90, 2)),
    "gif-bomb": outcome(TOO_LARGE), "gif-cut": outcome(BROKEN),
    "gif-screen": not_larger_than((24, 16)), "gif-no-trailer": moves(GIF),
    "webp-lossy": still(JPEG, scene, 14), "webp-lossless": still(PNG),
    "webp-alpha": still(PNG, None, 0, "RGBA"), "webp-moving": moves(GIF),
    "webp-exif": still(JPEG, scene, 14), "webp-cut": outcome(BROKEN),
    "large@side": scaled(JPEG, (200, 120)), "large-png@side": scaled(PNG, (200, 120)),
    "large-gif@tiny": scaled_gif,
    "jpeg@webp": still(WEBP, scene, 14), "png@webp": still(WEBP),
    "png-alpha@webp": still(WEBP, None, 2, "RGBA"), "gif-moving@webp": moves(WEBP),
    "webp-moving@webp": moves(WEBP), "jpeg-6@webp": still(WEBP, scene, 14),
    "webp-exif@webp": still(WEBP, scene, 14), "jpeg-comment@webp": still(WEBP, scene, 14),
    "png-spacer@webp": spacer((600, 4)),
    "noise-jpeg": outcome(BROKEN), "noise-png": outcome(BROKEN), "noise-gif": outcome(BROKEN),
    "noise-webp": outcome(BROKEN), "noise": outcome(NOT_IMAGE),
    "svg": spacer((9, 9)), "bmp": still(PNG), "tiff": outcome(NOT_IMAGE),
    "ico": still(PNG), "bmp@webp": still(WEBP),
}


def main(make, checks):
    command, folder = sys.argv[1], sys.argv[2]
    if command == "make":
        for name, data in make().items():
            with open(os.path.join(folder, name), "wb") as file:
                file.write(data)
        with open(os.path.join(folder, "cases"), "w", encoding="ascii") as file:
            file.writelines(name + "\n" for name in checks)
    else:
        failed = 0
        for case, check in checks.items():
            try:
                check(Result(folder, case))
            except SystemExit:
                failed += 1
                print("   ^", case)
            except Exception as error:  # a damaged result: PIL says what it thinks of it
                failed += 1
                print(f"{error!r}\n   ^ {case}")
        sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main(originals, CHECKS)
