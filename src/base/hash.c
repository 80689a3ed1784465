#include "base/hash.h"

#include <errno.h>

#define FIRST_BUCKETS 64 /* not tuned */

int hash_init(struct hash *table)
{
    struct hash_link **buckets = calloc(FIRST_BUCKETS, sizeof(struct hash_link *));
    if (!buckets)
        return -ENOMEM;
    *table = (struct hash){.buckets = buckets, .mask = FIRST_BUCKETS - 1};
    return 0;
}

void hash_free(struct hash *table)
{
    free(table->buckets);
    *table = (struct hash){0};
}

static void bucket_push(struct hash *table, struct hash_link *link)
{
    struct hash_link **bucket = &table->buckets[link->hash & table->mask];
    link->next = *bucket;
    *bucket = link;
}

static void hash_grow(struct hash *table)
{
    size_t old_size = table->mask + 1;
    struct hash_link **old = table->buckets;
    struct hash_link **grown = calloc(old_size * 2, sizeof(struct hash_link *));
    if (!grown)
        return;
    table->buckets = grown;
    table->mask = old_size * 2 - 1;
    for (size_t i = 0; i < old_size; i++) {
        for (struct hash_link *link = old[i], *next; link; link = next) {
            next = link->next;
            bucket_push(table, link);
        }
    }
    free(old);
}

void hash_add(struct hash *table, struct hash_link *link, uint64_t hash)
{
    if (table->count > table->mask)
        hash_grow(table);
    link->hash = hash;
    bucket_push(table, link);
    table->count++;
}

void hash_remove(struct hash *table, struct hash_link *link)
{
    struct hash_link **at = &table->buckets[link->hash & table->mask];
    while (*at != link) {
        must(*at);
        at = &(*at)->next;
    }
    *at = link->next;
    link->next = NULL;
    table->count--;
}

struct hash_link *hash_pop(struct hash *table)
{
    for (size_t i = 0; table->count > 0 && i <= table->mask; i++) {
        struct hash_link *link = table->buckets[i];
        if (link) {
            table->buckets[i] = link->next;
            link->next = NULL;
            table->count--;
            return link;
        }
    }
    return NULL;
}
