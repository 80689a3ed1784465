#include "sys/activation.h"

#include "sys/fd.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#define FIRST_FD 3 /* SD_LISTEN_FDS_START */
#define MOST     1024

static int number_of(const char *name, long most, long *ret)
{
    const char *text = getenv(name);
    char *end;
    if (!text)
        return -ENOENT;
    errno = 0;
    long number = strtol(text, &end, 10);
    if (errno || end == text || *end || number < 0 || number > most)
        return -EINVAL;
    *ret = number;
    return 0;
}

/* Names stand in the order of the descriptors, separated by colons; there may be none. */
static void name_sockets(struct activation *activation)
{
    const char *names = getenv("LISTEN_FDNAMES");
    for (size_t i = 0; i < activation->count; i++) {
        size_t len = names ? strcspn(names, ":") : 0;
        struct activation_socket *at = &activation->sockets[i];
        snprintf(at->name, sizeof(at->name), "%.*s", (int)len, names ? names : "");
        names = names && names[len] == ':' ? names + len + 1 : NULL;
    }
}

static int read_sockets(struct activation *ret)
{
    long pid = 0, count = 0;
    int r = number_of("LISTEN_PID", INT32_MAX, &pid);
    if (r < 0 || pid != getpid())
        return r == -EINVAL ? r : 0; /* meant for another process, whose environment we inherited */
    r = number_of("LISTEN_FDS", MOST, &count);
    if (r < 0 || count == 0)
        return r == -ENOENT ? 0 : r;
    struct activation activation = {.count = (size_t)count};
    activation.sockets = calloc(activation.count, sizeof(*activation.sockets));
    if (!activation.sockets)
        return -ENOMEM;
    for (size_t i = 0; i < activation.count; i++) {
        int fd = FIRST_FD + (int)i;
        activation.sockets[i].fd = fd;
        if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) {
            free(activation.sockets);
            return -EINVAL;
        }
    }
    name_sockets(&activation);
    *ret = activation;
    return 0;
}

int activation_read(struct activation *ret)
{
    static const char *const names[] = {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"};
    *ret = (struct activation){0};
    int r = read_sockets(ret);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        unsetenv(names[i]);
    return r;
}

int activation_take(struct activation *activation, const char *name)
{
    for (size_t i = 0; i < activation->count; i++) {
        struct activation_socket *at = &activation->sockets[i];
        if (at->fd >= 0 && strcmp(at->name, name) == 0)
            return fd_take(&at->fd);
    }
    return -1;
}

const char *activation_left(const struct activation *activation)
{
    for (size_t i = 0; i < activation->count; i++)
        if (activation->sockets[i].fd >= 0)
            return activation->sockets[i].name;
    return NULL;
}

void activation_free(struct activation *activation)
{
    for (size_t i = 0; i < activation->count; i++)
        fd_close(&activation->sockets[i].fd);
    free(activation->sockets);
    *activation = (struct activation){0};
}

static int notify(const char *state, int flags)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t len = path ? strlen(path) : 0;
    if (len < 2 || len >= sizeof(address.sun_path) || (path[0] != '/' && path[0] != '@'))
        return 0;
    memcpy(address.sun_path, path, len);
    if (path[0] == '@') /* an abstract address */
        address.sun_path[0] = '\0';
    CLEANUP_FD int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
    if (fd < 0)
        return 0;
    ssize_t sent =
        sendto(fd, state, strlen(state), MSG_NOSIGNAL | flags, (struct sockaddr *)&address, size);
    /* Nobody there to be told is no trouble of ours. */
    return sent < 0 && errno == EAGAIN ? -EAGAIN : 0;
}

void activation_notify(const char *state)
{
    (void)notify(state, 0);
}

int activation_try_notify(const char *state)
{
    return notify(state, MSG_DONTWAIT);
}
