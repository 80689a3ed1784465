/*
 * What all fetches of a fetcher share, from fetcher.c, which makes it and ends it, to fetch.c, the
 * way of one fetch. Nobody else includes this.
 */
#ifndef NET_FETCHER_H
#define NET_FETCHER_H

#include "base/limits.h"
#include "net/fetch.h"
#include "net/resolve.h"
#include "net/transfer.h"
#include "net/turns.h"

struct fetcher {
    struct loop *loop;
    struct egress_pool *pool;
    struct resolver *resolvers[LIMIT_EGRESSES]; /* by the egress's number */
    struct transfer_shared shared;
    struct turns *turns;
    size_t count;       /* of fetches that live */
    size_t taken_bytes; /* of bodies that their callbacks took; shared.held_bytes has them, too */
    unsigned timeout_ms;
    bool https_only;
};

/* Its turn has come. */
void fetch_begin(struct turn *turn);

#endif
