/*
 * One dialogue with an MTA, from the greeting to its end: an LMTP server (RFC 2033) whose
 * recipients are the store's behind it. Sender and recipients are the store's to judge; delivery.h
 * has what comes behind DATA. Blocks until the MTA goes or falls silent; a thread of its own.
 */
#ifndef LMTP_SESSION_H
#define LMTP_SESSION_H

#include "lmtp/delivery.h"

/* Does not close the descriptors, which do not block any more afterwards. 0, also when the MTA just
 * hung up; -errno: -ENOMEM, or what stood in the way. */
int session_run(const struct lmtp *lmtp, int in, int out);

#endif
