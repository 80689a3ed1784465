/*
 * May this folder's own notes about who wrote what (trail.h, checked.h) be believed? They let an
 * opening after a kill do without walking through everything (sound.h), and know nothing of what
 * was damaged without a trace: a file that somebody changed and dated back, a disk that lost a
 * block. Whoever dies of that would die of it at each start. The mark `trust`, an empty file, is
 * what ends this: without it the notes are thrown away at the next opening, and everything is
 * walked through. It goes in two ways. trust_lose, at a death of our own; and by its date, the last
 * time that the notes were needed: who needs them twice in TRAIL_PAUSE_S has them no more, for not
 * every death leaves time for trust_lose.
 *
 * One folder a process: the one opened last. trust_open and trust_close are for the thread that
 * opens and closes; trust_lose is for any, and async-signal-safe.
 */
#ifndef STORE_TRUST_H
#define STORE_TRUST_H

#include "base/err.h"

#include <stdbool.h>

/* Before anything in `dir` is opened. `closed_well`: the notes are not needed this time. 0 or
 * -errno: notes that are not to be believed could not be removed. */
MUST_CHECK int trust_open(const char *dir, bool closed_well);

/* From now on trust_lose does nothing. */
void trust_close(void);

void trust_lose(void);

#endif
