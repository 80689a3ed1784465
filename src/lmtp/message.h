/*
 * A message on its way in: read from the MTA to its end whatever happens to it, kept in memory as
 * far as it may be rewritten, and, where it goes on as it came, passed to the store piece by piece.
 *
 * All messages of the process together keep at most LIMIT_LMTP_HELD bytes. message_free takes a
 * zeroed one. One thread each.
 */
#ifndef LMTP_MESSAGE_H
#define LMTP_MESSAGE_H

#include "base/buf.h"
#include "lmtp/store.h"

struct message {
    struct buf text; /* its `max` says how much of it is worth keeping */
    size_t held;     /* bytes, as all messages count them */
    bool cut;        /* there was more, which only makes a text of it */
    bool crowded;    /* there was no room for it: `text` is not all that should have been kept */
};

/* Everything up to the end. `store`, unless NULL, is at its DATA, and gets all but the last line;
 * if it is lost, that is to be seen there. 0, -ENOMEM, or -errno where the MTA went away. */
MUST_CHECK int message_receive(struct message *message, struct stream *from, struct store *store);

void message_free(struct message *message);

#endif
