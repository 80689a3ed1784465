#include "serve/hot.h"

#include "base/hash.h"
#include "base/list.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

struct entry {
    struct hash_link link;
    struct list age; /* newest at the head */
    struct reply *reply;
    size_t cost;
    bool visited;
    size_t len;
    char path[];
};

struct hot {
    struct hash table;
    struct list queue;
    struct list *hand; /* the next candidate for eviction, or the queue itself: begin at the tail */
    size_t bytes;
    size_t max_bytes;
    unsigned char seed[crypto_shorthash_KEYBYTES]; /* outsiders choose the paths */
};

int hot_new(size_t max_bytes, struct hot **ret)
{
    struct hot *hot = calloc(1, sizeof(*hot));
    if (!hot)
        return -ENOMEM;
    int r = hash_init(&hot->table);
    if (r < 0) {
        free(hot);
        return r;
    }
    list_init(&hot->queue);
    hot->hand = &hot->queue;
    hot->max_bytes = max_bytes;
    crypto_shorthash_keygen(hot->seed);
    *ret = hot;
    return 0;
}

static uint64_t path_hash(const struct hot *hot, const char *path, size_t len)
{
    uint64_t hash;
    crypto_shorthash((unsigned char *)&hash, (const unsigned char *)path, len, hot->seed);
    return hash;
}

static struct entry *find(const struct hot *hot, uint64_t hash, const char *path, size_t len)
{
    for (struct hash_link *link = hash_first(&hot->table, hash); link; link = hash_next(link)) {
        struct entry *entry = container_of(link, struct entry, link);
        if (entry->len == len && memcmp(entry->path, path, len) == 0)
            return entry;
    }
    return NULL;
}

struct reply *hot_get(struct hot *hot, const char *path, size_t len)
{
    struct entry *entry = find(hot, path_hash(hot, path, len), path, len);
    if (!entry)
        return NULL;
    entry->visited = true;
    return entry->reply;
}

static void drop(struct hot *hot, struct entry *entry)
{
    if (hot->hand == &entry->age)
        hot->hand = entry->age.prev;
    list_remove(&entry->age);
    hash_remove(&hot->table, &entry->link);
    hot->bytes -= entry->cost;
    reply_unref(entry->reply);
    free(entry);
}

/* The hand walks from old to new; what was visited is spared once, the first that was not goes. */
static void evict_one(struct hot *hot)
{
    for (;;) {
        if (hot->hand == &hot->queue)
            hot->hand = hot->queue.prev;
        struct entry *entry = container_of(hot->hand, struct entry, age);
        if (!entry->visited) {
            drop(hot, entry);
            return;
        }
        entry->visited = false;
        hot->hand = hot->hand->prev;
    }
}

void hot_put(struct hot *hot, const char *path, size_t len, struct reply *reply)
{
    const void *bytes;
    size_t cost = sizeof(struct entry) + len + 1 + reply_bytes(reply, &bytes) + 1024;
    if (!reply_is_picture(reply) || cost > hot->max_bytes / 8)
        return; /* a placeholder may be a picture next time */
    uint64_t hash = path_hash(hot, path, len);
    struct entry *known = find(hot, hash, path, len);
    if (known)
        drop(hot, known);
    struct entry *entry = malloc(sizeof(*entry) + len);
    if (!entry)
        return;
    *entry = (struct entry){.reply = reply_ref(reply), .cost = cost, .len = len};
    memcpy(entry->path, path, len);
    while (hot->bytes + cost > hot->max_bytes)
        evict_one(hot);
    list_add_head(&hot->queue, &entry->age);
    hash_add(&hot->table, &entry->link, hash);
    hot->bytes += cost;
}

size_t hot_bytes(const struct hot *hot)
{
    return hot->bytes;
}

void hot_clear(struct hot *hot)
{
    while (!list_empty(&hot->queue))
        drop(hot, container_of(hot->queue.next, struct entry, age));
}

void hot_free(struct hot *hot)
{
    if (!hot)
        return;
    hot_clear(hot);
    hash_free(&hot->table);
    free(hot);
}
