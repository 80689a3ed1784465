/* A record on disk: what it costs, what it keeps, and what it refuses. */
#include "test.h"

#include "store/record.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

static const struct secret secret = {.sum = {7, 7, 7}};
static const struct cache_key key = {{1}};

static struct cache_record full(void)
{
    struct cache_record record = {
        .state = CACHE_STORED,
        .reason = 200,
        .tries = 3,
        .type = IMAGE_WEBP,
        .purged = 1,
        .asked = 1,
        .answered = 1,
        .again = 9,
        .requests = 0xfffe,
        .tenant = 0x1234,
        .sharers_count = 2,
        .sharers = {0x1234, 0xffff},
        .size = 0x89abcdef,
        .claimed_s = 1800000000,
        .answered_s = -1,
        .retry_s = INT64_C(0x7fffffffff),
        .delivered_s = INT64_C(20000) * 86400,
        .host = 0x0123456789abcdef,
        .stamp = 0xfedcba98,
    };
    memset(record.content, 0x5a, sizeof(record.content));
    return record;
}

/* Field by field: what lies between them is anybody's. */
static void assert_same(const struct cache_record *in, const struct cache_record *out)
{
#define SAME(field) assert_memory_equal(&in->field, &out->field, sizeof(in->field))
    SAME(state);
    SAME(reason);
    SAME(tries);
    SAME(type);
    SAME(pixel);
    SAME(purged);
    SAME(asked);
    SAME(answered);
    SAME(again);
    SAME(counted);
    SAME(requests);
    SAME(tenant);
    SAME(sharers_count);
    SAME(sharers);
    SAME(size);
    SAME(content);
    SAME(claimed_s);
    SAME(answered_s);
    SAME(retry_s);
    SAME(delivered_s);
    SAME(host);
    SAME(hop_host);
    SAME(stamp);
    SAME(place);
#undef SAME
}

static void test_a_record_passes_unchanged_and_only_so(void **state)
{
    (void)state;
    const struct cache_record in = full();
    const struct cache_key other = {{2}};
    uint8_t bytes[RECORD_MAX];
    size_t len = record_pack(&in, &key, &secret, bytes);
    assert_int_equal(len, 49 + 36 + 2 * 2); /* what the header promises */
    struct cache_record out;
    memset(&out, 0, sizeof(out));
    assert_int_equal(record_unpack(bytes, len, &key, &secret, &out), 0);
    assert_int_equal(out.stamp, in.stamp);
    assert_int_equal(out.delivered_s, in.delivered_s);
    assert_int_equal(out.retry_s, in.retry_s);
    assert_int_equal(out.answered_s, in.answered_s);
    assert_same(&in, &out);
    assert_int_equal(record_unpack(bytes, len, &other, &secret, &out), -EBADMSG);
    for (size_t shorter = 0; shorter < len; shorter++)
        assert_int_equal(record_unpack(bytes, shorter, &key, &secret, &out), -EBADMSG);
    for (size_t bit = 0; bit < len * 8; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_int_equal(record_unpack(bytes, len, &key, &secret, &out), -EBADMSG);
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
}

/* The same as before but for eight bytes: what older programs wrote is read as it was. */
static void test_a_hop_costs_eight_bytes(void **state)
{
    (void)state;
    struct cache_record in = full();
    in.hop_host = 0xfedcba9876543210;
    uint8_t bytes[RECORD_MAX];
    size_t len = record_pack(&in, &key, &secret, bytes);
    assert_int_equal(len, 49 + 36 + 2 * 2 + 8);
    struct cache_record out;
    memset(&out, 0, sizeof(out));
    assert_int_equal(record_unpack(bytes, len, &key, &secret, &out), 0);
    assert_same(&in, &out);
    const struct cache_record small = {.state = CACHE_FAILED, .hop_host = 1};
    len = record_pack(&small, &key, &secret, bytes);
    assert_int_equal(len, 49 + 8);
    assert_int_equal(record_unpack(bytes, len, &key, &secret, &out), 0);
    assert_true(out.hop_host == 1);
    assert_int_equal(record_unpack(bytes, len - 8, &key, &secret, &out), -EBADMSG);
}

/* Behind the content, little-endian; a record without it is as long as before format 4. */
static void test_a_place_costs_four_bytes(void **state)
{
    (void)state;
    struct cache_record in = full();
    in.place = 0x01020304;
    in.hop_host = 0xfedcba9876543210;
    uint8_t bytes[RECORD_MAX];
    size_t len = record_pack(&in, &key, &secret, bytes);
    assert_int_equal(len, 49 + 36 + 4 + 2 * 2 + 8);
    assert_memory_equal(bytes + 41 + 36, "\4\3\2\1", 4);
    struct cache_record out;
    memset(&out, 0, sizeof(out));
    assert_int_equal(record_unpack(bytes, len, &key, &secret, &out), 0);
    assert_same(&in, &out);
    in.sharers_count = CACHE_SHARERS;
    assert_int_equal(record_pack(&in, &key, &secret, bytes), RECORD_MAX);
    const struct cache_record none = {.state = CACHE_FAILED, .place = 1};
    assert_int_equal(record_pack(&none, &key, &secret, bytes), 49);
}

static void test_what_is_not_there_takes_no_room(void **state)
{
    (void)state;
    const struct cache_record in = {.state = CACHE_FAILED, .reason = 4, .host = 5};
    uint8_t bytes[RECORD_MAX];
    struct cache_record out;
    size_t len = record_pack(&in, &key, &secret, bytes);
    assert_int_equal(len, 49);
    assert_int_equal(record_unpack(bytes, len, &key, &secret, &out), 0);
    assert_int_equal(out.reason, 4);
    assert_int_equal(out.size, 0);
    assert_int_equal(record_kind(bytes, len), RECORD_FAILED);
    assert_int_equal(record_kind(bytes, 3), RECORD_KINDS);
}

static void test_times_end_where_their_bits_end(void **state)
{
    (void)state;
    const struct cache_record in = {
        .state = CACHE_CLAIMED, .claimed_s = INT64_MIN, .retry_s = INT64_MAX, .delivered_s = -5};
    uint8_t bytes[RECORD_MAX];
    struct cache_record out;
    size_t len = record_pack(&in, &key, &secret, bytes);
    assert_int_equal(record_unpack(bytes, len, &key, &secret, &out), 0);
    assert_int_equal(out.claimed_s, -(INT64_C(1) << 39));
    assert_int_equal(out.retry_s, (INT64_C(1) << 39) - 1);
    assert_int_equal(out.delivered_s, 0);
}

/* Format 1, put together here by its layout: 92 bytes, the sum over key and the 84 before it. */
static void pack_format_1(uint8_t ret[92])
{
    const uint8_t head[12] = {1, CACHE_STORED, 200, 3, IMAGE_WEBP, 0, 2, 0, 0xef, 0xcd, 0xab, 0x09};
    memset(ret, 0, 92);
    memcpy(ret, head, sizeof(head));
    ret[12] = 0x40;            /* claimed: 0x40 */
    memset(ret + 20, 0xff, 8); /* answered: -1 */
    ret[28 + 4] = 1;           /* retry: 2^32 */
    ret[36] = 0x34;
    ret[37] = 0x12;
    ret[38] = 0xff;
    memset(ret + 52, 0x5a, 32);
    uint8_t all[32 + 84];
    memcpy(all, key.bytes, 32);
    memcpy(all + 32, ret, 84);
    crypto_shorthash(ret + 84, all, sizeof(all), secret.sum);
}

static void test_format_1_is_read(void **state)
{
    (void)state;
    uint8_t bytes[92];
    struct cache_record out;
    pack_format_1(bytes);
    assert_int_equal(record_unpack(bytes, sizeof(bytes), &key, &secret, &out), 0);
    assert_int_equal(out.state, CACHE_STORED);
    assert_int_equal(out.reason, 200);
    assert_int_equal(out.tries, 3);
    assert_int_equal(out.type, IMAGE_WEBP);
    assert_int_equal(out.size, 0x09abcdef);
    assert_int_equal(out.claimed_s, 0x40);
    assert_int_equal(out.answered_s, -1);
    assert_int_equal(out.retry_s, INT64_C(1) << 32);
    assert_int_equal(out.sharers_count, 2);
    assert_int_equal(out.sharers[0], 0x1234);
    assert_int_equal(out.sharers[1], 0xff);
    assert_int_equal(out.content[31], 0x5a);
    assert_int_equal(out.asked, 1); /* nobody knows: the safe answer */
    assert_int_equal(out.answered, 1);
    assert_int_equal(out.requests, 3);
    assert_int_equal(out.host, 0);
    assert_int_equal(record_kind(bytes, sizeof(bytes)), RECORD_STORED);
    bytes[30] ^= 1;
    assert_int_equal(record_unpack(bytes, sizeof(bytes), &key, &secret, &out), -EBADMSG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_record_passes_unchanged_and_only_so),
        cmocka_unit_test(test_a_hop_costs_eight_bytes),
        cmocka_unit_test(test_a_place_costs_four_bytes),
        cmocka_unit_test(test_what_is_not_there_takes_no_room),
        cmocka_unit_test(test_times_end_where_their_bits_end),
        cmocka_unit_test(test_format_1_is_read),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
