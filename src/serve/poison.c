#include "serve/poison.h"

#include <string.h>

#define ENOUGH 2

static bool has_length(const struct poison *poison, size_t len)
{
    for (size_t i = 0; i < LIMIT_POISON; i++)
        if (poison->bytes[i].len == len)
            return true;
    return false;
}

/* NULL: not known. `ret_hash` is filled in either way. */
static struct poison_bytes *find(struct poison *poison, const struct cache *cache,
                                 struct span bytes, struct cache_key *ret_hash)
{
    cache_keyed_hash(cache, "poison", bytes.ptr, bytes.len, ret_hash);
    for (size_t i = 0; i < LIMIT_POISON; i++)
        if (poison->bytes[i].len == bytes.len &&
            memcmp(&poison->bytes[i].hash, ret_hash, sizeof(*ret_hash)) == 0)
            return &poison->bytes[i];
    return NULL;
}

enum decode_outcome poison_find(struct poison *poison, const struct cache *cache, struct span bytes)
{
    struct cache_key hash;
    if (bytes.len == 0 || !has_length(poison, bytes.len))
        return DECODE_OK;
    const struct poison_bytes *found = find(poison, cache, bytes, &hash);
    return found && found->times >= ENOUGH ? found->outcome : DECODE_OK;
}

void poison_note(struct poison *poison, const struct cache *cache, struct span bytes,
                 enum decode_outcome outcome)
{
    struct cache_key hash;
    bool died = outcome == DECODE_CRASHED || outcome == DECODE_TIMEOUT;
    if (bytes.len == 0 || (!died && !has_length(poison, bytes.len)))
        return;
    struct poison_bytes *place = find(poison, cache, bytes, &hash);
    if (!died) {
        if (place)
            *place = (struct poison_bytes){0};
        return;
    }
    if (!place) {
        place = &poison->bytes[poison->next++ % LIMIT_POISON];
        *place = (struct poison_bytes){.len = bytes.len, .hash = hash};
    }
    place->outcome = outcome;
    place->times++;
}
