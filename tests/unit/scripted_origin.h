/*
 * A sender's web server for tests, as hostile as its script: threads on 127.0.0.1, a port the
 * kernel chose, raw bytes. It keeps the head of every request as it came. Knows nothing of the code
 * under test. Everything is for one test thread.
 */
#ifndef TESTS_SCRIPTED_ORIGIN_H
#define TESTS_SCRIPTED_ORIGIN_H

#include <stddef.h>

struct scripted_origin;

enum scripted_end {
    SCRIPTED_CLOSE,  /* in an orderly way */
    SCRIPTED_RESET,  /* with RST */
    SCRIPTED_HOLD,   /* send no more and keep the connection */
    SCRIPTED_REPEAT, /* send `again` over and over, as fast as it is taken */
    SCRIPTED_DRIP,   /* a byte of `again` each 20 ms, over and over */
    SCRIPTED_LINGER, /* 30 ms pass before the answer; then as SCRIPTED_CLOSE */
};

/* What a request for `path` gets. */
struct scripted_reply {
    const char *path;
    const char *bytes;
    size_t len; /* 0: up to the NUL */
    enum scripted_end end;
    const char *again;
};

/* The replies, ended by one without a path, are borrowed until the stop. Aborts on failure. */
struct scripted_origin *scripted_origin_start(const struct scripted_reply *replies);

unsigned scripted_origin_port(const struct scripted_origin *origin);

/* Connections accepted so far; the most that were open at once. */
size_t scripted_origin_connections(struct scripted_origin *origin);
size_t scripted_origin_most(struct scripted_origin *origin);

/* The head of the request number `index`, terminated, until the stop; NULL when there was none. */
const char *scripted_origin_head(struct scripted_origin *origin, size_t index);

void scripted_origin_stop(struct scripted_origin *origin);

#endif
