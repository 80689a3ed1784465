/* Who wrote a data file last: what is believed, and what costs a walk. */
#include "test.h"

#include "store/trail.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static char dir[64];
static char data[96];
static char file[96];

static int make_folder(void **state)
{
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/shoji-test-trail-XXXXXX");
    assert_non_null(mkdtemp(dir));
    snprintf(data, sizeof(data), "%s/data.mdb", dir);
    snprintf(file, sizeof(file), "%s/trail", dir);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(data);
    unlink(file);
    return rmdir(dir);
}

/* A change of the data file at this time; 0: now. */
static void change(time_t at_s)
{
    int fd = open(data, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "x", 1), 1);
    const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = at_s, .tv_nsec = 5}};
    if (at_s)
        assert_int_equal(futimens(fd, times), 0);
    close(fd);
}

/* What a process does that is killed before the end of its last commit, or behind it. */
static void live(bool ends)
{
    struct trail trail;
    trail_open(dir, true, &trail);
    assert_true(trail.fd >= 0);
    trail_begin(&trail);
    change(0);
    int fd = open(data, O_RDONLY | O_CLOEXEC);
    if (ends)
        trail_end(&trail, fd);
    close(fd);
    trail_close(&trail);
}

/* Would the next one believe it? Leaves everything as it is. */
static bool proves(void)
{
    struct trail trail;
    struct stat st;
    trail_open(dir, false, &trail);
    assert_int_equal(stat(data, &st), 0);
    bool believed = trail_proves(&trail, &st);
    trail_close(&trail);
    return believed;
}

static void test_what_we_wrote_last_is_ours(void **state)
{
    (void)state;
    change(0);
    assert_false(proves()); /* without a trail */
    live(true);
    assert_true(proves());
    change(0);
    assert_false(proves());
    live(true);
    change(1000); /* a clock that was set back, a copy from a backup */
    assert_false(proves());
}

static void test_within_a_commit_a_moment_is_believed(void **state)
{
    (void)state;
    live(false);
    assert_true(proves());
    change(time(NULL) + TRAIL_COMMIT_S + 1);
    assert_false(proves());
    change(time(NULL) - 60);
    assert_false(proves());
}

static void test_a_commit_that_wrote_nothing_yet_is_ours(void **state)
{
    (void)state;
    struct trail trail;
    change(time(NULL) - 1000);
    trail_open(dir, true, &trail);
    int fd = open(data, O_RDONLY | O_CLOEXEC);
    trail_end(&trail, fd);
    trail_begin(&trail);
    close(fd);
    trail_close(&trail);
    assert_true(proves());
}

/* As env_open does it: believed, said to be ours, and killed again. */
static bool open_and_die(void)
{
    struct trail trail;
    struct stat st;
    trail_open(dir, false, &trail);
    assert_int_equal(stat(data, &st), 0);
    bool believed = trail_proves(&trail, &st);
    int fd = open(data, O_RDONLY | O_CLOEXEC);
    trail_end(&trail, fd);
    close(fd);
    trail_close(&trail);
    return believed;
}

static void test_who_dies_twice_is_not_believed(void **state)
{
    (void)state;
    live(true);
    assert_true(open_and_die());
    assert_false(open_and_die());
    assert_true(open_and_die()); /* it was walked through meanwhile */
}

static void test_what_is_damaged_or_lost_proves_nothing(void **state)
{
    (void)state;
    live(true);
    int fd = open(file, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    unsigned char byte;
    off_t len = lseek(fd, 0, SEEK_END);
    for (off_t at = 0; at < len; at++) { /* the boot's mark among them */
        assert_int_equal(pread(fd, &byte, 1, at), 1);
        byte ^= 1;
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
        assert_false(proves());
        byte ^= 1;
        assert_int_equal(pwrite(fd, &byte, 1, at), 1);
    }
    assert_true(proves());
    assert_int_equal(ftruncate(fd, len - 1), 0);
    close(fd);
    assert_false(proves());
    live(true);
    assert_true(proves());
    struct trail trail;
    trail_open(dir, false, &trail);
    trail_lose(&trail);
    trail_close(&trail);
    assert_false(proves());
}

static void test_a_symbolic_link_is_none(void **state)
{
    (void)state;
    live(true);
    assert_int_equal(unlink(file), 0);
    assert_int_equal(symlink(data, file), 0);
    struct trail trail;
    trail_open(dir, true, &trail);
    assert_int_equal(trail.fd, -1);
    trail_begin(&trail); /* nothing happens */
    trail_lose(&trail);
    trail_close(&trail);
    assert_false(proves());
    assert_int_equal(unlink(file), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_we_wrote_last_is_ours, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(test_within_a_commit_a_moment_is_believed, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(test_a_commit_that_wrote_nothing_yet_is_ours, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(test_who_dies_twice_is_not_believed, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(test_what_is_damaged_or_lost_proves_nothing, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(test_a_symbolic_link_is_none, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
