/*
 * c-ares's channels on the loop: made, used for one lookup at a time, kept for a later one.
 *
 * A channel is some 75 KB and takes 50 us to make, so a few that have nothing to do are kept. What
 * is used again has no socket: c-ares closes all of them with the last question of a lookup, so
 * each lookup has ports of its own. All that lasts is the generator of the questions' numbers.
 *
 * The channels belong to the pool's owner, who gives each one back before channels_free. One
 * thread at a time, that of the loop.
 */
#ifndef NET_RESOLVE_CHANNEL_H
#define NET_RESOLVE_CHANNEL_H

#include "base/list.h"
#include "net/resolve.h"
#include "net/resolve_socket.h"

/* Embedded in a resolver. */
struct channels {
    struct loop *loop;
    bool proxy;          /* one server at a time, by TCP, asked once */
    size_t servers_most; /* that a lookup asks */
    struct list idle;
    size_t idle_count;
};

struct channel;

/* What a lookup gives to the channel it takes; outlives its use. */
struct channel_use {
    const struct server *servers;
    size_t count;
    struct resolve_sockets *sockets;
    void (*settle)(void *ctx); /* after everything c-ares did because a socket was ready */
    void *ctx;
};

void channels_init(struct channels *channels);
void channels_free(struct channels *channels);

/* 0 or -ENOMEM. `use` is copied. */
MUST_CHECK int channel_take(struct channels *channels, const struct channel_use *use,
                            struct channel **ret);

/* To ask questions of, and to process when time has passed. */
ares_channel channel_ares(const struct channel *channel);

/* At any time but from inside c-ares; `idle`: every question was answered or given up, so that it
 * may be used again. Otherwise all that is under way is dropped. */
void channel_give(struct channel *channel, bool idle);

#endif
