/*
 * Asks an HTTP server for many paths, each once: the load of bench/miss.py, where nothing may be
 * asked for twice (wrk goes round its list). One thread, kept connections, one request under way
 * on each; the next path is asked for as soon as a connection is free.
 *
 * usage: ask ADDRESS PORT CONNECTIONS SECONDS FILE [BODIES]. FILE holds a path a line. No further
 * request begins after SECONDS; what is under way is waited for. It prints one line of JSON:
 * {"requests":N,"failed":N,"duration_us":N,"p50_us":N,"p99_us":N}, failed being those whose status
 * was not 200, or whose connection ended. BODIES gets, for each request in the order of the
 * answers, a line `path-index status length` and so many bytes. For benchmarks only: it trusts its
 * file and its server, and knows answers with a Content-Length only.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_EVENTS 256

struct conn {
    int fd;
    size_t path; /* of the request under way */
    int64_t began_us;
    char *answer;
    size_t len;
    size_t room;
    size_t head_len; /* 0: not all there */
    size_t body_len;
    int status;
    bool busy;
    bool closes; /* the server said so */
};

static struct {
    struct sockaddr_in server;
    char **paths;
    size_t paths_count;
    size_t next;
    size_t under_way;
    size_t failed;
    int64_t end_us;
    int64_t *took_us;
    size_t answered;
    int epoll;
    FILE *bodies;
} ask;

static void fail(const char *what)
{
    perror(what);
    exit(3);
}

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void read_paths(const char *name)
{
    FILE *file = fopen(name, "r");
    char *line = NULL;
    size_t room = 0, paths_room = 0;
    if (!file)
        fail(name);
    for (ssize_t n; (n = getline(&line, &room, file)) > 0;) {
        line[n - 1] = '\0';
        if (ask.paths_count == paths_room) {
            paths_room = paths_room ? 2 * paths_room : 1024;
            ask.paths = reallocarray(ask.paths, paths_room, sizeof(*ask.paths));
        }
        if (!ask.paths || !(ask.paths[ask.paths_count++] = strdup(line)))
            fail("memory");
    }
    free(line);
    fclose(file);
    ask.took_us = calloc(ask.paths_count + 1, sizeof(*ask.took_us));
    if (!ask.took_us)
        fail("memory");
}

static void conn_open(struct conn *conn)
{
    const int on = 1;
    conn->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (conn->fd < 0 || connect(conn->fd, (struct sockaddr *)&ask.server, sizeof(ask.server)) < 0)
        fail("connect");
    setsockopt(conn->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = conn};
    if (epoll_ctl(ask.epoll, EPOLL_CTL_ADD, conn->fd, &event) < 0)
        fail("epoll_ctl");
    conn->closes = false;
}

/* The next path, if there is one and it is not too late. */
static void conn_ask(struct conn *conn)
{
    char request[8192];
    int64_t now = now_us();
    if (ask.next == ask.paths_count || now >= ask.end_us)
        return;
    conn->path = ask.next++;
    conn->began_us = now;
    conn->busy = true;
    conn->len = 0;
    conn->head_len = 0;
    int len = snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: bench\r\n\r\n",
                       ask.paths[conn->path]);
    ask.under_way++;
    /* Far less than a socket's buffer: it goes whole. What fails shows when the answer is read. */
    (void)!send(conn->fd, request, (size_t)len, MSG_NOSIGNAL);
}

/* ---- answers ---- */

static const char *field(const char *head, const char *name)
{
    size_t len = strlen(name);
    for (const char *line = head; (line = strstr(line, "\r\n"));) {
        line += 2;
        if (strncasecmp(line, name, len) == 0 && line[len] == ':')
            return line + len + 1 + strspn(line + len + 1, " ");
    }
    return NULL;
}

static void read_head(struct conn *conn)
{
    conn->answer[conn->len] = '\0';
    char *end = strstr(conn->answer, "\r\n\r\n");
    if (!end)
        return;
    end[2] = '\0';
    conn->head_len = (size_t)(end - conn->answer) + 4;
    conn->status = conn->len > 12 ? atoi(conn->answer + 9) : 0;
    const char *length = field(conn->answer, "Content-Length");
    const char *connection = field(conn->answer, "Connection");
    conn->closes = connection && strncasecmp(connection, "close", 5) == 0;
    if (!length)
        conn->status = 0;
    conn->body_len = length ? strtoul(length, NULL, 10) : 0;
}

static void finish(struct conn *conn, bool broken)
{
    if (broken)
        conn->status = 0;
    conn->busy = false;
    ask.under_way--;
    ask.failed += conn->status != 200;
    ask.took_us[ask.answered++] = now_us() - conn->began_us;
    if (ask.bodies) {
        size_t len = broken ? 0 : conn->body_len;
        fprintf(ask.bodies, "%zu %d %zu\n", conn->path, conn->status, len);
        fwrite(conn->answer + conn->head_len, 1, len, ask.bodies);
    }
    if (broken || conn->closes) {
        close(conn->fd);
        conn_open(conn);
    }
    conn_ask(conn);
}

static void conn_read(struct conn *conn)
{
    if (conn->room - conn->len < 16384) {
        conn->room += 65536;
        conn->answer = realloc(conn->answer, conn->room);
        if (!conn->answer)
            fail("memory");
    }
    ssize_t n = recv(conn->fd, conn->answer + conn->len, conn->room - conn->len - 1, MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0 && !conn->busy) {
        close(conn->fd);
        return;
    }
    if (n <= 0) {
        finish(conn, true);
        return;
    }
    conn->len += (size_t)n;
    if (conn->head_len == 0)
        read_head(conn);
    if (conn->head_len > 0 && conn->len >= conn->head_len + conn->body_len)
        finish(conn, false);
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void say(int64_t duration_us)
{
    qsort(ask.took_us, ask.answered, sizeof(*ask.took_us), by_value);
    size_t last = ask.answered ? ask.answered - 1 : 0;
    printf("{\"requests\":%zu,\"failed\":%zu,\"duration_us\":%lld,\"p50_us\":%lld,"
           "\"p99_us\":%lld}\n",
           ask.answered, ask.failed, (long long)duration_us, (long long)ask.took_us[last / 2],
           (long long)ask.took_us[last - last / 100]);
}

int main(int argc, char **argv)
{
    if (argc < 6 || argc > 7) {
        fprintf(stderr, "usage: ask ADDRESS PORT CONNECTIONS SECONDS FILE [BODIES]\n");
        return 2;
    }
    ask.server.sin_family = AF_INET;
    ask.server.sin_port = htons((uint16_t)atoi(argv[2]));
    size_t count = strtoul(argv[3], NULL, 10);
    struct conn *conns = calloc(count, sizeof(*conns));
    if (inet_pton(AF_INET, argv[1], &ask.server.sin_addr) != 1 || !conns)
        fail(argv[1]);
    read_paths(argv[5]);
    if (argc == 7 && !(ask.bodies = fopen(argv[6], "wb")))
        fail(argv[6]);
    ask.epoll = epoll_create1(EPOLL_CLOEXEC);
    for (size_t i = 0; i < count; i++)
        conn_open(&conns[i]);
    int64_t began = now_us();
    ask.end_us = began + (int64_t)atoi(argv[4]) * 1000000;
    for (size_t i = 0; i < count; i++)
        conn_ask(&conns[i]);
    while (ask.under_way > 0) {
        struct epoll_event events[MAX_EVENTS];
        int ready = epoll_wait(ask.epoll, events, MAX_EVENTS, -1);
        for (int i = 0; i < ready; i++)
            conn_read(events[i].data.ptr);
    }
    if (ask.bodies && fclose(ask.bodies) != 0)
        fail(argv[6]);
    say(now_us() - began);
    for (size_t i = 0; i < count; i++)
        free(conns[i].answer);
    free(conns);
    return 0;
}
