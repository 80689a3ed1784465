#include "store/ring.h"

#include "base/limits.h"
#include "store/checked.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

/* A smaller share is all housekeeping; a directory and the lock file, beside the map. */
#define OVERHEAD (64 * KiB)

struct ring {
    char *dir;
    const struct secret *secret;
    uint64_t size;
    uint64_t segment_size; /* of a new one's map */
    uint64_t share;        /* all of it, its keys included */
    bool encrypt;
    bool unsynced;
    uint64_t next_generation;
    struct checked checked; /* the writer's */
    uint64_t skipped;       /* the first that could not be opened, and so was not checked; 0 */

    pthread_mutex_t lock; /* of the array and the counts of readers; never held while reading */
    pthread_cond_t left;  /* a reader has left a segment */
    struct segment *segments[LIMIT_SEGMENTS_FOUND]; /* the oldest first */
    size_t count;
    bool sealed; /* the newest is not to be appended to; the writer's */

    _Atomic uint64_t moving; /* the generation of which pictures are appended anew, or 0 */
    _Atomic uint64_t wanted[LIMIT_WANTED]; /* first eight bytes of content hashes */
};

/* ---- opening ---- */

static int by_generation(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* The generations whose folders exist, ascending; more than we can hold: the newest. */
static int list_segments(const char *dir, uint64_t ret[LIMIT_SEGMENTS_FOUND], size_t *ret_count)
{
    DIR *d = opendir(dir);
    if (!d)
        return -errno;
    size_t count = 0;
    const struct dirent *entry;
    while (count < LIMIT_SEGMENTS_FOUND && (entry = readdir(d))) {
        uint64_t generation;
        int end = 0;
        if (sscanf(entry->d_name, "seg-%" SCNu64 "%n", &generation, &end) == 1 && end > 0 &&
            entry->d_name[end] == '\0')
            ret[count++] = generation;
    }
    closedir(d);
    qsort(ret, count, sizeof(ret[0]), by_generation);
    *ret_count = count;
    return 0;
}

static int open_found(struct ring *ring, const struct ring_conf *ring_conf)
{
    uint64_t found[LIMIT_SEGMENTS_FOUND];
    size_t count = 0;
    int r = list_segments(ring->dir, found, &count);
    if (r < 0)
        return r;
    for (size_t i = 0; i < count; i++) {
        struct segment_conf conf = {
            .dir = ring->dir,
            .generation = found[i],
            .secret = ring->secret,
            .unsynced = ring->unsynced,
            .closed = checked_closed(&ring->checked, found[i], &ring_conf->closed)};
        struct segment *segment;
        if (found[i] >= ring->next_generation)
            ring->next_generation = found[i] + 1;
        r = segment_open(&conf, &segment);
        if (r == -ENOMEM || r == -EMFILE || r == -ENFILE)
            return r;
        if (r < 0 && r != -EBADMSG && ring->skipped == 0)
            ring->skipped = found[i];
        if (r < 0)
            continue;
        if (ring_conf->empty)
            segment_remove(segment);
        else
            ring->segments[ring->count++] = segment;
    }
    return 0;
}

/* Of what is older than the newest. */
static void note_checked(const struct ring *ring, uint64_t newest)
{
    bool all = ring->skipped == 0 || newest < ring->skipped;
    checked_note(&ring->checked, all ? newest : ring->skipped);
}

/* Appending goes on in the newest, if it is of the kind that is wanted now. A segment younger than
 * what the index knows of has nothing that it knows; in an older one nothing more is written, since
 * which of its slots are in use is not known any more. */
static void take_up_newest(struct ring *ring, const struct ring_conf *conf)
{
    struct segment *newest = ring->segments[ring->count - 1];
    bool encrypts = segment_encrypts(newest);
    ring->sealed = encrypts != ring->encrypt || (encrypts && newest->generation < conf->slots_of);
    if (!encrypts || newest->generation < conf->slots_of)
        return;
    uint32_t known = newest->generation == conf->slots_of ? conf->slots : 0;
    ring->sealed |= segment_begin_slots(newest, known) < 0;
}

int ring_open(const struct ring_conf *conf, struct ring **ret)
{
    uint64_t shares = conf->size / LIMIT_SEGMENT_MIN;
    if (shares > LIMIT_SEGMENTS + 1)
        shares = LIMIT_SEGMENTS + 1;
    if (shares < 3)
        return -EINVAL;
    struct ring *ring = calloc(1, sizeof(*ring));
    if (!ring)
        return -ENOMEM;
    pthread_mutex_init(&ring->lock, NULL);
    pthread_cond_init(&ring->left, NULL);
    ring->size = conf->size;
    ring->share = (conf->size / shares - OVERHEAD) / 4096 * 4096;
    ring->encrypt = conf->encrypt;
    ring->unsynced = conf->unsynced;
    ring->segment_size = conf->encrypt ? slots_map_size(ring->share) : ring->share;
    ring->secret = conf->secret;
    ring->next_generation = 1;
    ring->dir = strdup(conf->dir);
    ring->checked.fd = -1;
    if (ring->dir)
        checked_open(ring->dir, &ring->checked);
    int r = ring->dir ? open_found(ring, conf) : -ENOMEM;
    if (r == 0 && ring->count > 0) {
        take_up_newest(ring, conf);
        note_checked(ring, ring->segments[ring->count - 1]->generation);
    }
    if (r == 0 && ring->count == 0)
        r = ring_grow(ring);
    if (r < 0 && r != -ENOSPC) {
        ring_close(ring);
        return r;
    }
    *ret = ring;
    return 0;
}

void ring_close(struct ring *ring)
{
    if (!ring)
        return;
    while (ring->count > 0)
        segment_close(ring->segments[--ring->count]);
    checked_close(&ring->checked);
    pthread_cond_destroy(&ring->left);
    pthread_mutex_destroy(&ring->lock);
    free(ring->dir);
    free(ring);
}

/* ---- reading ---- */

static struct segment *enter(struct ring *ring, uint64_t generation, bool *ret_old)
{
    struct segment *found = NULL;
    pthread_mutex_lock(&ring->lock);
    for (size_t i = 0; i < ring->count; i++) {
        if (ring->segments[i]->generation == generation) {
            found = ring->segments[i];
            found->readers++;
            *ret_old = i < ring->count / 2;
        }
    }
    pthread_mutex_unlock(&ring->lock);
    return found;
}

static void leave(struct ring *ring, struct segment *segment)
{
    pthread_mutex_lock(&ring->lock);
    if (--segment->readers == 0)
        pthread_cond_signal(&ring->left);
    pthread_mutex_unlock(&ring->lock);
}

int ring_read(struct ring *ring, uint64_t generation, struct segment_want *want, void **ret,
              size_t *ret_len)
{
    bool old = false;
    struct segment *segment = enter(ring, generation, &old);
    if (!segment)
        return -ENOENT;
    int r = segment_read(segment, want, ret, ret_len);
    leave(ring, segment);
    if (r == 0 && old)
        ring_touch(ring, want->content);
    return r;
}

int ring_has(struct ring *ring, uint64_t generation, const uint8_t content[32])
{
    bool old;
    struct segment *segment = enter(ring, generation, &old);
    if (!segment)
        return -ENOENT;
    int r = segment_has(segment, content);
    leave(ring, segment);
    return r;
}

static _Atomic uint64_t *wanted_slot(struct ring *ring, const uint8_t content[32], uint64_t *ret)
{
    memcpy(ret, content, sizeof(*ret));
    return &ring->wanted[*ret % LIMIT_WANTED];
}

void ring_touch(struct ring *ring, const uint8_t content[32])
{
    uint64_t print;
    _Atomic uint64_t *slot = wanted_slot(ring, content, &print);
    if (atomic_load_explicit(slot, memory_order_relaxed) != print)
        atomic_store_explicit(slot, print, memory_order_relaxed);
}

void ring_untouch(struct ring *ring, const uint8_t content[32])
{
    uint64_t print;
    _Atomic uint64_t *slot = wanted_slot(ring, content, &print);
    atomic_compare_exchange_strong(slot, &print, 0);
}

bool ring_wanted(struct ring *ring, const uint8_t content[32])
{
    uint64_t print;
    _Atomic uint64_t *slot = wanted_slot(ring, content, &print);
    return atomic_load_explicit(slot, memory_order_relaxed) == print;
}

void ring_begin_moving(struct ring *ring, uint64_t generation)
{
    atomic_store_explicit(&ring->moving, generation, memory_order_relaxed);
}

bool ring_moves(const struct ring *ring, uint64_t generation)
{
    return atomic_load_explicit(&ring->moving, memory_order_relaxed) == generation;
}

/* ---- the writer's: only it changes the array, so it reads it without the lock ---- */

struct segment *ring_newest(struct ring *ring)
{
    return ring->count > 0 && !ring->sealed ? ring->segments[ring->count - 1] : NULL;
}

struct segment *ring_find(struct ring *ring, uint64_t generation)
{
    for (size_t i = 0; i < ring->count; i++)
        if (ring->segments[i]->generation == generation)
            return ring->segments[i];
    return NULL;
}

static struct segment_conf conf_of_new(const struct ring *ring)
{
    return (struct segment_conf){.dir = ring->dir,
                                 .generation = ring->next_generation,
                                 .size = ring->segment_size,
                                 .secret = ring->secret,
                                 .unsynced = ring->unsynced,
                                 .may_make = true,
                                 .encrypt = ring->encrypt};
}

static void add_newest(struct ring *ring, struct segment *segment)
{
    pthread_mutex_lock(&ring->lock);
    ring->segments[ring->count++] = segment;
    pthread_mutex_unlock(&ring->lock);
    ring->next_generation++;
    ring->sealed = false;
    note_checked(ring, segment->generation);
}

/* Returns when no reader is in it any more. */
static void take_out(struct ring *ring, struct segment *segment)
{
    pthread_mutex_lock(&ring->lock);
    for (size_t i = 0; i < ring->count; i++) {
        if (ring->segments[i] == segment) {
            memmove(&ring->segments[i], &ring->segments[i + 1],
                    (ring->count - i - 1) * sizeof(ring->segments[0]));
            ring->sealed |= i == ring->count - 1;
            ring->count--;
            break;
        }
    }
    while (segment->readers > 0)
        pthread_cond_wait(&ring->left, &ring->lock);
    pthread_mutex_unlock(&ring->lock);
}

static void seal(struct ring *ring)
{
    ring->sealed = true;
    if (ring->count > 0)
        segment_seal(ring->segments[ring->count - 1]);
}

int ring_grow(struct ring *ring)
{
    seal(ring);
    if (ring->count == LIMIT_SEGMENTS_FOUND)
        return -ENOSPC;
    const struct segment_conf conf = conf_of_new(ring);
    struct segment *segment;
    int r = segment_open(&conf, &segment);
    if (r == 0)
        add_newest(ring, segment);
    return r;
}

int ring_renew(struct ring *ring)
{
    struct segment *oldest = ring_oldest(ring);
    if (!oldest || oldest->size != ring->segment_size || segment_encrypts(oldest) != ring->encrypt)
        return RING_UNLIKE;
    const struct segment_conf conf = conf_of_new(ring);
    seal(ring);
    take_out(ring, oldest);
    int r = segment_renew(oldest, &conf);
    if (r == 0)
        add_newest(ring, oldest);
    return r;
}

struct segment *ring_surplus(struct ring *ring, unsigned spare)
{
    uint64_t bytes = (ring->share + OVERHEAD) * spare;
    for (size_t i = 0; i < ring->count; i++)
        bytes += ring->segments[i]->bytes + OVERHEAD;
    return bytes > ring->size && ring->count > 0 ? ring->segments[0] : NULL;
}

uint64_t ring_first_generation(const struct ring *ring)
{
    return ring->count > 0 ? ring->segments[0]->generation : 0;
}

struct segment *ring_oldest(struct ring *ring)
{
    return ring->count > 1 ? ring->segments[0] : NULL;
}

void ring_drop(struct ring *ring, struct segment *segment)
{
    take_out(ring, segment);
    segment_remove(segment);
}

uint64_t ring_room(const struct ring *ring)
{
    return segment_room(ring->segment_size);
}

/* ---- figures ---- */

#define OUTLOOK_S   (7 * 86400) /* what was written longer ago says little, if there is better */
#define OUTLOOK_MIN 0.25        /* segments: less says nothing */

/* Seconds that a segment takes to fill; 0: not known. `filled`: the newest. */
static double pace(const struct ring *ring, double filled, int64_t now_s)
{
    double found = 0;
    for (size_t i = ring->count; i-- > 0;) {
        int64_t made_s = ring->segments[i]->made_s;
        double written = (double)(ring->count - 1 - i) + filled;
        if (made_s == 0 || made_s >= now_s) /* a clock that was set back */
            break;
        if (found > 0 && now_s - made_s > OUTLOOK_S)
            break;
        if (written >= OUTLOOK_MIN)
            found = (double)(now_s - made_s) / written;
    }
    return found;
}

void ring_outlook(struct ring *ring, int64_t now_s, struct ring_outlook *ret)
{
    *ret = (struct ring_outlook){0};
    pthread_mutex_lock(&ring->lock);
    uint64_t bytes = 0;
    for (size_t i = 0; i < ring->count; i++)
        bytes += ring->segments[i]->bytes + OVERHEAD;
    double more =
        bytes < ring->size ? (double)((ring->size - bytes) / (ring->share + OVERHEAD)) : 0;
    double filled = ring->count > 0 ? segment_filled(ring->segments[ring->count - 1]) : 0;
    double each_s = pace(ring, filled, now_s);
    ret->oldest_goes_s = (int64_t)((more + 1 - filled) * each_s);
    ret->stays_s = (int64_t)((more + (double)ring->count) * each_s);
    pthread_mutex_unlock(&ring->lock);
}

uint64_t ring_disk_bytes(struct ring *ring)
{
    uint64_t bytes = 0;
    pthread_mutex_lock(&ring->lock);
    for (size_t i = 0; i < ring->count; i++)
        bytes += env_disk_bytes(ring->segments[i]->dir);
    pthread_mutex_unlock(&ring->lock);
    return bytes;
}
