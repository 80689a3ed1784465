/*
 * The sockets that c-ares asks by: all of them are an egress's.
 *
 * Embedded in a lookup, which owns the descriptors that c-ares has not taken; one thread at a time.
 */
#ifndef NET_RESOLVE_SOCKET_H
#define NET_RESOLVE_SOCKET_H

#include "net/egress.h"

#include <ares.h>

struct resolve_sockets {
    const struct egress *egress;
    int tunnel_fd; /* of a proxy egress: the one connection there is, until c-ares takes it; or -1
                    */
    bool asked;    /* something left that names what is looked up */
    bool broken;   /* the egress gave no socket, or has no way to a server */
};

/* For as long as the channel lives. */
void resolve_sockets_set(ares_channel channel, struct resolve_sockets *sockets);

#endif
