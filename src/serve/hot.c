#include "serve/hot.h"

#include "base/hash.h"
#include "base/list.h"

#include <errno.h>
#include <malloc.h>
#include <sodium.h>
#include <string.h>

#define RESPONSE 1024 /* what a reply and its response take beside the body, measured */

/* A picture, as long as a path leads to it. */
struct body {
    struct hash_link link; /* by content */
    struct reply *reply;
    unsigned paths;
};

struct entry {
    struct hash_link link; /* by path */
    struct list age;       /* newest at the head */
    struct reply *reply;
    struct body *body; /* NULL: a constant reply */
    uint64_t stamp;
    bool visited;
    size_t len;
    char path[];
};

struct hot {
    struct hash paths;
    struct hash bodies;
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
    int r = hash_init(&hot->paths);
    if (r == 0)
        r = hash_init(&hot->bodies);
    if (r < 0) {
        hash_free(&hot->paths);
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
    for (struct hash_link *link = hash_first(&hot->paths, hash); link; link = hash_next(link)) {
        struct entry *entry = container_of(link, struct entry, link);
        if (entry->len == len && memcmp(entry->path, path, len) == 0)
            return entry;
    }
    return NULL;
}

struct reply *hot_get(struct hot *hot, const char *path, size_t len, uint64_t stamp)
{
    struct entry *entry = find(hot, path_hash(hot, path, len), path, len);
    if (!entry || entry->stamp != stamp)
        return NULL;
    entry->visited = true;
    return entry->reply;
}

/* ---- bodies ---- */

/* It is a keyed hash itself. */
static uint64_t content_hash(const uint8_t content[32])
{
    uint64_t hash;
    memcpy(&hash, content, sizeof(hash));
    return hash;
}

static struct body *find_body(const struct hot *hot, const uint8_t content[32])
{
    for (struct hash_link *link = hash_first(&hot->bodies, content_hash(content)); link;
         link = hash_next(link)) {
        struct body *body = container_of(link, struct body, link);
        if (memcmp(reply_content(body->reply), content, 32) == 0)
            return body;
    }
    return NULL;
}

struct reply *hot_find(struct hot *hot, const uint8_t content[32])
{
    struct body *body = find_body(hot, content);
    return body ? body->reply : NULL;
}

/* With what the allocator rounds it up to, a tenth on an average of jemalloc's. */
static size_t body_cost(const struct reply *reply)
{
    const void *bytes;
    reply_bytes(reply, &bytes);
    return sizeof(struct body) + RESPONSE + malloc_usable_size((void *)(uintptr_t)bytes);
}

/* The body for one more path. NULL: out of memory. */
static struct body *take_body(struct hot *hot, struct reply *reply)
{
    struct body *body = find_body(hot, reply_content(reply));
    if (!body) {
        body = malloc(sizeof(*body));
        if (!body)
            return NULL;
        *body = (struct body){.reply = reply_ref(reply)};
        hash_add(&hot->bodies, &body->link, content_hash(reply_content(reply)));
        hot->bytes += body_cost(reply);
    }
    body->paths++;
    return body;
}

static void leave_body(struct hot *hot, struct body *body)
{
    if (!body || --body->paths > 0)
        return;
    hash_remove(&hot->bodies, &body->link);
    hot->bytes -= body_cost(body->reply);
    reply_unref(body->reply);
    free(body);
}

/* ---- paths ---- */

static size_t entry_cost(size_t len)
{
    return sizeof(struct entry) + len + 1;
}

static void drop(struct hot *hot, struct entry *entry)
{
    if (hot->hand == &entry->age)
        hot->hand = entry->age.prev;
    list_remove(&entry->age);
    hash_remove(&hot->paths, &entry->link);
    hot->bytes -= entry_cost(entry->len);
    reply_unref(entry->reply);
    leave_body(hot, entry->body);
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

/* 0, or -ENOMEM and nothing was done. Shares the body with what is here already. */
static int take_reply(struct hot *hot, struct entry *entry, struct reply *reply)
{
    struct body *body = reply_content(reply) ? take_body(hot, reply) : NULL;
    if (reply_content(reply) && !body)
        return -ENOMEM;
    struct reply *old = entry->reply;
    struct body *old_body = entry->body;
    entry->reply = reply_ref(body ? body->reply : reply);
    entry->body = body;
    reply_unref(old);
    leave_body(hot, old_body);
    return 0;
}

void hot_put(struct hot *hot, const char *path, size_t len, uint64_t stamp, struct reply *reply)
{
    /* A placeholder may be a picture next time. */
    if (!reply_is_picture(reply) || entry_cost(len) + body_cost(reply) > hot->max_bytes / 8)
        return;
    uint64_t hash = path_hash(hot, path, len);
    struct entry *known = find(hot, hash, path, len);
    if (known) {
        known->stamp = stamp;
        known->visited = true;
        if (take_reply(hot, known, reply) < 0)
            drop(hot, known);
    } else {
        struct entry *entry = malloc(sizeof(*entry) + len);
        if (!entry)
            return;
        *entry = (struct entry){.len = len, .stamp = stamp};
        if (take_reply(hot, entry, reply) < 0) {
            free(entry);
            return;
        }
        memcpy(entry->path, path, len);
        hot->bytes += entry_cost(len);
        /* Before it is in the queue: it is not for itself that room is made. */
        while (hot->bytes > hot->max_bytes && !list_empty(&hot->queue))
            evict_one(hot);
        list_add_head(&hot->queue, &entry->age);
        hash_add(&hot->paths, &entry->link, hash);
    }
    while (hot->bytes > hot->max_bytes) /* the known path got a larger picture */
        evict_one(hot);
}

void hot_drop(struct hot *hot, const char *path, size_t len)
{
    struct entry *entry = find(hot, path_hash(hot, path, len), path, len);
    if (entry)
        drop(hot, entry);
}

void hot_resize(struct hot *hot, size_t max_bytes)
{
    if (max_bytes == hot->max_bytes)
        return;
    hot->max_bytes = max_bytes;
    while (hot->bytes > max_bytes)
        evict_one(hot);
}

size_t hot_bytes(const struct hot *hot)
{
    return hot->bytes;
}

void hot_free(struct hot *hot)
{
    if (!hot)
        return;
    while (!list_empty(&hot->queue))
        drop(hot, container_of(hot->queue.next, struct entry, age));
    hash_free(&hot->paths);
    hash_free(&hot->bodies);
    free(hot);
}
