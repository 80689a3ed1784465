#include "deliver/server.h"

#include "sys/fd.h"

#include <netdb.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#define HEAD_MAX (64 * 1024) /* bytes of the head of an answer: a report stands in it */

/* ---- connecting ---- */

static int set_wait(int fd, unsigned wait_s)
{
    struct timeval wait = {.tv_sec = wait_s};
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)) < 0)
        return -errno;
    return 0;
}

static int connect_any(const struct sockaddr *address, socklen_t len, unsigned wait_s)
{
    CLEANUP_FD int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    int r = set_wait(fd, wait_s);
    if (r < 0)
        return r;
    if (connect(fd, address, len) < 0)
        return -errno;
    int connected = fd;
    fd = -1;
    return connected;
}

static int connect_unix(const char *path, unsigned wait_s)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address.sun_path))
        return -ENAMETOOLONG;
    strcpy(address.sun_path, path);
    return connect_any((const struct sockaddr *)&address, sizeof(address), wait_s);
}

/* Addresses only: nothing is looked up. */
static int connect_tcp(const char *text, unsigned wait_s)
{
    char host[64];
    const char *colon = strrchr(text, ':');
    size_t len = (size_t)(colon - text);
    if (len >= 2 && text[0] == '[' && colon[-1] == ']') {
        text++;
        len -= 2;
    }
    if (len == 0 || len >= sizeof(host))
        return -EINVAL;
    memcpy(host, text, len);
    host[len] = '\0';
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                                   .ai_socktype = SOCK_STREAM};
    struct addrinfo *found;
    if (getaddrinfo(host, colon + 1, &hints, &found) != 0)
        return -EINVAL;
    int fd = connect_any(found->ai_addr, found->ai_addrlen, wait_s);
    freeaddrinfo(found);
    return fd;
}

static int connect_to(const struct server_request *request)
{
    const char *address = request->address;
    if (strncmp(address, "unix:", 5) == 0)
        address += 5;
    return strchr(address, '/') || !strchr(address, ':') ? connect_unix(address, request->wait_s)
                                                         : connect_tcp(address, request->wait_s);
}

/* ---- asking ---- */

static int send_all(int fd, struct span bytes)
{
    while (bytes.len > 0) {
        ssize_t sent = send(fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);
        if (sent < 0 && errno != EINTR)
            return -errno;
        if (sent > 0)
            bytes = span_part(bytes, (size_t)sent, bytes.len);
    }
    return 0;
}

static int send_request(int fd, const struct server_request *request)
{
    size_t body_len = request->body ? strlen(request->body) : 0;
    struct buf head = BUF_INIT(HEAD_MAX);
    buf_add_format(&head, "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n",
                   request->method, request->target);
    if (request->token)
        buf_add_format(&head, "Authorization: Bearer %s\r\n", request->token);
    if (request->body)
        buf_add_format(&head, "Content-Type: application/json\r\nContent-Length: %zu\r\n",
                       body_len);
    buf_add_text(&head, "\r\n");
    int r = buf_error(&head);
    if (r == 0)
        r = send_all(fd, buf_span(&head));
    if (r == 0 && request->body)
        r = send_all(fd, (struct span){request->body, body_len});
    buf_free(&head);
    return r;
}

static int receive_all(int fd, struct buf *to)
{
    for (;;) {
        char *room = buf_reserve(to, 16 * 1024);
        if (!room)
            return buf_error(to);
        ssize_t got = recv(fd, room, 16 * 1024, 0);
        if (got < 0 && errno != EINTR)
            return errno == EAGAIN ? -ETIMEDOUT : -errno;
        if (got == 0)
            return 0;
        if (got > 0)
            buf_commit(to, (size_t)got);
    }
}

static const char *find_length(const char *head)
{
    static const char name[] = "\r\nContent-Length:";
    for (const char *at = head; (at = strstr(at, "\r\n")); at += 2)
        if (strncasecmp(at, name, sizeof(name) - 1) == 0)
            return at + sizeof(name) - 1;
    return NULL;
}

/* The server's own answers always tell their length. */
static int read_answer(const struct buf *all, struct buf *ret)
{
    static const char form[] = "HTTP/1.1 nnn";
    if (all->len < sizeof(form) - 1)
        return -ECONNRESET;
    const char *end = strstr(all->ptr, "\r\n\r\n");
    if (memcmp(all->ptr, form, 9) != 0 || !end)
        return -EPROTO;
    struct span body = span_part(buf_span(all), (size_t)(end + 4 - all->ptr), all->len);
    const char *length = find_length(all->ptr);
    if (!length || length > end)
        return -EPROTO;
    if (body.len != strtoull(length, NULL, 10))
        return -ECONNRESET;
    int status = atoi(all->ptr + 9);
    int r = buf_add_span(ret, body);
    return r < 0 ? r : status;
}

int server_ask(const struct server_request *request, struct buf *ret)
{
    CLEANUP_FD int fd = connect_to(request);
    if (fd < 0)
        return fd;
    int r = send_request(fd, request);
    /* Who refuses a body may have answered before taking it. */
    if (r < 0 && r != -EPIPE && r != -ECONNRESET)
        return r;
    CLEANUP(buf_free) struct buf all = BUF_INIT(request->max_answer + HEAD_MAX);
    r = receive_all(fd, &all);
    return r < 0 ? r : read_answer(&all, ret);
}
