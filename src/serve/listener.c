#include "serve/listener.h"

#include "base/limits.h"
#include "base/span.h"
#include "sys/fd.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define BACKLOG 4096 /* the kernel cuts it to net.core.somaxconn */

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static int parse_port(const char *text, uint16_t *ret)
{
    char *end;
    errno = 0;
    unsigned long port = strtoul(text, &end, 10);
    if (errno || end == text || *end || port > 65535)
        return -EINVAL;
    *ret = htons((uint16_t)port);
    return 0;
}

static int parse(const char *text, union address *ret, socklen_t *ret_len)
{
    char host[LISTENER_TEXT];
    const char *colon = strrchr(text, ':');
    if (!colon || colon == text || (size_t)(colon - text) >= sizeof(host))
        return -EINVAL;
    memcpy(host, text, (size_t)(colon - text));
    host[colon - text] = '\0';
    *ret = (union address){0};
    size_t len = strlen(host);
    if (host[0] == '[' && host[len - 1] == ']') {
        host[len - 1] = '\0';
        ret->v6.sin6_family = AF_INET6;
        *ret_len = sizeof(ret->v6);
        if (inet_pton(AF_INET6, host + 1, &ret->v6.sin6_addr) != 1)
            return -EINVAL;
        return parse_port(colon + 1, &ret->v6.sin6_port);
    }
    ret->v4.sin_family = AF_INET;
    *ret_len = sizeof(ret->v4);
    if (inet_pton(AF_INET, host, &ret->v4.sin_addr) != 1)
        return -EINVAL;
    return parse_port(colon + 1, &ret->v4.sin_port);
}

static int open_one(const union address *address, socklen_t len, int shared, int *ret)
{
    CLEANUP_FD int fd =
        socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int on = 1;
    unsigned unacked_ms = LIMIT_UNACKED_MS; /* what is accepted here inherits it */
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &shared, sizeof(shared)) < 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacked_ms, sizeof(unacked_ms)) < 0)
        return -errno;
    if (address->any.sa_family == AF_INET6 &&
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0)
        return -errno;
    if (bind(fd, &address->any, len) < 0 || listen(fd, BACKLOG) < 0)
        return -errno;
    *ret = fd_take(&fd);
    return 0;
}

static void describe(const union address *address, char *ret)
{
    char host[INET6_ADDRSTRLEN];
    if (address->any.sa_family == AF_INET6) {
        inet_ntop(AF_INET6, &address->v6.sin6_addr, host, sizeof(host));
        snprintf(ret, LISTENER_TEXT, "[%s]:%u", host, ntohs(address->v6.sin6_port));
    } else {
        inet_ntop(AF_INET, &address->v4.sin_addr, host, sizeof(host));
        snprintf(ret, LISTENER_TEXT, "%s:%u", host, ntohs(address->v4.sin_port));
    }
}

int listener_open_unix(const char *path, mode_t mode, int *ret)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address.sun_path))
        return -ENAMETOOLONG;
    memcpy(address.sun_path, path, strlen(path));
    CLEANUP_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    struct stat status;
    if (lstat(path, &status) == 0 && S_ISSOCK(status.st_mode)) {
        if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 || errno == EAGAIN)
            return -EADDRINUSE;
        if (unlink(path) < 0)
            return -errno;
    }
    CLEANUP_FD int fresh = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    /* Nobody can connect before listen: the mode is set in between. */
    if (fresh < 0 || bind(fresh, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        chmod(path, mode) < 0 || listen(fresh, BACKLOG) < 0)
        return -errno;
    *ret = fd_take(&fresh);
    return 0;
}

int listener_adopt(int fd, char *ret_text)
{
    union {
        union address address;
        struct sockaddr_un local;
    } is = {0};
    int listens = 0, type = 0;
    socklen_t len = sizeof(int);
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &len) < 0 ||
        getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) < 0)
        return errno == ENOTSOCK ? -EINVAL : -errno;
    if (!listens || type != SOCK_STREAM)
        return -EINVAL;
    len = sizeof(is) - 1; /* a longest path has no terminator */
    if (getsockname(fd, &is.address.any, &len) < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) < 0 ||
        fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
        return -errno;
    if (is.address.any.sa_family == AF_UNIX) {
        snprintf(ret_text, LISTENER_TEXT, "unix:%s", is.local.sun_path);
        return 0;
    }
    if (is.address.any.sa_family != AF_INET && is.address.any.sa_family != AF_INET6)
        return -EINVAL;
    unsigned unacked_ms = LIMIT_UNACKED_MS;
    if (setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacked_ms, sizeof(unacked_ms)) < 0)
        return -errno;
    describe(&is.address, ret_text);
    return 0;
}

static void close_all(int *fds, size_t count)
{
    for (size_t i = 0; i < count; i++)
        fd_close(&fds[i]);
}

int listener_open(const char *text, size_t count, int *ret_fds, char *ret_text)
{
    bool is_unix = span_starts(span_of(text), SPAN("unix:"));
    union address address = {0};
    socklen_t len = 0;
    int r = is_unix ? 0 : parse(text, &address, &len);
    if (r < 0)
        return r;
    /* Sockets that share a port share it with every process of this user: first, alone. */
    int probe = -1;
    r = is_unix ? 0 : open_one(&address, len, 0, &probe);
    fd_close(&probe);
    if (r < 0)
        return r;
    for (size_t i = 0; i < count; i++) {
        if (!is_unix)
            r = open_one(&address, len, 1, &ret_fds[i]);
        else if (i == 0)
            r = listener_open_unix(text + strlen("unix:"), 0660, &ret_fds[0]);
        else
            r = (ret_fds[i] = fcntl(ret_fds[0], F_DUPFD_CLOEXEC, 0)) < 0 ? -errno : 0;
        /* The first socket learns the port, the others share it. */
        if (r == 0 && i == 0 && !is_unix && getsockname(ret_fds[0], &address.any, &len) < 0)
            r = -errno;
        if (r < 0) {
            close_all(ret_fds, i);
            return r;
        }
    }
    if (is_unix)
        snprintf(ret_text, LISTENER_TEXT, "%s", text);
    else
        describe(&address, ret_text);
    return 0;
}
