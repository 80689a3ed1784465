/*
 * Where MTAs connect: a thread a connection, LIMIT_LMTP_CONNECTIONS of them, further ones wait. The
 * calling thread accepts until SIGTERM or SIGINT; then nobody is taken any more, who is between two
 * messages is told to come again, and messages under way have LIMIT_LMTP_STOP_MS.
 */
#ifndef LMTP_LISTENER_H
#define LMTP_LISTENER_H

#include "lmtp/delivery.h"

/* Calls `ready` with the port (0: a path) when it listens. Fills in lmtp->stop. 0 after a signal,
 * or -errno. */
MUST_CHECK int listener_run(struct lmtp *lmtp, const char *address, void (*ready)(unsigned port));

#endif
