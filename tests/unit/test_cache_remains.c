/* What stays readable on the disk of a picture that was purged, in a store that does not encrypt,
 * and for how long: until its segment goes and its files were filled anew. */
#include "cache_fixture.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SMALL  20000
#define LARGE  100000
#define SECRET 7 /* seeds */
#define OTHERS 1000
#define PIECE  64
#define SPACED 4096
#define TURN   (24 * MiB / LARGE) /* pictures that fill all segments, at least */
#define TURNS  3

struct search {
    const uint8_t *bytes;
    size_t len;
    unsigned found;
};

/* Of pieces, since whatever lies over a part of a picture leaves the others. */
static void search(struct span all, void *ctx)
{
    struct search *s = ctx;
    for (size_t at = 0; at + PIECE <= s->len; at += SPACED)
        s->found += memmem(all.ptr, all.len, s->bytes + at, PIECE) != NULL;
}

static unsigned on_disk(const struct fixture *f, const void *bytes, size_t len)
{
    struct search s = {bytes, len, 0};
    fixture_contents(f, search, &s);
    return s.found;
}

static void store(struct fixture *f, uint64_t seed, size_t len)
{
    static uint8_t bytes[LARGE];
    char url[64];
    snprintf(url, sizeof(url), "https://a.test/%llu", (unsigned long long)seed);
    fixture_fill(seed, bytes, len);
    assert_int_equal(fixture_store(f, url, bytes, len), 0);
}

/* At the end of the first segment, so that what fills it later in larger steps need not come so
 * far. */
static void test_a_purged_picture_goes_with_the_round(void **state)
{
    (void)state;
    static uint8_t secret[SMALL];
    struct fixture *f = fixture_new(FIXTURE_SIZE, FIXTURE_INDEX);
    fixture_close(f);
    f->conf.unsynced = true; /* much is written; no power is lost here */
    f->conf.encrypt = false;
    fixture_open(f);
    uint64_t seed = OTHERS;
    for (; seed < OTHERS + 190; seed++)
        store(f, seed, SMALL);
    store(f, SECRET, SMALL);
    fixture_fill(SECRET, secret, sizeof(secret));
    unsigned all = on_disk(f, secret, sizeof(secret));
    assert_int_equal(all, (SMALL - PIECE) / SPACED + 1);

    struct cache_purge purge = {.what = CACHE_PURGE_URL, .key = fixture_key(f, "https://a.test/7")};
    assert_int_equal(fixture_purge(f, &purge), 0);
    assert_int_not_equal(fixture_check(f, "https://a.test/7", secret, sizeof(secret)), 0);
    assert_int_equal(on_disk(f, secret, sizeof(secret)), all);

    for (unsigned i = 0; i < TURNS * TURN; i++)
        store(f, seed++, LARGE);
    assert_int_equal(on_disk(f, secret, sizeof(secret)), 0);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_purged_picture_goes_with_the_round),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
