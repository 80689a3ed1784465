#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <shoji/keys.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* base64 of 32 bytes, all zero and all one. */
#define ZEROS "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define ONES  "//////////////////////////////////////////8="

static int parse(const char *text, char *why, struct shoji_keys **ret)
{
    return shoji_keys_parse(text, strlen(text), "the file", why, ret);
}

static const char *signer(const struct shoji_keys *keys, const char *tenant)
{
    const struct shoji_key *key = shoji_keys_signer(keys, tenant);
    return key ? shoji_key_kid(key) : NULL;
}

static void test_reads_states_and_tenants(void **state)
{
    (void)state;
    char why[SHOJI_WHY_SIZE];
    struct shoji_keys *keys = NULL;
    assert_int_equal(parse("# comment\n\n"
                           "k1 " ZEROS " sign\n"
                           "\t k2\t" ONES "   sign \r\n"
                           "k3 " ZEROS " verify\n"
                           "k4 " ZEROS " revoked\n"
                           "t1 " ZEROS " sign tenant=Acme\n"
                           "t2 " ZEROS " verify tenant=Acme\n"
                           "t3 " ZEROS " verify tenant=other",
                           why, &keys),
                     0);
    assert_int_equal(shoji_keys_count(keys), 7);
    assert_string_equal(signer(keys, NULL), "k2");
    assert_string_equal(signer(keys, "Acme"), "t1");
    assert_null(signer(keys, "acme"));
    assert_null(signer(keys, "other"));
    const struct shoji_key *key = shoji_keys_find(keys, "k4x", 2);
    assert_string_equal(shoji_key_kid(key), "k4");
    assert_int_equal(shoji_key_state(key), SHOJI_KEY_REVOKED);
    assert_null(shoji_key_tenant(key));
    assert_string_equal(shoji_key_tenant(shoji_keys_find(keys, "t3", 2)), "other");
    assert_null(shoji_keys_find(keys, "k", 1));
    assert_null(shoji_keys_find(keys, "k44", 3));
    assert_null(shoji_keys_find(keys, "", 0));
    assert_null(shoji_keys_find(keys, "k4\0", 3));
    shoji_keys_free(keys);
}

static void test_an_empty_file_is_an_empty_set(void **state)
{
    (void)state;
    char why[SHOJI_WHY_SIZE];
    struct shoji_keys *keys = NULL;
    assert_int_equal(parse("", why, &keys), 0);
    assert_int_equal(shoji_keys_count(keys), 0);
    assert_null(shoji_keys_signer(keys, NULL));
    assert_null(shoji_keys_find(keys, "k", 1));
    shoji_keys_free(keys);
}

static void test_bad_lines_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        const char *says;
    } bad[] = {
        {"K1 " ZEROS " sign", "kid"},
        {"k_1 " ZEROS " sign", "kid"},
        {"abcdefghijklmnopq " ZEROS " sign", "kid"},
        {"k1", "base64"},
        {"k1 short sign", "base64"},
        {"k1 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA sign", "base64"},  /* no padding */
        {"k1 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB= sign", "base64"}, /* stray bits */
        {"k1 /////////////////////////////////////////\xff/8= sign", "base64"},
        {"k1 " ZEROS, "sign, verify or revoked"},
        {"k1 " ZEROS " Sign", "sign, verify or revoked"},
        {"k1 " ZEROS " sign acme", "tenant=NAME"},
        {"k1 " ZEROS " sign tenant=", "tenant"},
        {"k1 " ZEROS " sign tenant=a/b", "tenant"},
        {"k1 " ZEROS " sign tenant=a b", "nothing may follow"},
        {"k0 " ONES " verify", "line 1"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char text[512];
        char why[SHOJI_WHY_SIZE] = "";
        struct shoji_keys *keys = NULL;
        snprintf(text, sizeof(text), "k0 " ZEROS " sign\n# two\n%s\n", bad[i].line);
        if (parse(text, why, &keys) != -EINVAL)
            fail_msg("<%s> was taken", bad[i].line);
        assert_null(keys);
        if (!strstr(why, "the file:3: ") || !strstr(why, bad[i].says) || strstr(why, ZEROS) ||
            strstr(why, ONES))
            fail_msg("<%s>: \"%s\"", bad[i].line, why);
    }
}

static void test_finds_among_many(void **state)
{
    (void)state;
    char why[SHOJI_WHY_SIZE];
    struct shoji_keys *keys = NULL;
    char *text = NULL;
    size_t len = 0;
    FILE *file = open_memstream(&text, &len);
    for (unsigned i = 0; i < 2000; i++)
        fprintf(file, "k%u " ZEROS " verify\n", i * 7919 % 2000);
    fclose(file);
    assert_int_equal(shoji_keys_parse(text, len, "many", why, &keys), 0);
    for (unsigned i = 0; i < 2000; i++) {
        char kid[SHOJI_KID_MAX];
        int kid_len = snprintf(kid, sizeof(kid), "k%u", i);
        const struct shoji_key *key = shoji_keys_find(keys, kid, (size_t)kid_len);
        assert_non_null(key);
        assert_string_equal(shoji_key_kid(key), kid);
    }
    shoji_keys_free(keys);
    free(text);
}

static void test_a_generated_line_is_read_back(void **state)
{
    (void)state;
    char why[SHOJI_WHY_SIZE];
    char line[256];
    char second[256];
    struct shoji_keys *keys = NULL;
    assert_int_equal(shoji_key_generate("acme", line, sizeof(line)), 0);
    assert_int_equal(shoji_key_generate(NULL, second, sizeof(second)), 0);
    assert_memory_not_equal(line, second, 8);
    assert_int_equal(parse(line, why, &keys), 0);
    assert_int_equal(strlen(signer(keys, "acme")), 8);
    assert_memory_equal(signer(keys, "acme"), line, 8);
    assert_int_equal(line[strlen(line) - 1], '\n');
    shoji_keys_free(keys);

    assert_int_equal(shoji_key_generate("a b", line, sizeof(line)), -EINVAL);
    assert_int_equal(shoji_key_generate("", line, sizeof(line)), -EINVAL);
    assert_int_equal(shoji_key_generate(NULL, line, 40), -ENOSPC);
}

/* ---- files ---- */

struct place {
    char dir[64];
    char path[128];
};

static void place_make(struct place *place, const char *text, mode_t mode)
{
    strcpy(place->dir, "/tmp/test-keys-XXXXXX");
    assert_non_null(mkdtemp(place->dir));
    snprintf(place->path, sizeof(place->path), "%s/keys", place->dir);
    FILE *file = fopen(place->path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    assert_int_equal(chmod(place->path, mode), 0);
}

static void place_remove(struct place *place)
{
    unlink(place->path);
    rmdir(place->dir);
}

static void test_file_must_be_private(void **state)
{
    (void)state;
    static const mode_t bad[] = {0640, 0604, 0620, 0601, 0666};
    char why[SHOJI_WHY_SIZE];
    struct shoji_keys *keys = NULL;
    struct place place;
    place_make(&place, "k1 " ZEROS " sign\n", 0600);
    assert_int_equal(shoji_keys_load(place.path, why, &keys), 0);
    assert_string_equal(signer(keys, NULL), "k1");
    shoji_keys_free(keys);
    keys = NULL;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(chmod(place.path, bad[i]), 0);
        why[0] = '\0';
        assert_int_equal(shoji_keys_load(place.path, why, &keys), -EACCES);
        assert_non_null(strstr(why, place.path));
        assert_null(keys);
    }
    place_remove(&place);
}

static void test_file_must_be_a_file(void **state)
{
    (void)state;
    char why[SHOJI_WHY_SIZE] = "";
    struct shoji_keys *keys = NULL;
    struct place place;
    place_make(&place, "", 0600);
    assert_int_equal(unlink(place.path), 0);
    assert_int_equal(shoji_keys_load(place.path, why, &keys), -ENOENT);
    assert_non_null(strstr(why, place.path));
    /* A FIFO must be refused, not waited for. */
    assert_int_equal(mkfifo(place.path, 0600), 0);
    assert_int_equal(shoji_keys_load(place.path, why, &keys), -EINVAL);
    assert_int_equal(shoji_keys_load(place.dir, why, &keys), -EINVAL);
    place_remove(&place);
}

static void test_file_has_a_ceiling(void **state)
{
    (void)state;
    char why[SHOJI_WHY_SIZE] = "";
    struct shoji_keys *keys = NULL;
    struct place place;
    place_make(&place, "# more than a mebibyte follows\n", 0600);
    assert_int_equal(truncate(place.path, 1024 * 1024 + 1), 0);
    assert_int_equal(shoji_keys_load(place.path, why, &keys), -E2BIG);
    place_remove(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_states_and_tenants),
        cmocka_unit_test(test_an_empty_file_is_an_empty_set),
        cmocka_unit_test(test_bad_lines_are_named),
        cmocka_unit_test(test_finds_among_many),
        cmocka_unit_test(test_a_generated_line_is_read_back),
        cmocka_unit_test(test_file_must_be_private),
        cmocka_unit_test(test_file_must_be_a_file),
        cmocka_unit_test(test_file_has_a_ceiling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
