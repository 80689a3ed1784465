/*
 * Intrusive hash table with chaining. Elements embed a `struct hash_link`; the caller supplies the
 * 64-bit hash (keyed wherever outsiders choose the key) and does the comparing:
 *
 *     for (struct hash_link *l = hash_first(&table, h); l; l = hash_next(l))
 *         if (thing_matches(container_of(l, struct thing, link), ...)) ...
 *
 * The table owns its bucket array only. It doubles when it holds as many elements as buckets; when
 * memory for that is out it stays as it is and gets slower, so adding never fails after hash_init.
 * Not thread-safe.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

struct hash_link {
    struct hash_link *next;
    uint64_t hash;
};

struct hash {
    struct hash_link **buckets;
    size_t mask; /* number of buckets, a power of two, minus one */
    size_t count;
};

/* 0 or -ENOMEM. */
MUST_CHECK int hash_init(struct hash *table);
void hash_free(struct hash *table);

void hash_add(struct hash *table, struct hash_link *link, uint64_t hash);

/* `link` must be in the table. */
void hash_remove(struct hash *table, struct hash_link *link);

static inline struct hash_link *hash_match(struct hash_link *link, uint64_t hash)
{
    while (link && link->hash != hash)
        link = link->next;
    return link;
}

static inline struct hash_link *hash_first(const struct hash *table, uint64_t hash)
{
    return hash_match(table->buckets[hash & table->mask], hash);
}

static inline struct hash_link *hash_next(const struct hash_link *link)
{
    return hash_match(link->next, link->hash);
}

/* Takes any one element out, or NULL when the table is empty: for tearing down. */
struct hash_link *hash_pop(struct hash *table);

#endif
