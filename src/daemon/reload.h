/*
 * SIGHUP: what of the configuration a running server takes over. The rest is named in the log, and
 * waits for the next start. Main thread.
 */
#ifndef DAEMON_RELOAD_H
#define DAEMON_RELOAD_H

#include "daemon/parts.h"

/* Says what changed from `conf`, hands it to the parts, and takes it over into `conf`, which is
 * what the server runs with. */
void reload_conf(struct parts *parts, struct conf *conf, const struct conf *fresh);

#endif
