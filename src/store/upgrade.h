/*
 * What an older version left in the index, made ours: the queue of format 1. Records need nothing,
 * they are read in both formats. At opening, before anything else writes; in small transactions,
 * each of which takes away what it has brought over, so that a crash only delays it.
 */
#ifndef STORE_UPGRADE_H
#define STORE_UPGRADE_H

#include "store/index.h"

/* 0, also when there is nothing to do, or -errno. Entries that cannot be opened are left out. */
MUST_CHECK int upgrade_queue(struct index *index);

#endif
