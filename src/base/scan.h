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

/* Is any byte of a comparison's result set? */
static inline bool scan_hit(scan_block hits)
{
    uint64_t halves[2];
    memcpy(halves, &hits, sizeof(halves));
    return (halves[0] | halves[1]) != 0;
}

/*
 * From `at`, past whole blocks that hold none of the three bytes: the byte that is looked for may
 * stand up to fifteen further on, so a loop over single bytes follows.
 */
static inline size_t scan_past(struct span s, size_t at, const char bytes[3])
{
    const scan_block a = scan_all(bytes[0]), b = scan_all(bytes[1]), c = scan_all(bytes[2]);
    for (; s.len - at >= sizeof(scan_block); at += sizeof(scan_block)) {
        scan_block block = scan_load(s.ptr + at);
        if (scan_hit((scan_block)(block == a) | (scan_block)(block == b) |
                     (scan_block)(block == c)))
            break;
    }
    return at;
}

#endif
