/*
 * The keys of a segment's encrypted pictures: the file `keys` beside its data, 32 random bytes
 * a slot, one picture a slot. The file is written in place and LMDB never sees a key, because LMDB
 * copies a page before it changes it and leaves the old copy in the file for anybody to find. To
 * shred a picture is to write other random bytes over its slot: they are then a key that nothing
 * has been encrypted with yet.
 *
 * A key is durable before it is used, since slots are filled thousands at a time; so storing
 * a picture costs no flush of its own. The file's blocks are taken when it is made.
 *
 * "Written over" is as true as the storage makes it: see shoji.conf(5) for flash, copy-on-write and
 * journals of data.
 *
 * Reading keys is for any thread; all else is the writer's.
 */
#ifndef STORE_SLOTS_H
#define STORE_SLOTS_H

#include "base/err.h"

#include <stdint.h>

#define SLOTS_KEY  32
#define SLOTS_NONE UINT32_MAX /* what is not encrypted has this slot */

struct slots {
    int fd;          /* -1: nothing here is encrypted */
    uint32_t limit;  /* how many there may be */
    uint32_t filled; /* how many have keys */
};

/* How many slots a segment with a map of `size` bytes has, and what they take on disk. */
uint32_t slots_limit(uint64_t size);
uint64_t slots_bytes(uint64_t size);

/* The largest map that fits with its slots into so many bytes. */
uint64_t slots_map_size(uint64_t bytes);

/* For a segment in `dir` with a map of `size` bytes. Without `make` only what is there, and when
 * nothing is, ret->fd is -1. 0 or -errno. */
MUST_CHECK int slots_open(const char *dir, uint64_t size, int make, struct slots *ret);
void slots_close(struct slots *slots);

/* Sees to it that the slot has a key, and that it is durable. 0; -ENOSPC beyond the limit; -errno.
 */
MUST_CHECK int slots_fill(struct slots *slots, uint32_t slot);

/* 0; -ENOENT: there is none; -errno. */
MUST_CHECK int slots_key(const struct slots *slots, uint32_t slot, uint8_t ret[SLOTS_KEY]);

/* Other keys for the slots `from` to `upto`, that one not included; durable after slots_sync. */
MUST_CHECK int slots_renew(const struct slots *slots, uint32_t from, uint32_t upto);
MUST_CHECK int slots_sync(const struct slots *slots);

/* Writes over all that is there, before it is removed. */
void slots_wipe(const char *dir);

#endif
