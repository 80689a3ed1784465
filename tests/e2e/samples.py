"""Good pictures of every kind that the decoder reads, made with PIL, small enough to be damaged by
the thousand. None of them is a tracking pixel; each is shown."""

import base64
import io
import struct

from PIL import Image, ImageDraw


def scene(width=48, height=36, shift=0):
    """Fields, a ramp and a line: something for every filter and predictor."""
    image = Image.new("RGB", (width, height), (240, 240, 230))
    draw = ImageDraw.Draw(image)
    for x in range(width // 2):
        draw.line((x, 0, x, height // 2), fill=(5 * x % 256, 255 - 5 * x % 256, (x * x + shift) % 256))
    draw.ellipse((width // 2, 4 + shift, width - 3, height // 2 + shift), fill=(200, 30, 60))
    draw.line((0, height - 1, width - 1, shift), fill=(10, 20, 200), width=2)
    return image


def saved(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def clear_scene():
    image = scene().convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    return image


def turned():
    data = Image.Exif()
    data[0x0112] = 6
    return saved(scene(), "JPEG", quality=90, exif=data.tobytes())


def animation(kind, count=4, **options):
    frames = [scene(32, 24, 2 * i) for i in range(count)]
    if kind == "GIF":
        frames = [frame.quantize(16) for frame in frames]
    return saved(frames[0], kind, save_all=True, append_images=frames[1:], duration=100, loop=0,
                 **options)


def ico(pictures):
    """A directory (four words, sixteen bytes an entry) and PNG files behind it."""
    at = 6 + 16 * len(pictures)
    entries = b""
    for picture in pictures:
        width, height = struct.unpack(">II", picture[16:24])
        entries += struct.pack("<BBBBHHII", width, height, 0, 0, 1, 32, len(picture), at)
        at += len(picture)
    return struct.pack("<HHH", 0, 1, len(pictures)) + entries + b"".join(pictures)


def svg():
    inline = base64.b64encode(saved(scene(8, 6), "PNG"))
    return (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg" width="48" height="36"'
            b' viewBox="0 0 48 36" xmlns:xlink="http://www.w3.org/1999/xlink"><defs>'
            b'<linearGradient id="g"><stop offset="0" stop-color="#c8203c"/><stop offset="1"'
            b' stop-color="rgb(10,20,200)"/></linearGradient><filter id="f"><feGaussianBlur'
            b' stdDeviation="1.5"/></filter></defs><rect width="30" height="20" fill="url(#g)"/>'
            b'<path d="M5 30 C 10 5, 30 5, 40 30 Z" fill="none" stroke="#123" filter="url(#f)"/>'
            b'<g transform="rotate(10)"><circle id="c" cx="30" cy="12" r="6"/><use xlink:href="#c"'
            b' x="4"/></g><image width="8" height="6" xlink:href="data:image/png;base64,' + inline
            + b'"/></svg>')


def every():
    """Kind, a dash, and what is special about it -> the file."""
    return {
        "jpeg": saved(scene(), "JPEG", quality=90),
        "jpeg-progressive": saved(scene(), "JPEG", quality=90, progressive=True),
        "jpeg-444": saved(scene(), "JPEG", quality=95, subsampling=0),
        "jpeg-grey": saved(scene().convert("L"), "JPEG"),
        "jpeg-cmyk": saved(scene().convert("CMYK"), "JPEG"),
        "jpeg-turned": turned(),
        "png": saved(scene(), "PNG"),
        "png-palette": saved(scene().quantize(16), "PNG"),
        "png-grey": saved(scene().convert("L"), "PNG"),
        "png-bits": saved(scene().convert("1"), "PNG"),
        "png-16": saved(Image.new("I;16", (20, 10), 0x8080), "PNG"),
        "png-alpha": saved(clear_scene(), "PNG"),
        "gif": saved(scene().quantize(32), "GIF"),
        "gif-moving": animation("GIF"),
        "gif-clear": saved(scene().quantize(8), "GIF", transparency=1),
        "webp": saved(scene(), "WEBP", quality=80),
        "webp-lossless": saved(scene(), "WEBP", lossless=True),
        "webp-alpha": saved(clear_scene(), "WEBP", quality=80),
        "webp-moving": animation("WEBP", quality=70),
        "webp-moving-lossless": animation("WEBP", lossless=True),
        "bmp": saved(scene(), "BMP"),
        "bmp-palette": saved(scene().quantize(16), "BMP"),
        "ico": ico([saved(scene(16, 16), "PNG"), saved(clear_scene().resize((32, 32)), "PNG")]),
        "svg": svg(),
    }
