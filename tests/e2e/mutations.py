"""Damaged pictures by number: mutant(seed, number) is the same bytes on every run with the same PIL.

    mutations.py SEED NUMBER > FILE     what a soak run calls number NUMBER
"""

import random
import struct
import sys
import zlib

import samples

MAGIC = {"jpeg": b"\xff\xd8\xff", "png": b"\x89PNG\r\n\x1a\n", "gif": b"GIF89a", "webp": b"RIFF"}
NUMBERS = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def flip(chance, data, _files):
    """A few bits."""
    for _ in range(chance.choice((1, 1, 2, 4, 16))):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return data


def cut(chance, data, _files):
    return data[:chance.randrange(len(data))]


def splice(chance, data, files):
    """The beginning of one file and the end of another."""
    other = chance.choice(files)
    return data[:chance.randrange(len(data) + 1)] + other[chance.randrange(len(other)):]


def insert(chance, data, files):
    """A piece of another file in the middle, over what was there or beside it."""
    other = chance.choice(files)
    begin, at = chance.randrange(len(other)), chance.randrange(len(data))
    piece = other[begin:begin + chance.randrange(1, 64)]
    return data[:at] + piece + data[at + chance.choice((0, len(piece))):]


def repeat(chance, data, _files):
    begin = chance.randrange(len(data))
    piece = data[begin:begin + chance.randrange(1, 256)]
    return data[:begin] + piece * chance.choice((2, 3, 50)) + data[begin:]


def number(chance, data, _files):
    """What may be a length, a size, a count or an offset becomes an edge of its type."""
    size = chance.choice((1, 2, 2, 4, 4))
    value = chance.choice(NUMBERS) & ((1 << 8 * size) - 1)
    near = min(len(data), 64) if chance.random() < 0.5 else len(data)
    at = chance.randrange(max(1, near - size))
    data[at:at + size] = value.to_bytes(size, chance.choice(("little", "big")))
    return data


def png_chunks(data):
    at, chunks = 8, []
    while at + 12 <= len(data):
        end = at + 12 + struct.unpack(">I", data[at:at + 4])[0]
        chunks.append(data[at:end])
        at = end
    return data[:8], chunks


def riff_chunks(data):
    at, chunks = 12, []
    while at + 8 <= len(data):
        size = struct.unpack("<I", data[at + 4:at + 8])[0]
        end = at + 8 + size + (size & 1)
        chunks.append(data[at:end])
        at = end
    return data[:12], chunks


def jpeg_segments(data):
    at, segments = 2, []
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != 0xDA:
        end = at + 2 + struct.unpack(">H", data[at + 2:at + 4])[0]
        segments.append(data[at:end])
        at = end
    return data[:2], segments + [data[at:]]


def blocks_of(data):
    """The beginning, and the parts that could stand in another order."""
    if data.startswith(MAGIC["png"]):
        return png_chunks(data)
    if data.startswith(MAGIC["webp"]):
        return riff_chunks(data)
    if data.startswith(MAGIC["jpeg"]):
        return jpeg_segments(data)
    third = len(data) // 3
    return data[:13], [data[13:third], data[third:2 * third], data[2 * third:]]


def shuffle(chance, data, _files):
    """Chunks change places, come twice, or are missing."""
    head, blocks = blocks_of(bytes(data))
    what = chance.randrange(3)
    if not blocks:
        return data
    if what == 0:
        chance.shuffle(blocks)
    elif what == 1:
        blocks.insert(chance.randrange(len(blocks) + 1), chance.choice(blocks))
    else:
        blocks.pop(chance.randrange(len(blocks)))
    return bytearray(head + b"".join(blocks))


def mend(data):
    """With true checksums, damage gets past the first gate."""
    if not data.startswith(MAGIC["png"]):
        return data
    head, chunks = png_chunks(bytes(data))
    return bytearray(head + b"".join(
        chunk[:-4] + struct.pack(">I", zlib.crc32(chunk[4:-4])) for chunk in chunks))


MUTATORS = (flip, flip, flip, cut, splice, insert, repeat, number, number, shuffle)


class Mutants:
    def __init__(self, seed, files=None):
        self.seed = seed
        self.files = list((files or samples.every()).values())

    def mutant(self, count):
        chance = random.Random(f"{self.seed} {count}")
        data = bytearray(chance.choice(self.files))
        for _ in range(chance.choice((1, 1, 1, 2, 3))):
            data = bytearray(chance.choice(MUTATORS)(chance, data, self.files))
            if not data:
                data = bytearray(b"\0")
        return bytes(mend(data) if chance.random() < 0.7 else data)


if __name__ == "__main__":
    sys.stdout.buffer.write(Mutants(int(sys.argv[1])).mutant(int(sys.argv[2])))
