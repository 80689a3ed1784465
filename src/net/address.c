#include "net/address.h"

#include <arpa/inet.h>
#include <errno.h>

/* ---- text and sockets ---- */

int address_parse(struct span text, struct address *ret)
{
    char copy[ADDRESS_TEXT];
    if (text.len >= sizeof(copy) || memchr(text.ptr, '\0', text.len))
        return -EINVAL;
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';

    struct address address = {.v6 = memchr(copy, ':', text.len) != NULL};
    if (inet_pton(address.v6 ? AF_INET6 : AF_INET, copy, address.bytes) != 1)
        return -EINVAL;
    *ret = address;
    return 0;
}

int address_from_sockaddr(const struct sockaddr *sa, socklen_t len, struct address *ret)
{
    struct address address = {0};
    if (len >= sizeof(struct sockaddr_in) && sa->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, sa, sizeof(in));
        memcpy(address.bytes, &in.sin_addr, 4);
    } else if (len >= sizeof(struct sockaddr_in6) && sa->sa_family == AF_INET6) {
        struct sockaddr_in6 in;
        memcpy(&in, sa, sizeof(in));
        if (in.sin6_scope_id != 0)
            return -EINVAL;
        address.v6 = true;
        memcpy(address.bytes, &in.sin6_addr, 16);
    } else {
        return -EINVAL;
    }
    *ret = address;
    return 0;
}

void address_format(const struct address *address, char ret[ADDRESS_TEXT])
{
    must(inet_ntop(address->v6 ? AF_INET6 : AF_INET, address->bytes, ret, ADDRESS_TEXT) != NULL);
}

bool address_equal(const struct address *a, const struct address *b)
{
    return a->v6 == b->v6 && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

/* ---- ranges ---- */

bool address_within(const struct address *address, const struct address_range *range)
{
    if (address->v6 != range->first.v6)
        return false;
    unsigned whole = range->bits / 8;
    unsigned rest = range->bits % 8;
    if (memcmp(address->bytes, range->first.bytes, whole) != 0)
        return false;
    return rest == 0 || ((address->bytes[whole] ^ range->first.bytes[whole]) >> (8 - rest)) == 0;
}

static int parse_bits(struct span text, unsigned most, unsigned *ret)
{
    unsigned bits = 0;
    if (text.len == 0 || text.len > 3)
        return -EINVAL;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return -EINVAL;
        bits = bits * 10 + (unsigned)(text.ptr[i] - '0');
    }
    if (bits > most)
        return -EINVAL;
    *ret = bits;
    return 0;
}

int address_range_parse(struct span text, struct address_range *ret)
{
    const char *slash = memchr(text.ptr, '/', text.len);
    size_t len = slash ? (size_t)(slash - text.ptr) : text.len;
    struct address_range range;
    int r = address_parse(span_part(text, 0, len), &range.first);
    if (r < 0)
        return r;
    range.bits = range.first.v6 ? 128 : 32;
    if (slash) {
        r = parse_bits(span_part(text, len + 1, text.len), range.bits, &range.bits);
        if (r < 0)
            return r;
    }
    for (unsigned bit = range.bits; bit < 128; bit++)
        if (range.first.bytes[bit / 8] & (0x80 >> bit % 8))
            return -EINVAL;
    *ret = range;
    return 0;
}

/* ---- IPv4 inside IPv6 ---- */

static bool copy_v4(const unsigned char *from, unsigned char flip, struct address *ret)
{
    *ret = (struct address){0};
    for (int i = 0; i < 4; i++)
        ret->bytes[i] = from[i] ^ flip;
    return true;
}

/* The prefix that RFC 8215 leaves to each network may go on for 48, 56, 64 or 96 bits (RFC 6052,
 * 2.2): the zeros behind the IPv4 address tell. */
static bool local_nat64(const unsigned char *b, struct address *ret)
{
    static const unsigned char zero[5];
    *ret = (struct address){0};
    if (memcmp(b + 11, zero, 5) == 0)
        memcpy(ret->bytes, (unsigned char[]){b[6], b[7], b[9], b[10]}, 4);
    else if (memcmp(b + 12, zero, 4) == 0)
        memcpy(ret->bytes, (unsigned char[]){b[7], b[9], b[10], b[11]}, 4);
    else if (memcmp(b + 13, zero, 3) == 0)
        memcpy(ret->bytes, b + 9, 4);
    else
        memcpy(ret->bytes, b + 12, 4);
    return true;
}

bool address_embedded(const struct address *address, struct address *ret)
{
    static const unsigned char zero[15];
    static const unsigned char nat64[12] = {0x00, 0x64, 0xff, 0x9b};
    static const unsigned char nat64_local[6] = {0x00, 0x64, 0xff, 0x9b, 0x00, 0x01};
    const unsigned char *b = address->bytes;
    if (!address->v6)
        return false;
    /* ::a.b.c.d (RFC 4291, 2.5.5.1), but not the unspecified and the loopback address */
    if (memcmp(b, zero, 12) == 0 && (memcmp(b, zero, 15) != 0 || b[15] > 1))
        return copy_v4(b + 12, 0, ret);
    /* ::ffff:a.b.c.d (RFC 4291, 2.5.5.2) and ::ffff:0:a.b.c.d (RFC 2765, 2.1) */
    if (memcmp(b, zero, 10) == 0 && b[10] == 0xff && b[11] == 0xff)
        return copy_v4(b + 12, 0, ret);
    if (memcmp(b, zero, 8) == 0 && b[8] == 0xff && b[9] == 0xff && b[10] == 0 && b[11] == 0)
        return copy_v4(b + 12, 0, ret);
    if (memcmp(b, nat64, 12) == 0) /* RFC 6052, 2.1 */
        return copy_v4(b + 12, 0, ret);
    if (memcmp(b, nat64_local, 6) == 0)
        return local_nat64(b, ret);
    if (b[0] == 0x20 && b[1] == 0x02) /* 6to4: RFC 3056, 2 */
        return copy_v4(b + 2, 0, ret);
    if (b[0] == 0x20 && b[1] == 0x01 && b[2] == 0 && b[3] == 0) /* Teredo: RFC 4380, 4 */
        return copy_v4(b + 12, 0xff, ret);
    /* ISATAP: an interface identifier under any prefix (RFC 5214, 6.1) */
    if ((b[8] & 0xfd) == 0 && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe)
        return copy_v4(b + 12, 0, ret);
    return false;
}

/* ---- what is not public unicast ---- */

#define V4(a, b, c, d, prefix, what)                                                               \
    {                                                                                              \
        {{false, {a, b, c, d}}, prefix}, what                                                      \
    }
#define V6(a, b, c, d, prefix, what)                                                               \
    {                                                                                              \
        {{true, {(a) >> 8, (a)&255, (b) >> 8, (b)&255, (c) >> 8, (c)&255, (d) >> 8, (d)&255}},     \
         prefix},                                                                                  \
            what                                                                                   \
    }
#define V6_LOW(e, f, g, h, prefix, what)                                                           \
    {                                                                                              \
        {{true,                                                                                    \
          {0, 0, 0, 0, 0, 0, 0, 0, (e) >> 8, (e)&255, (f) >> 8, (f)&255, (g) >> 8, (g)&255,        \
           (h) >> 8, (h)&255}},                                                                    \
         prefix},                                                                                  \
            what                                                                                   \
    }

/*
 * IANA's IPv4 and IPv6 special-purpose registries (RFC 6890 and successors), the multicast and
 * reserved blocks, and what clouds use inside although it looks global. One match is enough; the
 * narrow rows of a family stand before the wide ones only so that the sentence is the apt one.
 *
 * IPv6 is turned round: only 2000::/3 is in use as global unicast (RFC 4291, 2.4), so the wide rows
 * at the end refuse everything else, today's assignments and tomorrow's.
 */
static const struct special {
    struct address_range range;
    const char *what;
} specials[] = {
    V4(0, 0, 0, 0, 8, "this network (RFC 791)"),
    V4(10, 0, 0, 0, 8, "private (RFC 1918)"),
    V4(100, 64, 0, 0, 10, "shared by carriers (RFC 6598)"),
    V4(127, 0, 0, 0, 8, "loopback (RFC 1122)"),
    V4(168, 63, 129, 16, 32, "the inner platform address of a cloud (Azure)"),
    V4(169, 254, 0, 0, 16, "link-local (RFC 3927)"),
    V4(172, 16, 0, 0, 12, "private (RFC 1918)"),
    V4(192, 0, 0, 0, 24, "protocol assignments (RFC 6890)"),
    V4(192, 0, 2, 0, 24, "documentation (RFC 5737)"),
    V4(192, 31, 196, 0, 24, "AS112 (RFC 7535)"),
    V4(192, 52, 193, 0, 24, "multicast tunnels (RFC 7450)"),
    V4(192, 88, 99, 0, 24, "6to4 relays (RFC 7526)"),
    V4(192, 168, 0, 0, 16, "private (RFC 1918)"),
    V4(192, 175, 48, 0, 24, "AS112 (RFC 7534)"),
    V4(198, 18, 0, 0, 15, "benchmarks (RFC 2544)"),
    V4(198, 51, 100, 0, 24, "documentation (RFC 5737)"),
    V4(203, 0, 113, 0, 24, "documentation (RFC 5737)"),
    V4(224, 0, 0, 0, 4, "multicast (RFC 5771)"),
    V4(240, 0, 0, 0, 4, "reserved or broadcast (RFC 1112, RFC 919)"),

    V6(0x2001, 0x0000, 0, 0, 32, "Teredo (RFC 4380)"),
    V6(0x2001, 0x0000, 0, 0, 23, "protocol assignments (RFC 2928)"),
    V6(0x2001, 0x0db8, 0, 0, 32, "documentation (RFC 3849)"),
    V6(0x2002, 0x0000, 0, 0, 16, "6to4 (RFC 3056)"),
    V6(0x2620, 0x004f, 0x8000, 0, 48, "AS112 (RFC 7534)"),
    V6(0x3fff, 0x0000, 0, 0, 20, "documentation (RFC 9637)"),

    V6_LOW(0, 0, 0, 0, 128, "unspecified (RFC 4291)"),
    V6_LOW(0, 0, 0, 1, 128, "loopback (RFC 4291)"),
    V6_LOW(0, 0, 0, 0, 96, "IPv4-compatible (RFC 4291)"),
    V6_LOW(0, 0xffff, 0, 0, 96, "IPv4-mapped (RFC 4291)"),
    V6_LOW(0xffff, 0, 0, 0, 96, "IPv4-translated (RFC 2765)"),
    V6(0x0064, 0xff9b, 0, 0, 96, "NAT64 (RFC 6052)"),
    V6(0x0064, 0xff9b, 1, 0, 48, "local NAT64 (RFC 8215)"),
    V6(0x0100, 0x0000, 0, 0, 64, "discarded (RFC 6666)"),
    V6(0x0100, 0x0000, 0, 1, 64, "dummy prefix (RFC 9780)"),
    V6(0x5f00, 0x0000, 0, 0, 16, "segment routing (RFC 9602)"),
    V6(0xfc00, 0x0000, 0, 0, 7, "unique local (RFC 4193)"),
    V6(0xfe80, 0x0000, 0, 0, 10, "link-local (RFC 4291)"),
    V6(0xfec0, 0x0000, 0, 0, 10, "site-local (RFC 3879)"),
    V6(0xff00, 0x0000, 0, 0, 8, "multicast (RFC 4291)"),
    V6(0x0000, 0x0000, 0, 0, 3, "not global unicast (RFC 4291)"),
    V6(0x4000, 0x0000, 0, 0, 2, "not global unicast (RFC 4291)"),
    V6(0x8000, 0x0000, 0, 0, 1, "not global unicast (RFC 4291)"),
};

const char *address_special(const struct address *address)
{
    for (size_t i = 0; i < sizeof(specials) / sizeof(specials[0]); i++)
        if (address_within(address, &specials[i].range))
            return specials[i].what;
    return NULL;
}
