#include "serve/crowd.h"

#include "base/hash.h"
#include "base/list.h"

#include <errno.h>

struct crowd {
    struct hash table;
};

struct place {
    struct hash_link link; /* its hash is the domain */
    unsigned count;        /* never 0 */
};

int crowd_new(struct crowd **ret)
{
    struct crowd *crowd = calloc(1, sizeof(*crowd));
    if (!crowd)
        return -ENOMEM;
    int r = hash_init(&crowd->table);
    if (r < 0) {
        free(crowd);
        return r;
    }
    *ret = crowd;
    return 0;
}

void crowd_free(struct crowd *crowd)
{
    if (!crowd)
        return;
    for (struct hash_link *link; (link = hash_pop(&crowd->table));)
        free(container_of(link, struct place, link));
    hash_free(&crowd->table);
    free(crowd);
}

static struct place *find(const struct crowd *crowd, uint64_t domain)
{
    struct hash_link *link = hash_first(&crowd->table, domain);
    return link ? container_of(link, struct place, link) : NULL;
}

unsigned crowd_count(const struct crowd *crowd, uint64_t domain)
{
    const struct place *place = find(crowd, domain);
    return place ? place->count : 0;
}

int crowd_enter(struct crowd *crowd, uint64_t domain)
{
    struct place *place = find(crowd, domain);
    if (!place) {
        place = calloc(1, sizeof(*place));
        if (!place)
            return -ENOMEM;
        hash_add(&crowd->table, &place->link, domain);
    }
    place->count++;
    return 0;
}

void crowd_leave(struct crowd *crowd, uint64_t domain)
{
    struct place *place = find(crowd, domain);
    must(place && place->count > 0);
    if (--place->count > 0)
        return;
    hash_remove(&crowd->table, &place->link);
    free(place);
}
