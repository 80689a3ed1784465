/*
 * Slow readers. libmicrohttpd's timeout begins anew with every byte, so a client that sends its
 * header or drains its answer a byte at a time holds its connection for ever, and as many such
 * clients as there may be connections lock everybody out. Here a connection has one deadline that
 * no byte moves: for its next header, or for the answer under way. When that has passed, the
 * connection is reset; what then closes it is libmicrohttpd, which sees that the socket hung up.
 *
 * One watch serves all fronts. Its thread wakes once a tick, advances the watch's clock and looks
 * at every deadline. That clock counts ticks: on a machine that stalls it stalls as well, and no
 * reader is blamed for it. Setting a deadline reads that clock and stores one number: no lock, no
 * system call. watch_add and watch_remove take a lock that is held otherwise only while a
 * connection is being reset.
 *
 * A struct watched belongs to the watch and is valid from watch_add to watch_remove, between which
 * the descriptor must stay open; calls for one connection come from one thread at a time. NULL
 * stands for a connection that is not watched, wherever a struct watched is taken.
 */
#ifndef SERVE_WATCH_H
#define SERVE_WATCH_H

#include "base/err.h"

#include <microhttpd.h>
#include <stddef.h>
#include <stdint.h>

struct watch;
struct watched;

struct watch_conf {
    size_t max;           /* connections at once; 64 bytes each */
    unsigned header_ms;   /* for a header as a whole, from accept or the previous answer's end */
    unsigned answer_ms;   /* for handing an answer to the kernel, and the time that its size ... */
    unsigned answer_rate; /* ... takes at so many bytes a second, not 0 */
    unsigned tick_ms;     /* how late the end may come; 0: no thread, the caller steps */
};

/* 0 or -errno. */
MUST_CHECK int watch_new(const struct watch_conf *conf, struct watch **ret);

/* Ends the thread. No connection may be watched any more. Takes NULL. */
void watch_free(struct watch *watch);

/* From here on, `fd` is to deliver a header. NULL when `max` are watched already. */
struct watched *watch_add(struct watch *watch, int fd);

/* Afterwards `fd` is not touched any more: to be called before it is closed. */
void watch_remove(struct watched *watched);

/* The answer is through, the next header may come. */
void watch_header(struct watched *watched);

/* An answer of `bytes` was queued, or a body of so many is to come. */
void watch_answer(struct watched *watched, size_t bytes);

/* No deadline until the next call: the wait is ours, not the reader's. */
void watch_pause(struct watched *watched);

/* The MHD_OPTION_NOTIFY_CONNECTION of a listener whose connections are all watched by `watch`: adds
 * each as its socket context, and removes it. */
void watch_notify(void *watch, struct MHD_Connection *connection, void **socket_context,
                  enum MHD_ConnectionNotificationCode code);

/* What was added for this connection. */
static inline struct watched *watch_find(struct MHD_Connection *connection)
{
    return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

/* How many answers are under way. Any thread. */
size_t watch_answers(struct watch *watch);

/* Advances the clock and resets what is due; the thread's work, and the clock of the tests. */
void watch_step(struct watch *watch, unsigned ms);

#endif
