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
 *
 * Forgetting is on purpose only: by cache_sweep_start, which is told the time and the terms, and by
 * cache_purge_start, which is an operator's wish and goes on after a crash. Both take small steps
 * between the commits, however much there is to go through.
 */
#ifndef STORE_CACHE_H
#define STORE_CACHE_H

#include "base/err.h"
#include "base/image.h"
#include "base/limits.h"
#include "sys/loop.h"

#include <stdbool.h>
#include <stdint.h>

struct cache;
struct writer;

struct cache_conf {
    const char *dir;     /* created 0700 when missing; holds secret, index, segments */
    uint64_t size;       /* bytes for segments, index and queue together */
    uint64_t index_size; /* bytes of that for index and queue */
    bool encrypt;        /* pictures stored from now on */
    bool unsynced;       /* nothing is flushed, and a power loss may cost all of it: for filling
                            a store that can be made again, as benchmarks do */
    struct loop *loop;   /* where `done` runs */
};

enum cache_answer {
    CACHE_NONE = 1,    /* not known, or the picture is gone */
    CACHE_CHANGED = 2, /* a claim lost: the record is no longer in the state the caller saw */
    CACHE_LOCKED = 3,  /* another server uses this directory */
    CACHE_NEWER = 4,   /* made by a version whose format we do not read */
    CACHE_AWAY = 5,    /* on the disk only: reading it would block */
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

/* For who is dying of an error of its own (SIGSEGV, SIGBUS, SIGABRT): damage on the disk may be
 * why. The next opening of the folder that this process opened last, if it was not closed, believes
 * nothing that it has not walked through. Async-signal-safe, any thread; does nothing without such
 * a folder. */
void cache_distrust(void);

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

/* Short ones that records and queue entries carry: of a canonical host, of a tenant's name, and of
 * whatever name the queue is to be grouped by. Never 0, which says that it is not known. */
#define CACHE_TENANTS UINT16_MAX /* several of them asked; no name has this hash */

uint64_t cache_host_hash(const struct cache *cache, const char *host, size_t len);
uint16_t cache_tenant_hash(const struct cache *cache, const char *name, size_t len);
uint32_t cache_group_hash(const struct cache *cache, const char *name, size_t len);

/* ---- reading ---- */

enum cache_state {
    CACHE_CLAIMED = 1, /* about to be asked, or being asked */
    CACHE_STORED = 2,  /* answered with a picture, which may be gone by now */
    CACHE_FAILED = 3,  /* not shown: `reason`; again at `retry_s` when that is not 0 */
};

#define CACHE_SHARERS        8
#define CACHE_SHARER_SALT    10  /* low bits of a sharer that are the salt's; the rest, its key's */
#define CACHE_REASON_CRASHED 255 /* claimed when the process ended; nobody knows the outcome */

struct cache_record {
    uint8_t state;  /* enum cache_state */
    uint8_t reason; /* of a failure: the caller's number, kept as it is */
    uint8_t tries;  /* made so far, of this series; see `untried` */
    uint8_t type;   /* enum image_type of the stored picture */
    uint8_t pixel;  /* 1: the bytes were a tracking pixel; nothing is stored, `content` is zero */
    uint8_t purged; /* 1: an operator's wish; never fetched again while the record stands, which the
                       store sees to: it refuses to queue or claim it (CACHE_CHANGED) */
    uint8_t asked;  /* 1: something other than delivered mail asked for it */
    uint8_t answered;  /* 1: it was stored once, whatever came after */
    uint8_t again;     /* requests that went out after that, up to 255 */
    uint8_t counted;   /* the cache's own, as `stamp` and `place`: the picture is encrypted, and
                          counts this record among its holders */
    uint16_t requests; /* all that went out, up to 65535 */
    uint16_t tenant;   /* cache_tenant_hash, CACHE_TENANTS, or 0 */
    uint8_t sharers_count;
    uint16_t sharers[CACHE_SHARERS]; /* different mailbox salts seen, 16 bits of each */
    uint32_t size;                   /* bytes of the stored picture */
    uint8_t content[32];             /* its content hash (BLAKE2b of the served bytes, keyed) */
    int64_t claimed_s;               /* calendar seconds; of 40 bits, as all times here */
    int64_t answered_s;
    int64_t retry_s;
    int64_t delivered_s; /* the beginning of the day of the last delivery, or 0 */
    uint64_t host;       /* cache_host_hash, or 0 */
    uint64_t hop_host;   /* likewise, of what it redirects to in the end; or 0 */
    uint32_t stamp;
    uint32_t place; /* the segment where the picture was when this was written, if it is not
                       encrypted; 0: not known */
};

/* How many different mailboxes of one key asked for this original, as far as the record can say. */
unsigned cache_sharers(const struct cache_record *record);

/* Does the record not say yet that this tenant (0: not known) asked? */
static inline bool cache_tenant_is_news(const struct cache_record *record, uint16_t tenant)
{
    return tenant != 0 && record->tenant != tenant && record->tenant != CACHE_TENANTS;
}

/* 0, CACHE_NONE or -errno. */
MUST_CHECK int cache_lookup(const struct cache *cache, const struct cache_key *key,
                            struct cache_record *ret);

/* The bytes of a stored picture, copied out and checked. The caller frees *ret. 0; CACHE_NONE when
 * its segment is gone or the checksum fails; -errno. */
MUST_CHECK int cache_read(const struct cache *cache, const struct cache_record *record, void **ret,
                          size_t *ret_len);

/* Where a picture was found, for who reads it again soon. It holds until it does not: what is not
 * there any more is looked up. All zero: not known. */
struct cache_place {
    uint64_t generation;
    uint32_t slot;
    uint32_t len;   /* of what lies ... */
    const void *at; /* ... here while that segment lives, which the cache finds out before it looks;
                       NULL: to be looked up in it */
};

struct cache_want {
    const struct cache_record *record;
    struct cache_place place; /* where to look first; where it was found, when 0 is returned */
    bool resident;            /* only if the kernel has it in memory; else CACHE_AWAY */
};

/* The same, as `want` says. */
MUST_CHECK int cache_read_wanted(const struct cache *cache, struct cache_want *want, void **ret,
                                 size_t *ret_len);

/* Are they here? Reads no picture, only where it lies. 0, CACHE_NONE or -errno. */
MUST_CHECK int cache_has_picture(const struct cache *cache, const struct cache_record *record);

/* ---- writing ---- */

/*
 * An answer and what it means for the queue are one transaction. Where an op says "requeued", the
 * URL in `bytes` stands in the queue afterwards, at record.retry_s and nowhere else; when that is 0
 * or `bytes` is NULL, it stands there no more.
 */
enum cache_op {
    CACHE_CLAIM, /* record.state becomes CLAIMED if it still is `seen`; tries + 1 after a failure
                    or a claim without outcome, else 1; one more request, unless `silent`; requeued:
                    a crash leaves no other trace of the URL. Was it not queued as delivered mail,
                    the record says `asked`
                  */
    CACHE_STORE, /* the answer: a picture (`bytes`, record.type) or, with record.pixel, none; leaves
                    the queue */
    CACHE_FAIL,  /* the answer: record.reason, record.retry_s; requeued */
    CACHE_SHARER,  /* one more mailbox salt, record.sharers[0]; creates no record */
    CACHE_NOTE,    /* only the notes below; creates no record */
    CACHE_ENQUEUE, /* `bytes` is the URL: to be fetched at record.retry_s; an earlier date stays. Of
                      what stands there already and is claimed or failed, date and URL stay, which
                      may be that of a hop; it takes the notes */
    CACHE_REQUEUE, /* the same, and replaces what stands there; without `bytes` an entry that stands
                      there gets that date */
    CACHE_DEQUEUE,
    CACHE_PURGE,  /* the record says STORED without a picture from now on, claims included, and is
                     made when there is none; `purged` when record.purged says so; leaves the queue
                   */
    CACHE_FORGET, /* the record goes, and its queue entry: as if never seen */
    CACHE_ORDER,  /* the cache's own, as the next: cache_purge_start ... */
    CACHE_TURN,   /* ... and cache_sweep_start */
};

/*
 * Notes: every op but DEQUEUE, PURGE and FORGET takes over from `record`, when they are not 0,
 * host, hop_host (STORE: also when it is 0), tenant (two different ones become CACHE_TENANTS), the
 * later delivered_s, and asked. ENQUEUE keeps tenant and delivered_s with the queue entry too, and
 * the CLAIM that follows finds them there. `group` goes with the queue entry; when it is 0, an
 * entry that stands there keeps its own.
 */

struct cache_write {
    /* The caller fills in, and leaves alone until `done`. Zero what is not used. */
    enum cache_op op;
    struct cache_key key;
    uint8_t seen;               /* CACHE_CLAIM: state at lookup, 0 when there was no record.
                                   CACHE_STORE, CACHE_FAIL, CACHE_REQUEUE: when not 0, only if it
                                   still is that: what was purged in flight then stays purged */
    uint32_t group;             /* cache_group_hash, or 0: of the queue entry */
    uint8_t silent;             /* CACHE_CLAIM: 1: no request goes out for it */
    uint8_t untried;            /* CACHE_FAIL: 1: nobody was asked since the claim, which takes back
                                   its try and, unless `silent`, its request */
    struct cache_record record; /* the fields the op names; on `done` what now stands on disk */
    const void *bytes;
    size_t len;
    void (*done)(struct cache_write *self); /* NULL: fire and forget; the cache then frees `self`
                                               and `bytes` with free() */
    /* The cache fills in. */
    int result; /* 0, CACHE_CHANGED, or -errno (-ENOSPC: the picture was not kept; for CACHE_STORE
                   the record then says STORED without a picture) */
    uint8_t existed; /* there was a record, or an entry in the queue */
    struct writer *writer;
    struct loop_task task;
    struct cache_write *next;
};

void cache_write_start(struct cache *cache, struct cache_write *write);

/* What so many mailboxes of one key have asked for may be fetched again, and goes before what may
 * not; 0, as at first: no difference is made. For what is stored, or asked for by another mailbox,
 * from now on. Any thread. */
void cache_set_shared_by(struct cache *cache, unsigned shared_by);

/* ---- the queue ---- */

/*
 * Entries stand in groups, each in order of time; the groups stand in order of their first entries.
 * So whoever looks for what is due, and must leave some groups for later, passes those by at the
 * cost of one step each, however long they are. The queue may take half of the index; beyond, and
 * in a full index, ENQUEUE gives -ENOSPC.
 */
struct cache_queued {
    struct cache_key key;
    int64_t due_s;
    uint32_t group;
    uint16_t tenant;
    int64_t delivered_s;
    char url[LIMIT_URL + 1]; /* decrypted, canonical, terminated */
    size_t url_len;
};

/* The entry that is due next after `after` in its group; `after` NULL: first, of all groups. 0,
 * CACHE_NONE or -errno. An entry that cannot be decrypted is skipped. */
MUST_CHECK int cache_queue_next(const struct cache *cache, const struct cache_queued *after,
                                struct cache_queued *ret);

/* The entry of `group` that is due first. 0, CACHE_NONE or -errno. */
MUST_CHECK int cache_queue_first(const struct cache *cache, uint32_t group,
                                 struct cache_queued *ret);

struct cache_group {
    uint32_t group;
    int64_t due_s; /* of its first entry */
};

/* The group whose first entry is due next after that of `after`; `after` NULL: first. Decrypts
 * nothing. 0, CACHE_NONE or -errno. */
MUST_CHECK int cache_queue_next_group(const struct cache *cache, const struct cache_group *after,
                                      struct cache_group *ret);

/* Is this URL waiting in the queue, and until when? 0 or CACHE_NONE or -errno. */
MUST_CHECK int cache_queue_find(const struct cache *cache, const struct cache_key *key,
                                int64_t *ret_due_s);

/* ---- purging ---- */

enum cache_purge_what {
    CACHE_PURGE_URL = 1, /* `key`; not known, it leaves a tombstone all the same */
    CACHE_PURGE_HOST,    /* `host`, and what redirects there in the end */
    CACHE_PURGE_TENANT,  /* `tenant`, where no other one asked as well */
    CACHE_PURGE_ALL,
};

/*
 * An operator's wish. From the commit that accepts it, which is durable, nobody finds what it names
 * any more, and no outcome of a fetch begun before brings it back; after that the records are gone
 * through in small steps, which a crash only delays: the next opening goes on. What is purged
 * leaves a record that says `purged`, also for a URL that was only queued; with `forget`, nothing,
 * and it may be fetched again.
 *
 * A picture that was stored encrypted, and that no other record holds, cannot be read any more from
 * anything on the disk when `done` comes: its key was written over. So it goes whenever the last
 * record that holds it goes, or takes another. Other pictures stay on the disk, named by nothing,
 * until their segment has gone and, if its files became the newest one's, until that is full: what
 * it has not written over by then gets zeros.
 */
struct cache_purge {
    /* The caller fills in, and leaves alone until `done`. */
    enum cache_purge_what what;
    struct cache_key key;
    uint64_t host;
    uint16_t tenant;
    uint8_t forget;
    void (*done)(struct cache_purge *self); /* on the loop, when all of it was gone through */
    /* The cache fills in. */
    int result;        /* 0; -EAGAIN: LIMIT_PURGES are under way; -errno: nothing was accepted */
    uint64_t purged;   /* originals: records, and queue entries without one */
    uint64_t dequeued; /* of the queue */
    uint32_t number;
    struct cache_write write;
    struct cache_purge *next;
};

/* `done` comes exactly once, unless the cache is closed before: then the purge goes on when it is
 * opened again, and the struct belongs to the caller again (as in cache_close). */
void cache_purge_start(struct cache *cache, struct cache_purge *purge);

/* How many purges were accepted since opening. Replies kept in memory from before it grew are void:
 * who keeps one reads this before the lookup and keeps the reply only if it still is the same. Any
 * thread, without a lock. */
uint64_t cache_purges(const struct cache *cache);

/* ---- forgetting ---- */

/*
 * One turn of forgetting: looks at the next LIMIT_SWEEP_TURN records, round and round, and forgets
 * what was answered (or delivered, or purged) longer than `retention_s` ago and has no picture. A
 * picture is never outlived by its record.
 *
 * When the index is nearly full, and only then, more goes, the oldest first of each kind: originals
 * that only delivered mail asked for, whose picture is gone and whose last delivery is
 * `fetch_window_s` ago (nothing but a new delivery can have them fetched); then, before their time,
 * failures; then what was stored and is gone; then what is stored, because a full index that
 * refuses all new mail would be worse than a picture fetched twice. Never: claims, failures that
 * will be tried again, and what was purged. "The oldest" is judged by a sample. The terms of the
 * last turn also hold for turns that the writer takes of itself when the index fills up between
 * them.
 */
struct cache_sweep {
    /* The caller fills in, and leaves alone until `done`. */
    int64_t now_s;
    int64_t retention_s;
    int64_t fetch_window_s;
    void (*done)(struct cache_sweep *self); /* on the loop */
    /* The cache fills in. */
    int result; /* 0 or -errno */
    uint32_t visited;
    uint32_t forgotten;
    uint32_t early; /* of those, before their time */
    uint8_t round;  /* 1: all records have been looked at once more */
    struct cache_write write;
};

/* `done` comes exactly once, unless the cache is closed before. */
void cache_sweep_start(struct cache *cache, struct cache_sweep *sweep);

/* ---- one small text of the layers above ---- */

/* Kept sealed beside the index, as store/memo.h says: replaces it, or gives it back, terminated,
 * for the caller to free. Both block on the disk: not for the loop's thread; and one thread at a
 * time. 0; CACHE_NONE: there is none; -EBADMSG: it is damaged; -errno. */
MUST_CHECK int cache_memo_save(const struct cache *cache, const char *text, size_t len);
MUST_CHECK int cache_memo_load(const struct cache *cache, char **ret, size_t *ret_len);

/* ---- figures ---- */

struct cache_usage {
    uint64_t bytes;   /* on disk, index included */
    uint64_t records; /* originals remembered */
    uint64_t claimed; /* of those; the other three likewise */
    uint64_t stored;  /* `purged` not included */
    uint64_t failed;
    uint64_t purged;
    uint64_t pictures; /* in all segments; off by what one of them holds at most */
    uint64_t queued;
    uint64_t forgotten;       /* by sweeps, ever */
    uint64_t forgotten_early; /* of those, before their time: the index is too small */
    uint64_t index_bytes;     /* on disk */
    uint64_t index_left;      /* bytes of the index that are free */
    uint64_t segment_bytes;   /* on disk */
    int64_t oldest_picture_s; /* when the oldest stored original was answered, as the last round of
                                 sweeps found it; 0 before there was one */
    int64_t oldest_goes_s; /* at the rate of the last days: in so many seconds the oldest pictures
                              go, but for those that were read lately; 0: not known yet */
    int64_t stays_s;       /* likewise, how long a picture stays that is stored now */
    uint8_t index_lost; /* 1: the index could not be read at opening; what it knew is forgotten */
};

void cache_usage(const struct cache *cache, struct cache_usage *ret);

#endif
