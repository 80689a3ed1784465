/*
 * The spool: where `shoji rewrite --prefetch` leaves URLs while the server is down.
 *
 * A file `*.urls` holds sealed paths, one a line, so that nothing on disk can be read as a URL; it
 * appears under its name when it is complete and on disk. Until then its name begins with a dot;
 * what a crash left so is removed after a day. A crash of ours between queueing a file and removing
 * it makes us read it once more, which asks nobody twice. Blocks; never from a loop.
 */
#ifndef SERVE_SPOOL_H
#define SERVE_SPOOL_H

#include "serve/keyring.h"
#include "serve/prefetch.h"

struct spool_conf {
    const char *dir;
    const char *url_suffix;
    struct keyring *keyring;
    struct prefetch *prefetch;
    int64_t window_s; /* what was delivered longer ago is not fetched any more, and left out */
    int most;         /* files at once */
};

/*
 * Queues what lies in the directory and removes each file when its URLs are on disk in the queue. A
 * file that cannot be queued or read now stays for the next time, and the log says so once an hour;
 * one that is too long or no file is set aside as `*.bad`; a line that does not verify is left out.
 * The number of files taken, or -errno of reading the directory.
 */
int spool_collect(const struct spool_conf *conf);

#endif
