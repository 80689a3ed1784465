/*
 * What all sessions of the milter, or of `shoji lmtp`, work with: configuration, keys, rules. Read
 * at the start and again when one of the files is another than it was; whoever holds the older one
 * keeps it to the end of his message. A file that cannot be read then leaves the old one in force,
 * and the log says so, once.
 *
 * Any thread.
 */
#ifndef DELIVER_OFFICE_H
#define DELIVER_OFFICE_H

#include "deliver/deliver.h"

struct office {
    struct config config;
    struct shoji_rewrite how;
    unsigned holders;
};

/* `deliver` is what counts instead of [milter] deliver, or NULL: what the file says; both live as
 * long as the program. 0 or -errno with a sentence in `why` (CONFIG_WHY_SIZE bytes). */
MUST_CHECK int office_open(const struct config_source *source, const char *deliver, char *why);

/* The one in force, looked for anew at most once a second. To be given back. */
struct office *office_take(void);
void office_give_back(struct office *office); /* takes NULL */

/* A message that was just delivered: rewritten as is configured, its images prefetched where that
 * is enabled. Borrows from `office`; the mailbox's salt is still to be filled in. */
struct deliver_job office_job(const struct office *office);

void office_close(void);

#endif
