"""What the trials of one format share: originals are made, decoded by test_transform.c, and what
came is compared with what an independent reader or plain arithmetic expects, pixel by pixel.

A trial is a dict of cases, name (with a variant after "@") to (original, check); it ends with

    sys.exit(picture_trial.main(CASES))

and is run as `trial.py make DIR` and `trial.py check DIR`. A check is called with a Result.
"""

import io
import os
import sys

try:
    import numpy
    from PIL import Image, ImageFile
except ImportError:
    sys.exit(77)

JPEG, PNG, GIF, WEBP = 1, 2, 3, 4
FORMAT = {JPEG: "JPEG", PNG: "PNG", GIF: "GIF", WEBP: "WEBP"}
OK, NOT_IMAGE, TOO_LARGE, BROKEN = 0, 1, 2, 3


class Wrong(Exception):
    pass


def expect(what, found, wanted):
    if found != wanted:
        raise Wrong(f"{what}: {found!r}, not {wanted!r}")


class Result:
    def __init__(self, folder, case):
        with open(os.path.join(folder, case + ".result"), encoding="ascii") as file:
            (self.outcome, self.type, self.width, self.height, self.frames,
             self.transparent) = map(int, file.read().split())
        with open(os.path.join(folder, case + ".out"), "rb") as file:
            self.bytes = file.read()
        with open(os.path.join(folder, case.split("@")[0]), "rb") as file:
            self.original = file.read()

    def image(self):
        expect("outcome", self.outcome, OK)
        image = Image.open(io.BytesIO(self.bytes))
        expect("format", image.format, FORMAT[self.type])
        return image


def rgba(image):
    """An array of height, width, 4; what is wholly transparent has no colour."""
    pixels = numpy.array(image.convert("RGBA"), dtype=numpy.int32)
    pixels[pixels[:, :, 3] == 0] = 0
    return pixels


def frames(data):
    image = Image.open(io.BytesIO(data))
    found = []
    for i in range(getattr(image, "n_frames", 1)):
        image.seek(i)
        found.append((rgba(image), image.info.get("duration")))
    return found


def same(found, wanted, most=0, mean=255.0):
    """No sample differs by more than `most`, and on average by no more than `mean`."""
    expect("size", found.shape, wanted.shape)
    off = abs(found - wanted)
    if off.max() > most or off.mean() > mean:
        y, x, _ = numpy.unravel_index(off.argmax(), off.shape)
        raise Wrong(f"at {x},{y}: {found[y, x]}, not {wanted[y, x]}; mean difference "
                    f"{off.mean():.2f}")


def shows(wanted, kind=PNG, most=0, mean=255.0):
    """A still picture of that format with these pixels (an array, an image, or a function)."""
    def check(result):
        want = wanted() if callable(wanted) else wanted
        want = want if isinstance(want, numpy.ndarray) else rgba(want)
        image = result.image()
        expect("type", result.type, kind)
        expect("frames", (result.frames, getattr(image, "n_frames", 1)), (1, 1))
        expect("told size", (result.height, result.width), want.shape[:2])
        same(rgba(image), want, most, mean)
    return check


def refused(outcome=BROKEN):
    def check(result):
        expect("outcome", result.outcome, outcome)
    return check


def saved(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def make(folder, cases):
    for name, (data, _) in cases.items():
        with open(os.path.join(folder, name.split("@")[0]), "wb") as file:
            file.write(data)
    with open(os.path.join(folder, "cases"), "w", encoding="ascii") as file:
        file.writelines(name + "\n" for name in cases)
    return 0


def check(folder, cases):
    failed = 0
    for name, (_, judge) in cases.items():
        try:
            judge(Result(folder, name))
        except Wrong as wrong:
            failed += 1
            print(f"{name}: {wrong}")
        except Exception as error:  # a damaged result: PIL says what it thinks of it
            failed += 1
            print(f"{name}: {error!r}")
    return 1 if failed else 0


def main(cases):
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    command, folder = sys.argv[1], sys.argv[2]
    return make(folder, cases) if command == "make" else check(folder, cases)
