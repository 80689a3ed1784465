#include "lib/url_ip.h"

#include <shoji/url.h>

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>

/* One part of an IPv4 address: decimal, 0 octal or 0x hexadecimal. Values beyond 32 bits come out
 * as 2^32, which is out of range everywhere. */
static bool ip_number(struct span part, uint64_t *ret)
{
    unsigned base = 10;
    if (part.len == 0)
        return false;
    if (part.len >= 2 && part.ptr[0] == '0' && ascii_lower(part.ptr[1]) == 'x') {
        base = 16;
        part = span_part(part, 2, part.len);
    } else if (part.len >= 2 && part.ptr[0] == '0') {
        base = 8;
        part = span_part(part, 1, part.len);
    }
    uint64_t value = 0;
    for (size_t i = 0; i < part.len; i++) {
        int digit = url_text_hex(part.ptr[i]);
        if (digit < 0 || (unsigned)digit >= base)
            return false;
        value = value * base + (unsigned)digit;
        if (value > UINT32_MAX)
            value = UINT32_MAX + UINT64_C(1);
    }
    *ret = value;
    return true;
}

/* Cuts the last label off `host`, dot included. */
static struct span ip_last_part(struct span *host)
{
    size_t dot = host->len;
    while (dot > 0 && host->ptr[dot - 1] != '.')
        dot--;
    struct span part = span_part(*host, dot, host->len - dot);
    host->len = dot > 0 ? dot - 1 : 0;
    return part;
}

static struct span ip_without_root(struct span host)
{
    if (host.len > 1 && host.ptr[host.len - 1] == '.')
        host.len--;
    return host;
}

bool url_ip_is_numeric(struct span host)
{
    host = ip_without_root(host);
    struct span last = ip_last_part(&host);
    uint64_t value;
    if (ip_number(last, &value))
        return true;
    /* "09" is a bad octal number, but a number all the same. */
    for (size_t i = 0; i < last.len; i++)
        if (last.ptr[i] < '0' || last.ptr[i] > '9')
            return false;
    return last.len > 0;
}

int url_ip_add_v4(struct span host, struct url_writer *out)
{
    struct span parts[4];
    size_t count = 0;
    host = ip_without_root(host);
    for (size_t from = 0; from <= host.len;) {
        size_t end = from;
        while (end < host.len && host.ptr[end] != '.')
            end++;
        if (count == 4)
            return SHOJI_URL_INVALID;
        parts[count++] = span_part(host, from, end - from);
        from = end + 1;
    }
    uint64_t address = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t number;
        if (!ip_number(parts[i], &number))
            return SHOJI_URL_INVALID;
        /* The last part fills all bytes that are left: 127.1 is 127.0.0.1. */
        size_t bytes = i + 1 < count ? 1 : 4 - i;
        if (number >= UINT64_C(1) << (8 * bytes))
            return SHOJI_URL_INVALID;
        address = address << (8 * bytes) | number;
    }
    char text[INET_ADDRSTRLEN];
    int len = snprintf(text, sizeof(text), "%u.%u.%u.%u", (unsigned)(address >> 24),
                       (unsigned)(address >> 16) & 255, (unsigned)(address >> 8) & 255,
                       (unsigned)address & 255);
    url_text_add(out, (struct span){text, (size_t)len});
    return 0;
}

/* The first longest run of two or more zero pieces; where there is none, *ret_len is 0. */
static size_t ip_zero_run(const uint16_t piece[8], size_t *ret_len)
{
    size_t best = 0;
    size_t best_len = 1;
    for (size_t i = 0; i < 8;) {
        size_t end = i;
        while (end < 8 && piece[end] == 0)
            end++;
        if (end - i > best_len) {
            best = i;
            best_len = end - i;
        }
        i = end + 1;
    }
    *ret_len = best_len > 1 ? best_len : 0;
    return best;
}

int url_ip_add_v6(struct span inside_brackets, struct url_writer *out)
{
    /* inet_pton reads exactly the standard's grammar; inet_ntop does not write it (::ffff:1.2.3.4).
     */
    char text[INET6_ADDRSTRLEN];
    if (inside_brackets.len >= sizeof(text) ||
        memchr(inside_brackets.ptr, '\0', inside_brackets.len))
        return SHOJI_URL_INVALID;
    memcpy(text, inside_brackets.ptr, inside_brackets.len);
    text[inside_brackets.len] = '\0';
    struct in6_addr address;
    if (inet_pton(AF_INET6, text, &address) != 1)
        return SHOJI_URL_INVALID;

    uint16_t piece[8];
    for (size_t i = 0; i < 8; i++)
        piece[i] = (uint16_t)(address.s6_addr[2 * i] << 8 | address.s6_addr[2 * i + 1]);
    size_t run_len;
    size_t run = ip_zero_run(piece, &run_len);
    url_text_add(out, SPAN("["));
    for (size_t i = 0; i < 8;) {
        if (run_len > 0 && i == run) {
            url_text_add(out, i == 0 ? SPAN("::") : SPAN(":"));
            i += run_len;
            continue;
        }
        int len = snprintf(text, sizeof(text), i < 7 ? "%x:" : "%x", piece[i]);
        url_text_add(out, (struct span){text, (size_t)len});
        i++;
    }
    url_text_add(out, SPAN("]"));
    return 0;
}
