#include "scripted_dns.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define ASKED_MAX 256
#define TCP_MAX   16
#define TYPE_A    1
#define TYPE_AAAA 28

struct scripted_dns {
    const struct scripted_name *rows;
    int fd;
    int tcp_fd;
    int stop_fd;
    unsigned port;
    char address[32];
    pthread_t thread;
    pthread_mutex_t lock;
    char asked[ASKED_MAX][256];
    size_t asked_count;
    size_t tcp_count;
    size_t extras; /* questions with an additional section: EDNS */
};

static void need(bool condition)
{
    if (!condition) {
        perror("scripted_dns");
        abort();
    }
}

struct packet {
    unsigned char bytes[4096];
    size_t len;
};

static void put(struct packet *to, const void *bytes, size_t len)
{
    need(to->len + len <= sizeof(to->bytes));
    memcpy(to->bytes + to->len, bytes, len);
    to->len += len;
}

static void put16(struct packet *to, unsigned value)
{
    unsigned char bytes[2] = {(unsigned char)(value >> 8), (unsigned char)value};
    put(to, bytes, 2);
}

static void put_name(struct packet *to, const char *name)
{
    while (*name) {
        size_t len = strcspn(name, ".");
        unsigned char byte = (unsigned char)len;
        put(to, &byte, 1);
        put(to, name, len);
        name += len + (name[len] == '.');
    }
    put(to, "", 1);
}

/* `name` NULL: the question's, as a pointer to it (RFC 1035, 4.1.4). */
static void put_record_head(struct packet *to, const char *name, unsigned type, size_t len)
{
    if (name)
        put_name(to, name);
    else
        put16(to, 0xc00c);
    put16(to, type);
    put16(to, 1);
    put16(to, 0);
    put16(to, 60);
    put16(to, (unsigned)len);
}

static unsigned put_addresses(struct packet *to, const char *name, unsigned type, const char *list)
{
    char copy[4096];
    char *rest = copy;
    unsigned count = 0;
    snprintf(copy, sizeof(copy), "%s", list);
    for (char *one; (one = strsep(&rest, " "));) {
        unsigned char bytes[16];
        if (!*one)
            continue;
        need(inet_pton(type == TYPE_A ? AF_INET : AF_INET6, one, bytes) == 1);
        put_record_head(to, name, type, type == TYPE_A ? 4 : 16);
        put(to, bytes, type == TYPE_A ? 4 : 16);
        count++;
    }
    return count;
}

/* The question's name in dots; returns the offset behind it, 0 when it is no question. */
static size_t read_name(const unsigned char *bytes, size_t len, char ret[256])
{
    size_t at = 12;
    size_t out = 0;
    while (at < len && bytes[at] != 0) {
        size_t label = bytes[at];
        if (label > 63 || at + 1 + label > len || out + label + 2 > 256)
            return 0;
        if (out > 0)
            ret[out++] = '.';
        memcpy(ret + out, bytes + at + 1, label);
        out += label;
        at += 1 + label;
    }
    ret[out] = '\0';
    return at + 1;
}

static bool answer(struct scripted_dns *dns, const unsigned char *bytes, size_t len, bool tcp,
                   struct packet *ret)
{
    char name[256];
    size_t end = len > 12 ? read_name(bytes, len, name) : 0;
    if (end == 0 || end + 4 > len)
        return false;
    unsigned type = (unsigned)(bytes[end] << 8 | bytes[end + 1]);
    pthread_mutex_lock(&dns->lock);
    if (dns->asked_count < ASKED_MAX)
        strcpy(dns->asked[dns->asked_count++], name);
    dns->tcp_count += tcp;
    dns->extras += bytes[10] != 0 || bytes[11] != 0;
    pthread_mutex_unlock(&dns->lock);

    const struct scripted_name *row = dns->rows;
    while (row->name && strcasecmp(row->name, name) != 0)
        row++;
    const char *list = row->name ? (type == TYPE_A ? row->a : row->aaaa) : "";
    unsigned rcode = row->name ? (unsigned)row->rcode : SCRIPTED_NXDOMAIN;
    if (!list && rcode == 0)
        return false;

    bool cut = row->name && row->cut && !tcp;
    put(ret, bytes, 2);
    put16(ret, 0x8180U | rcode | (cut ? 0x200U : 0));
    put16(ret, 1);
    put16(ret, 0);
    put16(ret, 0);
    put16(ret, 0);
    put(ret, bytes + 12, end + 4 - 12);
    unsigned count = 0;
    if (rcode == 0 && !cut) {
        const char *owner = NULL;
        if (row->alias) {
            struct packet target = {.len = 0};
            put_name(&target, row->alias);
            put_record_head(ret, NULL, 5, target.len);
            put(ret, target.bytes, target.len);
            owner = row->alias;
            count++;
        }
        count += put_addresses(ret, owner, type, list);
    }
    ret->bytes[7] = (unsigned char)count;
    return true;
}

static void serve_udp(struct scripted_dns *dns)
{
    unsigned char bytes[1024];
    struct sockaddr_in from;
    socklen_t from_len = sizeof(from);
    ssize_t len = recvfrom(dns->fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&from, &from_len);
    struct packet reply = {.len = 0};
    if (len > 0 && answer(dns, bytes, (size_t)len, false, &reply))
        sendto(dns->fd, reply.bytes, reply.len, 0, (struct sockaddr *)&from, from_len);
}

/* RFC 1035, 4.2.2. One question; false when the client has gone. */
static bool serve_tcp(struct scripted_dns *dns, int fd)
{
    unsigned char bytes[1024];
    struct packet reply = {.len = 0};
    struct packet framed = {.len = 0};
    if (recv(fd, bytes, 2, MSG_WAITALL) != 2)
        return false;
    size_t len = (size_t)(bytes[0] << 8 | bytes[1]);
    if (len > sizeof(bytes) || recv(fd, bytes, len, MSG_WAITALL) != (ssize_t)len)
        return false;
    if (answer(dns, bytes, len, true, &reply)) {
        put16(&framed, (unsigned)reply.len);
        put(&framed, reply.bytes, reply.len);
        (void)!send(fd, framed.bytes, framed.len, MSG_NOSIGNAL);
    }
    return true;
}

static void *serve(void *ctx)
{
    struct scripted_dns *dns = ctx;
    struct pollfd fds[3 + TCP_MAX] = {{.fd = dns->fd, .events = POLLIN},
                                      {.fd = dns->stop_fd, .events = POLLIN},
                                      {.fd = dns->tcp_fd, .events = POLLIN}};
    for (int i = 3; i < 3 + TCP_MAX; i++)
        fds[i] = (struct pollfd){.fd = -1, .events = POLLIN};
    for (;;) {
        need(poll(fds, 3 + TCP_MAX, -1) > 0);
        if (fds[1].revents)
            break;
        if (fds[0].revents)
            serve_udp(dns);
        for (int i = 3; i < 3 + TCP_MAX; i++) {
            if (fds[i].fd < 0 && fds[2].revents) {
                fds[i].fd = accept4(dns->tcp_fd, NULL, NULL, SOCK_CLOEXEC);
                fds[2].revents = fds[i].revents = 0;
            } else if (fds[i].fd >= 0 && fds[i].revents && !serve_tcp(dns, fds[i].fd)) {
                close(fds[i].fd);
                fds[i].fd = -1;
            }
        }
    }
    for (int i = 3; i < 3 + TCP_MAX; i++)
        if (fds[i].fd >= 0)
            close(fds[i].fd);
    return NULL;
}

/* UDP and TCP, the same port. */
static void open_sockets(struct scripted_dns *dns)
{
    for (int tries = 0; tries < 20; tries++) {
        struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t len = sizeof(at);
        dns->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        dns->tcp_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        need(bind(dns->fd, (struct sockaddr *)&at, sizeof(at)) == 0);
        need(getsockname(dns->fd, (struct sockaddr *)&at, &len) == 0);
        dns->port = ntohs(at.sin_port);
        if (bind(dns->tcp_fd, (struct sockaddr *)&at, sizeof(at)) == 0 &&
            listen(dns->tcp_fd, 64) == 0)
            return;
        close(dns->fd);
        close(dns->tcp_fd);
    }
    need(false);
}

struct scripted_dns *scripted_dns_start(const struct scripted_name *rows)
{
    struct scripted_dns *dns = calloc(1, sizeof(*dns));
    need(dns != NULL);
    dns->rows = rows;
    dns->stop_fd = eventfd(0, EFD_CLOEXEC);
    open_sockets(dns);
    snprintf(dns->address, sizeof(dns->address), "127.0.0.1:%u", dns->port);
    pthread_mutex_init(&dns->lock, NULL);
    need(pthread_create(&dns->thread, NULL, serve, dns) == 0);
    return dns;
}

unsigned scripted_dns_port(const struct scripted_dns *dns)
{
    return dns->port;
}

size_t scripted_dns_asked_by_tcp(struct scripted_dns *dns)
{
    pthread_mutex_lock(&dns->lock);
    size_t count = dns->tcp_count;
    pthread_mutex_unlock(&dns->lock);
    return count;
}

size_t scripted_dns_extras(struct scripted_dns *dns)
{
    pthread_mutex_lock(&dns->lock);
    size_t count = dns->extras;
    pthread_mutex_unlock(&dns->lock);
    return count;
}

const char *scripted_dns_address(const struct scripted_dns *dns)
{
    return dns->address;
}

size_t scripted_dns_asked(struct scripted_dns *dns, const char *name)
{
    size_t count = 0;
    pthread_mutex_lock(&dns->lock);
    for (size_t i = 0; i < dns->asked_count; i++)
        if (!name || strcasecmp(dns->asked[i], name) == 0)
            count++;
    pthread_mutex_unlock(&dns->lock);
    return count;
}

void scripted_dns_stop(struct scripted_dns *dns)
{
    uint64_t one = 1;
    need(write(dns->stop_fd, &one, sizeof(one)) == sizeof(one));
    pthread_join(dns->thread, NULL);
    pthread_mutex_destroy(&dns->lock);
    close(dns->fd);
    close(dns->tcp_fd);
    close(dns->stop_fd);
    free(dns);
}
