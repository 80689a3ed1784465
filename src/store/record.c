#include "store/record.h"

#include "store/little.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

/* Where things are, format 2. The first eight are bytes. */
enum {
    AT_FORMAT,
    AT_STATE,
    AT_REASON,
    AT_TRIES,
    AT_TYPE,
    AT_FLAGS,
    AT_SHARERS,
    AT_AGAIN,
    AT_REQUESTS,
    AT_TENANT = AT_REQUESTS + 2,
    AT_DELIVERED = AT_TENANT + 2,
    AT_STAMP = AT_DELIVERED + 2,
    AT_HOST = AT_STAMP + 4,
    AT_CLAIMED = AT_HOST + 8,
    AT_ANSWERED = AT_CLAIMED + LITTLE_TIME,
    AT_RETRY = AT_ANSWERED + LITTLE_TIME,
    HEAD = AT_RETRY + LITTLE_TIME,
    /* Then, if any: size and content; their place; the hop's host; sharers. Then the sum. */
};

#define PICTURE (4 + 32)
#define PLACE   4
#define HOP     8
#define SUM     crypto_shorthash_BYTES

_Static_assert(HEAD + PICTURE + PLACE + HOP + 2 * CACHE_SHARERS + SUM == RECORD_MAX,
               "the record's length");

enum {
    FLAG_PIXEL = 1,
    FLAG_PURGED = 2,
    FLAG_ASKED = 4,
    FLAG_ANSWERED = 8,
    FLAG_PICTURE = 16,
    FLAG_HOP = 32,
    FLAG_COUNTED = 64,
    FLAG_PLACE = 128, /* of format 4 of the folder (folder.c); the last bit that there is */
};

/* Format 1: the first seven bytes are the same, but that instead of flags `pixel` stands there. */
enum {
    OLD_SIZE = 8,
    OLD_CLAIMED = 12,
    OLD_ANSWERED = 20,
    OLD_RETRY = 28,
    OLD_SHARERS = 36,
    OLD_CONTENT = 52,
    OLD_SUM = 84,
    OLD_RECORD = 92,
};

static void sum_of(const uint8_t *bytes, size_t len, const struct cache_key *key,
                   const struct secret *secret, uint8_t ret[SUM])
{
    uint8_t all[sizeof(key->bytes) + RECORD_MAX];
    memcpy(all, key->bytes, sizeof(key->bytes));
    memcpy(all + sizeof(key->bytes), bytes, len);
    crypto_shorthash(ret, all, sizeof(key->bytes) + len, secret->sum);
}

static bool sum_holds(const uint8_t *bytes, size_t len, const struct cache_key *key,
                      const struct secret *secret)
{
    uint8_t sum[SUM];
    sum_of(bytes, len, key, secret, sum);
    return memcmp(sum, bytes + len, sizeof(sum)) == 0;
}

static bool has_picture(const struct cache_record *record)
{
    return record->size != 0 || !sodium_is_zero(record->content, sizeof(record->content));
}

size_t record_pack(const struct cache_record *record, const struct cache_key *key,
                   const struct secret *secret, uint8_t ret[RECORD_MAX])
{
    bool picture = has_picture(record);
    bool place = picture && record->place != 0;
    ret[AT_FORMAT] = 2;
    ret[AT_STATE] = record->state;
    ret[AT_REASON] = record->reason;
    ret[AT_TRIES] = record->tries;
    ret[AT_TYPE] = record->type;
    ret[AT_FLAGS] =
        (uint8_t)((record->pixel ? FLAG_PIXEL : 0) | (record->purged ? FLAG_PURGED : 0) |
                  (record->asked ? FLAG_ASKED : 0) | (record->answered ? FLAG_ANSWERED : 0) |
                  (picture ? FLAG_PICTURE : 0) | (record->hop_host ? FLAG_HOP : 0) |
                  (picture && record->counted ? FLAG_COUNTED : 0) | (place ? FLAG_PLACE : 0));
    ret[AT_SHARERS] = record->sharers_count;
    ret[AT_AGAIN] = record->again;
    little_put16(ret + AT_REQUESTS, record->requests);
    little_put16(ret + AT_TENANT, record->tenant);
    little_put16(ret + AT_DELIVERED, little_day(record->delivered_s));
    little_put32(ret + AT_STAMP, record->stamp);
    little_put64(ret + AT_HOST, record->host);
    little_put_time(ret + AT_CLAIMED, record->claimed_s);
    little_put_time(ret + AT_ANSWERED, record->answered_s);
    little_put_time(ret + AT_RETRY, record->retry_s);
    uint8_t *at = ret + HEAD;
    if (picture) {
        little_put32(at, record->size);
        memcpy(at + 4, record->content, sizeof(record->content));
        at += PICTURE;
    }
    if (place) {
        little_put32(at, record->place);
        at += PLACE;
    }
    if (record->hop_host) {
        little_put64(at, record->hop_host);
        at += HOP;
    }
    for (unsigned i = 0; i < record->sharers_count && i < CACHE_SHARERS; i++, at += 2)
        little_put16(at, record->sharers[i]);
    sum_of(ret, (size_t)(at - ret), key, secret, at);
    return (size_t)(at - ret) + SUM;
}

/* Not known then, and so taken for the worst: somebody else than delivered mail asked. */
static int unpack_old(const uint8_t *bytes, const struct cache_key *key,
                      const struct secret *secret, struct cache_record *ret)
{
    if (bytes[AT_FLAGS] > 1 || bytes[AT_SHARERS] > CACHE_SHARERS || bytes[AT_AGAIN] != 0 ||
        !sum_holds(bytes, OLD_SUM, key, secret))
        return -EBADMSG;
    *ret = (struct cache_record){
        .pixel = bytes[AT_FLAGS],
        .asked = 1,
        .answered = bytes[AT_STATE] == CACHE_STORED,
        .requests = bytes[AT_TRIES],
        .size = little_get32(bytes + OLD_SIZE),
        .claimed_s = (int64_t)little_get64(bytes + OLD_CLAIMED),
        .answered_s = (int64_t)little_get64(bytes + OLD_ANSWERED),
        .retry_s = (int64_t)little_get64(bytes + OLD_RETRY),
    };
    for (size_t i = 0; i < CACHE_SHARERS; i++)
        ret->sharers[i] = little_get16(bytes + OLD_SHARERS + 2 * i);
    memcpy(ret->content, bytes + OLD_CONTENT, sizeof(ret->content));
    return 0;
}

static int unpack_new(const uint8_t *bytes, size_t len, const struct cache_key *key,
                      const struct secret *secret, struct cache_record *ret)
{
    uint8_t flags = bytes[AT_FLAGS];
    size_t sharers = bytes[AT_SHARERS];
    size_t picture = flags & FLAG_PICTURE ? PICTURE : 0;
    size_t place = flags & FLAG_PLACE ? PLACE : 0;
    size_t hop = flags & FLAG_HOP ? HOP : 0;
    if (sharers > CACHE_SHARERS || (place && !picture) ||
        len != HEAD + picture + place + hop + 2 * sharers + SUM ||
        !sum_holds(bytes, len - SUM, key, secret))
        return -EBADMSG;
    *ret = (struct cache_record){
        .pixel = (flags & FLAG_PIXEL) != 0,
        .purged = (flags & FLAG_PURGED) != 0,
        .asked = (flags & FLAG_ASKED) != 0,
        .answered = (flags & FLAG_ANSWERED) != 0,
        .counted = (flags & FLAG_COUNTED) != 0,
        .again = bytes[AT_AGAIN],
        .requests = little_get16(bytes + AT_REQUESTS),
        .tenant = little_get16(bytes + AT_TENANT),
        .delivered_s = (int64_t)little_get16(bytes + AT_DELIVERED) * 86400,
        .stamp = little_get32(bytes + AT_STAMP),
        .host = little_get64(bytes + AT_HOST),
        .claimed_s = little_get_time(bytes + AT_CLAIMED),
        .answered_s = little_get_time(bytes + AT_ANSWERED),
        .retry_s = little_get_time(bytes + AT_RETRY),
    };
    if (picture) {
        ret->size = little_get32(bytes + HEAD);
        memcpy(ret->content, bytes + HEAD + 4, sizeof(ret->content));
    }
    const uint8_t *at = bytes + HEAD + picture;
    if (place)
        ret->place = little_get32(at);
    if (hop)
        ret->hop_host = little_get64(at + place);
    for (size_t i = 0; i < sharers; i++)
        ret->sharers[i] = little_get16(at + place + hop + 2 * i);
    return 0;
}

int record_unpack(const void *packed, size_t len, const struct cache_key *key,
                  const struct secret *secret, struct cache_record *ret)
{
    const uint8_t *bytes = packed;
    struct cache_record record;
    int r = -EBADMSG;
    if (len == OLD_RECORD && bytes[AT_FORMAT] == 1)
        r = unpack_old(bytes, key, secret, &record);
    else if (len >= HEAD + SUM && len <= RECORD_MAX && bytes[AT_FORMAT] == 2)
        r = unpack_new(bytes, len, key, secret, &record);
    if (r < 0 || bytes[AT_STATE] < CACHE_CLAIMED || bytes[AT_STATE] > CACHE_FAILED)
        return -EBADMSG;
    record.state = bytes[AT_STATE];
    record.reason = bytes[AT_REASON];
    record.tries = bytes[AT_TRIES];
    record.type = bytes[AT_TYPE];
    record.sharers_count = bytes[AT_SHARERS];
    *ret = record;
    return 0;
}

bool record_holds(const void *packed, size_t len, uint8_t ret_content[32])
{
    const uint8_t *bytes = packed;
    if (len < HEAD + PICTURE + SUM || bytes[AT_FORMAT] != 2 || !(bytes[AT_FLAGS] & FLAG_PICTURE) ||
        !(bytes[AT_FLAGS] & FLAG_COUNTED))
        return false;
    memcpy(ret_content, bytes + HEAD + 4, 32);
    return true;
}

enum record_kind record_kind(const void *packed, size_t len)
{
    const uint8_t *bytes = packed;
    if (len <= AT_FLAGS)
        return RECORD_KINDS;
    if (bytes[AT_FORMAT] == 2 && bytes[AT_FLAGS] & FLAG_PURGED)
        return RECORD_PURGED;
    switch (bytes[AT_STATE]) {
    case CACHE_CLAIMED:
        return RECORD_CLAIMED;
    case CACHE_STORED:
        return RECORD_STORED;
    case CACHE_FAILED:
        return RECORD_FAILED;
    default:
        return RECORD_KINDS;
    }
}

unsigned cache_sharers(const struct cache_record *record)
{
    unsigned most = 0;
    for (unsigned i = 0; i < record->sharers_count; i++) {
        unsigned of_key = 0;
        for (unsigned j = 0; j < record->sharers_count; j++)
            if (record->sharers[j] >> CACHE_SHARER_SALT == record->sharers[i] >> CACHE_SHARER_SALT)
                of_key++;
        if (of_key > most)
            most = of_key;
    }
    return most;
}
