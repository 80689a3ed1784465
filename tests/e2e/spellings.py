"""Hosts in every spelling we know of, and whether a connection may follow: by the registries and
RFCs named below and by how the spelling was made, never by asking the programs under test.

A case is a Spelling: the authority as it stands in a URL ({port} where the port goes), and `goes_to`:
the address that must be connected to, or None where nothing may be sent. Names are resolved by a
server that gives every name the same public address; a Name says whether it may be asked for."""

import ipaddress
import socket

# https://www.iana.org/assignments/iana-ipv4-special-registry, every row, whatever its columns say
# (what is "globally reachable" there is anycast infrastructure, and no sender's web server), and
# multicast (iana-multicast-addresses), which has a registry of its own.
IPV4_SPECIAL = """
    0.0.0.0/8 0.0.0.0/32 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12
    192.0.0.0/24 192.0.0.0/29 192.0.0.8/32 192.0.0.9/32 192.0.0.10/32 192.0.0.170/32
    192.0.0.171/32 192.0.2.0/24 192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.168.0.0/16
    192.175.48.0/24 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 240.0.0.0/4 255.255.255.255/32
    224.0.0.0/4"""

# https://www.iana.org/assignments/iana-ipv6-special-registry, and site-local (RFC 3879), multicast.
IPV6_SPECIAL = """
    ::1/128 ::/128 ::ffff:0:0/96 64:ff9b::/96 64:ff9b:1::/48 100::/64 100:0:0:1::/64 2001::/23
    2001::/32 2001:1::1/128 2001:1::2/128 2001:1::3/128 2001:2::/48 2001:3::/32 2001:4:112::/48
    2001:10::/28 2001:20::/28 2001:30::/28 2001:db8::/32 2002::/16 2620:4f:8000::/48 3fff::/20
    5f00::/16 fc00::/7 fe80::/10 fec0::/10 ff00::/8"""

# Global unicast is what IANA has opened for it: RFC 4291, 2.4 and the ipv6-address-space registry.
IPV6_UNICAST = ipaddress.ip_network("2000::/3")

# Not in a registry, and documented by clouds as the inner side of their platform.
PLATFORM = ["168.63.129.16", "169.254.169.254", "100.100.100.200", "192.0.0.192",
            "fd00:ec2::254", "fd20:ce::254"]

SPECIAL = [ipaddress.ip_network(text) for text in (IPV4_SPECIAL + IPV6_SPECIAL).split()]


def public(address):
    address = ipaddress.ip_address(str(address))
    if str(address) in PLATFORM or any(address in net for net in SPECIAL
                                       if net.version == address.version):
        return False
    if address.version == 4:
        return True
    low = int(address) & (1 << 64) - 1
    if low >> 32 & ~0x02000000 == 0x5efe:  # ISATAP: RFC 5214, 6.1
        return address in IPV6_UNICAST and public(ipaddress.IPv4Address(low & 0xffffffff))
    return address in IPV6_UNICAST


class Spelling:
    def __init__(self, authority, goes_to):
        self.authority = authority if "{port}" in authority else authority + ":{port}"
        self.goes_to = str(ipaddress.ip_address(str(goes_to))) if goes_to is not None else None

    def url(self, port, path="/x.png"):
        return f"http://{self.authority.replace('{port}', str(port))}{path}"


def where(address):
    return address if public(address) else None


# ---- IPv4 ----

def digits(text, zero):
    """ASCII digits as those of another alphabet, which UTS 46 maps back."""
    return "".join(chr(ord(zero) + int(c)) if c.isdigit() else c for c in text)


def ipv4_forms(text):
    """Spellings that the WHATWG URL standard (host parsing, IPv4 parser) takes for `text`."""
    a, b, c, d = (int(part) for part in text.split("."))
    n = (a << 24) + (b << 16) + (c << 8) + d
    yield text
    yield text + "."
    yield f"{n}"
    yield f"{n}."
    yield f"0x{n:x}"
    yield f"0X{n:08X}"
    yield f"0x{n:020x}"
    yield f"0{n:o}"
    yield f"{n:016o}"
    yield f"0x{a:x}.0x{b:x}.0x{c:x}.0x{d:x}"
    yield f"0{a:o}.0{b:o}.0{c:o}.0{d:o}"
    yield f"0000{a:o}.0x{b:x}.{c}.00{d:o}"
    yield f"{a}.{n & 0xffffff}"
    yield f"{a}.{b}.{n & 0xffff}"
    yield f"0x{a:x}.{n & 0xffffff:#o}".replace("0o", "0")
    yield f"{a}.0x{b:x}.0{n & 0xffff:o}"
    yield digits(text, "\uff10")  # full-width
    yield digits(text, "\U0001d7ce")  # mathematical bold
    yield digits(text, "\U0001d7f6")  # mathematical monospace
    yield text.replace(".", "\u3002")  # ideographic full stop
    yield text.replace(".", "\uff0e")  # full-width full stop
    yield text.replace(".", "\uff61")  # half-width ideographic full stop
    yield digits(text, "\uff10").replace(".", "\uff61")
    yield text.replace("2", "\u00b2").replace("1", "\u2460").replace("7", "\u2466")
    yield "".join(f"%{ord(ch):02x}" for ch in text)
    yield text.replace(".", "%2e")
    yield text.replace(".", "%2E", 1)
    yield digits(text, "\uff10").encode().hex("%").join(["%", ""])
    yield text[:3] + "\t" + text[3:]  # tabs are taken out before anything else
    yield text[0] + "\u00ad" + text[1:]  # a soft hyphen is ignored
    yield text[0] + "\u200b" + text[1:]  # so is a zero-width space
    yield f"user:secret@{text}"
    yield f"93.184.215.14@{text}"
    yield f"93.184.215.14:80@{text}"
    yield f"www.sender.example%40{text}:x@{text}"


def ipv4_broken(text):
    """What no parser may take for the address, and what is not an address at all."""
    a, b, c, d = text.split(".")
    yield f"{a}.{b}.{c}.{d}.0"
    yield f"{a}..{b}.{c}.{d}"
    yield f".{text}"
    yield f"{a}.{b}.{c}.256"
    yield f"{a}.{b}.{c}.{d}.."
    yield f"{a}.{b}.{c}.0x1g"
    yield f"{a}.{b}.{c}.09"
    yield f"{(1 << 32) + int(ipaddress.ip_address(text))}"
    yield f"0x1{int(ipaddress.ip_address(text)):08x}"
    yield f"[{text}]"
    yield f"{text}%00.sender.example"
    yield f"{text}%0d%0a"
    yield f"{text}%20"
    yield f"{text}%2541"
    yield f"{text} "
    yield f"{text}%"
    yield f"{text}<"
    yield f"{text}^"
    yield f"{text}|"
    yield f"-{text}"


# ---- IPv6 ----

def ipv6_forms(text):
    address = ipaddress.IPv6Address(text)
    yield f"[{address.compressed}]"
    yield f"[{address.exploded}]"
    yield f"[{address.exploded.upper()}]"
    yield f"[{':'.join(f'{int(p, 16):x}' for p in address.exploded.split(':'))}]"
    yield f"user@[{address.compressed}]"
    quad = ipaddress.IPv4Address(int(address) & 0xffffffff)
    head = address.exploded.rsplit(":", 2)[0]
    yield f"[{head}:{quad}]"


def ipv6_carrying(text):
    """IPv6 addresses that a host or network somewhere would take to this IPv4 address."""
    n = int(ipaddress.IPv4Address(text))
    high, low = f"{n >> 16:x}", f"{n & 0xffff:x}"
    yield f"::ffff:{high}:{low}"
    yield f"::{high}:{low}"
    yield f"::ffff:0:{high}:{low}"
    yield f"64:ff9b::{high}:{low}"
    yield f"64:ff9b:1::{high}:{low}"
    yield f"64:ff9b:1:fffe::{high}:{low}"
    yield f"2002:{high}:{low}::1"
    yield f"2002:{high}:{low}:1::{high}:{low}"
    yield f"2001:0:4136:e378:8000:63bf:{~n >> 16 & 0xffff:x}:{~n & 0xffff:x}"
    yield f"2001:0:{high}:{low}::1"
    yield f"2a00:1450:4001:800:0:5efe:{high}:{low}"
    yield f"2a00:1450:4001:800:200:5efe:{high}:{low}"
    yield f"fe80::5efe:{high}:{low}"


IPV6_BROKEN = """[::1 ::1 [::1]x [:::1] [1:2:3:4:5:6:7] [1:2:3:4:5:6:7:8:9] [::ffff:127.0.0]
    [::ffff:127.0.0.1.2] [::ffff:127.0.0.256] [::ffff:0127.0.0.1] [::ffff:0x7f.0.0.1] [::12345]
    [::1%25lo] [::1%lo] [fe80::1%25here] [fe80::1%here] [fe80::1%252] [fe80::1%2] [%3a%3a1] [::%31]
    [::1]. [] [::1][::1] [v1.::1] [::\uff11] %5b::1%5d [2a00:1450:4001:800::200e%25here]
    [2a00:1450:4001:800::200e%here]""".split()


def edges(net):
    """First and last of the network, and their neighbours outside."""
    first, last = int(net[0]), int(net[-1])
    for n in (first, last, first - 1, last + 1):
        if 0 <= n < 1 << net.max_prefixlen:
            yield type(net[0])(n)


def addresses():
    """Every case that needs no DNS."""
    for spelled in ("127.0.0.1", "10.1.2.3", "169.254.169.254", "192.168.7.7", "0.0.0.0",
                    "100.100.100.200", "172.16.5.5", "93.184.215.14", "9.255.255.255"):
        for form in ipv4_forms(spelled):
            yield Spelling(form, where(spelled))
        for carrier in ipv6_carrying(spelled):
            for form in ipv6_forms(carrier):
                yield Spelling(form, where(carrier))
        for form in ipv4_broken(spelled):
            yield Spelling(form, None)
    for net in SPECIAL:
        for address in edges(net):
            text = str(address)
            yield Spelling(f"[{text}]" if ":" in text else text, where(address))
    for text in PLATFORM:
        yield Spelling(f"[{text}]" if ":" in text else text, None)
    for text in ("2a00:1450:4001:800::200e", "2606:2800:220:1:248:1893:25c8:1946", "fd00::7", "::1",
                 "fe80::1", "ff02::1"):
        for form in ipv6_forms(text):
            yield Spelling(form, where(text))
    for text in IPV6_BROKEN:
        yield Spelling(text, None)
    for text in ("0", "00", "0x0", "0x", "127.1", "127.0.1", "127.0.0.1.", "0177.1", "0x7f.1",
                 "017700000001", "127.65535", "127.0x1", "0.0.0.0x0", "1", "256", "0.1"):
        yield Spelling(text, None)
    yield Spelling("1.1", "1.0.0.1")
    yield Spelling("8.8.2056", "8.8.8.8")
    yield Spelling("0x.0x.0", None)
    # A backslash ends the authority as a slash does: http://10.1.2.3\@93.184.215.14/
    for near, far in (("10.1.2.3", "93.184.215.14"), ("93.184.215.14", "10.1.2.3")):
        for end in ("\\", "/", "?", "#", "\\\\", "/%2f"):
            yield Spelling(near + ":{port}" + end + "@" + far, where(near))
        yield Spelling(f"{near}%2f@{far}", where(far))
        yield Spelling(f"{near}%5c@{far}", where(far))
        yield Spelling(f"{near}%23@{far}", where(far))
        yield Spelling(f"a@{near}@{far}", where(far))


# ---- names ----

class Name(Spelling):
    """`asked`: the name as DNS must be asked for it, or None."""

    def __init__(self, authority, asked, answer="93.184.215.14"):
        super().__init__(authority, answer if asked and public(answer) else None)
        self.asked = asked


# Reserved for this host or the networks around it: RFC 6761, 6762, 7686, 8375, 9476, and ICANN's
# resolution 2024.07.29.06 for .internal.
INNER = ["localhost", "local", "internal", "home.arpa", "onion", "alt"]


def names():
    for inner in INNER:
        for form in (inner, f"{inner}.", f"a.{inner}", f"a.{inner}.", f"A.{inner.upper()}",
                     f"metadata.google.{inner}", f"a.{digits(inner, '0')}%2e", f"x@a.{inner}",
                     "a." + "".join(chr(ord(c) + 0xfee0) if c != "." else "\u3002" for c in inner),
                     "a." + "".join(f"%{ord(c):02X}" for c in inner), f"a.{inner[0]}\u00ad{inner[1:]}",
                     f"a\u3002{inner}", f"a.{inner[:2]}\t{inner[2:]}"):
            yield Name(form, None)
        # Names that only look like it.
        yield Name(f"{inner.split('.')[0]}.sender.example", f"{inner.split('.')[0]}.sender.example")
        yield Name(f"not{inner.replace('.', '-')}.example", f"not{inner.replace('.', '-')}.example")
    for single in ("printer", "intranet", "wpad", "metadata", "db", "kubernetes", "com", "example.",
                   "PRINTER", "\uff57\uff50\uff41\uff44"):
        yield Name(single, None)
    # The last label is a number: an address or nothing (WHATWG), though DNS could be asked.
    for numeric in ("a.b.1", "10.1.2.3.nip.0x7f", "1.2.3.sender.09", "sender.0x", "a.\u0663",
                    "sender.0x7f000001"):
        yield Name(numeric, None)
    for broken in ("a..example", ".sender.example", "a b.example", "a%00.example", "a%2f.example",
                   "-" * 64 + ".example", "a" * 64 + ".example", "xn--\u00fc.example",
                   "xn--a\u00fc.example", ("a" * 60 + ".") * 5 + "example", "a\u2100b.example",
                   "a%.example", "a%zz.example", "\ufffd.example", "a\u0000.example", "a<b.example",
                   "\u200d.example"):
        yield Name(broken, None)
    for good, asked in (
            ("www.sender.example", "www.sender.example"),
            ("WWW.Sender.EXAMPLE", "www.sender.example"),
            ("%77ww.sender.example", "www.sender.example"),
            ("\uff57\uff57\uff57.sender.example", "www.sender.example"),
            ("under_score.example", "under_score.example"),
            ("b\u00fccher.example", "xn--bcher-kva.example"),
            ("B\u00dcCHER.example", "xn--bcher-kva.example"),
            ("b%c3%bccher.example", "xn--bcher-kva.example"),
            ("bu\u0308cher.example", "xn--bcher-kva.example"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"),
            ("fa\u00df.example", "xn--fa-hia.example"),
            ("\U0001f4a9.la", "xn--ls8h.la"),
            ("r4---sn-x.example", "r4---sn-x.example"),
            ("user:pw@www2.sender.example", "www2.sender.example"),
            ("localhost@www3.sender.example", "www3.sender.example"),
            ("10.1.2.3.www.sender.example", "10.1.2.3.www.sender.example"),
            ("1.2.3.4.example", "1.2.3.4.example"),
            ("0x7f000001.example", "0x7f000001.example")):
        yield Name(good, asked)


def check():
    """The table against Python's own: what that calls private must not be public here. (It calls
    much public that is not.)"""
    for net in SPECIAL:
        for address in edges(net):
            inward = (address.is_private or address.is_loopback or address.is_link_local
                      or address.is_multicast or address.is_reserved or address.is_unspecified)
            if inward and public(address):
                raise AssertionError(f"{address} is not public by Python's table")
    if not public("93.184.215.14") or not socket.inet_aton("1.1") == bytes([1, 0, 0, 1]):
        raise AssertionError("the table is wrong")
