#!/usr/bin/env python3
"""Writes address_cases.h: addresses and whether they are public, for test_address.c.

The verdicts come from Python's ipaddress module and, where that module is known to differ from
IANA's special-purpose registries, from the list OVERRULED below, each with its reason. Nothing here
was taken from src/net/address.c. Run it by hand when the registries change:

    tests/unit/make_address_cases.py > tests/unit/address_cases.h
"""
import ipaddress

# The edges of every block that is special anywhere: first, last, one before, one after.
BLOCKS = """
0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24
192.0.2.0/24 192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.168.0.0/16 192.175.48.0/24
198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4 168.63.129.16/32
2001::/32 2001::/23 2001:db8::/32 2002::/16 2620:4f:8000::/48 3fff::/20 2000::/3 64:ff9b::/96
64:ff9b:1::/48 100::/64 5f00::/16 fc00::/7 fe80::/10 fec0::/10 ff00::/8 ::/128 ::1/128
::ffff:0:0/96
""".split()

SINGLES = """
1.1.1.1 8.8.8.8 9.9.9.9 93.184.216.34 100.100.100.200 169.254.169.254 192.0.0.8 192.0.0.9
192.0.0.10 192.0.0.170 192.0.0.171 192.0.0.192 233.252.0.1 255.255.255.255 127.1.2.3 172.20.1.1
2606:2800:220:1::1 2a00:1450:4001:81b::200e 2001:4860:4860::8888 2400:cb00::1 2001:1::1 2001:1::2
2001:2::1 2001:3::1 2001:4:112::1 2001:10::1 2001:20::1 2001:30::1 2001:200::1 fd00:ec2::254
fd20:ce::254 ::127.0.0.1 ::8.8.8.8 ::ffff:8.8.8.8 ::ffff:127.0.0.1 ::ffff:0:127.0.0.1
64:ff9b::8.8.8.8 64:ff9b::7f00:1 2002:7f00:1:: 2002:808:808:: 100:0:0:1::1 4000::1 6000::1 8000::1
a000::1 c000::1 e000::1 f000::1 ff02::1 ff0e::1
""".split()

# network: (public?, reason). What ipaddress (Python 3.11) says otherwise.
OVERRULED = [
    ("192.0.0.0/24", False, "registry: protocol assignments; .9 and .10 are anycast services"),
    ("192.31.196.0/24", False, "registry: AS112, a sink, no web server"),
    ("192.52.193.0/24", False, "registry: AMT, no web server"),
    ("192.88.99.0/24", False, "registry: deprecated 6to4 relays"),
    ("192.175.48.0/24", False, "registry: AS112, a sink"),
    ("224.0.0.0/4", False, "multicast is no unicast"),
    ("168.63.129.16/32", False, "Azure's documentation: reachable from inside every machine only"),
    ("2001::/23", False, "registry: protocol assignments, Teredo, ORCHID"),
    ("2002::/16", False, "RFC 7526: deprecated, carries an IPv4 address"),
    ("2620:4f:8000::/48", False, "registry: AS112, a sink"),
    ("3fff::/20", False, "RFC 9637: documentation; newer than Python 3.11"),
    ("::/3", False, "RFC 4291, 2.4: not global unicast (NAT64, mapped, compatible, ...)"),
    ("4000::/2", False, "RFC 4291, 2.4: not global unicast (5f00::/16 is segment routing)"),
    ("8000::/1", False, "RFC 4291, 2.4: not global unicast"),
]


def verdict(address):
    for network, public, reason in OVERRULED:
        network = ipaddress.ip_network(network)
        if network.version == address.version and address in network:
            return public, reason if address.is_global != public else ""
    return address.is_global, ""


def edges():
    for block in BLOCKS:
        network = ipaddress.ip_network(block)
        first, last = int(network.network_address), int(network.broadcast_address)
        top = 2 ** network.max_prefixlen - 1
        kind = type(network.network_address)
        for number in first - 1, first, last, last + 1:
            if 0 <= number <= top:
                yield kind(number)


def main():
    addresses = list(edges()) + [ipaddress.ip_address(text) for text in SINGLES]
    print("/* Made by make_address_cases.py from Python's ipaddress module; the remark says why a")
    print(" * verdict is not that module's. Not edited by hand. */\n// clang-format off")
    for address in sorted(set(addresses), key=lambda a: (a.version, int(a))):
        public, why = verdict(address)
        remark = f" /* {why} */" if why else ""
        print(f'{{"{address}", {"true" if public else "false"}}},{remark}')


main()
