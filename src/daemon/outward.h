/*
 * The fetcher as it is configured: [fetch] and every [egress NAME]. An egress that stops working,
 * or works again, is named in the log. The caller owns the fetcher, and keeps `conf` until it is
 * freed.
 */
#ifndef DAEMON_OUTWARD_H
#define DAEMON_OUTWARD_H

#include "net/fetch.h"
#include "sys/conf.h"

/* `key`: EGRESS_KEY_LEN bytes that choose the egress of a host. 0, or -errno, perhaps with a
 * sentence in `why` (CONF_WHY_SIZE bytes). */
MUST_CHECK int outward_new(struct loop *loop, const struct conf *conf, const unsigned char *key,
                           char *why, struct fetcher **ret);

/* How long a connection may take to come about. */
unsigned outward_connect_timeout(const struct conf *conf);

#endif
