/*
 * From the MTA's DATA to the last answer: the message is received, every recipient's body made and
 * handed to the store, and what the store says of it passed back, one answer a recipient, in their
 * order (RFC 2033, 4.2). No recipient is answered for before the store has answered for him, and
 * each answer goes out as soon as it is known.
 *
 * What could not be rewritten, or not be handed over, is put off (4xx): the MTA has it still. The
 * thread of the session.
 */
#ifndef LMTP_DELIVERY_H
#define LMTP_DELIVERY_H

#include "deliver/office.h"
#include "lmtp/envelope.h"
#include "lmtp/store.h"

/* What all sessions share, beside the office. */
struct lmtp {
    const char *to;  /* the store's address */
    bool as_it_came; /* the body is not rewritten; its images are handed over */
    int stop;        /* see struct stream; -1: none */
};

struct delivery {
    const struct lmtp *lmtp;
    struct stream *client;
    struct store *store; /* which has taken the sender and all recipients */
    const struct envelope *envelope;
    const struct office *office; /* in force when the message came */
};

/* 0; or -errno: the MTA went away, or must be left, before all was said. */
MUST_CHECK int delivery_run(const struct delivery *delivery);

#endif
