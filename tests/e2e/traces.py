"""Looks for words in files: as they are and in the encodings that a program might use without meaning
to hide them. Words should be long and rare; short ones turn up by chance."""

import base64
import codecs
import os
import re

ZEROS = re.compile(rb"\0{64,}")  # most of a data file of LMDB, and in no word
FEWER_ZEROS = bytes(64)
SHORTEST = 8  # bytes: eight given ones stand at a given place once in 10^19


def base64_cores(data, alphabet):
    """What its base64 contains wherever it begins: three phases, without the characters at the ends
    that its neighbours have a part in."""
    for phase in range(3):
        text = alphabet(b"\0" * phase + data)
        yield text[-(-8 * phase // 6):len(text) - (4 if text.endswith(b"=") else 0)]


def encodings(word):
    """{how it is written: bytes}; compare without regard to case where that loses nothing."""
    data = word.encode()
    found = {
        "plain": data, "reversed": data[::-1], "rot13": codecs.encode(word, "rot13").encode(),
        # Without the last zeros: then it is in both orders of bytes.
        "utf-16": word.encode("utf-16-le")[:-1], "utf-16 reversed": word[::-1].encode("utf-16-le")[:-1],
        "utf-32": word.encode("utf-32-le")[:-3], "hex": data.hex().encode(),
        "hex reversed": data[::-1].hex().encode(), "hex in groups": data.hex(" ").encode(),
        "percent": b"".join(b"%%%02x" % byte for byte in data),
        "quoted-printable": b"".join(b"=%02x" % byte for byte in data),
        "base32": base64.b32encode(data)[:-8],
        "nibbles swapped": bytes((byte >> 4 | byte << 4) & 255 for byte in data),
        "complement": bytes(byte ^ 255 for byte in data),
        "shifted": bytes((byte + 1) & 255 for byte in data),
    }
    for name, alphabet in (("base64", base64.b64encode), ("base64url", base64.urlsafe_b64encode)):
        for phase, core in enumerate(base64_cores(data, alphabet)):
            found[f"{name}+{phase}"] = core
        for phase, core in enumerate(base64_cores(data[::-1], alphabet)):
            found[f"{name} reversed+{phase}"] = core
    for name, form in found.items():
        if len(form) < SHORTEST:
            raise ValueError(f"{word!r} is too short as {name}: {form}")
    return found


class Needles:
    def __init__(self, words):
        self.forms = [(word, name, form.lower()) for word in words
                      for name, form in encodings(word).items()]

    def found_in(self, data):
        data = data.lower()
        return [(word, name) for word, name, form in self.forms if form in data]

    def search(self, folder, but=()):
        """(what was found, as sentences; bytes read). `but`: paths that are not looked at."""
        found, read = [], 0
        for at, folders, files in os.walk(folder):
            for entry in folders + files:
                found += [f"the name {entry}: {word} ({how})" for word, how in
                          self.found_in(entry.encode())]
            for file in files:
                path = os.path.join(at, file)
                if path in but or not os.path.isfile(path):
                    continue
                with open(path, "rb") as data:
                    data = data.read()
                read += len(data)
                data = ZEROS.sub(FEWER_ZEROS, data)
                found += [f"{os.path.relpath(path, folder)}: {word} ({how})"
                          for word, how in self.found_in(data)]
        return found, read
