/*
 * The floor: the least that any HTTP server on this kernel can spend on an answer from memory. It
 * reads a request up to its blank line, looks at nothing in it, and writes the next of the prepared
 * responses in one go. Keep-alive only; one thread, one SO_REUSEPORT listener and one epoll each,
 * as shojid has them. What shojid costs above this is what verifying, looking up and HTTP cost.
 *
 * usage: floor THREADS FILE. FILE holds the responses, each as a line with its length in decimal
 * and then so many bytes, head and body. It listens on a free loopback port, prints `ready
 * listen=...` and runs until it is killed. For benchmarks only: it trusts its file and its one kind
 * of client.
 */
#include "base/err.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_THREADS 64
#define MAX_EVENTS  128
#define READ_SIZE   16384

struct response {
    const char *ptr;
    size_t len;
};

struct responses {
    struct response *items;
    size_t count;
};

struct conn {
    int fd;
    unsigned matched; /* bytes of the blank line seen so far, 0 to 3 */
    unsigned due;     /* requests read and not yet answered */
    size_t sent;      /* bytes of the response under way */
    const struct response *response;
    bool waits_for_room;
};

struct server {
    const struct responses *responses;
    size_t next;
    int listener;
    int epoll;
};

static void fail(const char *what)
{
    perror(what);
    exit(3);
}

static char *read_file(const char *path, size_t *ret_len)
{
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END) < 0)
        fail(path);
    long len = ftell(file);
    if (len <= 0)
        fail(path);
    rewind(file);
    char *text = malloc((size_t)len + 1);
    if (!text || fread(text, 1, (size_t)len, file) != (size_t)len)
        fail(path);
    text[len] = '\0';
    fclose(file);
    *ret_len = (size_t)len;
    return text;
}

static struct responses read_responses(const char *path)
{
    struct responses all = {0};
    size_t len;
    char *text = read_file(path, &len);
    for (char *at = text; at < text + len;) {
        char *after;
        size_t size = strtoul(at, &after, 10);
        if (*after != '\n' || size > (size_t)(text + len - after - 1)) {
            fprintf(stderr, "floor: %s is not in the form it should be\n", path);
            exit(3);
        }
        all.items = reallocarray(all.items, all.count + 1, sizeof(*all.items));
        if (!all.items)
            fail("memory");
        all.items[all.count++] = (struct response){after + 1, size};
        at = after + 1 + size;
    }
    return all;
}

static int open_listener(uint16_t *port)
{
    const int on = 1;
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons(*port)};
    socklen_t len = sizeof(addr);
    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) < 0 ||
        bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 || listen(fd, 1024) < 0 ||
        getsockname(fd, (struct sockaddr *)&addr, &len) < 0)
        fail("listen");
    *port = ntohs(addr.sin_port);
    return fd;
}

static void watch(const struct server *server, struct conn *conn, bool room)
{
    struct epoll_event event = {.events = room ? EPOLLIN | EPOLLOUT : EPOLLIN, .data.ptr = conn};
    if (epoll_ctl(server->epoll, EPOLL_CTL_MOD, conn->fd, &event) < 0)
        fail("epoll_ctl");
    conn->waits_for_room = room;
}

static void accept_one(const struct server *server)
{
    const int on = 1;
    int fd = accept4(server->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    struct conn *conn = calloc(1, sizeof(*conn));
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = conn};
    if (!conn)
        fail("memory");
    conn->fd = fd;
    if (epoll_ctl(server->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
        fail("epoll_ctl");
}

/* The number of blank lines that end in these bytes; `matched` carries over to the next read. */
static unsigned count_ends(unsigned *matched, const char *bytes, size_t len)
{
    unsigned ends = 0;
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] == "\r\n\r\n"[*matched])
            ++*matched;
        else
            *matched = bytes[i] == '\r';
        if (*matched == 4) {
            *matched = 0;
            ends++;
        }
    }
    return ends;
}

/* False when the connection is done for. */
static bool write_due(struct server *server, struct conn *conn)
{
    while (conn->due > 0) {
        if (!conn->response) {
            conn->response = &server->responses->items[server->next];
            server->next = (server->next + 1) % server->responses->count;
            conn->sent = 0;
        }
        ssize_t n = send(conn->fd, conn->response->ptr + conn->sent,
                         conn->response->len - conn->sent, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN) {
            if (!conn->waits_for_room)
                watch(server, conn, true);
            return true;
        }
        if (n < 0)
            return false;
        conn->sent += (size_t)n;
        if (conn->sent == conn->response->len) {
            conn->response = NULL;
            conn->due--;
        }
    }
    if (conn->waits_for_room)
        watch(server, conn, false);
    return true;
}

static bool serve(struct server *server, struct conn *conn, uint32_t events)
{
    UNCLEARED char bytes[READ_SIZE];
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
        ssize_t n = recv(conn->fd, bytes, sizeof(bytes), 0);
        if (n == 0 || (n < 0 && errno != EAGAIN))
            return false;
        if (n > 0)
            conn->due += count_ends(&conn->matched, bytes, (size_t)n);
    }
    return write_due(server, conn);
}

static void *run(void *arg)
{
    struct server *server = arg;
    struct epoll_event events[MAX_EVENTS];
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    server->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (server->epoll < 0 || epoll_ctl(server->epoll, EPOLL_CTL_ADD, server->listener, &event) < 0)
        fail("epoll");
    for (;;) {
        int count = epoll_wait(server->epoll, events, MAX_EVENTS, -1);
        for (int i = 0; i < count; i++) {
            struct conn *conn = events[i].data.ptr;
            if (!conn) {
                accept_one(server);
            } else if (!serve(server, conn, events[i].events)) {
                close(conn->fd);
                free(conn);
            }
        }
    }
    return NULL;
}

int main(int argc, char **argv)
{
    int threads = argc == 3 ? atoi(argv[1]) : 0;
    if (threads < 1 || threads > MAX_THREADS) {
        fprintf(stderr, "usage: floor THREADS FILE\n");
        return 2;
    }
    struct responses responses = read_responses(argv[2]);
    static struct server servers[MAX_THREADS];
    pthread_t ids[MAX_THREADS];
    uint16_t port = 0;
    for (int i = 0; i < threads; i++)
        servers[i] = (struct server){.responses = &responses, .listener = open_listener(&port)};
    for (int i = 0; i < threads; i++)
        if (pthread_create(&ids[i], NULL, run, &servers[i]) != 0)
            fail("thread");
    printf("ready listen=127.0.0.1:%u\n", (unsigned)port);
    fflush(stdout);
    pthread_join(ids[0], NULL);
    return 0;
}
