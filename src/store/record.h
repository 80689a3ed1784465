/*
 * A record as it lies on disk, little-endian, its format's number first, at the end a keyed
 * checksum that also covers the record's key, so that neither a changed byte nor a record found
 * under another's name passes. Packing never fails; unpacking believes nothing. No allocation, any
 * thread.
 *
 * Format 2: 49 bytes, 36 more with a picture, 4 more for where it lies, 2 more for each
 * sharer, 8 more for one that redirects. A million of them, half with a picture, take 165 MB of the
 * index, keys and pages that are not full included: 165 bytes each (tests/unit/test_cache_size.c).
 * Format 1, of 92 bytes, is read, and replaced when the record is next written.
 */
#ifndef STORE_RECORD_H
#define STORE_RECORD_H

#include "store/cache.h"
#include "store/secret.h"

#include <stddef.h>

#define RECORD_MAX 113

/* Returns the length. */
size_t record_pack(const struct cache_record *record, const struct cache_key *key,
                   const struct secret *secret, uint8_t ret[RECORD_MAX]);

/* 0, or -EBADMSG for anything that record_pack does not write. */
MUST_CHECK int record_unpack(const void *bytes, size_t len, const struct cache_key *key,
                             const struct secret *secret, struct cache_record *ret);

/* The picture that it is counted as a holder of, if it is. Believes what it finds. */
bool record_holds(const void *bytes, size_t len, uint8_t ret_content[32]);

/* What records are counted by. Looks at two bytes and believes them. */
enum record_kind { RECORD_CLAIMED, RECORD_STORED, RECORD_FAILED, RECORD_PURGED, RECORD_KINDS };

/* RECORD_KINDS for what has none. */
enum record_kind record_kind(const void *bytes, size_t len);

#endif
