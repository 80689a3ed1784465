#include "net/multi.h"

#include "base/list.h"

#include <errno.h>

#define IDLE_MS 3600000 /* nothing is due; the timer only keeps its place */

struct multi {
    struct loop *loop;
    CURLM *handle;
    struct loop_timer timer; /* always running, so that moving it needs no memory */
};

/* One a socket: made when libcurl first watches it, freed when it no longer does, which it says
 * before it closes the socket. */
struct watch {
    struct loop_fd fd;
    struct multi *multi;
};

static void timer_move(struct multi *multi, int64_t ms)
{
    must(loop_timer_set(multi->loop, &multi->timer, ms) == 0);
}

static void collect(struct multi *multi)
{
    int left;
    CURLMsg *message;
    while ((message = curl_multi_info_read(multi->handle, &left))) {
        if (message->msg != CURLMSG_DONE)
            continue;
        /* The message dies with the removal. */
        CURLcode code = message->data.result;
        CURL *easy = message->easy_handle;
        struct multi_transfer *transfer = NULL;
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&transfer);
        curl_multi_remove_handle(multi->handle, easy);
        transfer->done(transfer, code);
    }
}

static void act(struct multi *multi, curl_socket_t fd, int events)
{
    int running;
    curl_multi_socket_action(multi->handle, fd, events, &running);
    collect(multi);
}

static void socket_ready(struct loop_fd *fd, uint32_t events)
{
    struct watch *watch = container_of(fd, struct watch, fd);
    int mask = (events & EPOLLIN ? CURL_CSELECT_IN : 0) |
               (events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
               (events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
    act(watch->multi, fd->fd, mask);
}

static void timer_fired(struct loop_timer *timer)
{
    struct multi *multi = container_of(timer, struct multi, timer);
    timer_move(multi, IDLE_MS);
    act(multi, CURL_SOCKET_TIMEOUT, 0);
}

static int timer_wanted(CURLM *handle, long timeout_ms, void *ctx)
{
    (void)handle;
    timer_move(ctx, timeout_ms < 0 ? IDLE_MS : timeout_ms);
    return 0;
}

static int socket_wanted(CURL *easy, curl_socket_t fd, int what, void *ctx, void *socket_ctx)
{
    struct multi *multi = ctx;
    struct watch *watch = socket_ctx;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (watch)
            loop_fd_remove(multi->loop, &watch->fd);
        free(watch);
        return 0;
    }
    uint32_t events = (what & CURL_POLL_IN ? EPOLLIN : 0U) | (what & CURL_POLL_OUT ? EPOLLOUT : 0U);
    if (watch)
        return loop_fd_change(multi->loop, &watch->fd, events) == 0 ? 0 : -1;
    watch = calloc(1, sizeof(*watch));
    if (!watch)
        return -1;
    watch->multi = multi;
    watch->fd = (struct loop_fd){.fd = fd, .ready = socket_ready};
    if (loop_fd_add(multi->loop, &watch->fd, events) < 0) {
        free(watch);
        return -1;
    }
    curl_multi_assign(multi->handle, fd, watch);
    return 0;
}

int multi_new(struct loop *loop, struct multi **ret)
{
    struct multi *multi = calloc(1, sizeof(*multi));
    if (!multi)
        return -ENOMEM;
    multi->loop = loop;
    multi->timer.fire = timer_fired;
    multi->handle = curl_multi_init();
    if (!multi->handle || loop_timer_set(loop, &multi->timer, IDLE_MS) < 0) {
        curl_multi_cleanup(multi->handle);
        free(multi);
        return -ENOMEM;
    }
    curl_multi_setopt(multi->handle, CURLMOPT_SOCKETFUNCTION, socket_wanted);
    curl_multi_setopt(multi->handle, CURLMOPT_SOCKETDATA, multi);
    curl_multi_setopt(multi->handle, CURLMOPT_TIMERFUNCTION, timer_wanted);
    curl_multi_setopt(multi->handle, CURLMOPT_TIMERDATA, multi);
    *ret = multi;
    return 0;
}

void multi_free(struct multi *multi)
{
    if (!multi)
        return;
    curl_multi_cleanup(multi->handle);
    loop_timer_cancel(multi->loop, &multi->timer);
    free(multi);
}

int multi_add(struct multi *multi, struct multi_transfer *transfer)
{
    curl_easy_setopt(transfer->easy, CURLOPT_PRIVATE, (char *)transfer);
    return curl_multi_add_handle(multi->handle, transfer->easy) == CURLM_OK ? 0 : -ENOMEM;
}

void multi_remove(struct multi *multi, struct multi_transfer *transfer)
{
    curl_multi_remove_handle(multi->handle, transfer->easy);
}
