#include "net/tunnel.h"

#include "base/limits.h"
#include "base/list.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* RFC 1928, 3 to 6 */
#define SOCKS_VERSION 5
#define SOCKS_NO_AUTH 0
#define SOCKS_CONNECT 1
#define SOCKS_IPV4    1
#define SOCKS_NAME    3
#define SOCKS_IPV6    4
#define SOCKS_HEAD    5 /* bytes of a reply that tell how long the rest is */

enum stage { CONNECTING, GREETING, ASKED };

struct tunnel {
    struct loop *loop;
    const struct egress *egress;
    struct server to;
    tunnel_done_fn *done;
    void *ctx;
    enum stage stage;
    struct loop_fd watch;    /* its fd is -1 before there is one */
    struct loop_timer timer; /* runs from start to end, so moving it needs no memory */
    bool ended;
    enum tunnel_answer answer;
    size_t got_len;
    char got[LIMIT_PROXY_HEAD];
};

/* ---- the end ---- */

/* The callback comes from the timer, whoever found out. */
static void end(struct tunnel *tunnel, enum tunnel_answer answer)
{
    if (tunnel->ended)
        return;
    tunnel->ended = true;
    tunnel->answer = answer;
    if (tunnel->watch.fd >= 0)
        loop_fd_remove(tunnel->loop, &tunnel->watch);
    must(loop_timer_set(tunnel->loop, &tunnel->timer, 0) == 0);
}

/* Before the target was named, silence and refusals are the proxy's own. */
static void end_broken(struct tunnel *tunnel)
{
    end(tunnel, tunnel->stage == ASKED ? TUNNEL_REFUSED : TUNNEL_DEAD);
}

static void timer_fired(struct loop_timer *timer)
{
    struct tunnel *tunnel = container_of(timer, struct tunnel, timer);
    if (!tunnel->ended) {
        end(tunnel, tunnel->stage == ASKED ? TUNNEL_TIMEOUT : TUNNEL_DEAD);
        return; /* once more, at once */
    }
    tunnel_done_fn *done = tunnel->done;
    void *ctx = tunnel->ctx;
    enum tunnel_answer answer = tunnel->answer;
    int fd = -1;
    if (answer == TUNNEL_OPEN) {
        fd = tunnel->watch.fd;
        tunnel->watch.fd = -1;
    }
    tunnel_cancel(tunnel);
    done(ctx, answer, fd);
}

void tunnel_cancel(struct tunnel *tunnel)
{
    if (!tunnel)
        return;
    if (tunnel->watch.fd >= 0) {
        if (!tunnel->ended)
            loop_fd_remove(tunnel->loop, &tunnel->watch);
        close(tunnel->watch.fd);
    }
    loop_timer_cancel(tunnel->loop, &tunnel->timer);
    free(tunnel);
}

bool tunnel_asked(const struct tunnel *tunnel)
{
    return tunnel->stage == ASKED;
}

/* ---- what is said ---- */

/* A fresh socket takes some hundred bytes at once, or is broken. */
static bool say(struct tunnel *tunnel, const void *bytes, size_t len)
{
    return send(tunnel->watch.fd, bytes, len, MSG_NOSIGNAL) == (ssize_t)len;
}

static bool say_socks_request(struct tunnel *tunnel)
{
    const struct address *address = &tunnel->to.address;
    unsigned char request[22] = {SOCKS_VERSION, SOCKS_CONNECT, 0,
                                 address->v6 ? SOCKS_IPV6 : SOCKS_IPV4};
    size_t len = address->v6 ? 16 : 4;
    memcpy(request + 4, address->bytes, len);
    request[4 + len] = (unsigned char)(tunnel->to.port >> 8);
    request[5 + len] = (unsigned char)tunnel->to.port;
    return say(tunnel, request, len + 6);
}

static bool say_http_request(struct tunnel *tunnel)
{
    char literal[ADDRESS_TEXT];
    char to[ADDRESS_TEXT + 10];
    char request[2 * sizeof(to) + 64];
    address_format(&tunnel->to.address, literal);
    snprintf(to, sizeof(to), tunnel->to.address.v6 ? "[%s]:%u" : "%s:%u", literal, tunnel->to.port);
    int len = snprintf(request, sizeof(request), "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", to, to);
    return say(tunnel, request, (size_t)len);
}

static void say_request(struct tunnel *tunnel)
{
    tunnel->stage = ASKED;
    tunnel->got_len = 0;
    bool said = tunnel->egress->type == EGRESS_SOCKS5 ? say_socks_request(tunnel)
                                                      : say_http_request(tunnel);
    if (!said || loop_fd_change(tunnel->loop, &tunnel->watch, EPOLLIN) < 0)
        end_broken(tunnel);
}

static void connected(struct tunnel *tunnel)
{
    static const unsigned char greeting[] = {SOCKS_VERSION, 1, SOCKS_NO_AUTH};
    int error = 0;
    socklen_t len = sizeof(error);
    if (getsockopt(tunnel->watch.fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0 || error) {
        end(tunnel, TUNNEL_DEAD);
        return;
    }
    if (tunnel->egress->type == EGRESS_HTTP) {
        say_request(tunnel);
        return;
    }
    tunnel->stage = GREETING;
    if (!say(tunnel, greeting, sizeof(greeting)) ||
        loop_fd_change(tunnel->loop, &tunnel->watch, EPOLLIN) < 0)
        end(tunnel, TUNNEL_DEAD);
}

/* ---- what is heard ---- */

/* Fills `got` up to `want` bytes, never more: what comes behind is the far end's. */
static bool heard(struct tunnel *tunnel, size_t want)
{
    ssize_t n = recv(tunnel->watch.fd, tunnel->got + tunnel->got_len, want - tunnel->got_len, 0);
    if (n > 0)
        tunnel->got_len += (size_t)n;
    else if (n == 0 || (errno != EAGAIN && errno != EINTR))
        end_broken(tunnel);
    return tunnel->got_len == want;
}

static void hear_greeting(struct tunnel *tunnel)
{
    if (!heard(tunnel, 2))
        return;
    if (tunnel->got[0] == SOCKS_VERSION && tunnel->got[1] == SOCKS_NO_AUTH)
        say_request(tunnel);
    else
        end(tunnel, TUNNEL_DEAD);
}

/* RFC 1928, 6. Any answer but 0 may be due to the target. */
static void hear_socks_reply(struct tunnel *tunnel)
{
    if (tunnel->got_len < SOCKS_HEAD && !heard(tunnel, SOCKS_HEAD))
        return;
    const unsigned char *got = (const unsigned char *)tunnel->got;
    size_t len;
    switch (got[3]) {
    case SOCKS_IPV4:
        len = 4 + 4 + 2;
        break;
    case SOCKS_IPV6:
        len = 4 + 16 + 2;
        break;
    case SOCKS_NAME:
        len = 4 + 1 + (size_t)got[4] + 2;
        break;
    default:
        len = 0;
    }
    if (got[0] != SOCKS_VERSION || got[1] != 0 || len == 0)
        end(tunnel, TUNNEL_REFUSED);
    else if (heard(tunnel, len))
        end(tunnel, TUNNEL_OPEN);
}

static void judge_http_head(struct tunnel *tunnel)
{
    struct span head = {tunnel->got, tunnel->got_len};
    struct span status = span_part(head, strlen("HTTP/1.1 "), 3);
    if (!span_starts(head, SPAN("HTTP/1.")))
        end(tunnel, TUNNEL_REFUSED);
    else if (span_equal(status, SPAN("407"))) /* it wants to know who we are, whatever the target */
        end(tunnel, TUNNEL_DEAD);
    else
        end(tunnel, span_starts(status, SPAN("2")) ? TUNNEL_OPEN : TUNNEL_REFUSED);
}

/* Looks before it takes, so as to stop at the blank line. */
static void hear_http_head(struct tunnel *tunnel)
{
    char *at = tunnel->got + tunnel->got_len;
    ssize_t n = recv(tunnel->watch.fd, at, sizeof(tunnel->got) - tunnel->got_len, MSG_PEEK);
    if (n <= 0) {
        if (n == 0 || (errno != EAGAIN && errno != EINTR))
            end_broken(tunnel);
        return;
    }
    size_t from = tunnel->got_len < 3 ? 0 : tunnel->got_len - 3;
    const char *blank =
        memmem(tunnel->got + from, tunnel->got_len + (size_t)n - from, "\r\n\r\n", 4);
    size_t want = blank ? (size_t)(blank + 4 - tunnel->got) : tunnel->got_len + (size_t)n;
    if (!heard(tunnel, want))
        return;
    if (blank)
        judge_http_head(tunnel);
    else if (want == sizeof(tunnel->got))
        end(tunnel, TUNNEL_REFUSED);
}

static void ready(struct loop_fd *watch, uint32_t events)
{
    struct tunnel *tunnel = container_of(watch, struct tunnel, watch);
    (void)events; /* an error shows in what is tried next */
    if (tunnel->stage == CONNECTING)
        connected(tunnel);
    else if (tunnel->stage == GREETING)
        hear_greeting(tunnel);
    else if (tunnel->egress->type == EGRESS_SOCKS5)
        hear_socks_reply(tunnel);
    else
        hear_http_head(tunnel);
}

/* ---- the beginning ---- */

static void begin(struct tunnel *tunnel)
{
    struct sockaddr_storage to;
    socklen_t len = server_to_sockaddr(&tunnel->egress->proxy, &to);
    int fd = egress_socket(tunnel->egress, to.ss_family, SOCK_STREAM);
    if (fd < 0) {
        end(tunnel, fd == -EADDRNOTAVAIL ? TUNNEL_DEAD : TUNNEL_NO_MEMORY);
        return;
    }
    if (connect(fd, (const struct sockaddr *)&to, len) < 0 && errno != EINPROGRESS) {
        close(fd);
        end(tunnel, TUNNEL_DEAD);
        return;
    }
    tunnel->watch.fd = fd;
    if (loop_fd_add(tunnel->loop, &tunnel->watch, EPOLLOUT) == 0)
        return;
    close(fd);
    tunnel->watch.fd = -1;
    end(tunnel, TUNNEL_NO_MEMORY);
}

int tunnel_start(struct loop *loop, const struct tunnel_target *target, tunnel_done_fn *done,
                 void *ctx, struct tunnel **ret)
{
    struct tunnel *tunnel = malloc(sizeof(*tunnel));
    if (!tunnel)
        return -ENOMEM;
    memset(tunnel, 0, offsetof(struct tunnel, got));
    tunnel->loop = loop;
    tunnel->egress = target->egress;
    tunnel->to = target->to;
    tunnel->done = done;
    tunnel->ctx = ctx;
    tunnel->watch = (struct loop_fd){.fd = -1, .ready = ready};
    tunnel->timer.fire = timer_fired;
    if (loop_timer_set(loop, &tunnel->timer, target->timeout_ms) < 0) {
        free(tunnel);
        return -ENOMEM;
    }
    begin(tunnel);
    *ret = tunnel;
    return 0;
}
