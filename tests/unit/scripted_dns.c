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
#define TYPE_A    1
#define TYPE_AAAA 28

struct scripted_dns {
    const struct scripted_name *rows;
    int fd;
    int stop_fd;
    char address[32];
    pthread_t thread;
    pthread_mutex_t lock;
    char asked[ASKED_MAX][256];
    size_t asked_count;
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

static bool answer(struct scripted_dns *dns, const unsigned char *bytes, size_t len,
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
    pthread_mutex_unlock(&dns->lock);

    const struct scripted_name *row = dns->rows;
    while (row->name && strcasecmp(row->name, name) != 0)
        row++;
    const char *list = row->name ? (type == TYPE_A ? row->a : row->aaaa) : "";
    unsigned rcode = row->name ? (unsigned)row->rcode : SCRIPTED_NXDOMAIN;
    if (!list && rcode == 0)
        return false;

    put(ret, bytes, 2);
    put16(ret, 0x8180U | rcode);
    put16(ret, 1);
    put16(ret, 0);
    put16(ret, 0);
    put16(ret, 0);
    put(ret, bytes + 12, end + 4 - 12);
    unsigned count = 0;
    if (rcode == 0) {
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

static void *serve(void *ctx)
{
    struct scripted_dns *dns = ctx;
    for (;;) {
        struct pollfd fds[2] = {{.fd = dns->fd, .events = POLLIN},
                                {.fd = dns->stop_fd, .events = POLLIN}};
        need(poll(fds, 2, -1) > 0);
        if (fds[1].revents)
            return NULL;
        unsigned char bytes[1024];
        struct sockaddr_in from;
        socklen_t from_len = sizeof(from);
        ssize_t len =
            recvfrom(dns->fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&from, &from_len);
        struct packet reply = {.len = 0};
        if (len > 0 && answer(dns, bytes, (size_t)len, &reply))
            sendto(dns->fd, reply.bytes, reply.len, 0, (struct sockaddr *)&from, from_len);
    }
}

struct scripted_dns *scripted_dns_start(const struct scripted_name *rows)
{
    struct scripted_dns *dns = calloc(1, sizeof(*dns));
    need(dns != NULL);
    dns->rows = rows;
    dns->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    dns->stop_fd = eventfd(0, EFD_CLOEXEC);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);
    need(bind(dns->fd, (struct sockaddr *)&at, sizeof(at)) == 0);
    need(getsockname(dns->fd, (struct sockaddr *)&at, &len) == 0);
    snprintf(dns->address, sizeof(dns->address), "127.0.0.1:%u", ntohs(at.sin_port));
    pthread_mutex_init(&dns->lock, NULL);
    need(pthread_create(&dns->thread, NULL, serve, dns) == 0);
    return dns;
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
    close(dns->stop_fd);
    free(dns);
}
