#!/usr/bin/env python3
"""Makes vectors.json: signed URLs, salts and refusals, computed without any of Shoji's own code.

    make.py           writes vectors.json beside this file
    make.py --check   computes them again and compares; exit 1 where they differ

It follows the README's "Signed URLs" with Python's standard library alone. BLAKE2b and HMAC come from
there; XChaCha20 stands below, after RFC 8439 and draft-irtf-cfrg-xchacha. The file is never edited to
fit a program: a program that disagrees with it is wrong, or the format has a new version.
"""

import base64
import hashlib
import hmac
import json
import pathlib
import struct
import sys

HERE = pathlib.Path(__file__).resolve().parent
BASE = "https://img.example.org"


# ---- XChaCha20 ----

CONSTANTS = struct.unpack("<4I", b"expand 32-byte k")


def rotate(word, bits):
    return ((word << bits) | (word >> (32 - bits))) & 0xFFFFFFFF


def quarter_round(s, a, b, c, d):
    s[a] = (s[a] + s[b]) & 0xFFFFFFFF
    s[d] = rotate(s[d] ^ s[a], 16)
    s[c] = (s[c] + s[d]) & 0xFFFFFFFF
    s[b] = rotate(s[b] ^ s[c], 12)
    s[a] = (s[a] + s[b]) & 0xFFFFFFFF
    s[d] = rotate(s[d] ^ s[a], 8)
    s[c] = (s[c] + s[d]) & 0xFFFFFFFF
    s[b] = rotate(s[b] ^ s[c], 7)


def twenty_rounds(state):
    s = list(state)
    for _ in range(10):
        for column in range(4):
            quarter_round(s, column, 4 + column, 8 + column, 12 + column)
        for diagonal in range(4):
            quarter_round(s, diagonal, 4 + (diagonal + 1) % 4, 8 + (diagonal + 2) % 4,
                          12 + (diagonal + 3) % 4)
    return s


def hchacha20(key, nonce16):
    s = twenty_rounds(CONSTANTS + struct.unpack("<8I", key) + struct.unpack("<4I", nonce16))
    return struct.pack("<8I", *(s[:4] + s[12:]))


def xchacha20_xor(text, key, nonce24):
    subkey = struct.unpack("<8I", hchacha20(key, nonce24[:16]))
    tail = struct.unpack("<2I", nonce24[16:])
    out = bytearray()
    for block in range((len(text) + 63) // 64):
        # libsodium and the draft agree as long as the counter stays below 2^32.
        state = CONSTANTS + subkey + (block, 0) + tail
        mixed = twenty_rounds(state)
        stream = struct.pack("<16I", *((m + s) & 0xFFFFFFFF for m, s in zip(mixed, state)))
        piece = text[64 * block:64 * block + 64]
        out += bytes(x ^ y for x, y in zip(piece, stream))
    return bytes(out)


def check_hchacha20():
    """The example of draft-irtf-cfrg-xchacha-03, section 2.2.1."""
    got = hchacha20(bytes(range(32)), bytes.fromhex("000000090000004a0000000031415927"))
    assert got.hex() == "82413b4227b27bfed30e42508a877d73a0f9e4d58a74a853c12ec41326d3ecdc"


# ---- the two forms ----

def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Key:
    def __init__(self, kid, state, tenant=None):
        self.kid = kid
        self.state = state
        self.tenant = tenant
        self.secret = hashlib.sha256(b"shoji test vector key " + kid.encode()).digest()

    def derived(self, purpose):
        return hmac.new(self.secret, b"shoji v1 " + purpose, hashlib.sha256).digest()

    def line(self):
        tenant = f"  tenant={self.tenant}" if self.tenant else ""
        return f"{self.kid}  {base64.b64encode(self.secret).decode()}  {self.state}{tenant}\n"

    def sealed_body(self, plain):
        siv = hashlib.blake2b(self.kid.encode() + b"\0" + plain, digest_size=24,
                              key=self.derived(b"siv")).digest()
        return siv + xchacha20_xor(plain, self.derived(b"enc"), siv)

    def sealed(self, plain):
        return f"/i/{self.kid}/{b64url(self.sealed_body(plain))}"

    def tag(self, payload):
        text = f"{self.kid}/{payload}".encode()
        return hmac.new(self.derived(b"sign"), text, hashlib.sha256).digest()[:16]

    def signed(self, plain):
        payload = b64url(plain)
        return f"/s/{self.kid}/{b64url(self.tag(payload))}/{payload}"

    def path(self, form, plain):
        return self.sealed(plain) if form == "sealed" else self.signed(plain)

    def salt(self, mailbox):
        return b64url(hmac.new(self.derived(b"mailbox"), mailbox.encode(),
                               hashlib.sha256).digest()[:8])


KEYS = [
    Key("a", "sign"),
    Key("0123456789abcdef", "verify"),
    Key("t7", "sign", "Acme_1.org-x"),
    Key("gone", "revoked"),
    Key("k2", "sign"),
]
BY_KID = {key.kid: key for key in KEYS}
FORMS = ("sealed", "signed")


def options_text(options):
    return "".join(f"\n{name}={value}" for name, value in sorted(options.items()))


def url_of_length(length):
    text = "https://example.org/"
    for i in range(length):
        text += "abcdefghijklmnopqrstuvwxyz0123456789-._~"[i * 7 % 40]
    return text[:length]


# ---- what shall work ----

def signing_vectors():
    salt = KEYS[0].salt("reader@example.org")
    cases = [("k2", "https://example.org/a.png", options, suffix)
             for options in ({}, {"c": "1"}, {"d": "0"}, {"d": "20454"}, {"d": "2147483647"},
                             {"m": salt}, {"c": "1", "m": salt}, {"c": "1", "d": "7"},
                             {"d": "20454", "m": salt}, {"c": "1", "d": "20454", "m": salt})
             for suffix in ("", ".png")]
    cases += [("a", url_of_length(length), {}, "")
              for length in (1, 2, 3, 9, 20, 31, 32, 33, 63, 64, 65, 127, 128, 129, 255, 256, 257,
                             1000, 1024, 2048, 4095, 4096)]
    cases += [("t7", url, {}, "")
              for url in ("http://example.org/", "http://[2001:db8::1]:8080/x?y=%20&z='",
                          "https://xn--bcher-kva.example/%C3%A9?u=http://a/b%23c")]
    cases.append(("a", url_of_length(4096), {"c": "1", "d": "2147483647", "m": salt}, ".png"))
    return [{"form": form, "kid": kid, "url": url, "options": options, "suffix": suffix,
             "signed": BASE + BY_KID[kid].path(form, (url + options_text(options)).encode())
                       + suffix}
            for form in FORMS for kid, url, options, suffix in cases]


def salts():
    mailboxes = ("", "a", "reader@example.org", "Reader@example.org", "b\u00fccher@example.org",
                 "x" * 300)
    return [{"kid": key.kid, "mailbox": mailbox, "salt": key.salt(mailbox)}
            for key in KEYS[:3] for mailbox in mailboxes]


# ---- what shall open, and what shall not ----

def opened(path, url, options=None, suffix="", why=""):
    return {"path": path, "suffix": suffix, "answer": "opened", "url": url,
            "options": options or {}, "why": why}


def not_opened(answer, path, why, suffix=""):
    return {"path": path, "suffix": suffix, "answer": answer, "why": why}


def opening_vectors(form):
    key = BY_KID["0123456789abcdef"]
    plain = b"https://example.org/a.png"
    url = plain.decode()
    good = key.path(form, plain)
    yield opened(good, url, why="a key that only verifies")
    yield opened(good + ".png", url, suffix=".png", why="with the suffix")
    yield opened(good, url, suffix=".png", why="without the suffix that is configured")
    salt = key.salt("reader@example.org")
    options = {"c": "1", "d": "20454", "m": salt}
    yield opened(key.path(form, plain + options_text(options).encode()), url, options,
                 why="all options")
    for text, canonical, why in (
            ("HTTP://User:Pw@EXAMPLE.org:80/a/../b#frag", "http://example.org/b", "any spelling"),
            ("https://example.org", "https://example.org/", "no path"),
            ("http://b\u00fccher.example/\u00e9", "http://xn--bcher-kva.example/%C3%A9", "UTF-8"),
            ("http://0x7f.1/", "http://127.0.0.1/", "an old spelling of an address")):
        yield opened(key.path(form, text.encode()), canonical, why=f"canonicalised: {why}")
    longest = url_of_length(4096)
    yield opened(key.path(form, longest.encode()), longest, why="the longest")

    for text, why in ((b"", "nothing"), (b"ftp://example.org/", "another scheme"),
                      (b"example.org/a.png", "relative"), (b"http://a b/", "a bad host"),
                      (b"http://[::1/", "a bad address"), (b"https://\xff/", "not UTF-8"),
                      (longest.encode() + b"a", "longer than 4096 bytes")):
        yield not_opened("unparsable", key.path(form, text), f"not a URL: {why}")

    for text, why in (
            ("\n", "empty option"), ("\nc=1\n", "newline at the end"), ("\nc", "no value"),
            ("\nc=", "empty value"), ("\n=1", "no name"), ("\nc=0", "c is not 1"),
            ("\nc=01", "c is not 1"), ("\nc=1 ", "blank"), ("\nC=1", "upper case"),
            ("\nx=1", "unknown"), ("\nz=1", "unknown"), ("\ncc=1", "a longer name"),
            ("\nc=1\nc=1", "twice"), ("\nd=1\nd=1", "twice"), ("\nd=1\nc=1", "wrong order"),
            (f"\nm={salt}\nd=1", "wrong order"), (f"\nm={salt}\nc=1", "wrong order"),
            ("\nd=", "empty value"), ("\nd=00", "leading zero"), ("\nd=07", "leading zero"),
            ("\nd=-1", "sign"), ("\nd=+1", "sign"), ("\nd=1.5", "fraction"), ("\nd=0x7", "base"),
            ("\nd=2147483648", "too large"), ("\nd=99999999999999999999", "too large"),
            (f"\nm={salt[:10]}", "short salt"), (f"\nm={salt}A", "long salt"),
            ("\nm=AAAAAAAAAAB", "stray bits in the salt"), ("\nm=AAAAAAAAAA=", "padding"),
            ("\nm=AAAAA+AAAAA", "the other base64"), ("\r\nc=1\r", "carriage return"),
            ("\nc=1\n\nd=1", "empty line")):
        yield not_opened("refused", key.path(form, plain + text.encode()), f"option: {why}")

    yield not_opened("refused", BY_KID["gone"].path(form, plain), "revoked kid")
    yield not_opened("refused", Key("nobody", "sign").path(form, plain), "unknown kid")
    yield not_opened("refused", good.replace(key.kid, "a"), "another key of the set")
    yield not_opened("refused", good.replace(key.kid, key.kid[:-1]), "part of a kid")
    yield not_opened("refused", good.replace(key.kid, key.kid + "0"), "kid of 17")
    yield not_opened("refused", good.replace(key.kid, key.kid.upper()), "kid in upper case")
    yield not_opened("refused", good.replace(key.kid, ""), "no kid")
    yield not_opened("refused", good + ".png", "suffix that is not configured")
    yield not_opened("refused", good + ".gif", "another suffix", ".png")
    yield not_opened("refused", good + ".png.png", "suffix twice", ".png")
    yield not_opened("refused", good + ".PNG", "suffix in upper case", ".png")
    yield not_opened("refused", good + "=", "padding")
    yield not_opened("refused", good + "==", "padding")
    yield not_opened("refused", good + "/", "slash at the end")
    yield not_opened("refused", good + "?", "query")
    yield not_opened("refused", good + "A", "one character more")
    yield not_opened("refused", good[:-1], "one character less")
    yield not_opened("refused", "/" + good, "slash before")
    yield not_opened("refused", good[1:], "no slash before")
    yield not_opened("refused", BASE + good, "a whole URL")
    yield not_opened("refused", good.replace("/i/", "/I/").replace("/s/", "/S/"), "form's case")
    yield not_opened("refused", good + "A" * 9000, "longer than any")
    other = {"/i/": "/s/", "/s/": "/i/"}[good[:3]]
    yield not_opened("refused", other + good[3:], "taken for the other form")
    head = good.index("/", 3) + 1
    for at in sorted({head, head + 1, head + 10, head + 21, head + 40, len(good) - 2}):
        if good[at] != "/":
            flipped = "B" if good[at] == "A" else "A"
            yield not_opened("refused", good[:at] + flipped + good[at + 1:], f"changed at {at}")
    yield from second_spellings(form, key)


ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def with_stray_bit(text):
    """The same bytes, spelt with a bit set that the last character leaves unused."""
    return text[:-1] + ALPHABET[ALPHABET.index(text[-1]) | 1]


def second_spellings(form, key):
    for extra in (b"", b"a"):  # one and two unused groups of bits
        plain = b"https://example.org/" + extra
        path = key.path(form, plain)
        if len(path.rsplit("/", 1)[1]) % 4 == 0:
            continue
        stray = with_stray_bit(path)
        yield not_opened("refused", stray, "stray bits at the end")
    path = key.path(form, b"https://example.org/" + "\u00bf\u00fe\u00ff".encode() * 5)
    yield not_opened("refused", path.replace("-", "+").replace("_", "."), "the other alphabet")
    if form == "signed":
        payload = b64url(b"https://example.org/")
        tag = b64url(key.tag(payload))
        yield not_opened("refused", f"/s/{key.kid}/{with_stray_bit(tag)}/{payload}",
                         "stray bits in the tag")
        yield not_opened("refused", f"/s/{key.kid}/{tag[:-1]}/{payload}", "short tag")
        yield not_opened("refused", f"/s/{key.kid}/{tag}==/{payload}", "padded tag")
        yield not_opened("refused", f"/s/{key.kid}//{payload}", "no tag")
        yield not_opened("refused", f"/s/{key.kid}/{payload}", "tag left out")
        stray = with_stray_bit(payload)
        yield not_opened("refused", f"/s/{key.kid}/{b64url(key.tag(stray))}/{stray}",
                         "stray bits under a good tag")
        padded = payload + "="
        yield not_opened("refused", f"/s/{key.kid}/{b64url(key.tag(padded))}/{padded}",
                         "padding under a good tag")


def vectors():
    check_hchacha20()
    text = "# Keys of the test vectors. Known to everybody; never to be used.\n\n"
    text += "".join(key.line() for key in KEYS)
    refusals = [not_opened("refused", path, "no path of ours")
                for path in ("", "/", "/i", "/i/", "/i//", "/i/a", "/i/a/", "/s/a//", "/s/a/b",
                             "/x/a/b", "/i/a/AAAA", "/i/a/" + "A" * 32, "/favicon.ico")]
    return {
        "about": "Made by make.py, which shares no code with the programs; see there.",
        "key_file": text,
        "signers": {"": "k2", "Acme_1.org-x": "t7"},
        "sign": signing_vectors(),
        "salts": salts(),
        "open": [one for form in FORMS for one in opening_vectors(form)] + refusals,
    }


def main():
    text = json.dumps(vectors(), indent=1, ensure_ascii=True) + "\n"
    path = HERE / "vectors.json"
    if sys.argv[1:] == ["--check"]:
        if path.read_text() != text:
            sys.exit(f"{path.name} is not what {pathlib.Path(__file__).name} computes")
        return
    if sys.argv[1:]:
        sys.exit("usage: make.py [--check]")
    path.write_text(text)


if __name__ == "__main__":
    main()
