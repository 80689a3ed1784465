#include "test.h"

#include "base/list.h"
#include "sys/clock.h"
#include "sys/loop.h"

#include <pthread.h>
#include <unistd.h>

struct fixture {
    struct loop *loop;
    struct loop_timer timers[5];
    struct loop_fd a, b;
    int order[8];
    int count;
};

static struct fixture f;

static void on_timer(struct loop_timer *self)
{
    f.order[f.count++] = (int)(self - f.timers);
    if (f.count == 3)
        loop_stop(f.loop);
}

static void test_timers_fire_in_order_of_their_due_time(void **state)
{
    (void)state;
    f = (struct fixture){0};
    assert_int_equal(loop_new(&f.loop), 0);
    const int64_t delays[] = {30, 10, 20, 15, 5};
    for (int i = 0; i < 5; i++) {
        f.timers[i].fire = on_timer;
        assert_int_equal(loop_timer_set(f.loop, &f.timers[i], delays[i]), 0);
    }
    loop_timer_cancel(f.loop, &f.timers[4]);
    assert_int_equal(loop_timer_set(f.loop, &f.timers[1], 25), 0);
    loop_timer_cancel(f.loop, &f.timers[3]);
    loop_timer_cancel(f.loop, &f.timers[3]); /* twice is harmless */
    assert_int_equal(loop_run(f.loop), 0);
    assert_int_equal(f.order[0], 2);
    assert_int_equal(f.order[1], 1);
    assert_int_equal(f.order[2], 0);
    loop_free(f.loop);
}

static void on_readable(struct loop_fd *self, uint32_t events)
{
    char byte;
    assert_true(events & EPOLLIN);
    assert_int_equal(read(self->fd, &byte, 1), 1);
    f.count++;
    loop_fd_remove(f.loop, self == &f.a ? &f.b : &f.a);
    loop_stop(f.loop);
}

static void test_a_removed_descriptor_gets_no_event_of_the_same_turn(void **state)
{
    (void)state;
    f = (struct fixture){0};
    assert_int_equal(loop_new(&f.loop), 0);
    int one[2], two[2];
    assert_int_equal(pipe(one), 0);
    assert_int_equal(pipe(two), 0);
    assert_int_equal(write(one[1], "x", 1), 1);
    assert_int_equal(write(two[1], "x", 1), 1);
    f.a = (struct loop_fd){.fd = one[0], .ready = on_readable};
    f.b = (struct loop_fd){.fd = two[0], .ready = on_readable};
    assert_int_equal(loop_fd_add(f.loop, &f.a, EPOLLIN), 0);
    assert_int_equal(loop_fd_add(f.loop, &f.b, EPOLLIN), 0);
    assert_int_equal(loop_run(f.loop), 0);
    assert_int_equal(f.count, 1);
    loop_free(f.loop);
    for (int i = 0; i < 2; i++) {
        close(one[i]);
        close(two[i]);
    }
}

enum { POSTS = 1000 };
struct posted {
    struct loop_task task;
    int number;
};
static struct posted posts[POSTS];
static int next_number;

static void on_post(struct loop_task *task)
{
    struct posted *posted = container_of(task, struct posted, task);
    assert_int_equal(posted->number, next_number++);
    if (next_number == POSTS)
        loop_stop(f.loop);
}

static void *poster(void *loop)
{
    for (int i = 0; i < POSTS; i++) {
        posts[i] = (struct posted){.task.run = on_post, .number = i};
        loop_post(loop, &posts[i].task);
    }
    return NULL;
}

static void test_tasks_of_another_thread_run_once_and_in_order(void **state)
{
    (void)state;
    f = (struct fixture){0};
    next_number = 0;
    assert_int_equal(loop_new(&f.loop), 0);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, poster, f.loop), 0);
    assert_int_equal(loop_run(f.loop), 0);
    assert_int_equal(next_number, POSTS);
    pthread_join(thread, NULL);
    loop_free(f.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_timers_fire_in_order_of_their_due_time),
        cmocka_unit_test(test_a_removed_descriptor_gets_no_event_of_the_same_turn),
        cmocka_unit_test(test_tasks_of_another_thread_run_once_and_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
