#include "net/resolve_socket.h"

#include <errno.h>
#include <unistd.h>

static ares_socket_t socket_open(int family, int type, int protocol, void *ctx)
{
    struct resolve_sockets *sockets = ctx;
    (void)protocol;
    if (egress_is_proxy(sockets->egress)) {
        int fd = sockets->tunnel_fd; /* there is no second one: c-ares is not to try again */
        sockets->tunnel_fd = -1;
        errno = ECONNREFUSED;
        return fd;
    }
    int fd = egress_socket(sockets->egress, family, type);
    if (fd == -EADDRNOTAVAIL)
        sockets->broken = true;
    if (fd < 0)
        errno = -fd;
    return fd < 0 ? ARES_SOCKET_BAD : fd;
}

static int socket_close(ares_socket_t fd, void *ctx)
{
    (void)ctx;
    return close(fd);
}

static int socket_connect(ares_socket_t fd, const struct sockaddr *to, ares_socklen_t len,
                          void *ctx)
{
    struct resolve_sockets *sockets = ctx;
    if (egress_is_proxy(sockets->egress))
        return 0;
    int r = connect(fd, to, len);
    sockets->broken |= r < 0 && egress_cut_off(errno);
    return r;
}

static ares_ssize_t socket_receive(ares_socket_t fd, void *bytes, size_t len, int flags,
                                   struct sockaddr *from, ares_socklen_t *from_len, void *ctx)
{
    (void)ctx;
    return recvfrom(fd, bytes, len, flags, from, from_len);
}

static ares_ssize_t socket_send(ares_socket_t fd, const struct iovec *parts, int count, void *ctx)
{
    struct resolve_sockets *sockets = ctx;
    const struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)parts,
                                   .msg_iovlen = (size_t)count};
    ssize_t n = sendmsg(fd, &message, MSG_NOSIGNAL);
    if (n > 0)
        sockets->asked = true;
    else if (n < 0)
        sockets->broken |= egress_cut_off(errno);
    return n;
}

static const struct ares_socket_functions socket_functions = {
    .asocket = socket_open,
    .aclose = socket_close,
    .aconnect = socket_connect,
    .arecvfrom = socket_receive,
    .asendv = socket_send,
};

void resolve_sockets_set(ares_channel channel, struct resolve_sockets *sockets)
{
    ares_set_socket_functions(channel, &socket_functions, sockets);
}
