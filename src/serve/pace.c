#include "serve/pace.h"

#include "base/hash.h"
#include "base/list.h"

#include <errno.h>

#define SECOND_NS  1000000000LL
#define MS_NS      1000000LL
#define FULL_RETRY 1000 /* ms until a new key looks for room again */
#define LOOK_AT    8    /* buckets that are asked to give way; not tuned */

struct bucket {
    struct hash_link link; /* its hash is the key */
    struct list lru;
    int64_t full_ns; /* when it is full again */
};

struct pace {
    struct pace_rate rate;
    struct hash table;
    struct list lru; /* the one that was taken from longest ago stands first */
    size_t used;
    size_t most;
    struct bucket buckets[];
};

int pace_new(const struct pace_rate *rate, size_t most, struct pace **ret)
{
    must(most > 0 && (rate->per_s == 0 || rate->burst > 0));
    struct pace *pace = calloc(1, sizeof(*pace) + most * sizeof(pace->buckets[0]));
    if (!pace)
        return -ENOMEM;
    int r = hash_init(&pace->table);
    if (r < 0) {
        free(pace);
        return r;
    }
    pace->rate = *rate;
    pace->most = most;
    list_init(&pace->lru);
    *ret = pace;
    return 0;
}

void pace_change(struct pace *pace, const struct pace_rate *rate)
{
    must(rate->per_s == 0 || rate->burst > 0);
    pace->rate = *rate;
}

void pace_free(struct pace *pace)
{
    if (!pace)
        return;
    hash_free(&pace->table);
    free(pace);
}

static struct bucket *find(const struct pace *pace, uint64_t key)
{
    struct hash_link *link = hash_first(&pace->table, key);
    return link ? container_of(link, struct bucket, link) : NULL;
}

/* How long it takes to gain so much. */
static int64_t gain_ns(const struct pace *pace, uint64_t units)
{
    __int128 ns = (__int128)units * SECOND_NS / pace->rate.per_s;
    return ns < INT64_MAX / 4 ? (int64_t)ns : INT64_MAX / 4;
}

/* When a bucket that is full at `full_ns` has one unit, rounded up to a millisecond from now. */
static int64_t wait_of(const struct pace *pace, int64_t full_ns, int64_t now_ns)
{
    int64_t left_ns = full_ns + gain_ns(pace, 1) - gain_ns(pace, pace->rate.burst) - now_ns;
    return left_ns <= 0 ? 0 : (left_ns + MS_NS - 1) / MS_NS;
}

/* One that may be used for another key: it is full again. Those that are not go to the end of the
 * line, so that a few that owe for long do not stand before all others. */
static struct bucket *find_full(struct pace *pace, int64_t now_ns)
{
    for (int looked = 0; looked < LOOK_AT; looked++) {
        struct bucket *bucket = container_of(pace->lru.next, struct bucket, lru);
        if (bucket->full_ns <= now_ns)
            return bucket;
        list_remove(&bucket->lru);
        list_add_tail(&pace->lru, &bucket->lru);
    }
    return NULL;
}

int64_t pace_wait_ms(struct pace *pace, uint64_t key, int64_t now_ms)
{
    int64_t now_ns = now_ms * MS_NS;
    if (pace->rate.per_s == 0)
        return 0;
    const struct bucket *bucket = find(pace, key);
    if (bucket)
        return wait_of(pace, bucket->full_ns, now_ns);
    return pace->used < pace->most || find_full(pace, now_ns) ? 0 : FULL_RETRY;
}

/* Whoever did not ask first, where all owe: the one that was used longest ago is forgotten. */
static struct bucket *make(struct pace *pace, uint64_t key, int64_t now_ns)
{
    struct bucket *bucket;
    if (pace->used < pace->most) {
        bucket = &pace->buckets[pace->used++];
    } else {
        bucket = find_full(pace, now_ns);
        if (!bucket)
            bucket = container_of(pace->lru.next, struct bucket, lru);
        hash_remove(&pace->table, &bucket->link);
        list_remove(&bucket->lru);
    }
    *bucket = (struct bucket){.full_ns = now_ns};
    list_init(&bucket->lru);
    hash_add(&pace->table, &bucket->link, key);
    return bucket;
}

void pace_take(struct pace *pace, uint64_t key, uint64_t units, int64_t now_ms)
{
    int64_t now_ns = now_ms * MS_NS;
    if (pace->rate.per_s == 0)
        return;
    struct bucket *bucket = find(pace, key);
    if (!bucket)
        bucket = make(pace, key, now_ns);
    int64_t from_ns = bucket->full_ns > now_ns ? bucket->full_ns : now_ns;
    int64_t cost_ns = gain_ns(pace, units);
    bucket->full_ns = from_ns < INT64_MAX / 2 ? from_ns + cost_ns : from_ns;
    list_remove(&bucket->lru);
    list_add_tail(&pace->lru, &bucket->lru);
}

int64_t pace_book(struct pace *pace, uint64_t key, int64_t now_ms)
{
    int64_t wait_ms = pace_wait_ms(pace, key, now_ms);
    pace_take(pace, key, 1, now_ms);
    return wait_ms;
}
