/* After a kill: what is opened without being walked through, and what is not. */
#include "cache_fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PICTURES 200
#define LENGTH   20000

static int open_path(const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

static unsigned count_pictures(struct fixture *f)
{
    unsigned there = 0;
    char url[64];
    for (unsigned i = 0; i < PICTURES; i++) {
        uint8_t bytes[LENGTH];
        snprintf(url, sizeof(url), "https://a.test/%u", i);
        fixture_fill(i, bytes, sizeof(bytes));
        there += fixture_check(f, url, bytes, sizeof(bytes)) == 0;
    }
    return there;
}

/* Several segments of pictures, closed so late that the mark of it is younger than what was
 * written, even where files have their times from a clock with few ticks. */
static struct fixture *filled(void)
{
    struct fixture *f = fixture_new(FIXTURE_SIZE, FIXTURE_INDEX);
    char url[64], path[160];
    for (unsigned i = 0; i < PICTURES; i++) {
        uint8_t bytes[LENGTH];
        snprintf(url, sizeof(url), "https://a.test/%u", i);
        fixture_fill(i, bytes, sizeof(bytes));
        assert_int_equal(fixture_store(f, url, bytes, sizeof(bytes)), 0);
    }
    fixture_close(f);
    snprintf(path, sizeof(path), "%s/clean", f->dir);
    struct timespec times[2];
    clock_gettime(CLOCK_REALTIME, &times[0]);
    times[0].tv_sec += 1;
    times[1] = times[0];
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    return f;
}

enum death { KILLED, DISTRUSTS };

/* Opens, and dies without closing. Is the index whole, as it sees it? */
static bool opens_and_ends(struct fixture *f, enum death death)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        fixture_open(f);
        struct cache_usage usage;
        cache_usage(f->cache, &usage);
        if (death == DISTRUSTS)
            cache_distrust();
        _exit(usage.index_lost);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status) == 0;
}

static bool opens_and_dies(struct fixture *f)
{
    return opens_and_ends(f, KILLED);
}

static bool is_there(const struct fixture *f, const char *name)
{
    char path[160];
    snprintf(path, sizeof(path), "%s/%s", f->dir, name);
    return access(path, F_OK) == 0;
}

/* Gives all leaves of records (keys of 32 bytes, values of `least` at least) other numbers, which
 * only whoever walks through the file looks at. The file's time stays. */
static void renumber_leaves(const char *path, unsigned least)
{
    int fd = open_path(path);
    struct stat st;
    assert_int_equal(fstat(fd, &st), 0);
    unsigned found = 0;
    for (off_t at = 2 * 4096; at + 4096 <= st.st_size; at += 4096) {
        uint16_t page[2048], node[4];
        assert_int_equal(pread(fd, page, sizeof(page), at), sizeof(page));
        if (page[5] != 2 || page[6] <= 16 || page[8] > 4096 - sizeof(node))
            continue; /* not a leaf, or empty */
        memcpy(node, (char *)page + page[8], sizeof(node));
        if (node[3] != 32 || node[0] < least || page[0] != (uint16_t)(at / 4096))
            continue;
        assert_int_equal(pwrite(fd, "\1", 1, at + 5), 1);
        found++;
    }
    assert_true(found > 0);
    const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, st.st_mtim};
    assert_int_equal(futimens(fd, times), 0);
    close(fd);
}

static void test_an_index_is_walked_through_after_the_second_kill(void **state)
{
    (void)state;
    struct fixture *f = filled();
    assert_true(opens_and_dies(f));
    char path[160];
    snprintf(path, sizeof(path), "%s/index/data.mdb", f->dir);
    renumber_leaves(path, 49);
    assert_true(opens_and_dies(f)); /* nobody else wrote there: it is not looked at */
    fixture_open(f);
    struct cache_usage usage;
    cache_usage(f->cache, &usage);
    assert_int_equal(usage.index_lost, 1);
    fixture_free(f);
}

static void test_a_full_segment_is_walked_through_when_it_was_changed(void **state)
{
    (void)state;
    struct fixture *f = filled();
    assert_true(opens_and_dies(f));
    char path[160];
    snprintf(path, sizeof(path), "%s/seg-1/data.mdb", f->dir);
    renumber_leaves(path, 8);
    fixture_open(f);
    assert_int_equal(count_pictures(f), PICTURES);
    fixture_close(f);
    int fd = open_path(path);
    assert_int_equal(futimens(fd, NULL), 0);
    close(fd);
    fixture_open(f);
    assert_in_range(count_pictures(f), 0, PICTURES - 1);
    fixture_free(f);
}

/* Damage that leaves no trace is found when the process has died of it, however long ago. */
static void test_nothing_is_believed_after_a_death_of_our_own(void **state)
{
    (void)state;
    struct fixture *f = filled();
    assert_true(opens_and_ends(f, DISTRUSTS));
    char path[160];
    snprintf(path, sizeof(path), "%s/seg-1/data.mdb", f->dir);
    renumber_leaves(path, 8);
    assert_true(opens_and_dies(f));
    assert_false(is_there(f, "seg-1"));
    assert_true(is_there(f, "seg-2/data.mdb"));
    fixture_free(f);

    f = filled();
    assert_true(opens_and_ends(f, DISTRUSTS));
    snprintf(path, sizeof(path), "%s/index/data.mdb", f->dir);
    renumber_leaves(path, 49);
    assert_false(opens_and_dies(f));
    fixture_free(f);
}

static void test_the_second_kill_has_the_full_segments_walked_through_too(void **state)
{
    (void)state;
    struct fixture *f = filled();
    assert_true(opens_and_dies(f));
    char path[160];
    snprintf(path, sizeof(path), "%s/seg-1/data.mdb", f->dir);
    renumber_leaves(path, 8);
    assert_true(opens_and_dies(f));
    assert_true(is_there(f, "seg-1"));
    assert_true(opens_and_dies(f));
    assert_false(is_there(f, "seg-1"));
    fixture_free(f);
}

/* It cannot be read at one opening, and can at the next: nobody has looked at it meanwhile. */
static void test_a_segment_that_was_skipped_was_not_checked(void **state)
{
    (void)state;
    struct fixture *f = filled();
    char path[160], aside[160];
    snprintf(path, sizeof(path), "%s/seg-1/data.mdb", f->dir);
    renumber_leaves(path, 8);
    snprintf(aside, sizeof(aside), "%s/seg-1/trail", f->dir); /* of its own, it would be believed */
    assert_int_equal(unlink(aside), 0);
    snprintf(aside, sizeof(aside), "%s/aside", f->dir);
    assert_int_equal(rename(path, aside), 0);
    assert_int_equal(mkdir(path, 0700), 0); /* EISDIR for who reads it */
    assert_true(opens_and_dies(f));
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(rename(aside, path), 0);
    assert_true(opens_and_dies(f));
    assert_false(is_there(f, "seg-1"));
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_index_is_walked_through_after_the_second_kill),
        cmocka_unit_test(test_a_full_segment_is_walked_through_when_it_was_changed),
        cmocka_unit_test(test_nothing_is_believed_after_a_death_of_our_own),
        cmocka_unit_test(test_the_second_kill_has_the_full_segments_walked_through_too),
        cmocka_unit_test(test_a_segment_that_was_skipped_was_not_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
