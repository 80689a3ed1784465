/*
 * Asks an HTTP server for many paths, each once: the load of bench/miss.py, where nothing may be
 * asked for twice (wrk goes round its list). One thread, kept connections, one request under way
 * on each; the next path is asked for as soon as a connection is free.
 *
 * With -r RATE the other way round, for bench/mixed.py: so many requests a second, at random
 * moments that were fixed before and whatever becomes of the answers, over the paths again and
 * again. A request whose moment comes while all connections are busy goes out later, the last ones
 * after SECONDS; its time counts from that moment, as it does for a reader.
 *
 * usage: ask [-r RATE] ADDRESS PORT CONNECTIONS SECONDS FILE [BODIES]. FILE holds a path a line. No
 * further request is due after SECONDS; what is under way, and what was due before, is waited for.
 * It prints one line of JSON:
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
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_EVENTS 256

struct conn {
    int fd;      /* negative: the server closed it meanwhile */
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
    unsigned rate;  /* 0: as fast as answers come, each path once */
    int64_t due_us; /* the moment of the next request; with a rate only */
    uint64_t random;
    struct conn *conns;
    size_t conns_count;
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

/* xorshift64*: the same moments in each run. */
static double random_part(void)
{
    ask.random ^= ask.random >> 12;
    ask.random ^= ask.random << 25;
    ask.random ^= ask.random >> 27;
    return (double)(ask.random * UINT64_C(0x2545f4914f6cdd1d) >> 11) / (double)(UINT64_C(1) << 53);
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

/* With a rate: is there another request, now or later? However late, it is asked: those that all
 * connections were too busy for are the slowest. */
static bool is_owed(void)
{
    return ask.rate && ask.due_us < ask.end_us;
}

/* When the next request begins, for its reader; false: it does not, now. */
static bool begins(int64_t now, int64_t *ret)
{
    bool due =
        ask.rate ? is_owed() && now >= ask.due_us : now < ask.end_us && ask.next < ask.paths_count;
    if (!due)
        return false;
    *ret = ask.rate ? ask.due_us : now;
    if (ask.rate)
        ask.due_us += (int64_t)(random_part() * 2e6 / ask.rate);
    return true;
}

/* The next path, if there is one and it is not too late. */
static void conn_ask(struct conn *conn)
{
    char request[8192];
    if (!begins(now_us(), &conn->began_us))
        return;
    if (conn->fd < 0)
        conn_open(conn);
    conn->path = ask.next++ % ask.paths_count;
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
        conn->fd = -1;
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

/* What is due, as far as there are connections for it. */
static void ask_due(void)
{
    for (size_t i = 0; i < ask.conns_count; i++)
        if (!ask.conns[i].busy)
            conn_ask(&ask.conns[i]);
}

/* Until an answer comes, or the next request is due and there is a connection for it. */
static int await(struct epoll_event events[MAX_EVENTS])
{
    int64_t left_us = ask.due_us - now_us();
    const struct timespec left = {.tv_sec = left_us / 1000000, .tv_nsec = left_us % 1000000 * 1000};
    if (!is_owed() || ask.under_way == ask.conns_count)
        return epoll_wait(ask.epoll, events, MAX_EVENTS, -1);
    return left_us <= 0 ? epoll_wait(ask.epoll, events, MAX_EVENTS, 0)
                        : epoll_pwait2(ask.epoll, events, MAX_EVENTS, &left, NULL);
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
    while (getopt(argc, argv, "r:") == 'r')
        ask.rate = (unsigned)strtoul(optarg, NULL, 10);
    argv += optind - 1;
    argc -= optind - 1;
    if (argc < 6 || argc > 7) {
        fprintf(stderr, "usage: ask [-r RATE] ADDRESS PORT CONNECTIONS SECONDS FILE [BODIES]\n");
        return 2;
    }
    prctl(PR_SET_TIMERSLACK, 1000); /* nanoseconds: the usual 50,000 would be in every figure */
    ask.server.sin_family = AF_INET;
    ask.server.sin_port = htons((uint16_t)atoi(argv[2]));
    size_t count = strtoul(argv[3], NULL, 10);
    struct conn *conns = calloc(count, sizeof(*conns));
    if (inet_pton(AF_INET, argv[1], &ask.server.sin_addr) != 1 || !conns)
        fail(argv[1]);
    read_paths(argv[5]);
    size_t most = ask.rate ? (size_t)ask.rate * (size_t)atoi(argv[4]) * 2 : ask.paths_count;
    ask.took_us = calloc(most + 1, sizeof(*ask.took_us));
    if (!ask.took_us || ask.paths_count == 0)
        fail(argv[5]);
    ask.conns = conns;
    ask.conns_count = count;
    ask.random = 1;
    if (argc == 7 && !(ask.bodies = fopen(argv[6], "wb")))
        fail(argv[6]);
    ask.epoll = epoll_create1(EPOLL_CLOEXEC);
    for (size_t i = 0; i < count; i++)
        conn_open(&conns[i]);
    int64_t began = now_us();
    ask.due_us = began;
    ask.end_us = began + (int64_t)atoi(argv[4]) * 1000000;
    ask_due();
    while (ask.under_way > 0 || is_owed()) {
        struct epoll_event events[MAX_EVENTS];
        int ready = await(events);
        for (int i = 0; i < ready; i++)
            conn_read(events[i].data.ptr);
        if (ask.rate)
            ask_due();
    }
    if (ask.bodies && fclose(ask.bodies) != 0)
        fail(argv[6]);
    say(now_us() - began);
    for (size_t i = 0; i < count; i++)
        free(conns[i].answer);
    free(conns);
    return 0;
}
