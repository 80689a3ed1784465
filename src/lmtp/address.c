#include "lmtp/address.h"

#include "base/limits.h"
#include "sys/fd.h"

#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>

struct host_port {
    char host[256];
    char port[6];
};

/* The path, or NULL. */
static const char *path_of(const char *text)
{
    const char *path = strncmp(text, "unix:", 5) == 0 ? text + 5 : text;
    return path[0] == '/' && strlen(path) < sizeof(((struct sockaddr_un *)0)->sun_path) ? path
                                                                                        : NULL;
}

static bool split(const char *text, struct host_port *ret)
{
    if (strncmp(text, "inet:", 5) == 0)
        text += 5;
    const char *colon = strrchr(text, ':');
    if (!colon)
        return false;
    size_t len = (size_t)(colon - text);
    const char *port = colon + 1;
    size_t digits = strspn(port, "0123456789");
    if (digits == 0 || digits >= sizeof(ret->port) || port[digits] != '\0' || atoi(port) > 65535)
        return false;
    strcpy(ret->port, port);
    bool brackets = len > 2 && text[0] == '[' && colon[-1] == ']';
    if (brackets) {
        text++;
        len -= 2;
    }
    if (len == 0 || len >= sizeof(ret->host) || (!brackets && memchr(text, ':', len)))
        return false;
    memcpy(ret->host, text, len);
    ret->host[len] = '\0';
    return true;
}

bool address_valid(const char *text)
{
    struct host_port unused;
    return path_of(text) || split(text, &unused);
}

static struct sockaddr_un unix_address(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
    return address;
}

/* ---- connecting ---- */

/* Linux counts SO_SNDTIMEO for connect, too, where a Unix socket's queue is full as well. */
static int connect_one(const struct sockaddr *address, socklen_t len)
{
    CLEANUP_FD int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const struct timeval wait = {.tv_sec = LIMIT_LMTP_CONNECT_MS / 1000};
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)) < 0 ||
        connect(fd, address, len) < 0)
        return -errno;
    return fd_take(&fd);
}

/* Each of the name's addresses, until `use` takes one: its result, or the last refusal. */
static int with_each(const char *text, int flags,
                     int (*use)(const struct sockaddr *address, socklen_t len))
{
    struct host_port at;
    if (!split(text, &at))
        return -EINVAL;
    const struct addrinfo hints = {.ai_flags = flags | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found;
    if (getaddrinfo(at.host, at.port, &hints, &found) != 0)
        return -EHOSTUNREACH;
    int fd = -EHOSTUNREACH;
    for (const struct addrinfo *one = found; one && fd < 0; one = one->ai_next)
        fd = use(one->ai_addr, one->ai_addrlen);
    freeaddrinfo(found);
    return fd;
}

int address_connect(const char *text)
{
    const char *path = path_of(text);
    if (!path)
        return with_each(text, 0, connect_one);
    const struct sockaddr_un address = unix_address(path);
    return connect_one((const struct sockaddr *)&address, sizeof(address));
}

/* ---- listening ---- */

static int listen_one(const struct sockaddr *address, socklen_t len)
{
    CLEANUP_FD int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const int yes = 1;
    if (fd < 0 ||
        (address->sa_family != AF_UNIX &&
         setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) < 0) ||
        bind(fd, address, len) < 0 || listen(fd, SOMAXCONN) < 0)
        return -errno;
    return fd_take(&fd);
}

/* Only a socket that nobody listens at. */
static void remove_left(const char *path, const struct sockaddr_un *address)
{
    struct stat found;
    if (lstat(path, &found) < 0 || !S_ISSOCK(found.st_mode))
        return;
    int fd = connect_one((const struct sockaddr *)address, sizeof(*address));
    if (fd == -ECONNREFUSED)
        unlink(path);
    fd_close(&fd);
}

int address_listen(const char *text)
{
    const char *path = path_of(text);
    if (!path)
        return with_each(text, AI_PASSIVE, listen_one);
    const struct sockaddr_un address = unix_address(path);
    remove_left(path, &address);
    mode_t before = umask(0117);
    int fd = listen_one((const struct sockaddr *)&address, sizeof(address));
    umask(before);
    return fd;
}

unsigned address_port(int listening)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof(address);
    if (getsockname(listening, (struct sockaddr *)&address, &len) < 0)
        return 0;
    if (address.ss_family == AF_INET)
        return ntohs(((const struct sockaddr_in *)&address)->sin_port);
    if (address.ss_family == AF_INET6)
        return ntohs(((const struct sockaddr_in6 *)&address)->sin6_port);
    return 0;
}
