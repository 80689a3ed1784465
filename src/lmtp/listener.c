#include "lmtp/listener.h"

#include "base/limits.h"
#include "lmtp/address.h"
#include "lmtp/session.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/log.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

#define OUT_OF_FDS_MS 1000 /* then accepting is tried again; not tuned */

struct visit {
    const struct lmtp *lmtp;
    int fd;
    int places;
};

/* Is `fd` readable by then? Not where a signal comes first. */
static bool await(int signals, int fd, int timeout_ms)
{
    struct pollfd fds[] = {{.fd = signals, .events = POLLIN}, {.fd = fd, .events = POLLIN}};
    int ready;
    do
        ready = poll(fds, 2, timeout_ms);
    while (ready < 0 && errno == EINTR);
    return ready > 0 && !fds[0].revents && fds[1].revents;
}

static void *serve(void *arg)
{
    struct visit visit = *(struct visit *)arg;
    free(arg);
    int r = session_run(visit.lmtp, visit.fd, visit.fd);
    if (r < 0)
        log_warning("a connection of the mail server ended early: %s", strerror(-r));
    close(visit.fd);
    eventfd_write(visit.places, 1);
    return NULL;
}

static int begin(const struct visit *visit)
{
    struct visit *copy = malloc(sizeof(*copy));
    pthread_t thread;
    if (!copy)
        return -ENOMEM;
    *copy = *visit;
    int r = pthread_create(&thread, NULL, serve, copy);
    if (r != 0) {
        free(copy);
        return -r;
    }
    pthread_detach(thread);
    return 0;
}

/* Gives the place back where nobody takes it. */
static void receive(struct visit *visit, int signals, int listening)
{
    visit->fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
    int r = visit->fd < 0 ? -errno : begin(visit);
    if (r == 0)
        return;
    if (visit->fd >= 0 || r == -EMFILE || r == -ENFILE || r == -ENOMEM || r == -ENOBUFS) {
        log_error("one more connection cannot be taken: %s", strerror(-r));
        await(signals, -1, OUT_OF_FDS_MS);
    }
    fd_close(&visit->fd);
    eventfd_write(visit->places, 1);
}

/* `places` counts those that are free. */
static void receive_all(struct visit *visit, int signals, int listening)
{
    eventfd_t taken;
    while (await(signals, visit->places, -1)) {
        eventfd_read(visit->places, &taken);
        if (!await(signals, listening, -1)) {
            eventfd_write(visit->places, 1);
            return;
        }
        receive(visit, signals, listening);
    }
}

static void await_end(int places)
{
    eventfd_t taken;
    int64_t end_ms = clock_ms() + LIMIT_LMTP_STOP_MS;
    for (int i = 0; i < LIMIT_LMTP_CONNECTIONS; i++) {
        int64_t left_ms = end_ms - clock_ms();
        if (!await(-1, places, left_ms > 0 ? (int)left_ms : 0)) {
            log_warning("some messages took too long; the mail server has them still");
            return;
        }
        eventfd_read(places, &taken);
    }
}

int listener_run(struct lmtp *lmtp, const char *address, void (*ready)(unsigned port))
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    CLEANUP_FD int listening = address_listen(address);
    if (listening < 0)
        return listening;
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    CLEANUP_FD int signals = signalfd(-1, &set, SFD_CLOEXEC);
    int stop =
        eventfd(0, EFD_CLOEXEC); /* these two stay open for threads that do not end in time */
    int places = eventfd(LIMIT_LMTP_CONNECTIONS, EFD_CLOEXEC | EFD_SEMAPHORE);
    if (signals < 0 || stop < 0 || places < 0)
        return -errno;
    lmtp->stop = stop;
    ready(address_port(listening));
    struct visit visit = {.lmtp = lmtp, .places = places};
    receive_all(&visit, signals, listening);
    fd_close(&listening);
    eventfd_write(stop, 1);
    await_end(places);
    return 0;
}
