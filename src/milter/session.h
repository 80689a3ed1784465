/*
 * One SMTP connection as the MTA tells us of it, message by message: libmilter's callbacks. A
 * message is kept whole until its end, rewritten (or its images handed to the queue, or given their
 * originals back), and what changed is told to the MTA.
 *
 * What it never does: lose a message, deliver the original markup, refuse one for what is in it.
 * When it cannot do its work now (out of memory), it asks the MTA to try again later.
 */
#ifndef MILTER_SESSION_H
#define MILTER_SESSION_H

/* Registers the callbacks with libmilter, `name` in its log. 0 or -EINVAL. */
int session_register(char *name);

#endif
