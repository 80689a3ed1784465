#!/usr/bin/python3
"""JPEGs of every kind for test_transform.c. What they show is asked of PIL, which knows nothing of
libvips; the samples that PIL cannot write come from libjpeg-turbo's own programs.

Our result is a JPEG again, of quality 82: on the smooth scene below that costs 3 a sample on
average and 20 in the worst place (the scene's own corners), while what is looked for, inverted or
exchanged channels, a turn, a wrong profile or one not minded, is off by 20 on average or more.
"""

import io
import shutil
import struct
import subprocess
import sys

import profiles
from picture_trial import (BROKEN, JPEG, NOT_IMAGE, Image, Result, Wrong, expect, main, numpy,
                           refused, rgba, same, saved, shows)
from PIL import ImageCms, ImageOps

MOST, MEAN = 24, 3.0
SRGB = ImageCms.createProfile("sRGB")


def scene(size=(96, 64)):
    w, h = size
    y, x = numpy.mgrid[0:h, 0:w]
    pixels = numpy.stack([40 + x * 180 // w, 60 + y * 150 // h, 220 - (x + y) * 180 // (w + h)],
                         axis=-1)
    return Image.fromarray(numpy.uint8(pixels))


def program(*words, given):
    if not shutil.which(words[0]):
        sys.exit(77)
    return subprocess.run(words, input=given, stdout=subprocess.PIPE, check=True).stdout


def cjpeg(*options, image=None):
    return program("cjpeg", "-quality", "92", *options, given=saved(image or scene(), "PPM"))


def seen(data):
    """As PIL has it: it takes CMYK for inverted, as browsers do, and minds no profile."""
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    return image.convert("RGB")


def like(data, wanted=None):
    image = seen(data) if wanted is None else wanted
    return data, shows(image.convert("RGB"), JPEG, MOST, MEAN)


def segment(marker, data):
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(data) + 2) + data


def segments(jpeg):
    """(marker, start, end) of those before the first scan."""
    at, found = 2, []
    while jpeg[at + 1] != 0xDA:
        end = at + 2 + struct.unpack(">H", jpeg[at + 2:at + 4])[0]
        found.append((jpeg[at + 1], at, end))
        at = end
    return found


def without(jpeg, marker):
    for kind, start, end in reversed(segments(jpeg)):
        if kind == marker:
            jpeg = jpeg[:start] + jpeg[end:]
    return jpeg


def inserted(jpeg, *parts):
    return jpeg[:2] + b"".join(parts) + jpeg[2:]


def precision(jpeg, bits):
    for kind, start, _ in segments(jpeg):
        if kind in (0xC0, 0xC1, 0xC2):
            return jpeg[:start + 4] + bytes([bits]) + jpeg[start + 5:]
    raise ValueError("no frame")


def exif(orientation, thumbnail=b""):
    data = Image.Exif()
    data[0x0112] = orientation
    return data.tobytes() + thumbnail


def turned(orientation):
    back = {1: None, 2: Image.FLIP_LEFT_RIGHT, 3: Image.ROTATE_180, 4: Image.FLIP_TOP_BOTTOM,
            5: Image.TRANSPOSE, 6: Image.ROTATE_90, 7: Image.TRANSVERSE, 8: Image.ROTATE_270}
    stored = scene() if orientation == 1 else scene().transpose(back[orientation])
    return like(saved(stored, "JPEG", quality=92, exif=exif(orientation)), scene())


def cmyk(**options):
    return saved(scene().convert("CMYK"), "JPEG", quality=92, **options)


def stripes():
    """Of two colours equally bright, one pixel wide: what is left of them without full chroma is
    neither."""
    pixels = numpy.zeros((32, 32, 3), dtype=numpy.uint8)
    pixels[:, 0::2] = (200, 60, 60)
    pixels[:, 1::2] = (60, 131, 60)
    return Image.fromarray(pixels)


def adobe(transform):
    return segment(0xEE, b"Adobe\0\x64\0\0\0\0" + bytes([transform]))


def ycck():
    """PIL writes no YCCK: the channels of one are written as if they were CMYK, and said to be."""
    inks = numpy.array(scene().convert("CMYK"), dtype=float)
    c, m, y = 255 - inks[:, :, 0], 255 - inks[:, :, 1], 255 - inks[:, :, 2]
    # PIL inverts what it is given; what it writes is to be YCC of the inverted inverse of the inks
    r, g, b = 255 - c, 255 - m, 255 - y
    luma = 0.299 * r + 0.587 * g + 0.114 * b
    planes = [luma, (b - luma) / 1.772 + 128, (r - luma) / 1.402 + 128, 255 - inks[:, :, 3]]
    stored = numpy.uint8(numpy.clip(numpy.round(numpy.stack(planes, axis=-1)), 0, 255))
    written = saved(Image.fromarray(255 - stored, "CMYK"), "JPEG", quality=92)
    return inserted(without(written, 0xEE), adobe(2))


def by_profile(profile, mode="RGB"):
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    data = saved(scene().convert(mode), "JPEG", quality=92, icc_profile=profile)
    stored = Image.open(io.BytesIO(data))
    stored.load()
    wanted = ImageCms.profileToProfile(stored, source, SRGB, 1, "RGB")
    return like(data, wanted)


def same_as(name, data):
    """Another way to write the same picture: nothing of the difference may be left."""
    def check(result):
        expect("type", result.type, JPEG)
        with open(f"{sys.argv[2]}/{name}.out", "rb") as file:
            expect("the same bytes", result.bytes == file.read(), True)
    return data, check


def cases():
    plain = cjpeg("-sample", "1x1")
    four20 = cjpeg("-sample", "2x2")
    made = {
        "jpeg": like(plain),
        "jpeg-420": like(four20),
        "jpeg-422": like(cjpeg("-sample", "2x1")), "jpeg-440": like(cjpeg("-sample", "1x2")),
        "jpeg-411": like(cjpeg("-sample", "4x1")), "jpeg-410": like(cjpeg("-sample", "4x2")),
        "jpeg-odd": like(cjpeg("-sample", "2x2", image=scene((61, 33)))),
        "jpeg-one": like(cjpeg(image=scene((17, 9)).crop((0, 0, 9, 9)))),
        "jpeg-grey": like(cjpeg("-grayscale")),
        "jpeg-rgb": like(cjpeg("-rgb")),
        "jpeg-progressive": same_as("jpeg", program("jpegtran", "-progressive", "-copy", "none",
                                                    given=plain)),
        "jpeg-progressive-420": same_as("jpeg-420", cjpeg("-sample", "2x2", "-progressive")),
        "jpeg-restart": same_as("jpeg", cjpeg("-sample", "1x1", "-restart", "3B")),
        "jpeg-restart-rows": same_as("jpeg", cjpeg("-sample", "1x1", "-restart", "1")),
        "jpeg-optimised": same_as("jpeg", cjpeg("-sample", "1x1", "-optimize")),
        "jpeg-trailing": same_as("jpeg", plain + b"<html>" * 500),
        "jpeg-two": same_as("jpeg", plain + four20),
        "jpeg-comment": same_as("jpeg", inserted(plain, segment(0xFE, b"x" * 60000))),
        "jpeg-apps": same_as("jpeg", inserted(plain, *(segment(0xE0 + i, b"of some maker\0" * 99)
                                                       for i in range(2, 16) if i != 14))),
        "jpeg-fill": same_as("jpeg", inserted(plain, b"\xff\xff\xff")),
        "jpeg-no-jfif": same_as("jpeg", without(plain, 0xE0)),
        "jpeg-adobe-ycc": same_as("jpeg", inserted(without(plain, 0xE0), adobe(1))),
        "jpeg-thumbnail": same_as("jpeg", inserted(plain, segment(0xE1, exif(1, four20)))),
        "jpeg-half-exif": same_as("jpeg", inserted(plain, segment(0xE1, exif(6)[:20]))),
        "jpeg-arithmetic": (cjpeg("-arithmetic"), refused()),
        "jpeg-arithmetic-progressive": (cjpeg("-arithmetic", "-progressive"), refused()),
        "jpeg-12-bit": (precision(plain, 12), refused()),
        "jpeg-header": (plain[:300], refused()),
        "jpeg-no-end": (plain[:-2], refused()),
        "jpeg-cut": (plain[:len(plain) * 3 // 4], refused()),
        "jpeg-nothing": (plain[:2] + b"\xff\xd9" * 20, refused()),
        "jpeg-cmyk": like(cmyk()),
        "jpeg-cmyk-stripes": like(saved(stripes().convert("CMYK"), "JPEG", quality=95), stripes()),
        "jpeg-cmyk-progressive": like(cmyk(progressive=True)),
        "jpeg-cmyk-no-adobe": like(without(cmyk(), 0xEE)),
        "jpeg-ycck": like(ycck()),
        "jpeg-cmyk-6": like(cmyk(exif=exif(6))),
        "jpeg-cmyk-profile": by_profile(profiles.cmyk(), "CMYK"),
        "jpeg-adobe-rgb": by_profile(profiles.matrix(profiles.ADOBE_RGB, 563 / 256)),
        "jpeg-p3": by_profile(profiles.matrix(profiles.DISPLAY_P3, 2.2)),
        "jpeg-linear": by_profile(profiles.matrix(profiles.ADOBE_RGB, 1.0)),
        "jpeg-grey-profile": by_profile(profiles.grey(1.0), "L"),
    }
    # one of another kind of picture, or damaged: as without
    for name, bad in (("grey", profiles.grey(1.0)), ("cmyk", profiles.cmyk()),
                      ("cut", profiles.matrix(profiles.ADOBE_RGB, 1.0)[:200]),
                      ("empty", b"x"), ("zero", bytes(600))):
        made[f"jpeg-bad-profile-{name}"] = like(
            saved(scene(), "JPEG", quality=92, icc_profile=bad), scene())
    made["jpeg-grey-bad-profile"] = like(saved(scene().convert("L"), "JPEG", quality=92,
                                               icc_profile=profiles.cmyk()))
    made["jpeg-cmyk-bad-profile"] = like(cmyk(icc_profile=profiles.grey(1.0)))
    for orientation in range(1, 9):
        made[f"jpeg-turned-{orientation}"] = turned(orientation)
    made["jpeg-turned-9"] = like(saved(scene(), "JPEG", quality=92, exif=exif(9)), scene())
    return made


if __name__ == "__main__":
    sys.exit(main(cases()))
