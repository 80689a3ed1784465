/* The threads that wait for the disk: order, bounds, the end. */
#include "test.h"

#include "base/list.h"
#include "serve/readers.h"

#include <pthread.h>

struct world {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool open; /* jobs may end */
    unsigned running, done;
    unsigned order[64];
};

struct job {
    struct readers_job job;
    struct world *world;
    unsigned number;
};

static void run(struct readers_job *self)
{
    struct job *job = container_of(self, struct job, job);
    struct world *w = job->world;
    pthread_mutex_lock(&w->lock);
    w->running++;
    pthread_cond_broadcast(&w->changed);
    while (!w->open)
        pthread_cond_wait(&w->changed, &w->lock);
    w->order[w->done++] = job->number;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
}

static void await_running(struct world *w, unsigned count)
{
    pthread_mutex_lock(&w->lock);
    while (w->running < count)
        pthread_cond_wait(&w->changed, &w->lock);
    pthread_mutex_unlock(&w->lock);
}

static void open_gate(struct world *w)
{
    pthread_mutex_lock(&w->lock);
    w->open = true;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
}

static void test_takes_no_more_than_it_has_places(void **state)
{
    (void)state;
    struct world w = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, .open = false};
    struct job jobs[6];
    struct readers *readers;
    assert_int_equal(readers_new(2, 3, &readers), 0);
    for (unsigned i = 0; i < 6; i++)
        jobs[i] = (struct job){.job.run = run, .world = &w, .number = i};
    for (unsigned i = 0; i < 2; i++) {
        assert_true(readers_reserve(readers));
        readers_post(readers, &jobs[i].job);
    }
    await_running(&w, 2); /* what runs takes no place */
    for (unsigned i = 2; i < 5; i++)
        assert_true(readers_reserve(readers));
    assert_false(readers_reserve(readers));
    readers_release(readers);
    assert_true(readers_reserve(readers));
    assert_false(readers_reserve(readers));
    for (unsigned i = 2; i < 5; i++)
        readers_post(readers, &jobs[i].job);
    assert_int_equal(w.done, 0);
    open_gate(&w);
    readers_free(readers); /* runs what was posted */
    assert_int_equal(w.done, 5);
}

static void test_in_the_order_of_posting(void **state)
{
    (void)state;
    struct world w = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, .open = false};
    struct job jobs[64];
    struct readers *readers;
    assert_int_equal(readers_new(1, 64, &readers), 0);
    for (unsigned i = 0; i < 64; i++) {
        jobs[i] = (struct job){.job.run = run, .world = &w, .number = i};
        assert_true(readers_reserve(readers));
        readers_post(readers, &jobs[i].job);
    }
    open_gate(&w);
    readers_free(readers);
    for (unsigned i = 0; i < 64; i++)
        assert_int_equal(w.order[i], i);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_takes_no_more_than_it_has_places),
        cmocka_unit_test(test_in_the_order_of_posting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
