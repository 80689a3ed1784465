/*
 * What we remember and what we keep: the one door to everything on disk.
 *
 * The index (one small, durable LMDB environment) remembers every original by a keyed hash of its
 * URL: claimed, stored or failed, and when. It outlives the pictures; it is the memory behind
 * "fetched once". The segments (a ring of LMDB environments) keep the pictures by content hash,
 * each once. The queue, beside the index, holds what is still to be fetched, encrypted. Nothing on
 * disk can be read as a URL or a host.
 *
 * Reading (cache_lookup, cache_read, cache_queue_next) is for any thread and copies out: no
 * transaction outlives a call. Writing is asynchronous: a struct cache_write is handed over, one
 * writer thread commits it together with others, durably, and `done` runs on the loop given at
 * opening, exactly once, never from inside cache_write_start. Writes are applied in the order of
 * starting. A full disk or an unreadable segment costs pictures, never the process: the write then
 * carries its error.
 */
#ifndef STORE_CACHE_H
#define STORE_CACHE_H

#include "base/err.h"
#include "base/image.h"
#include "base/limits.h"
#include "sys/loop.h"

#include <stdint.h>

struct cache;
struct writer;

struct cache_conf {
    const char *dir;     /* created 0700 when missing; holds secret, index, segments */
    uint64_t size;       /* bytes for segments, index and queue together */
    uint64_t index_size; /* bytes of that for index and queue */
    struct loop *loop;   /* where `done` runs */
};

enum cache_answer {
    CACHE_NONE = 1,    /* not known, or the picture is gone */
    CACHE_CHANGED = 2, /* a claim lost: the record is no longer in the state the caller saw */
    CACHE_LOCKED = 3,  /* another server uses this directory */
    CACHE_NEWER = 4,   /* made by a version whose format we do not read */
};

/* 0, CACHE_LOCKED, CACHE_NEWER or -errno: -EINVAL sizes that leave no room for segments, -ENOKEY an
 * index without its secret, -EPERM or -EBADMSG a secret that others can read or that is damaged.
 * Makes the secret (0600) the first time. Claims that a crash left without outcome become failed
 * tries here, before it returns: CACHE_REASON_CRASHED, due again when their queue entry is, or not
 * at all (`retry_s` 0) when they have none. An index that cannot be read is set aside as
 * index.broken and a new one begun: cache_usage then says so, and it is to be said aloud. */
MUST_CHECK int cache_open(const struct cache_conf *conf, struct cache **ret);

/* Commits what was handed over, calls nothing any more, frees. Takes NULL. On the loop's thread, or
 * when the loop no longer runs. A write whose `done` has not run by then belongs to the caller
 * again; when the loop goes on running it must turn once before that write is freed. */
void cache_close(struct cache *cache);

/* ---- keys ---- */

struct cache_key {
    uint8_t bytes[32];
};

/* BLAKE2b of a canonical URL, keyed by state/secret. */
void cache_key_of_url(const struct cache *cache, const char *url, size_t len,
                      struct cache_key *ret);

/* BLAKE2b keyed by state/secret for any other purpose, told apart by `label`: jitter, tags, egress.
 */
void cache_keyed_hash(const struct cache *cache, const char *label, const void *bytes, size_t len,
                      struct cache_key *ret);

/* ---- reading ---- */

enum cache_state {
    CACHE_CLAIMED = 1, /* about to be asked, or being asked */
    CACHE_STORED = 2,  /* answered with a picture, which may be gone by now */
    CACHE_FAILED = 3,  /* not shown: `reason`; again at `retry_s` when that is not 0 */
};

#define CACHE_SHARERS        8
#define CACHE_REASON_CRASHED 255 /* claimed when the process ended; nobody knows the outcome */

struct cache_record {
    uint8_t state;  /* enum cache_state */
    uint8_t reason; /* of a failure: the caller's number, kept as it is */
    uint8_t tries;  /* requests made so far */
    uint8_t type;   /* enum image_type of the stored picture */
    uint8_t pixel;  /* 1: the bytes were a tracking pixel; nothing is stored, `content` is zero */
    uint8_t sharers_count;
    uint16_t sharers[CACHE_SHARERS]; /* different mailbox salts seen, 16 bits of each */
    uint32_t size;                   /* bytes of the stored picture */
    uint8_t content[32];             /* its content hash (BLAKE2b of the served bytes, keyed) */
    int64_t claimed_s;               /* calendar seconds */
    int64_t answered_s;
    int64_t retry_s;
};

/* 0, CACHE_NONE or -errno. */
MUST_CHECK int cache_lookup(const struct cache *cache, const struct cache_key *key,
                            struct cache_record *ret);

/* The bytes of a stored picture, copied out and checked. The caller frees *ret. 0; CACHE_NONE when
 * its segment is gone or the checksum fails; -errno. */
MUST_CHECK int cache_read(const struct cache *cache, const struct cache_record *record, void **ret,
                          size_t *ret_len);

/* ---- writing ---- */

/*
 * An answer and what it means for the queue are one transaction. Where an op says "requeued", the
 * URL in `bytes` stands in the queue afterwards, at record.retry_s and nowhere else; when that is 0
 * or `bytes` is NULL, it stands there no more.
 */
enum cache_op {
    CACHE_CLAIM, /* record.state becomes CLAIMED if it still is `seen`; tries + 1 after a failure,
                    else 1; requeued: a crash leaves no other trace of the URL */
    CACHE_STORE, /* the answer: a picture (`bytes`, record.type) or, with record.pixel, none; leaves
                    the queue */
    CACHE_FAIL,  /* the answer: record.reason, record.retry_s; requeued */
    CACHE_SHARER,  /* one more mailbox salt, record.sharers[0]; creates no record */
    CACHE_ENQUEUE, /* `bytes` is the URL: to be fetched at record.retry_s; an earlier date stays */
    CACHE_REQUEUE, /* the same, and replaces what stands there; without `bytes` an entry that stands
                      there gets that date */
    CACHE_DEQUEUE,
    CACHE_PURGE,  /* the record says STORED without a picture from now on, claims included; leaves
                     the queue */
    CACHE_FORGET, /* the record goes, and its queue entry: as if never seen */
};

struct cache_write {
    /* The caller fills in, and leaves alone until `done`. Zero what is not used. */
    enum cache_op op;
    struct cache_key key;
    uint8_t seen;               /* CACHE_CLAIM: state at lookup, 0 when there was no record.
                                   CACHE_STORE, CACHE_FAIL, CACHE_REQUEUE: when not 0, only if it
                                   still is that: what was purged in flight then stays purged */
    struct cache_record record; /* the fields the op names; on `done` what now stands on disk */
    const void *bytes;
    size_t len;
    void (*done)(struct cache_write *self); /* NULL: fire and forget; the cache then frees `self`
                                               and `bytes` with free() */
    /* The cache fills in. */
    int result; /* 0, CACHE_CHANGED, or -errno (-ENOSPC: the picture was not kept; for CACHE_STORE
                   the record then says STORED without a picture) */
    struct writer *writer;
    struct loop_task task;
    struct cache_write *next;
};

void cache_write_start(struct cache *cache, struct cache_write *write);

/* ---- the queue ---- */

struct cache_queued {
    struct cache_key key;
    int64_t due_s;
    char url[LIMIT_URL + 1]; /* decrypted, canonical, terminated */
    size_t url_len;
};

/* The entry that is due first, after `after` (NULL: from the beginning). 0, CACHE_NONE or -errno.
 * An entry that cannot be decrypted is skipped. */
MUST_CHECK int cache_queue_next(const struct cache *cache, const struct cache_queued *after,
                                struct cache_queued *ret);

/* Is this URL waiting in the queue, and until when? 0 or CACHE_NONE or -errno. */
MUST_CHECK int cache_queue_find(const struct cache *cache, const struct cache_key *key,
                                int64_t *ret_due_s);

/* ---- figures ---- */

struct cache_usage {
    uint64_t bytes;    /* on disk, index included */
    uint64_t records;  /* originals remembered */
    uint64_t pictures; /* in all segments */
    uint64_t queued;
    uint8_t index_lost; /* 1: the index could not be read at opening; what it knew is forgotten */
};

void cache_usage(const struct cache *cache, struct cache_usage *ret);

#endif
