"""SSIM of what came out against what went in, on luma: Wang, Bovik, Sheikh and Simoncelli, "Image
quality assessment: from error visibility to structural similarity", 2004, with their window (a
Gaussian of 1.5 pixels, 11 by 11) and constants. Files are read by PIL, which no subject uses; of an
animation its first frame, what is transparent on white, of a larger picture 1024 by 1024 pixels from
its middle."""

import numpy
from PIL import Image, ImageOps

SIDE = 1024
WINDOW = numpy.exp(-((numpy.arange(11) - 5) ** 2) / (2 * 1.5 ** 2))
WINDOW = (WINDOW / WINDOW.sum()).astype("float32")
C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


def luma(path):
    with Image.open(path) as image:
        image = ImageOps.exif_transpose(image)
        if image.mode not in ("RGB", "L"):
            image = image.convert("RGBA")
            image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
        x, y = max(0, (image.width - SIDE) // 2), max(0, (image.height - SIDE) // 2)
        image = image.crop((x, y, min(image.width, x + SIDE), min(image.height, y + SIDE)))
        red, green, blue = (numpy.asarray(band, dtype="float32")
                            for band in image.convert("RGB").split())
    return 0.299 * red + 0.587 * green + 0.114 * blue


def blurred(plane):
    """By the window, where it fits (along a side that is shorter than it, not at all)."""
    for _ in (0, 1):
        plane = plane.T
        rest = plane.shape[0] - len(WINDOW) + 1
        if rest > 0:
            plane = sum(weight * plane[i:i + rest] for i, weight in enumerate(WINDOW))
    return plane


def ssim(original, result):
    """Of two files; None where their sizes differ."""
    x, y = luma(original), luma(result)
    if x.shape != y.shape:
        return None
    mean_x, mean_y = blurred(x), blurred(y)
    var_x, var_y = blurred(x * x) - mean_x ** 2, blurred(y * y) - mean_y ** 2
    both = blurred(x * y) - mean_x * mean_y
    score = ((2 * mean_x * mean_y + C1) * (2 * both + C2)
             / ((mean_x ** 2 + mean_y ** 2 + C1) * (var_x + var_y + C2)))
    return float(score.mean())
