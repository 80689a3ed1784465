#include "store/record.h"

#include <endian.h>
#include <errno.h>
#include <sodium.h>
#include <string.h>

#define FORMAT 1

/* Every member sits at its natural place, so there is no padding that the compiler could choose. */
struct packed {
    uint8_t format;
    uint8_t state;
    uint8_t reason;
    uint8_t tries;
    uint8_t type;
    uint8_t pixel;
    uint8_t sharers_count;
    uint8_t zero;
    uint32_t size;
    uint32_t claimed[2]; /* low half first: a 64-bit member would round the struct up to 88 */
    uint32_t answered[2];
    uint32_t retry[2];
    uint16_t sharers[CACHE_SHARERS];
    uint8_t content[32];
    uint32_t sum[2];
};

_Static_assert(sizeof(struct packed) == RECORD_SIZE, "the record has padding");

static uint64_t sum_of(const struct packed *p, const struct cache_key *key,
                       const struct secret *secret)
{
    uint8_t bytes[sizeof(key->bytes) + offsetof(struct packed, sum)];
    uint8_t sum[crypto_shorthash_BYTES];
    uint64_t ret;
    memcpy(bytes, key->bytes, sizeof(key->bytes));
    memcpy(bytes + sizeof(key->bytes), p, offsetof(struct packed, sum));
    crypto_shorthash(sum, bytes, sizeof(bytes), secret->sum);
    memcpy(&ret, sum, sizeof(ret));
    return le64toh(ret);
}

static void pack_wide(int64_t value, uint32_t ret[2])
{
    ret[0] = htole32((uint32_t)(uint64_t)value);
    ret[1] = htole32((uint32_t)((uint64_t)value >> 32));
}

static int64_t unpack_wide(const uint32_t halves[2])
{
    return (int64_t)((uint64_t)le32toh(halves[0]) | (uint64_t)le32toh(halves[1]) << 32);
}

void record_pack(const struct cache_record *record, const struct cache_key *key,
                 const struct secret *secret, uint8_t ret[RECORD_SIZE])
{
    struct packed p = {
        .format = FORMAT,
        .state = record->state,
        .reason = record->reason,
        .tries = record->tries,
        .type = record->type,
        .pixel = record->pixel,
        .sharers_count = record->sharers_count,
        .size = htole32(record->size),
    };
    pack_wide(record->claimed_s, p.claimed);
    pack_wide(record->answered_s, p.answered);
    pack_wide(record->retry_s, p.retry);
    for (int i = 0; i < CACHE_SHARERS; i++)
        p.sharers[i] = htole16(record->sharers[i]);
    memcpy(p.content, record->content, sizeof(p.content));
    pack_wide((int64_t)sum_of(&p, key, secret), p.sum);
    memcpy(ret, &p, RECORD_SIZE);
}

int record_unpack(const void *bytes, const struct cache_key *key, const struct secret *secret,
                  struct cache_record *ret)
{
    struct packed p;
    memcpy(&p, bytes, RECORD_SIZE);
    if (p.format != FORMAT || p.state < CACHE_CLAIMED || p.state > CACHE_FAILED || p.pixel > 1 ||
        p.sharers_count > CACHE_SHARERS || p.zero != 0 ||
        (uint64_t)unpack_wide(p.sum) != sum_of(&p, key, secret))
        return -EBADMSG;
    struct cache_record record = {
        .state = p.state,
        .reason = p.reason,
        .tries = p.tries,
        .type = p.type,
        .pixel = p.pixel,
        .sharers_count = p.sharers_count,
        .size = le32toh(p.size),
        .claimed_s = unpack_wide(p.claimed),
        .answered_s = unpack_wide(p.answered),
        .retry_s = unpack_wide(p.retry),
    };
    for (int i = 0; i < CACHE_SHARERS; i++)
        record.sharers[i] = le16toh(p.sharers[i]);
    memcpy(record.content, p.content, sizeof(record.content));
    *ret = record;
    return 0;
}
