/*
 * Looking for the first of a few bytes, sixteen at a time: what a rewriter does with most of its
 * input. Vectors of the compiler's own, so every machine that has any uses them. Borrows and owns
 * nothing; any thread.
 */
#ifndef BASE_SCAN_H
#define BASE_SCAN_H

#include "base/span.h"

#include <stdint.h>

typedef unsigned char scan_block __attribute__((vector_size(16)));

/* All of them the same byte. */
static inline scan_block scan_all(char c)
{
    unsigned char b = (unsigned char)c;
    return (scan_block){b, b, b, b, b, b, b, b, b, b, b, b, b, b, b, b};
}

static inline scan_block scan_load(const char *ptr)
{
    scan_block block;
    memcpy(&block, ptr, sizeof(block));
    return block;
}

/* The bytes of a run of 1 to 15, in any order and number, and no others. */
static inline scan_block scan_load_few(const char *ptr, size_t len)
{
    uint64_t words[2];
    scan_block block;
    if (len >= 8) {
        memcpy(&words[0], ptr, 8);
        memcpy(&words[1], ptr + len - 8, 8);
    } else {
        uint32_t first, last;
        if (len >= 4) {
            memcpy(&first, ptr, 4);
            memcpy(&last, ptr + len - 4, 4);
        } else {
            first = (unsigned char)ptr[0] * 0x01010101U;
            last =
                (unsigned char)ptr[len / 2] * 0x0101U | (unsigned char)ptr[len - 1] * 0x01010000U;
        }
        words[0] = words[1] = first | (uint64_t)last << 32;
    }
    memcpy(&block, words, sizeof(block));
    return block;
}

/* One bit a byte of a comparison's result, the first byte's the lowest. */
static inline unsigned scan_bits(scan_block hits)
{
#ifdef __SSE2__
    typedef char bytes __attribute__((vector_size(16)));
    return (unsigned)__builtin_ia32_pmovmskb128((bytes)hits);
#else
    unsigned bits = 0;
    for (unsigned i = 0; i < sizeof(hits); i++)
        bits |= (hits[i] & 1U) << i;
    return bits;
#endif
}

/* Are sixteen bytes the same? */
static inline bool scan_equal(const char *a, const char *b)
{
    return scan_bits((scan_block)(scan_load(a) != scan_load(b))) == 0;
}

/* Has any byte of a block its highest bit set? */
static inline bool scan_high(scan_block block)
{
#ifdef __SSE2__
    return scan_bits(block) != 0;
#else
    return scan_bits((scan_block)((block & scan_all('\x80')) != scan_all('\0'))) != 0;
#endif
}

/* Is any byte of a comparison's result set? */
static inline bool scan_hit(scan_block hits)
{
    return scan_bits(hits) != 0;
}

static inline scan_block scan_any(scan_block block, const char bytes[3])
{
    return (scan_block)(block == scan_all(bytes[0])) | (scan_block)(block == scan_all(bytes[1])) |
           (scan_block)(block == scan_all(bytes[2]));
}

/*
 * From `at` to the first of three bytes, or the end. Sets *noted when one of three others stands on
 * the way, and never clears it.
 */
static inline size_t scan_to(struct span s, size_t at, const char stops[3], const char notes[3],
                             bool *noted)
{
    for (; s.len - at >= sizeof(scan_block); at += sizeof(scan_block)) {
        scan_block block = scan_load(s.ptr + at);
        unsigned stop = scan_bits(scan_any(block, stops));
        unsigned note = scan_bits(scan_any(block, notes));
        if (stop) {
            unsigned first = (unsigned)__builtin_ctz(stop);
            *noted |= (note & ((1U << first) - 1)) != 0;
            return at + first;
        }
        *noted |= note != 0;
    }
    for (; at < s.len; at++) {
        char c = s.ptr[at];
        if (c == stops[0] || c == stops[1] || c == stops[2])
            break;
        *noted |= c == notes[0] || c == notes[1] || c == notes[2];
    }
    return at;
}

/*
 * From `at`, past whole blocks that hold none of the three bytes: the byte that is looked for may
 * stand up to fifteen further on, so a loop over single bytes follows.
 */
static inline size_t scan_past(struct span s, size_t at, const char bytes[3])
{
    while (s.len - at >= sizeof(scan_block) && !scan_hit(scan_any(scan_load(s.ptr + at), bytes)))
        at += sizeof(scan_block);
    return at;
}

/* All bits of a block whose bytes are not ASCII, or are `c`: more than one a byte. */
static inline scan_block scan_not_ascii_or(const char *ptr, char c)
{
    scan_block block = scan_load(ptr);
    return (block & scan_all('\x80')) | (scan_block)(block == scan_all(c));
}

/* From `at`, past whole blocks of ASCII without `c`. Four at a time: documents are read so to their
 * end. */
static inline size_t scan_past_ascii(struct span s, size_t at, char c)
{
    enum { SIZE = sizeof(scan_block) };
    for (; s.len - at >= 4 * (size_t)SIZE; at += 4 * (size_t)SIZE) {
        const char *ptr = s.ptr + at;
        scan_block half = scan_not_ascii_or(ptr, c) | scan_not_ascii_or(ptr + SIZE, c);
        scan_block rest =
            scan_not_ascii_or(ptr + 2 * SIZE, c) | scan_not_ascii_or(ptr + 3 * SIZE, c);
        if (scan_high(half | rest))
            break;
    }
    while (s.len - at >= SIZE && !scan_high(scan_not_ascii_or(s.ptr + at, c)))
        at += SIZE;
    return at;
}

#endif
