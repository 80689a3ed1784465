#include "scripted_proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS_MAX 128
#define TEXT_MAX        300

struct connection {
    struct scripted_proxy *proxy;
    pthread_t thread;
    int fd;
    unsigned port; /* wanted */
};

struct scripted_proxy {
    struct scripted_proxy_conf conf;
    int listen_fd;
    int stop_fd;
    char address[40];
    pthread_t thread;
    pthread_mutex_t lock;
    struct connection connections[CONNECTIONS_MAX];
    size_t count;
    char asked[CONNECTIONS_MAX][TEXT_MAX];
    size_t asked_count;
    char head[4096];
};

static void need(bool condition)
{
    if (!condition) {
        perror("scripted_proxy");
        abort();
    }
}

static enum scripted_manner manner_of(struct scripted_proxy *proxy)
{
    pthread_mutex_lock(&proxy->lock);
    enum scripted_manner manner = proxy->conf.manner;
    pthread_mutex_unlock(&proxy->lock);
    return manner;
}

/* Waits until `fd` can be read; false when the server is to stop. */
static bool await(const struct connection *c, int fd)
{
    struct pollfd fds[2] = {{.fd = fd, .events = POLLIN},
                            {.fd = c->proxy->stop_fd, .events = POLLIN}};
    need(poll(fds, 2, -1) > 0);
    return fds[1].revents == 0;
}

static bool read_all(const struct connection *c, void *bytes, size_t len)
{
    for (size_t at = 0; at < len;) {
        ssize_t n = await(c, c->fd) ? recv(c->fd, (char *)bytes + at, len - at, 0) : 0;
        if (n <= 0)
            return false;
        at += (size_t)n;
    }
    return true;
}

static void say(const struct connection *c, const void *bytes, size_t len)
{
    size_t step = manner_of(c->proxy) == PROXY_BYTEWISE ? 1 : len;
    for (size_t at = 0; at < len; at += step) {
        (void)!send(c->fd, (const char *)bytes + at, step, MSG_NOSIGNAL);
        if (step == 1)
            usleep(1000); /* so that it arrives alone */
    }
}

static void note(struct connection *c, const char *text)
{
    pthread_mutex_lock(&c->proxy->lock);
    if (c->proxy->asked_count < CONNECTIONS_MAX)
        snprintf(c->proxy->asked[c->proxy->asked_count++], TEXT_MAX, "%s", text);
    pthread_mutex_unlock(&c->proxy->lock);
}

/* ---- what it is asked ---- */

static bool read_socks_target(struct connection *c, char text[TEXT_MAX])
{
    unsigned char head[4];
    unsigned char host[256] = {0};
    unsigned char port[2];
    char literal[INET6_ADDRSTRLEN];
    unsigned char len = 0;
    if (!read_all(c, head, 4) || head[0] != 5 || head[1] != 1 || head[2] != 0)
        return false;
    if (head[3] == 3 && !read_all(c, &len, 1))
        return false;
    if (!read_all(c, host, head[3] == 1 ? 4 : head[3] == 4 ? 16 : len) || !read_all(c, port, 2))
        return false;
    c->port = (unsigned)(port[0] << 8 | port[1]);
    if (head[3] == 3) {
        snprintf(text, TEXT_MAX, "name %s:%u", host, c->port);
        return true;
    }
    inet_ntop(head[3] == 1 ? AF_INET : AF_INET6, host, literal, sizeof(literal));
    snprintf(text, TEXT_MAX, head[3] == 1 ? "%s:%u" : "[%s]:%u", literal, c->port);
    return true;
}

static bool read_http_target(struct connection *c, char text[TEXT_MAX])
{
    char head[4096] = "";
    size_t len = 0;
    while (!strstr(head, "\r\n\r\n"))
        if (len + 1 == sizeof(head) || !read_all(c, head + len++, 1))
            return false;
    pthread_mutex_lock(&c->proxy->lock);
    if (!c->proxy->head[0])
        strcpy(c->proxy->head, head);
    pthread_mutex_unlock(&c->proxy->lock);
    if (sscanf(head, "CONNECT %290s HTTP/1.1\r\n", text) != 1 || !strrchr(text, ':'))
        return false;
    c->port = (unsigned)strtoul(strrchr(text, ':') + 1, NULL, 10);
    return true;
}

/* ---- what it answers ---- */

/* RFC 1928, 6: the bound address may be of any type; a name is the one that is least foreseen. */
static void answer(const struct connection *c, unsigned code)
{
    char text[200];
    if (c->proxy->conf.http) {
        int len = snprintf(text, sizeof(text),
                           "HTTP/1.1 %u Says The Proxy\r\nVia: 1.1 proxy\r\nX-A: \r\n\r\n", code);
        say(c, text, (size_t)len);
    } else {
        const unsigned char reply[] = {
            5, (unsigned char)code, 0, 3, 6, 'b', 'e', 'h', 'i', 'n', 'd', 1, 2};
        say(c, reply, sizeof(reply));
    }
}

static void relay(const struct connection *c, int far)
{
    int fds[2] = {c->fd, far};
    bool open[2] = {true, true};
    while (open[0] || open[1]) {
        struct pollfd polls[3] = {{.fd = open[0] ? fds[0] : -1, .events = POLLIN},
                                  {.fd = open[1] ? fds[1] : -1, .events = POLLIN},
                                  {.fd = c->proxy->stop_fd, .events = POLLIN}};
        need(poll(polls, 3, -1) > 0);
        if (polls[2].revents)
            return;
        for (int i = 0; i < 2; i++) {
            char bytes[16384];
            ssize_t n = polls[i].revents ? recv(fds[i], bytes, sizeof(bytes), 0) : -1;
            if (polls[i].revents && n <= 0) {
                open[i] = false;
                shutdown(fds[!i], SHUT_WR);
                if (n < 0)
                    return;
            }
            for (ssize_t at = 0; at < n;) {
                ssize_t m = send(fds[!i], bytes + at, (size_t)(n - at), MSG_NOSIGNAL);
                if (m <= 0)
                    return;
                at += m;
            }
        }
    }
}

static void connect_and_relay(const struct connection *c)
{
    const struct sockaddr_in to = {.sin_family = AF_INET,
                                   .sin_port = htons((in_port_t)c->port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int far = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    need(far >= 0);
    if (connect(far, (const struct sockaddr *)&to, sizeof(to)) < 0) {
        answer(c, c->proxy->conf.http ? 502 : 5);
    } else {
        answer(c, c->proxy->conf.http ? 200 : 0);
        relay(c, far);
    }
    close(far);
}

static bool greet(const struct connection *c, enum scripted_manner manner)
{
    unsigned char head[2];
    unsigned char methods[256];
    const unsigned char choice[2] = {5, manner == PROXY_WANTS_AUTH ? 2 : 0};
    if (!read_all(c, head, 2) || head[0] != 5 || !read_all(c, methods, head[1]) ||
        !memchr(methods, 0, head[1]))
        return false;
    say(c, choice, 2);
    return manner != PROXY_WANTS_AUTH;
}

static void serve(struct connection *c)
{
    struct scripted_proxy *proxy = c->proxy;
    enum scripted_manner manner = manner_of(proxy);
    char text[TEXT_MAX];
    if (manner == PROXY_CLOSES)
        return;
    if (manner == PROXY_NONSENSE)
        say(c, "220 smtp.example ready\r\n\r\n", 26);
    if (manner == PROXY_SILENT || manner == PROXY_NONSENSE) {
        while (await(c, c->fd) && recv(c->fd, text, sizeof(text), 0) > 0)
            ;
        return;
    }
    if (!proxy->conf.http && !greet(c, manner))
        return;
    if (!(proxy->conf.http ? read_http_target(c, text) : read_socks_target(c, text)))
        return;
    note(c, text);
    while (manner == PROXY_ENDLESS &&
           send(c->fd, "HTTP/1.1 200 OK\r\nX: y\r\n", 23, MSG_NOSIGNAL) > 0)
        ;
    if (manner == PROXY_MUTE)
        (void)await(c, c->fd);
    else if (manner == PROXY_WANTS_AUTH)
        answer(c, 407);
    else if (manner == PROXY_REFUSES || (proxy->conf.fails && strcmp(text, proxy->conf.fails) == 0))
        answer(c, proxy->conf.code);
    else
        connect_and_relay(c);
}

static void *connection_main(void *ctx)
{
    struct connection *c = ctx;
    serve(c);
    close(c->fd);
    return NULL;
}

static void *accept_main(void *ctx)
{
    struct scripted_proxy *proxy = ctx;
    for (;;) {
        struct pollfd fds[2] = {{.fd = proxy->listen_fd, .events = POLLIN},
                                {.fd = proxy->stop_fd, .events = POLLIN}};
        need(poll(fds, 2, -1) > 0);
        if (fds[1].revents)
            return NULL;
        int fd = accept4(proxy->listen_fd, NULL, NULL, SOCK_CLOEXEC);
        need(fd >= 0 && proxy->count < CONNECTIONS_MAX);
        pthread_mutex_lock(&proxy->lock);
        struct connection *c = &proxy->connections[proxy->count++];
        pthread_mutex_unlock(&proxy->lock);
        *c = (struct connection){.proxy = proxy, .fd = fd};
        need(pthread_create(&c->thread, NULL, connection_main, c) == 0);
    }
}

/* ---- for the test ---- */

struct scripted_proxy *scripted_proxy_start(const struct scripted_proxy_conf *conf)
{
    struct scripted_proxy *proxy = calloc(1, sizeof(*proxy));
    need(proxy != NULL);
    proxy->conf = *conf;
    proxy->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    proxy->stop_fd = eventfd(0, EFD_CLOEXEC);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);
    need(bind(proxy->listen_fd, (struct sockaddr *)&at, sizeof(at)) == 0);
    need(listen(proxy->listen_fd, 64) == 0);
    need(getsockname(proxy->listen_fd, (struct sockaddr *)&at, &len) == 0);
    snprintf(proxy->address, sizeof(proxy->address), "127.0.0.1:%u", ntohs(at.sin_port));
    pthread_mutex_init(&proxy->lock, NULL);
    need(pthread_create(&proxy->thread, NULL, accept_main, proxy) == 0);
    return proxy;
}

void scripted_proxy_become(struct scripted_proxy *proxy, enum scripted_manner manner)
{
    pthread_mutex_lock(&proxy->lock);
    proxy->conf.manner = manner;
    pthread_mutex_unlock(&proxy->lock);
}

const char *scripted_proxy_address(const struct scripted_proxy *proxy)
{
    return proxy->address;
}

size_t scripted_proxy_connections(struct scripted_proxy *proxy)
{
    pthread_mutex_lock(&proxy->lock);
    size_t count = proxy->count;
    pthread_mutex_unlock(&proxy->lock);
    return count;
}

size_t scripted_proxy_asked(struct scripted_proxy *proxy, const char *target)
{
    size_t count = 0;
    pthread_mutex_lock(&proxy->lock);
    for (size_t i = 0; i < proxy->asked_count; i++)
        if (!target || strcmp(proxy->asked[i], target) == 0)
            count++;
    pthread_mutex_unlock(&proxy->lock);
    return count;
}

const char *scripted_proxy_head(struct scripted_proxy *proxy)
{
    return proxy->head;
}

void scripted_proxy_stop(struct scripted_proxy *proxy)
{
    uint64_t one = 1;
    need(write(proxy->stop_fd, &one, sizeof(one)) == sizeof(one));
    pthread_join(proxy->thread, NULL);
    for (size_t i = 0; i < proxy->count; i++)
        pthread_join(proxy->connections[i].thread, NULL);
    pthread_mutex_destroy(&proxy->lock);
    close(proxy->listen_fd);
    close(proxy->stop_fd);
    free(proxy);
}
