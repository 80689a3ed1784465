/*
 * A segment: one LMDB environment full of pictures by content hash, appended to until it is full,
 * then only read, in the end emptied, or removed, as a whole. Nothing in it is deleted one by one,
 * which is why its rate of writing never falls (evicting inside one environment was measured to
 * collapse).
 *
 * A picture is checked whenever it is read (body.h); what does not hold counts as absent. In
 * a segment that encrypts, each has a slot with a key of its own (slots.h). Slots are given out in
 * order; those given since the last segment_confirm are taken back, their keys replaced, by
 * segment_abort, so that no picture can be read that the index never came to know.
 *
 * Reading is for any thread while someone (ring.c) holds the segment; appending is for one thread:
 * segment_append any number of times, then segment_commit or segment_abort.
 */
#ifndef STORE_SEGMENT_H
#define STORE_SEGMENT_H

#include "store/env.h"
#include "store/secret.h"
#include "store/slots.h"

#include <stdbool.h>
#include <stddef.h>

struct segment {
    uint64_t generation;
    uint64_t size;  /* bytes of its map */
    uint64_t bytes; /* with its keys */
    int64_t made_s; /* calendar seconds; 0: not known */
    struct env *env;
    const struct secret *secret; /* borrowed */
    char *dir;

    MDB_dbi dbi;
    MDB_txn *txn;            /* of the appends since the last commit, or NULL */
    uint64_t pending;        /* how many those are */
    uint64_t overflow_begun; /* pages of pictures before them */
    bool rest_cleared;

    struct slots slots;
    uint32_t slot_next;      /* the writer's, as the next */
    uint32_t slot_confirmed; /* up to here the index knows them */

    unsigned readers; /* the ring's, under its lock */
};

/* Opens seg-<generation> in `dir`, or makes it when `may_make`; `size` is for a new one. What is
 * there and cannot be read is removed: -EBADMSG, or made anew with `may_make`. -ENOSPC: the disk is
 * full. Other -errno. */
struct segment_conf {
    const char *dir;
    uint64_t generation;
    uint64_t size;
    const struct secret *secret;
    struct env_closed closed;
    bool may_make;
    bool encrypt;  /* what is made */
    bool unsynced; /* as in cache.h */
};

MUST_CHECK int segment_open(const struct segment_conf *conf, struct segment **ret);

/* Takes NULL. Aborts what was not committed. */
void segment_close(struct segment *segment);

/* Closes and removes the files; keys are written over first. */
void segment_remove(struct segment *segment);

/* Empties it and makes it the one that `conf` describes, of the same size and as much encrypted:
 * its files are used again. 0; -errno: then it is removed and freed. */
MUST_CHECK int segment_renew(struct segment *segment, const struct segment_conf *conf);

/* Nothing is appended any more: what stood in its files before, behind what does now, goes. For
 * what is encrypted, the keys did that. */
void segment_seal(struct segment *segment);

/* Is it there, sound or not? 0; -ENOENT; -errno. */
MUST_CHECK int segment_has(struct segment *segment, const uint8_t content[32]);

struct segment_want {
    const uint8_t *content; /* the name: 32 bytes */
    uint32_t slot;          /* of its key; SLOTS_NONE when it is not encrypted */
    bool resident;          /* only if the kernel has all of the picture in memory */
    struct span lies;       /* where a former read of this segment found it, tried first; from the
                               next on: where this one did, empty where that may change */
};

#define SEGMENT_AWAY 1 /* it would have to be read from the disk first */

/* A copy, checked; the caller frees *ret. 0; SEGMENT_AWAY; -ENOENT: absent, damaged or
 * shredded; -errno. A page of the tree that leads to the picture, and one of keys, may be read from
 * the disk in any case: they are one in two hundred, and shared by all pictures. */
MUST_CHECK int segment_read(struct segment *segment, struct segment_want *want, void **ret,
                            size_t *ret_len);

/* Does it hold exactly these bytes, appends that are not committed included? The writer's. */
bool segment_holds(struct segment *segment, const uint8_t content[32], uint32_t slot,
                   struct span bytes);

bool segment_encrypts(const struct segment *segment);

/* Is there room for a picture of `len` bytes? The writer's. A new segment has room for
 * segment_room(size) bytes in one picture. */
bool segment_fits(struct segment *segment, size_t len);
uint64_t segment_room(uint64_t size);

/* 0 or -errno; then only segment_abort may follow. */
MUST_CHECK int segment_append(struct segment *segment, const uint8_t content[32], struct span bytes,
                              uint32_t *ret_slot);

/* Durable when 0. After -errno nothing was appended. Then either segment_confirm: the index knows
 * what was appended; or segment_abort: it never will. */
MUST_CHECK int segment_commit(struct segment *segment);
void segment_confirm(struct segment *segment);
void segment_abort(struct segment *segment);

/* Opening the newest segment: the index knows its slots up to `slot`; the others get other keys. 0
 * or -errno. */
MUST_CHECK int segment_begin_slots(struct segment *segment, uint32_t slot);

/* Replaces the key of a picture; durable after segment_shred_sync. Not encrypted: nothing. 0 or
 * -errno. */
MUST_CHECK int segment_shred(struct segment *segment, uint32_t slot);
MUST_CHECK int segment_shred_sync(struct segment *segment);

/* How many pictures are committed; 0 when that cannot be read. */
uint64_t segment_count(struct segment *segment);

/* How much of its map has been written, 0 to 1. Any thread. */
double segment_filled(struct segment *segment);

/* Calls `visit` for every picture that is committed, in the order of their names, from the first
 * behind `after`, which need not be there; until it returns other than 0, which is then the result.
 * `content` lives until visit returns. */
struct segment_visitor {
    int (*visit)(struct segment_visitor *self, const uint8_t content[32], size_t len);
};

MUST_CHECK int segment_each(struct segment *segment, const uint8_t after[32],
                            struct segment_visitor *visitor);

#endif
