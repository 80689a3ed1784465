/*
 * Whom a message is for, as far as the milter has to know: is any of them delivered here, and any
 * elsewhere? One body goes to all of them, so the strictest word counts: what one local recipient
 * needs, everybody gets.
 *
 * A recipient is local when his domain is among [milter] domains, or else when the MTA would hand
 * him to one of [milter] mailers (macro {rcpt_mailer}: Postfix's transport, Sendmail's mailer).
 * Where the MTA says nothing of that and no domains are configured, everybody is, and so is one
 * whom it accepted with the mailer "error": his domain is one of aliases (Postfix's
 * virtual_alias_domains), and who stands behind them is not known yet. Better protected than
 * missed. Who sent the message, and whether he logged in, has no part in it.
 */
#ifndef MILTER_RECIPIENT_H
#define MILTER_RECIPIENT_H

#include "base/buf.h"
#include "sys/conf.h"

struct recipients {
    char **local; /* mailboxes */
    size_t local_count;
    bool outside; /* there are others */
};

/* `argument` of RCPT TO ("<anna@example.org>"); `mailer` may be NULL. 0 or -ENOMEM. */
MUST_CHECK int recipients_add(struct recipients *recipients, const struct conf *conf,
                              const char *argument, const char *mailer);

/* Is there anything to do for them, under [milter] deliver? */
bool recipients_concern(const struct recipients *recipients, const struct conf *conf);

/* Appends what stands for their mailbox in signed URLs, terminated: its name, or, since they share
 * one body, those of all in a fixed order, each once. 0 or -ENOMEM. */
MUST_CHECK int recipients_mailbox(struct recipients *recipients, struct buf *ret);

void recipients_free(struct recipients *recipients); /* leaves it empty */

#endif
