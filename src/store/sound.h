/*
 * Is an LMDB file fit to be given to LMDB? LMDB trusts its file: a page number, a length or an
 * offset that is wrong takes the process with it. So before a file that may have changed behind our
 * back is opened, everything is walked here that LMDB will follow: both meta pages, every branch
 * and leaf page, the list of free pages. What the values hold is not looked at; pictures carry
 * their own checksums.
 *
 * Knows version 1 of the file format (LMDB 0.9), 64-bit, in this machine's byte order, and of that
 * only what ours use: no duplicate keys. Reads with pread and maps nothing.
 */
#ifndef STORE_SOUND_H
#define STORE_SOUND_H

#include "base/err.h"

/* 0: sound, or there is no file or an empty one; -EBADMSG: not to be opened; other -errno. */
MUST_CHECK int sound_check(const char *path);

#endif
