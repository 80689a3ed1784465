#include "test.h"

#include "admin/token.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[] = "/tmp/shoji-token-XXXXXX";

static int load(const char *text, size_t len, mode_t mode, struct token **ret)
{
    int fd = open(path, O_WRONLY | O_TRUNC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, len), len);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
    char why[256] = "";
    int r = token_load(path, why, ret);
    assert_int_equal(r < 0, why[0] != '\0');
    if (r < 0 && len > 8) /* never the token */
        assert_null(strstr(why, "correct-horse"));
    return r;
}

static void test_one_token_matches(void **state)
{
    (void)state;
    struct token *token = NULL;
    static const char text[] = "correct-horse-battery\n";
    assert_int_equal(load(text, strlen(text), 0600, &token), 0);
    assert_true(token_matches(token, "Bearer correct-horse-battery"));
    assert_true(token_matches(token, "bearer  correct-horse-battery")); /* RFC 9110, 11.1 */
    static const char *const wrong[] = {
        "",
        "Bearer",
        "Bearer ",
        "Bearer correct-horse-batter",
        "Bearer correct-horse-batterY",
        "Bearer correct-horse-battery ",
        "Bearer correct-horse-battery, Bearer x",
        "Basic correct-horse-battery",
        "correct-horse-battery",
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_false(token_matches(token, wrong[i]));
    assert_false(token_matches(token, NULL));
    token_free(token);
}

static void test_what_is_no_token_is_refused(void **state)
{
    (void)state;
    struct token *token = NULL;
    assert_int_equal(load("correct-horse-bat", 17, 0640, &token), -EACCES);
    assert_int_equal(load("correct-horse-bat", 17, 0604, &token), -EACCES);
    assert_int_equal(load("", 0, 0600, &token), -EINVAL);
    assert_int_equal(load("fifteen-letters\n", 16, 0600, &token), -EINVAL);
    assert_int_equal(load("correct-horse battery", 21, 0600, &token), -EINVAL);
    assert_int_equal(load("correct-horse-bat\nsecond-line-of-it\n", 36, 0600, &token), -EINVAL);
    assert_int_equal(load("correct-horse\0-battery", 22, 0600, &token), -EINVAL);
    char long_one[600];
    memset(long_one, 'x', sizeof(long_one));
    assert_int_equal(load(long_one, 513, 0600, &token), -EINVAL);
    assert_true(load(long_one, sizeof(long_one), 0600, &token) < 0);
    assert_null(token);
    assert_int_equal(load(long_one, 512, 0600, &token), 0);
    token_free(token);
    char why[256];
    assert_int_equal(token_load("/tmp/shoji-token-of-nobody", why, &token), -ENOENT);
}

static int setup(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    if (fd >= 0)
        close(fd);
    return fd < 0;
}

static int teardown(void **state)
{
    (void)state;
    return unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_token_matches),
        cmocka_unit_test(test_what_is_no_token_is_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
