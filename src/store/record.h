/*
 * A record as it lies on disk: 92 bytes, little-endian, its format's number first, at the end a
 * keyed checksum that also covers the record's key, so that neither a changed byte nor a record
 * found under another's name passes. Packing never fails; unpacking believes nothing. No
 * allocation, any thread.
 */
#ifndef STORE_RECORD_H
#define STORE_RECORD_H

#include "store/cache.h"
#include "store/secret.h"

#define RECORD_SIZE 92

void record_pack(const struct cache_record *record, const struct cache_key *key,
                 const struct secret *secret, uint8_t ret[RECORD_SIZE]);

/* RECORD_SIZE bytes; 0, or -EBADMSG for anything that record_pack does not write. */
MUST_CHECK int record_unpack(const void *bytes, const struct cache_key *key,
                             const struct secret *secret, struct cache_record *ret);

#endif
