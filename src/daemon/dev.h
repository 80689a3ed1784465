/* `shojid --dev DIR`: a configuration for which everything lies in one directory. */
#ifndef DAEMON_DEV_H
#define DAEMON_DEV_H

#include "sys/conf.h"

/* Makes DIR (0700) and a fresh key in it when they are missing. 0 or -errno with `why`
 * (CONF_WHY_SIZE bytes). The caller frees *ret with conf_free. */
MUST_CHECK int dev_conf(const char *dir, char *why, struct conf *ret);

#endif
