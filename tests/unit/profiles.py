"""ICC profiles (ICC.1:2001-04), made here: what a test says of colours must not hang on which
profiles a machine has."""

import struct

D50 = (0.9642, 1.0, 0.8249)
# primaries' XYZ adapted to D50, by Bradford, from the colour spaces' own definitions
ADOBE_RGB = ((0.6097, 0.3111, 0.0195), (0.2053, 0.6257, 0.0609), (0.1492, 0.0632, 0.7446))
DISPLAY_P3 = ((0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841))


def fixed(value):
    return struct.pack(">i", round(value * 65536))


def xyz(values):
    return b"XYZ \0\0\0\0" + b"".join(fixed(v) for v in values)


def gamma(value):
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(value * 256)) + b"\0\0"


def profile(space, pcs, kind, tags):
    texts = [(b"desc", b"desc\0\0\0\0" + struct.pack(">I", 2) + b"x\0" + bytes(78)),
             (b"cprt", b"text\0\0\0\0none\0"), (b"wtpt", xyz(D50))]
    table, body, at = b"", b"", 128 + 4 + 12 * (len(texts) + len(tags))
    for name, data in texts + tags:
        data += bytes(-len(data) % 4)
        table += name + struct.pack(">II", at + len(body), len(data))
        body += data
    whole = struct.pack(">I", len(texts) + len(tags)) + table + body
    head = struct.pack(">I4sI4s4s4s12s4s4s", 128 + len(whole), b"lcms", 0x02400000, kind, space,
                       pcs, struct.pack(">6H", 2020, 1, 1, 0, 0, 0), b"acsp", b"\0\0\0\0")
    head = head.ljust(68, b"\0") + b"".join(fixed(v) for v in D50)
    return head.ljust(128, b"\0") + whole


def matrix(primaries, value):
    tags = [(name, xyz(p)) for name, p in zip((b"rXYZ", b"gXYZ", b"bXYZ"), primaries)]
    tags += [(name, gamma(value)) for name in (b"rTRC", b"gTRC", b"bTRC")]
    return profile(b"RGB ", b"XYZ ", b"mntr", tags)


def grey(value):
    return profile(b"GRAY", b"XYZ ", b"mntr", [(b"kTRC", gamma(value))])


def lab(rgb):
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in rgb]
    srgb = ((0.4360, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141))
    value = [sum(light * p[i] for light, p in zip(linear, srgb)) / D50[i] for i in range(3)]
    f = [v ** (1 / 3) if v > 216 / 24389 else (24389 / 27 * v + 16) / 116 for v in value]
    return 116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])


def cmyk():
    """A table of sixteen corners, of inks that nobody prints with: black takes away only half, so
    that a reader which does not mind the profile is far off."""
    straight = bytes(range(256))
    table = b""
    for corner in range(16):
        inks = [corner >> (3 - i) & 1 for i in range(4)]
        light = [(1 - ink) * (1 - 0.5 * inks[3]) for ink in inks[:3]]
        lightness, a, b = lab(light)
        table += bytes([round(lightness * 2.55), round(a + 128), round(b + 128)])
    unit = b"".join(fixed(v) for v in (1, 0, 0, 0, 1, 0, 0, 0, 1))
    lut = (b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + unit + straight * 4 + table + straight * 3)
    return profile(b"CMYK", b"Lab ", b"prtr", [(b"A2B0", lut)])
