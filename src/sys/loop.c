#include "sys/loop.h"

#include "sys/clock.h"
#include "sys/fd.h"

#include <pthread.h>
#include <sys/eventfd.h>

#define EVENTS_A_TURN 128 /* not tuned */

struct loop {
    int epoll_fd;
    int wake_fd;
    int64_t now_ms;
    bool firing;
    bool stopped; /* under `lock` */

    struct loop_timer **heap; /* the earliest first; a timer's slot is its index plus one */
    size_t heap_len;
    size_t heap_cap;

    struct epoll_event events[EVENTS_A_TURN]; /* of the current turn; removed ones lose their ptr */
    int events_len;

    pthread_mutex_t lock;
    struct loop_task *first;
    struct loop_task **last;
};

int loop_new(struct loop **ret)
{
    struct loop *loop = calloc(1, sizeof(*loop));
    if (!loop)
        return -ENOMEM;
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct epoll_event wake = {.events = EPOLLIN, .data.ptr = loop};
    if (loop->epoll_fd < 0 || loop->wake_fd < 0 ||
        epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, loop->wake_fd, &wake) < 0) {
        int r = -errno;
        fd_close(&loop->epoll_fd);
        fd_close(&loop->wake_fd);
        free(loop);
        return r;
    }
    pthread_mutex_init(&loop->lock, NULL);
    loop->last = &loop->first;
    loop->now_ms = clock_ms();
    *ret = loop;
    return 0;
}

void loop_free(struct loop *loop)
{
    if (!loop)
        return;
    close(loop->epoll_fd);
    close(loop->wake_fd);
    pthread_mutex_destroy(&loop->lock);
    free(loop->heap);
    free(loop);
}

int64_t loop_now_ms(const struct loop *loop)
{
    return loop->now_ms;
}

/* ---- descriptors ---- */

static int control(struct loop *loop, struct loop_fd *self, int op, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = self};
    return epoll_ctl(loop->epoll_fd, op, self->fd, &event) < 0 ? -errno : 0;
}

int loop_fd_add(struct loop *loop, struct loop_fd *self, uint32_t events)
{
    return control(loop, self, EPOLL_CTL_ADD, events);
}

int loop_fd_change(struct loop *loop, struct loop_fd *self, uint32_t events)
{
    return control(loop, self, EPOLL_CTL_MOD, events);
}

void loop_fd_remove(struct loop *loop, struct loop_fd *self)
{
    (void)control(loop, self, EPOLL_CTL_DEL, 0);
    for (int i = 0; i < loop->events_len; i++)
        if (loop->events[i].data.ptr == self)
            loop->events[i].data.ptr = NULL;
}

/* ---- timers: a binary heap ---- */

static void heap_place(struct loop *loop, size_t i, struct loop_timer *timer)
{
    loop->heap[i] = timer;
    timer->slot = i + 1;
}

static void heap_up(struct loop *loop, size_t i)
{
    struct loop_timer *timer = loop->heap[i];
    while (i > 0 && loop->heap[(i - 1) / 2]->due_ms > timer->due_ms) {
        heap_place(loop, i, loop->heap[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    heap_place(loop, i, timer);
}

static void heap_down(struct loop *loop, size_t i)
{
    struct loop_timer *timer = loop->heap[i];
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= loop->heap_len)
            break;
        if (child + 1 < loop->heap_len && loop->heap[child + 1]->due_ms < loop->heap[child]->due_ms)
            child++;
        if (loop->heap[child]->due_ms >= timer->due_ms)
            break;
        heap_place(loop, i, loop->heap[child]);
        i = child;
    }
    heap_place(loop, i, timer);
}

int loop_timer_set(struct loop *loop, struct loop_timer *timer, int64_t delay_ms)
{
    loop_timer_cancel(loop, timer);
    if (loop->heap_len == loop->heap_cap) {
        size_t cap = loop->heap_cap ? loop->heap_cap * 2 : 64;
        struct loop_timer **grown = reallocarray(loop->heap, cap, sizeof(struct loop_timer *));
        if (!grown)
            return -ENOMEM;
        loop->heap = grown;
        loop->heap_cap = cap;
    }
    /* Against the real clock: a long turn must not make its timers late. */
    timer->due_ms = clock_ms() + delay_ms;
    if (loop->firing && timer->due_ms <= loop->now_ms)
        timer->due_ms = loop->now_ms + 1; /* not in the turn that is firing */
    heap_place(loop, loop->heap_len++, timer);
    heap_up(loop, timer->slot - 1);
    return 0;
}

void loop_timer_cancel(struct loop *loop, struct loop_timer *timer)
{
    if (!timer->slot)
        return;
    size_t i = timer->slot - 1;
    timer->slot = 0;
    struct loop_timer *moved = loop->heap[--loop->heap_len];
    if (moved == timer)
        return;
    heap_place(loop, i, moved);
    heap_up(loop, i);
    heap_down(loop, moved->slot - 1);
}

static void fire_timers(struct loop *loop)
{
    loop->firing = true;
    while (loop->heap_len > 0 && loop->heap[0]->due_ms <= loop->now_ms) {
        struct loop_timer *timer = loop->heap[0];
        loop_timer_cancel(loop, timer);
        timer->fire(timer);
    }
    loop->firing = false;
}

static int wait_ms(struct loop *loop)
{
    if (loop->heap_len == 0)
        return -1;
    int64_t left = loop->heap[0]->due_ms - clock_ms();
    if (left <= 0)
        return 0;
    return left > 60000 ? 60000 : (int)left;
}

/* ---- tasks of other threads ---- */

static void wake(struct loop *loop)
{
    uint64_t one = 1;
    ssize_t n = write(loop->wake_fd, &one, sizeof(one));
    (void)n; /* EAGAIN: it is awake already */
}

void loop_post(struct loop *loop, struct loop_task *task)
{
    task->next = NULL;
    pthread_mutex_lock(&loop->lock);
    bool was_empty = !loop->first;
    *loop->last = task;
    loop->last = &task->next;
    pthread_mutex_unlock(&loop->lock);
    if (was_empty)
        wake(loop);
}

void loop_stop(struct loop *loop)
{
    pthread_mutex_lock(&loop->lock);
    loop->stopped = true;
    pthread_mutex_unlock(&loop->lock);
    wake(loop);
}

static bool run_tasks(struct loop *loop)
{
    uint64_t count;
    ssize_t n = read(loop->wake_fd, &count, sizeof(count));
    (void)n; /* EAGAIN: nobody woke us */
    pthread_mutex_lock(&loop->lock);
    struct loop_task *task = loop->first;
    loop->first = NULL;
    loop->last = &loop->first;
    bool stopped = loop->stopped;
    pthread_mutex_unlock(&loop->lock);
    while (task) {
        struct loop_task *next = task->next;
        task->run(task);
        task = next;
    }
    return !stopped;
}

int loop_run(struct loop *loop)
{
    bool going = true;
    while (going) {
        int n = epoll_wait(loop->epoll_fd, loop->events, EVENTS_A_TURN, wait_ms(loop));
        if (n < 0 && errno != EINTR)
            return -errno;
        loop->now_ms = clock_ms();
        loop->events_len = n > 0 ? n : 0;
        for (int i = 0; i < loop->events_len; i++) {
            void *subject = loop->events[i].data.ptr;
            if (subject == loop) {
                going = run_tasks(loop);
            } else if (subject) {
                struct loop_fd *fd = subject;
                fd->ready(fd, loop->events[i].events);
            }
        }
        loop->events_len = 0;
        fire_timers(loop);
    }
    return 0;
}
