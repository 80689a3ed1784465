/*
 * Every kind of picture through the real decoder. A script makes the originals with PIL and looks
 * at the results with PIL; here they are only decoded, in every variant that a case's name asks for
 * after its "@". usage: test_transform [SCRIPT]: transform_pictures.py, or that for one format.
 */
#include "decoding.h"

#include "sys/clock.h"
#include "sys/fd.h"

#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define CASES_MOST 256

enum variant { COMPAT, WEBP, SIDE, TINY, FEW, VARIANTS };

static const char *const variant_names[VARIANTS] = {"", "webp", "side", "tiny", "few"};

static const char *script_name = "transform_pictures.py";
static char folder[] = "/tmp/shoji-transform-XXXXXX";
static struct decoding pools[VARIANTS];
static char cases[CASES_MOST][64];
static struct came came[CASES_MOST];
static unsigned case_count;
static bool no_pil;

static int python(const char *command)
{
    char script[PATH_MAX];
    snprintf(script, sizeof(script), "%s/tests/unit/%s", getenv("SHOJI_SOURCE_ROOT"), script_name);
    pid_t child = fork();
    if (child == 0) {
        /* Debian's own, which python3-pil belongs to. */
        execl("/usr/bin/python3", "python3", "-B", script, command, folder, (char *)NULL);
        _exit(77);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status))
        return -1;
    return WEXITSTATUS(status);
}

static void path_of(char *ret, const char *name, const char *suffix)
{
    must(snprintf(ret, PATH_MAX, "%s/%s%s", folder, name, suffix) < PATH_MAX);
}

static void read_original(const char *name, char **ret, size_t *ret_len)
{
    char path[PATH_MAX];
    path_of(path, name, "");
    path[strcspn(path, "@")] = '\0';
    CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(fd_read_all(fd, LIMIT_ORIGIN_BYTES, ret, ret_len), 0);
}

static void write_file(const char *name, const char *suffix, const void *bytes, size_t len)
{
    char path[PATH_MAX];
    path_of(path, name, suffix);
    CLEANUP_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(fd_write_all(fd, bytes, len), 0);
}

static enum variant variant_of(const char *name)
{
    const char *at = strchr(name, '@');
    for (unsigned i = 0; i < VARIANTS; i++)
        if (strcmp(at ? at + 1 : "", variant_names[i]) == 0)
            return (enum variant)i;
    fail_msg("no variant for %s", name);
    return COMPAT;
}

static void open_pools(void)
{
    for (unsigned i = 0; i < VARIANTS; i++) {
        struct pool_conf conf = decoding_conf(getenv("SHOJI_DECODE"));
        conf.webp = i == WEBP;
        conf.max_side = i == SIDE ? 200 : i == TINY ? 12 : 0;
        if (i == FEW)
            conf.max_frames = 39; /* gif-many has 40 */
        decoding_open(&pools[i], &conf);
    }
}

static void read_cases(void)
{
    char *text;
    char *rest = NULL;
    size_t len;
    read_original("cases", &text, &len);
    for (char *name = strtok_r(text, "\n", &rest); name; name = strtok_r(NULL, "\n", &rest)) {
        assert_true(case_count < CASES_MOST);
        snprintf(cases[case_count++], sizeof(cases[0]), "%s", name);
    }
    free(text);
}

static int make_pictures(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    int r = python("make");
    no_pil = r == 77;
    if (no_pil)
        return 0;
    if (r != 0)
        return -1;
    read_cases();
    open_pools();
    return 0;
}

static int remove_pictures(void **state)
{
    (void)state;
    for (unsigned i = 0; i < VARIANTS && !no_pil; i++)
        decoding_close(&pools[i]);
    for (unsigned i = 0; i < case_count; i++)
        free(came[i].result.bytes);
    pid_t child = fork();
    if (child == 0) {
        execl("/bin/rm", "rm", "-r", folder, (char *)NULL);
        _exit(1);
    }
    waitpid(child, NULL, 0);
    return 0;
}

static void needs_pil(void)
{
    if (no_pil) {
        print_message("python3-pil is not installed\n");
        skip();
    }
}

static struct came decode_case(const char *name)
{
    char *bytes;
    size_t len;
    read_original(name, &bytes, &len);
    struct came result = decoding_one(&pools[variant_of(name)], bytes, len);
    free(bytes);
    return result;
}

static void test_every_picture(void **state)
{
    (void)state;
    needs_pil();
    for (unsigned i = 0; i < case_count; i++) {
        came[i] = decode_case(cases[i]);
        const struct decode_result *r = &came[i].result;
        char line[128];
        int len = snprintf(line, sizeof(line), "%d %d %u %u %u %d\n", (int)r->outcome, (int)r->type,
                           r->width, r->height, r->frames, r->transparent);
        write_file(cases[i], ".result", line, (size_t)len);
        write_file(cases[i], ".out", r->bytes, r->len);
    }
    assert_int_equal(python("check"), 0);
}

/* By then broken ones have cost every pool its first workers. */
static void test_same_bytes_again(void **state)
{
    (void)state;
    needs_pil();
    for (unsigned i = 0; i < case_count; i++) {
        struct came again = decode_case(cases[i]);
        assert_int_equal(again.result.outcome, came[i].result.outcome);
        assert_int_equal(again.result.len, came[i].result.len);
        if (again.result.len)
            assert_memory_equal(again.result.bytes, came[i].result.bytes, again.result.len);
        free(again.result.bytes);
    }
}

/* What we made is again a picture that we read, and stays what it is where coding is lossless. */
static void test_our_own_output(void **state)
{
    (void)state;
    needs_pil();
    for (unsigned i = 0; i < case_count; i++) {
        const struct decode_result *r = &came[i].result;
        if (r->outcome != DECODE_OK)
            continue;
        struct came again = decoding_one(&pools[variant_of(cases[i])], r->bytes, r->len);
        assert_int_equal(again.result.outcome, DECODE_OK);
        assert_int_equal(again.result.type, r->type);
        assert_int_equal(again.result.frames, r->frames);
        free(again.result.bytes);
    }
}

/* Every cut of a file, and some damage in it, is answered, and by no crash. */
static void test_damage_is_no_crash(void **state)
{
    (void)state;
    needs_pil();
    static const char *const names[] = {"jpeg-progressive", "png-palette", "gif-moving",
                                        "webp-moving",      "webp-alpha",  "jpeg-icc"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char *bytes;
        size_t len;
        read_original(names[i], &bytes, &len);
        for (size_t at = 4; at < len; at += len / 20 + 1) {
            struct came cut = decoding_one(&pools[COMPAT], bytes, at);
            assert_int_not_equal(cut.result.outcome, DECODE_CRASHED);
            free(cut.result.bytes);
            bytes[at] = (char)(bytes[at] ^ 0x55);
            struct came hurt = decoding_one(&pools[COMPAT], bytes, len);
            assert_int_not_equal(hurt.result.outcome, DECODE_CRASHED);
            free(hurt.result.bytes);
            bytes[at] = (char)(bytes[at] ^ 0x55);
        }
        free(bytes);
    }
}

/* A bomb is found in its header: in no more time than the smallest picture needs. */
static void test_bombs_are_cheap(void **state)
{
    (void)state;
    needs_pil();
    int64_t begin_ms = clock_ms();
    for (int i = 0; i < 20; i++) {
        assert_int_equal(decode_case("png-bomb").result.outcome, DECODE_TOO_LARGE);
        assert_int_equal(decode_case("gif-bomb").result.outcome, DECODE_TOO_LARGE);
    }
    /* one of them decoded would be 14 GB of pixels */
    assert_true(clock_ms() - begin_ms < 10000);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_picture),   cmocka_unit_test(test_same_bytes_again),
        cmocka_unit_test(test_our_own_output),  cmocka_unit_test(test_damage_is_no_crash),
        cmocka_unit_test(test_bombs_are_cheap),
    };
    const struct CMUnitTest of_format[] = {
        cmocka_unit_test(test_every_picture),
        cmocka_unit_test(test_same_bytes_again),
        cmocka_unit_test(test_our_own_output),
    };
    if (argc == 1)
        return cmocka_run_group_tests(tests, make_pictures, remove_pictures);
    script_name = argv[1];
    return cmocka_run_group_tests_name(script_name, of_format, make_pictures, remove_pictures);
}
