/*
 * Two configurations side by side: what changed, and what of that a running server can take over.
 *
 * Which keys those are stands in the table of conf.c. A struct conf that is being taken over into
 * must not be read by other threads, as far as those keys go.
 */
#ifndef SYS_CONF_CHANGE_H
#define SYS_CONF_CHANGE_H

#include "sys/conf.h"

struct conf_change {
    const char *section;
    const char *name; /* of a key; of the sections [egress NAME], "NAME" for all of them */
    bool live;        /* it can be taken over */
};

/* Calls `visit` for every key whose value differs. */
void conf_each_change(const struct conf *from, const struct conf *to,
                      void (*visit)(void *ctx, const struct conf_change *change), void *ctx);

/* Copies the values that can be taken over. */
void conf_take_over(struct conf *conf, const struct conf *from);

#endif
