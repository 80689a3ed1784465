/* Made by make_address_cases.py from Python's ipaddress module; the remark says why a
 * verdict is not that module's. Not edited by hand. */
// clang-format off
{"0.0.0.0", false},
{"0.255.255.255", false},
{"1.0.0.0", true},
{"1.1.1.1", true},
{"8.8.8.8", true},
{"9.9.9.9", true},
{"9.255.255.255", true},
{"10.0.0.0", false},
{"10.255.255.255", false},
{"11.0.0.0", true},
{"93.184.216.34", true},
{"100.63.255.255", true},
{"100.64.0.0", false},
{"100.100.100.200", false},
{"100.127.255.255", false},
{"100.128.0.0", true},
{"126.255.255.255", true},
{"127.0.0.0", false},
{"127.1.2.3", false},
{"127.255.255.255", false},
{"128.0.0.0", true},
{"168.63.129.15", true},
{"168.63.129.16", false}, /* Azure's documentation: reachable from inside every machine only */
{"168.63.129.17", true},
{"169.253.255.255", true},
{"169.254.0.0", false},
{"169.254.169.254", false},
{"169.254.255.255", false},
{"169.255.0.0", true},
{"172.15.255.255", true},
{"172.16.0.0", false},
{"172.20.1.1", false},
{"172.31.255.255", false},
{"172.32.0.0", true},
{"191.255.255.255", true},
{"192.0.0.0", false},
{"192.0.0.8", false},
{"192.0.0.9", false}, /* registry: protocol assignments; .9 and .10 are anycast services */
{"192.0.0.10", false}, /* registry: protocol assignments; .9 and .10 are anycast services */
{"192.0.0.170", false},
{"192.0.0.171", false},
{"192.0.0.192", false},
{"192.0.0.255", false},
{"192.0.1.0", true},
{"192.0.1.255", true},
{"192.0.2.0", false},
{"192.0.2.255", false},
{"192.0.3.0", true},
{"192.31.195.255", true},
{"192.31.196.0", false}, /* registry: AS112, a sink, no web server */
{"192.31.196.255", false}, /* registry: AS112, a sink, no web server */
{"192.31.197.0", true},
{"192.52.192.255", true},
{"192.52.193.0", false}, /* registry: AMT, no web server */
{"192.52.193.255", false}, /* registry: AMT, no web server */
{"192.52.194.0", true},
{"192.88.98.255", true},
{"192.88.99.0", false}, /* registry: deprecated 6to4 relays */
{"192.88.99.255", false}, /* registry: deprecated 6to4 relays */
{"192.88.100.0", true},
{"192.167.255.255", true},
{"192.168.0.0", false},
{"192.168.255.255", false},
{"192.169.0.0", true},
{"192.175.47.255", true},
{"192.175.48.0", false}, /* registry: AS112, a sink */
{"192.175.48.255", false}, /* registry: AS112, a sink */
{"192.175.49.0", true},
{"198.17.255.255", true},
{"198.18.0.0", false},
{"198.19.255.255", false},
{"198.20.0.0", true},
{"198.51.99.255", true},
{"198.51.100.0", false},
{"198.51.100.255", false},
{"198.51.101.0", true},
{"203.0.112.255", true},
{"203.0.113.0", false},
{"203.0.113.255", false},
{"203.0.114.0", true},
{"223.255.255.255", true},
{"224.0.0.0", false}, /* multicast is no unicast */
{"233.252.0.1", false}, /* multicast is no unicast */
{"239.255.255.255", false}, /* multicast is no unicast */
{"240.0.0.0", false},
{"255.255.255.255", false},
{"::", false},
{"::1", false},
{"::2", false}, /* RFC 4291, 2.4: not global unicast (NAT64, mapped, compatible, ...) */
{"::808:808", false}, /* RFC 4291, 2.4: not global unicast (NAT64, mapped, compatible, ...) */
{"::7f00:1", false}, /* RFC 4291, 2.4: not global unicast (NAT64, mapped, compatible, ...) */
{"::fffe:ffff:ffff", false}, /* RFC 4291, 2.4: not global unicast (NAT64, mapped, compatible, ...) */
{"::ffff:0:0", false},
{"::ffff:808:808", false}, /* RFC 4291, 2.4: not global unicast (NAT64, mapped, compatible, ...) */
{"::ffff:7f00:1", false},
{"::ffff:ffff:ffff", false},
{"::1:0:0:0", false}, /* RFC 4291, 2.4: not global unicast (NAT64, mapped, compatible, ...) */
{"::ffff:0:7f00:1", false}, /* RFC 4291, 2.4: not global unicast (NAT64, mapped, compatible, ...) */
{"64:ff9a:ffff:ffff:ffff:ffff:ffff:ffff", false}, /* RFC 4291, 2.4: not global unicast (NAT64, mapped, compatible, ...) */
{"64:ff9b::", false}, /* RFC 4291, 2.4: not global unicast (NAT64, mapped, compatible, ...) */
{"64:ff9b::808:808", false}, /* RFC 4291, 2.4: not global unicast (NAT64, mapped, compatible, ...) */
{"64:ff9b::7f00:1", false}, /* RFC 4291, 2.4: not global unicast (NAT64, mapped, compatible, ...) */
{"64:ff9b::ffff:ffff", false}, /* RFC 4291, 2.4: not global unicast (NAT64, mapped, compatible, ...) */
{"64:ff9b::1:0:0", false}, /* RFC 4291, 2.4: not global unicast (NAT64, mapped, compatible, ...) */
{"64:ff9b:0:ffff:ffff:ffff:ffff:ffff", false}, /* RFC 4291, 2.4: not global unicast (NAT64, mapped, compatible, ...) */
{"64:ff9b:1::", false},
{"64:ff9b:1:ffff:ffff:ffff:ffff:ffff", false},
{"64:ff9b:2::", false}, /* RFC 4291, 2.4: not global unicast (NAT64, mapped, compatible, ...) */
{"ff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false}, /* RFC 4291, 2.4: not global unicast (NAT64, mapped, compatible, ...) */
{"100::", false},
{"100::ffff:ffff:ffff:ffff", false},
{"100:0:0:1::", false}, /* RFC 4291, 2.4: not global unicast (NAT64, mapped, compatible, ...) */
{"100:0:0:1::1", false}, /* RFC 4291, 2.4: not global unicast (NAT64, mapped, compatible, ...) */
{"1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false}, /* RFC 4291, 2.4: not global unicast (NAT64, mapped, compatible, ...) */
{"2000::", true},
{"2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true},
{"2001::", false},
{"2001:0:ffff:ffff:ffff:ffff:ffff:ffff", false},
{"2001:1::", false},
{"2001:1::1", false}, /* registry: protocol assignments, Teredo, ORCHID */
{"2001:1::2", false}, /* registry: protocol assignments, Teredo, ORCHID */
{"2001:2::1", false},
{"2001:3::1", false}, /* registry: protocol assignments, Teredo, ORCHID */
{"2001:4:112::1", false}, /* registry: protocol assignments, Teredo, ORCHID */
{"2001:10::1", false},
{"2001:20::1", false}, /* registry: protocol assignments, Teredo, ORCHID */
{"2001:30::1", false}, /* registry: protocol assignments, Teredo, ORCHID */
{"2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", false},
{"2001:200::", true},
{"2001:200::1", true},
{"2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", true},
{"2001:db8::", false},
{"2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", false},
{"2001:db9::", true},
{"2001:4860:4860::8888", true},
{"2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true},
{"2002::", false},
{"2002:808:808::", false},
{"2002:7f00:1::", false},
{"2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false},
{"2003::", true},
{"2400:cb00::1", true},
{"2606:2800:220:1::1", true},
{"2620:4f:7fff:ffff:ffff:ffff:ffff:ffff", true},
{"2620:4f:8000::", false}, /* registry: AS112, a sink */
{"2620:4f:8000:ffff:ffff:ffff:ffff:ffff", false}, /* registry: AS112, a sink */
{"2620:4f:8001::", true},
{"2a00:1450:4001:81b::200e", true},
{"3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true},
{"3fff::", false}, /* RFC 9637: documentation; newer than Python 3.11 */
{"3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", false}, /* RFC 9637: documentation; newer than Python 3.11 */
{"3fff:1000::", true},
{"3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true},
{"4000::", false}, /* RFC 4291, 2.4: not global unicast (5f00::/16 is segment routing) */
{"4000::1", false}, /* RFC 4291, 2.4: not global unicast (5f00::/16 is segment routing) */
{"5eff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false}, /* RFC 4291, 2.4: not global unicast (5f00::/16 is segment routing) */
{"5f00::", false}, /* RFC 4291, 2.4: not global unicast (5f00::/16 is segment routing) */
{"5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false}, /* RFC 4291, 2.4: not global unicast (5f00::/16 is segment routing) */
{"5f01::", false}, /* RFC 4291, 2.4: not global unicast (5f00::/16 is segment routing) */
{"6000::1", false}, /* RFC 4291, 2.4: not global unicast (5f00::/16 is segment routing) */
{"8000::1", false}, /* RFC 4291, 2.4: not global unicast */
{"a000::1", false}, /* RFC 4291, 2.4: not global unicast */
{"c000::1", false}, /* RFC 4291, 2.4: not global unicast */
{"e000::1", false}, /* RFC 4291, 2.4: not global unicast */
{"f000::1", false}, /* RFC 4291, 2.4: not global unicast */
{"fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false}, /* RFC 4291, 2.4: not global unicast */
{"fc00::", false},
{"fd00:ec2::254", false},
{"fd20:ce::254", false},
{"fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false},
{"fe00::", false}, /* RFC 4291, 2.4: not global unicast */
{"fe7f:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false}, /* RFC 4291, 2.4: not global unicast */
{"fe80::", false},
{"febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false},
{"fec0::", false}, /* RFC 4291, 2.4: not global unicast */
{"feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false}, /* RFC 4291, 2.4: not global unicast */
{"ff00::", false}, /* RFC 4291, 2.4: not global unicast */
{"ff02::1", false}, /* RFC 4291, 2.4: not global unicast */
{"ff0e::1", false}, /* RFC 4291, 2.4: not global unicast */
{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false}, /* RFC 4291, 2.4: not global unicast */
