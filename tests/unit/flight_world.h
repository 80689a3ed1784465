/*
 * What the tests of flights share: the real store and the real flights on a loop, between an origin
 * and a decoder that answer from a script. No process is started and no packet leaves.
 *
 * The functions that flights call outside are wrapped at linking (FLIGHT_WRAPS in meson.build). One
 * world at a time; all of it is freed by world_free.
 */
#ifndef TESTS_FLIGHT_WORLD_H
#define TESTS_FLIGHT_WORLD_H

#include "cache_fixture.h"

#include "serve/flight.h"

/* What the origin answers at one URL, and what the decoder makes of it. */
struct page {
    const char *url;
    enum fetch_outcome outcome; /* FETCH_OK is 0 */
    const char *location;       /* FETCH_REDIRECT */
    enum decode_outcome decoded;
    unsigned width, height; /* 0: 64 x 48 */
    bool transparent;
    const char *body;    /* what the origin sends; NULL: the URL. What is made of it is told by the
                          * first page that has it */
    const char *picture; /* what the decoder makes of it; NULL: the URL */
};

struct world {
    struct fixture *store;
    struct budget *budget;
    struct flights *flights;
    const struct page *pages; /* ends with a page without URL; what is not there is FETCH_GONE */
    const char *blocked;      /* beginning of URLs that a rule names, or NULL */
};

struct world *world_new(const struct page *pages);
void world_free(struct world *w);

/* The server ends and begins again over the same folder. */
void world_restart(struct world *w);

/* Time of the calendar goes on at once. */
void world_pass_s(int64_t seconds);

/* How often the origin was asked for this URL, and how many pictures were given to the decoder. */
unsigned world_asked(const char *url);
unsigned world_decoded(void);

/* The next writes of this kind fail as on a broken disk. */
void world_break_writes(enum cache_op op, unsigned count);

/* What a waiter was told. */
struct told {
    enum reply_constant reply; /* REPLY_CONSTANTS: a picture, which is `bytes` */
    char bytes[256];
    bool final;
    bool settled;
};

/* Joins and waits. `ask` needs only who asks and how; url NULL: of the queue's entry for `of`. */
struct told world_join(struct world *w, const char *url, const struct flight_ask *ask);

/* A reader of a mail that was not delivered through us; with consent; of one that was, today. */
struct told world_read(struct world *w, const char *url);
struct told world_consent(struct world *w, const char *url);
struct told world_read_delivered(struct world *w, const char *url);

/* The queue's turn, as serve/prefetch.c takes it; fails the test when nothing is due. */
struct told world_take_turn(struct world *w, const char *url);

struct cache_record world_record(const struct world *w, const char *url);

/* When the queue has it due; 0: it does not stand there. */
int64_t world_due_s(const struct world *w, const char *url);

#endif
