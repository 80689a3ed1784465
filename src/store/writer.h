/*
 * The writer: one thread that takes the writes in the order of starting and commits together what
 * has gathered while the last commit ran: at most LIMIT_BATCH_WRITES or LIMIT_BATCH_BYTES, and at
 * once when nothing is pending. Pictures are committed to their segment before the index says that
 * they are there.
 *
 * A segment that cannot be written is left and a new one begun; when that fails too, pictures are
 * not kept and the index goes on. When a commit of the index fails, its writes are tried one by
 * one, so that one that has no room spoils no other.
 *
 * Between two commits there is one turn for the purges under way and one for forgetting, each when
 * there is need for it; what a full index has to forget goes with the commits themselves (sweep.h),
 * as do the names of pictures that are gone.
 *
 * `done` is posted to the loop, in the order of starting. The queue has no ceiling of its own: the
 * writes are the caller's memory.
 */
#ifndef STORE_WRITER_H
#define STORE_WRITER_H

#include "store/index.h"
#include "store/ring.h"

struct writer;

struct writer_conf {
    struct index *index; /* borrowed, like the ring, until writer_stop has returned */
    struct ring *ring;
    struct loop *loop;
};

MUST_CHECK int writer_start(const struct writer_conf *conf, struct writer **ret);

/* Any thread. */
void writer_add(struct writer *writer, struct cache_write *write);

/* See cache_purges, and cache_usage. Any thread. */
uint64_t writer_purges(const struct writer *writer);
int64_t writer_oldest_picture(const struct writer *writer);

/* Commits what was added, calls no `done` any more, frees. Takes NULL. */
void writer_stop(struct writer *writer);

#endif
