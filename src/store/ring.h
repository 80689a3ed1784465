/*
 * The ring of segments: the newest is appended to, the oldest goes as a whole; once there is no
 * room for another, its files become the next newest. Their sizes together stay below what was
 * given.
 *
 * ring_read, ring_has, ring_touch and ring_moves are for any thread. Everything else is the
 * writer's alone. A segment is closed only after the last reader has left it; readers hold it for
 * one copy.
 *
 * What was read lately from the older half is remembered in a fixed table in memory (collisions
 * forget the older one), so that it can be appended anew before its segment goes.
 */
#ifndef STORE_RING_H
#define STORE_RING_H

#include "store/segment.h"

struct ring;

struct ring_conf {
    const char *dir;
    uint64_t size; /* bytes of all segments together */
    const struct secret *secret;
    struct env_closed closed;
    bool empty;        /* remove what is there: the index does not know it */
    bool encrypt;      /* what is stored from now on */
    bool unsynced;     /* as in cache.h */
    uint64_t slots_of; /* the last segment with keys that the index knows of, and how many of ... */
    uint32_t slots;    /* ... its slots */
};

/* Opens what is there; segments that cannot be read are removed. 0 or -errno; a full disk is no
 * error: the ring then has no newest segment. */
MUST_CHECK int ring_open(const struct ring_conf *conf, struct ring **ret);

/* Takes NULL. No thread may be reading. */
void ring_close(struct ring *ring);

/* A copy, checked; the caller frees *ret. 0; SEGMENT_AWAY; -ENOENT; -errno. */
MUST_CHECK int ring_read(struct ring *ring, uint64_t generation, struct segment_want *want,
                         void **ret, size_t *ret_len);

/* Is it there? Reads no picture. 0; -ENOENT; -errno. */
MUST_CHECK int ring_has(struct ring *ring, uint64_t generation, const uint8_t content[32]);

/* Remembers that the picture is wanted; ring_wanted asks. Appended anew, it has to be asked for
 * once more. */
void ring_touch(struct ring *ring, const uint8_t content[32]);
void ring_untouch(struct ring *ring, const uint8_t content[32]);
bool ring_wanted(struct ring *ring, const uint8_t content[32]);

/* What is wanted of this segment is appended anew from now on, as far as there is room, and no
 * longer of another one: which copy is to be read, only the index knows. ring_moves is for any
 * thread. */
void ring_begin_moving(struct ring *ring, uint64_t generation);
bool ring_moves(const struct ring *ring, uint64_t generation);

/* The newest segment, or NULL when there is none to append to. */
struct segment *ring_newest(struct ring *ring);

/* Any segment by its generation, or NULL. */
struct segment *ring_find(struct ring *ring, uint64_t generation);

/* Makes a new newest segment. 0; -ENOSPC: the disk is full; -errno. There is then none to append
 * to. */
MUST_CHECK int ring_grow(struct ring *ring);

/* The same with the files of the oldest, which goes. 0; RING_UNLIKE: there is none but the newest,
 * or it is of another size or kind, and nothing was done; -errno: then it is gone, too. */
#define RING_UNLIKE 1

MUST_CHECK int ring_renew(struct ring *ring);

/* The oldest segment, when it has to go so that there is room for `spare` more, or for what there
 * is (`spare` 0); else NULL. */
struct segment *ring_surplus(struct ring *ring, unsigned spare);

/* Older ones are no more. 0: there is none at all. */
uint64_t ring_first_generation(const struct ring *ring);

/* The oldest segment but for the newest, whatever the sizes; or NULL. */
struct segment *ring_oldest(struct ring *ring);

/* Takes the segment out of the ring, waits for its readers, removes its files. */
void ring_drop(struct ring *ring, struct segment *segment);

/* Bytes that a new segment has room for in one picture. */
uint64_t ring_room(const struct ring *ring);

/* At the rate of the last days: how long until the oldest segment goes, and how long a picture
 * stays that is stored now and not read. Both 0 while that cannot be told. Any thread. */
struct ring_outlook {
    int64_t oldest_goes_s;
    int64_t stays_s;
};

void ring_outlook(struct ring *ring, int64_t now_s, struct ring_outlook *ret);

/* Bytes on disk. Any thread. */
uint64_t ring_disk_bytes(struct ring *ring);

#endif
