/*
 * The origin of bench/miss.py and bench/prefetch.py: senders' web servers and their DNS in one
 * process, so cheap that neither is the bottleneck. Every name is 127.0.0.1 (or the address that
 * was given); every path is a picture, chosen by the number in it; the answer comes at once, after
 * a delay, or not before it is told. It remembers when which number was asked for.
 *
 * usage: origin ADDRESS FILE. FILE holds the responses, each as a line with its length in decimal
 * and then so many bytes, head and body; request number N gets response N modulo their count. It
 * prints `ready listen=ADDRESS:PORT dns=ADDRESS:PORT` and obeys lines on stdin, each with one line:
 *
 *     delay MS     answers from now on come so late          ok
 *     hold         answers are kept back                     ok
 *     release      ... no longer                             ok
 *     count        requests so far, and those unanswered     N N
 *     log PATH     writes `when_ns number` of each request
 *                  since the last time (CLOCK_REALTIME)      ok
 *
 * It ends with its stdin. For benchmarks only: it trusts its file and its clients.
 */
#include "origin_names.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_EVENTS 256
#define HEAD_SIZE  8192      /* a URL of 4096 bytes and our few fields */
#define NAMES_ROOM (8 << 20) /* bytes of questions: thousands come at once */

struct response {
    const char *ptr;
    size_t len;
};

struct conn {
    int fd;
    bool asked; /* a request stands in `head`, unanswered */
    size_t len;
    size_t sent;
    const struct response *response;
    int64_t due_ms;
    struct conn *next; /* in the line of those that wait for their time */
    bool lost;         /* closed by the peer while it stood in the line */
    char head[HEAD_SIZE];
};

struct entry {
    int64_t when_ns;
    uint64_t number;
};

static struct {
    struct response *responses;
    size_t responses_count;
    int epoll;
    int listener;
    int names;
    int64_t delay_ms;
    bool hold;
    struct conn *first; /* one delay at a time: the line is in the order of its times */
    struct conn **last;
    size_t waiting;
    uint64_t requests;
    struct entry *log;
    size_t log_count;
    size_t log_room;
} origin = {.last = &origin.first};

static void fail(const char *what)
{
    perror(what);
    exit(3);
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- responses ---- */

static void read_responses(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        fail(path);
    size_t size;
    while (fscanf(file, "%zu", &size) == 1) {
        char *bytes = malloc(size + 1);
        if (getc(file) != '\n' || !bytes || fread(bytes, 1, size, file) != size) {
            fprintf(stderr, "origin: %s is not in the form it should be\n", path);
            exit(3);
        }
        origin.responses =
            reallocarray(origin.responses, origin.responses_count + 1, sizeof(*origin.responses));
        if (!origin.responses)
            fail("memory");
        origin.responses[origin.responses_count++] = (struct response){bytes, size};
    }
    fclose(file);
    if (origin.responses_count == 0) {
        fprintf(stderr, "origin: %s is empty\n", path);
        exit(3);
    }
}

/* The last number in the path, which is what the benchmark calls it by. */
static uint64_t number_of(const char *head)
{
    const char *path = strchr(head, ' ');
    const char *end = path ? strchr(path + 1, ' ') : NULL;
    const char *at = end;
    while (at && at > path && (at[-1] < '0' || at[-1] > '9'))
        at--;
    while (at && at > path && at[-1] >= '0' && at[-1] <= '9')
        at--;
    return at ? strtoull(at, NULL, 10) : 0;
}

static void note(uint64_t number)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    origin.requests++;
    if (origin.log_count == origin.log_room) {
        origin.log_room = origin.log_room ? 2 * origin.log_room : 4096;
        origin.log = reallocarray(origin.log, origin.log_room, sizeof(*origin.log));
        if (!origin.log)
            fail("memory");
    }
    origin.log[origin.log_count++] =
        (struct entry){(int64_t)now.tv_sec * 1000000000 + now.tv_nsec, number};
}

/* ---- connections ---- */

static void conn_watch(const struct conn *conn, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = (void *)(uintptr_t)conn};
    if (epoll_ctl(origin.epoll, EPOLL_CTL_MOD, conn->fd, &event) < 0)
        fail("epoll_ctl");
}

static void conn_close(struct conn *conn)
{
    close(conn->fd);
    if (conn->asked && !conn->response)
        conn->lost = true; /* the line lets go of it */
    else
        free(conn);
}

/* False when the connection is done for. */
static bool conn_write(struct conn *conn)
{
    while (conn->sent < conn->response->len) {
        ssize_t n = send(conn->fd, conn->response->ptr + conn->sent,
                         conn->response->len - conn->sent, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN) {
            conn_watch(conn, EPOLLIN | EPOLLOUT);
            return true;
        }
        if (n < 0)
            return false;
        conn->sent += (size_t)n;
    }
    conn->response = NULL;
    conn->asked = false;
    conn->len = 0;
    conn->sent = 0;
    return true;
}

static bool conn_answer(struct conn *conn)
{
    conn->response = &origin.responses[number_of(conn->head) % origin.responses_count];
    return conn_write(conn);
}

static bool conn_read(struct conn *conn)
{
    ssize_t n = recv(conn->fd, conn->head + conn->len, sizeof(conn->head) - 1 - conn->len, 0);
    if (n <= 0)
        return n < 0 && errno == EAGAIN;
    conn->len += (size_t)n;
    conn->head[conn->len] = '\0';
    if (conn->asked || !strstr(conn->head, "\r\n\r\n"))
        return !conn->asked && conn->len < sizeof(conn->head) - 1;
    conn->asked = true;
    note(number_of(conn->head));
    if (!origin.hold && origin.delay_ms == 0)
        return conn_answer(conn);
    conn->due_ms = origin.hold ? INT64_MAX : now_ms() + origin.delay_ms;
    conn->next = NULL;
    *origin.last = conn;
    origin.last = &conn->next;
    origin.waiting++;
    return true;
}

static void accept_all(void)
{
    const int on = 1;
    for (int fd; (fd = accept4(origin.listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        struct conn *conn = malloc(sizeof(*conn));
        if (!conn)
            fail("memory");
        memset(conn, 0, offsetof(struct conn, head));
        conn->fd = fd;
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = conn};
        if (epoll_ctl(origin.epoll, EPOLL_CTL_ADD, fd, &event) < 0)
            fail("epoll_ctl");
    }
    if (errno != EAGAIN && errno != ECONNABORTED)
        fail("accept");
}

/* Answers those whose time has come; the milliseconds until the next one's, or -1. */
static int answer_due(void)
{
    while (origin.first) {
        struct conn *conn = origin.first;
        int64_t left_ms = conn->due_ms == INT64_MAX && !origin.hold ? 0 : conn->due_ms - now_ms();
        if (left_ms > 0)
            return conn->due_ms == INT64_MAX ? -1 : (int)left_ms;
        origin.first = conn->next;
        if (!origin.first)
            origin.last = &origin.first;
        origin.waiting--;
        if (conn->lost)
            free(conn);
        else if (!conn_answer(conn))
            conn_close(conn);
    }
    return -1;
}

/* ---- orders ---- */

static void write_log(const char *path)
{
    FILE *file = fopen(path, "w");
    if (!file)
        fail(path);
    for (size_t i = 0; i < origin.log_count; i++)
        fprintf(file, "%" PRId64 " %" PRIu64 "\n", origin.log[i].when_ns, origin.log[i].number);
    if (fclose(file) != 0)
        fail(path);
    origin.log_count = 0;
}

static void obey(void)
{
    char line[4200];
    /* One order a time: whoever gives them waits for the answer. */
    ssize_t n = read(STDIN_FILENO, line, sizeof(line) - 1);
    if (n <= 0)
        exit(0);
    line[n] = '\0';
    line[strcspn(line, "\n")] = '\0';
    if (strncmp(line, "delay ", 6) == 0)
        origin.delay_ms = atoi(line + 6);
    else if (strcmp(line, "hold") == 0 || strcmp(line, "release") == 0)
        origin.hold = line[0] == 'h';
    else if (strncmp(line, "log ", 4) == 0)
        write_log(line + 4);
    if (strcmp(line, "count") == 0)
        printf("%" PRIu64 " %zu\n", origin.requests, origin.waiting);
    else
        puts("ok");
    fflush(stdout);
}

static int open_socket(const char *address, int type, uint16_t *ret_port)
{
    struct sockaddr_in addr = {.sin_family = AF_INET};
    socklen_t len = sizeof(addr);
    if (inet_pton(AF_INET, address, &addr.sin_addr) != 1)
        fail(address);
    int fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
        (type == SOCK_STREAM && listen(fd, 8192) < 0) ||
        getsockname(fd, (struct sockaddr *)&addr, &len) < 0)
        fail("listen");
    *ret_port = ntohs(addr.sin_port);
    return fd;
}

static void add_source(int *fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = fd};
    if (epoll_ctl(origin.epoll, EPOLL_CTL_ADD, *fd, &event) < 0)
        fail("epoll");
}

static void serve(struct conn *conn, uint32_t events)
{
    if (((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) && !conn_read(conn)) ||
        ((events & EPOLLOUT) && conn->response && !conn_write(conn)))
        conn_close(conn);
    else if ((events & EPOLLOUT) && !conn->response)
        conn_watch(conn, EPOLLIN);
}

int main(int argc, char **argv)
{
    static int orders = STDIN_FILENO;
    uint16_t port, names_port;
    if (argc != 3) {
        fprintf(stderr, "usage: origin ADDRESS FILE\n");
        return 2;
    }
    read_responses(argv[2]);
    origin.epoll = epoll_create1(EPOLL_CLOEXEC);
    origin.listener = open_socket(argv[1], SOCK_STREAM, &port);
    origin.names = open_socket(argv[1], SOCK_DGRAM, &names_port);
    const int room = NAMES_ROOM;
    if (setsockopt(origin.names, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) < 0)
        setsockopt(origin.names, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room)); /* not root */
    add_source(&origin.listener);
    add_source(&origin.names);
    add_source(&orders);
    printf("ready listen=%s:%u dns=%s:%u\n", argv[1], (unsigned)port, argv[1],
           (unsigned)names_port);
    fflush(stdout);
    for (;;) {
        struct epoll_event events[MAX_EVENTS];
        int count = epoll_wait(origin.epoll, events, MAX_EVENTS, answer_due());
        for (int i = 0; i < count; i++) {
            void *source = events[i].data.ptr;
            if (source == &origin.listener)
                accept_all();
            else if (source == &origin.names)
                names_answer(origin.names, argv[1]);
            else if (source == &orders)
                obey();
            else
                serve(source, events[i].events);
        }
    }
}
