/*
 * Sockets that a service manager listens on for us, so that none is closed while we are replaced:
 * systemd's protocol, sd_listen_fds(3) and sd_notify(3).
 *
 * Both are an environment variable or three; libsystemd would bring eight libraries into the
 * process that holds the keys. The main thread, before there are others. The descriptors belong to
 * the struct until activation_take hands them over; activation_free closes the rest.
 */
#ifndef SYS_ACTIVATION_H
#define SYS_ACTIVATION_H

#include "base/err.h"

#include <stddef.h>

#define ACTIVATION_NAME 64 /* bytes of a FileDescriptorName= that are looked at */

struct activation {
    struct activation_socket {
        int fd; /* -1: taken */
        char name[ACTIVATION_NAME];
    } * sockets;
    size_t count;
};

/* What was handed over, which may be nothing; the variables are gone afterwards, so that no child
 * takes them for its own. 0; -EINVAL: they are not what systemd says; -ENOMEM. */
MUST_CHECK int activation_read(struct activation *ret);

/* The next descriptor with that name, now the caller's, or -1. */
int activation_take(struct activation *activation, const char *name);

/* The name of one that nobody took, or NULL. */
const char *activation_left(const struct activation *activation);

void activation_free(struct activation *activation);

/* Tells the manager, where there is one: "READY=1". Waits while it has too much to read. */
void activation_notify(const char *state);

/* The same without waiting. 0; -EAGAIN: it has too much to read, and was not told. */
int activation_try_notify(const char *state);

#endif
