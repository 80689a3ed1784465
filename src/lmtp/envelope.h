/*
 * Who a message is from, and to whom: the command lines MAIL and RCPT as the MTA wrote them, which
 * is how the store gets them, parameters and all. Only the address of a recipient is looked at,
 * since the salt of his mailbox comes from it.
 *
 * Owns its text: envelope_clear takes a zeroed one, or any. One thread.
 */
#ifndef LMTP_ENVELOPE_H
#define LMTP_ENVELOPE_H

#include "base/err.h"
#include "base/span.h"

struct recipient {
    char *line;    /* RCPT TO:<…> … */
    char *mailbox; /* what stands between the angle brackets */
};

struct envelope {
    char *sender; /* MAIL FROM:<…> …; NULL: none yet */
    struct recipient *recipients;
    size_t count;
};

enum envelope_answer {
    ENVELOPE_BAD_LINE = 1, /* no path where one should be */
};

/* 0, ENVELOPE_BAD_LINE or -ENOMEM; nothing is taken but with 0. */
MUST_CHECK int envelope_set_sender(struct envelope *envelope, struct span line);
MUST_CHECK int envelope_add(struct envelope *envelope, struct span line);

/* Takes the last recipient back. */
void envelope_drop_last(struct envelope *envelope);

void envelope_clear(struct envelope *envelope);

#endif
