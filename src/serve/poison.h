/*
 * Bytes that killed the decoder, or kept it busy until the deadline. Each original that did so is
 * remembered in its record and never offered again; here it is the bytes, because a campaign sends
 * the same ones under another URL to each of its recipients, and every one of them would cost a
 * worker, or its deadline.
 *
 * Twice is enough, unless it went well in between: once may have been the machine's fault. The last
 * LIMIT_POISON are remembered, by length and keyed hash, for the life of the process; nothing of it
 * is written. One thread. A struct poison that is all zero is empty.
 */
#ifndef SERVE_POISON_H
#define SERVE_POISON_H

#include "base/limits.h"
#include "base/span.h"
#include "decode/pool.h"
#include "store/cache.h"

struct poison_bytes {
    size_t len; /* 0: none */
    struct cache_key hash;
    enum decode_outcome outcome; /* the last one */
    unsigned times;
};

struct poison {
    struct poison_bytes bytes[LIMIT_POISON];
    unsigned next;
};

/* What comes of decoding these, DECODE_CRASHED or DECODE_TIMEOUT, as far as it is known; else
 * DECODE_OK: try. Hashes only what has the length of one of them. */
enum decode_outcome poison_find(struct poison *poison, const struct cache *cache,
                                struct span bytes);

/* Decoding these came to that; anything but those two outcomes clears them. */
void poison_note(struct poison *poison, const struct cache *cache, struct span bytes,
                 enum decode_outcome outcome);

#endif
