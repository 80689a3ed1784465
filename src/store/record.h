/*
 * A record as it lies on disk: 84 bytes, little-endian, its format's number first. Packing never
 * fails; unpacking believes nothing. No allocation, any thread.
 */
#ifndef STORE_RECORD_H
#define STORE_RECORD_H

#include "store/cache.h"

#define RECORD_SIZE 84

void record_pack(const struct cache_record *record, uint8_t ret[RECORD_SIZE]);

/* 0, or -EBADMSG for anything that record_pack does not write. */
MUST_CHECK int record_unpack(const void *bytes, size_t len, struct cache_record *ret);

#endif
