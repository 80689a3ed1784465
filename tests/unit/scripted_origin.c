#include "scripted_origin.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS_MAX 64
#define HEAD_MAX        16384

struct connection {
    struct scripted_origin *origin;
    pthread_t thread;
    int fd;
    char head[HEAD_MAX];
};

struct scripted_origin {
    const struct scripted_reply *replies;
    int listen_fd;
    int stop_fd;
    unsigned port;
    pthread_t thread;
    pthread_mutex_t lock;
    struct connection *connections[CONNECTIONS_MAX];
    size_t accepted;
    const char *heads[CONNECTIONS_MAX];
    size_t heads_count;
    size_t open;
    size_t most;
};

static void need(bool condition)
{
    if (!condition) {
        perror("scripted_origin");
        abort();
    }
}

/* Waits for `events` or `ms`; false when the server is to stop. */
static bool await(const struct connection *c, short events, int ms)
{
    struct pollfd fds[2] = {{.fd = c->fd, .events = events},
                            {.fd = c->origin->stop_fd, .events = POLLIN}};
    need(poll(fds, 2, ms) >= 0);
    return fds[1].revents == 0;
}

/* Lets time pass whatever the peer does. */
static bool pass_ms(const struct connection *c, int ms)
{
    struct pollfd stop = {.fd = c->origin->stop_fd, .events = POLLIN};
    return poll(&stop, 1, ms) == 0;
}

static bool send_all(const struct connection *c, const char *bytes, size_t len)
{
    while (len > 0) {
        if (!await(c, POLLOUT, -1))
            return false;
        ssize_t n = send(c->fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n <= 0)
            return false;
        bytes += n;
        len -= (size_t)n;
    }
    return true;
}

static bool read_head(struct connection *c)
{
    size_t len = 0;
    while (!strstr(c->head, "\r\n\r\n")) {
        if (!await(c, POLLIN, -1))
            return false;
        ssize_t n = recv(c->fd, c->head + len, sizeof(c->head) - 1 - len, 0);
        if (n <= 0)
            return false;
        len += (size_t)n;
        /* TLS on a plain port: says so, as servers do. */
        if (c->head[0] == 0x16) {
            (void)send_all(c, "HTTP/1.1 400 Bad Request\r\n\r\n", 28);
            return false;
        }
    }
    return true;
}

static const struct scripted_reply *find(const struct connection *c)
{
    const char *path = strchr(c->head, ' ') + 1;
    const struct scripted_reply *reply = c->origin->replies;
    while (reply->path && (strncmp(reply->path, path, strlen(reply->path)) != 0 ||
                           path[strlen(reply->path)] != ' '))
        reply++;
    return reply->path ? reply : NULL;
}

static void end(const struct connection *c, const struct scripted_reply *reply)
{
    switch (reply->end) {
    case SCRIPTED_RESET:
        setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &(struct linger){.l_onoff = 1},
                   sizeof(struct linger));
        break;
    case SCRIPTED_HOLD:
        (void)await(c, 0, -1);
        break;
    case SCRIPTED_REPEAT:
        while (send_all(c, reply->again, strlen(reply->again)))
            ;
        break;
    case SCRIPTED_DRIP:
        for (size_t i = 0; send_all(c, &reply->again[i % strlen(reply->again)], 1); i++)
            if (!pass_ms(c, 20))
                break;
        break;
    case SCRIPTED_CLOSE:
    case SCRIPTED_LINGER:
        /* Not before the peer has read all: an unread request would turn this into a reset. */
        shutdown(c->fd, SHUT_WR);
        break;
    }
}

static void *converse(void *ctx)
{
    struct connection *c = ctx;
    struct scripted_origin *origin = c->origin;
    if (read_head(c)) {
        pthread_mutex_lock(&origin->lock);
        origin->heads[origin->heads_count++] = c->head;
        pthread_mutex_unlock(&origin->lock);
        const struct scripted_reply *reply = find(c);
        need(reply != NULL);
        size_t len = reply->len ? reply->len : strlen(reply->bytes);
        if ((reply->end != SCRIPTED_LINGER || pass_ms(c, 30)) && send_all(c, reply->bytes, len))
            end(c, reply);
    }
    pthread_mutex_lock(&origin->lock);
    close(c->fd);
    origin->open--;
    pthread_mutex_unlock(&origin->lock);
    return NULL;
}

static void *serve(void *ctx)
{
    struct scripted_origin *origin = ctx;
    for (;;) {
        struct pollfd fds[2] = {{.fd = origin->listen_fd, .events = POLLIN},
                                {.fd = origin->stop_fd, .events = POLLIN}};
        need(poll(fds, 2, -1) > 0);
        if (fds[1].revents)
            return NULL;
        struct connection *c = calloc(1, sizeof(*c));
        need(c != NULL && origin->accepted < CONNECTIONS_MAX);
        c->origin = origin;
        c->fd = accept4(origin->listen_fd, NULL, NULL, SOCK_CLOEXEC);
        need(c->fd >= 0);
        pthread_mutex_lock(&origin->lock);
        origin->connections[origin->accepted++] = c;
        if (++origin->open > origin->most)
            origin->most = origin->open;
        pthread_mutex_unlock(&origin->lock);
        need(pthread_create(&c->thread, NULL, converse, c) == 0);
    }
}

struct scripted_origin *scripted_origin_start(const struct scripted_reply *replies)
{
    struct scripted_origin *origin = calloc(1, sizeof(*origin));
    need(origin != NULL);
    origin->replies = replies;
    origin->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    origin->stop_fd = eventfd(0, EFD_CLOEXEC);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);
    need(bind(origin->listen_fd, (struct sockaddr *)&at, sizeof(at)) == 0);
    need(listen(origin->listen_fd, 64) == 0);
    need(getsockname(origin->listen_fd, (struct sockaddr *)&at, &len) == 0);
    origin->port = ntohs(at.sin_port);
    pthread_mutex_init(&origin->lock, NULL);
    need(pthread_create(&origin->thread, NULL, serve, origin) == 0);
    return origin;
}

unsigned scripted_origin_port(const struct scripted_origin *origin)
{
    return origin->port;
}

static size_t locked(struct scripted_origin *origin, const size_t *value)
{
    pthread_mutex_lock(&origin->lock);
    size_t copy = *value;
    pthread_mutex_unlock(&origin->lock);
    return copy;
}

size_t scripted_origin_connections(struct scripted_origin *origin)
{
    /* What the kernel has completed but nobody accepted yet counts too. */
    for (;;) {
        struct pollfd pending = {.fd = origin->listen_fd, .events = POLLIN};
        need(poll(&pending, 1, 0) >= 0);
        if (!pending.revents)
            break;
        sched_yield();
    }
    return locked(origin, &origin->accepted);
}

size_t scripted_origin_most(struct scripted_origin *origin)
{
    return locked(origin, &origin->most);
}

const char *scripted_origin_head(struct scripted_origin *origin, size_t index)
{
    return index < locked(origin, &origin->heads_count) ? origin->heads[index] : NULL;
}

void scripted_origin_stop(struct scripted_origin *origin)
{
    uint64_t one = 1;
    need(write(origin->stop_fd, &one, sizeof(one)) == sizeof(one));
    pthread_join(origin->thread, NULL);
    for (size_t i = 0; i < origin->accepted; i++) {
        pthread_join(origin->connections[i]->thread, NULL);
        free(origin->connections[i]);
    }
    pthread_mutex_destroy(&origin->lock);
    close(origin->listen_fd);
    close(origin->stop_fd);
    free(origin);
}
