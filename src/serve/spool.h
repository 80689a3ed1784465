/*
 * The spool: where `shoji rewrite --prefetch` leaves URLs while the server is down.
 *
 * A file `*.urls` holds sealed paths, one a line, so that nothing on disk can be read as a URL; it
 * appears under its name when it is complete. Blocks; never from a loop.
 */
#ifndef SERVE_SPOOL_H
#define SERVE_SPOOL_H

#include "serve/keyring.h"
#include "serve/prefetch.h"

/*
 * Queues what lies in the directory, `most` files at the most, and removes each file when its URLs
 * are on disk in the queue. A file that cannot be queued now stays for the next time; one that
 * cannot be read is set aside as `*.bad`; a line that does not verify is left out. The number of
 * files taken, or -errno of reading the directory.
 */
int spool_collect(const char *dir, const char *url_suffix, struct keyring *keyring,
                  struct prefetch *prefetch, int most);

#endif
