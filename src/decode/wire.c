#include "decode/wire.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int) * WIRE_FDS)];
};

int wire_send(int socket, const void *message, size_t len, const struct wire_fds *fds)
{
    union control control = {0};
    struct iovec iov = {.iov_base = (void *)(uintptr_t)message, .iov_len = len};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
    if (fds && fds->count > 0) {
        size_t size = sizeof(int) * fds->count;
        msg.msg_control = control.bytes;
        msg.msg_controllen = CMSG_SPACE(size);
        struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(size);
        memcpy(CMSG_DATA(c), fds->fd, size);
    }
    ssize_t n;
    do
        n = sendmsg(socket, &msg, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : 0;
}

static void take_fds(struct msghdr *msg, struct wire_fds *ret)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
            if (ret->count < WIRE_FDS)
                ret->fd[ret->count++] = fd;
            else
                close(fd);
        }
    }
}

int wire_receive(int socket, void *ret, size_t size, struct wire_fds *ret_fds)
{
    union control control;
    char message[256];
    must(size < sizeof(message));
    /* One byte more than is due, so that a longer message shows. */
    struct iovec iov = {.iov_base = message, .iov_len = size + 1};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
    if (ret_fds) {
        msg.msg_control = control.bytes;
        msg.msg_controllen = sizeof(control.bytes);
    }
    ssize_t n;
    do
        n = recvmsg(socket, &msg, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno == ECONNRESET ? WIRE_CLOSED : -errno;
    struct wire_fds fds = {0};
    if (ret_fds)
        take_fds(&msg, &fds);
    if ((size_t)n != size) {
        wire_close(&fds);
        return n == 0 ? WIRE_CLOSED : WIRE_GARBLED;
    }
    memcpy(ret, message, size);
    if (ret_fds)
        *ret_fds = fds;
    return 0;
}

void wire_close(struct wire_fds *fds)
{
    for (unsigned i = 0; i < fds->count; i++)
        close(fds->fd[i]);
    fds->count = 0;
}
