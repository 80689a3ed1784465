/*
 * The inside of the record of pixels: pixels.c (what is counted, and told) and pixels_text.c (how
 * it is written down). Nobody else includes this.
 */
#ifndef SERVE_PIXELS_TABLE_H
#define SERVE_PIXELS_TABLE_H

#include "base/hash.h"
#include "base/list.h"
#include "serve/pixels.h"

#include <pthread.h>

struct pixels_place {
    struct hash_link link; /* by its domain */
    char *host; /* what its hosts end in together, at a dot; never less than the domain */
    size_t host_len;
    size_t domain_len; /* the domain is the end of `host` */
    char vendor[PIXELS_VENDOR];
    uint32_t originals;
    uint32_t named; /* of them, by a rule of then */
    uint32_t pictures;
    int32_t first_day;
    int32_t last_day;
};

struct pixels {
    struct pixels_conf conf;
    pthread_mutex_t lock; /* guards all below but `saved_ms` */
    struct hash table;
    uint64_t forgotten;
    bool changed;
    int64_t saved_ms;
};

static inline struct span pixels_domain(const struct pixels_place *place)
{
    return (struct span){place->host + place->host_len - place->domain_len, place->domain_len};
}

/* Is this a host as names of servers are written, so that it can be told, and stand in a rule? */
bool pixels_host_is_plain(struct span host);

/* A new place for that host, in the table; NULL: memory is out. The rest is zero. */
struct pixels_place *pixels_add(struct pixels *pixels, struct span host, size_t domain_len);

/* The record as text, and back: what is not of that form is left out, and so is what was last seen
 * before `oldest_day`. The lock is held, or nobody else there yet. */
void pixels_write(const struct pixels *pixels, int32_t oldest_day, struct buf *to);
MUST_CHECK int pixels_read(struct pixels *pixels, char *text, int32_t oldest_day);

#endif
