/*
 * What shojid and its decoder say to each other, over SOCK_SEQPACKET pairs on one machine.
 *
 * Two kinds of channel: the control socket between the pool and the zygote, and one socket a
 * worker. A message is one of the structs below, whole, never longer or shorter, with the
 * descriptors that its comment names. Every field has a fixed size, there are no pointers, and
 * every struct opens with its kind. The pool believes nothing in what it receives before it has
 * checked it; the decoder trusts the pool.
 *
 *     pool -> zygote    WIRE_FORK    [worker's end of a new pair]
 *     zygote -> pool    WIRE_HELLO   once, when it stands
 *     zygote -> pool    WIRE_FORKED  [pidfd of the worker], or an error and no descriptor
 *     worker -> pool    WIRE_READY   once, sealed
 *     pool -> worker    WIRE_JOB     [sealed memfd of the original, memfd for the result]
 *     worker -> pool    WIRE_DONE
 *
 * When a channel's other end closes, the decoder's processes exit.
 */
#ifndef DECODE_WIRE_H
#define DECODE_WIRE_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

#define WIRE_VERSION    2 /* both programs come from one build: another number is a broken install */
#define WIRE_CONTROL_FD 3
#define WIRE_WORKER_FD  3
#define WIRE_TEXT       120
#define WIRE_FDS        2 /* the most that one message carries */

enum wire_kind {
    WIRE_HELLO = 1,
    WIRE_FORK = 2,
    WIRE_FORKED = 3,
    WIRE_READY = 4,
    WIRE_JOB = 5,
    WIRE_DONE = 6,
};

/* What a worker is for, and what it may do for that. The number of classes is WIRE_CLASSES. */
enum wire_class {
    WIRE_CLASS_RASTER = 0,
    WIRE_CLASS_SVG = 1,
};

#define WIRE_CLASSES 2

/* What a worker's jail is made of. */
enum wire_jail {
    WIRE_JAIL_NO_NEW_PRIVS = 1,
    WIRE_JAIL_LIMITS = 2,
    WIRE_JAIL_SECCOMP = 4,
    WIRE_JAIL_NO_CAPS = 8,
    WIRE_JAIL_LANDLOCK = 16,
    WIRE_JAIL_NAMESPACES = 32,
    WIRE_JAIL_EMPTY_ROOT = 64,
};

/* Without these there is no sandbox; the rest depends on what the kernel and the host allow. */
#define WIRE_JAIL_REQUIRED                                                                         \
    (WIRE_JAIL_NO_NEW_PRIVS | WIRE_JAIL_LIMITS | WIRE_JAIL_SECCOMP | WIRE_JAIL_NO_CAPS)

/* WIRE_HELLO and WIRE_READY. */
struct wire_state {
    uint32_t kind;
    uint32_t version;
    uint32_t id;   /* of the worker; 0: the zygote */
    int32_t error; /* 0 or -errno: it cannot serve, and exits */
    uint32_t jail; /* enum wire_jail, what was reached */
    uint32_t landlock_abi;
    char text[WIRE_TEXT]; /* the step that failed, if one did */
};

struct wire_fork {
    uint32_t kind;
    uint32_t id;
    uint64_t memory; /* bytes of address space */
    uint32_t class;  /* enum wire_class */
    uint32_t reserved;
};

struct wire_forked {
    uint32_t kind;
    uint32_t id;
    int32_t error;
    uint32_t reserved;
};

struct wire_job {
    uint32_t kind;
    uint32_t id;
    uint32_t type; /* enum image_type: the one loader to use */
    uint32_t webp; /* output = webp */
    uint64_t in_len;
    uint64_t out_max;
    uint64_t max_pixels; /* of one frame */
    uint64_t max_total_pixels;
    uint32_t max_frames;
    uint32_t max_side; /* 0: any */
};

struct wire_done {
    uint32_t kind;
    uint32_t id;      /* of the job */
    uint32_t outcome; /* enum decode_outcome */
    uint32_t type;    /* enum image_type; from here on: DECODE_OK only */
    uint32_t width;   /* of the original, oriented */
    uint32_t height;
    uint32_t frames; /* of the result */
    uint32_t transparent;
    uint64_t out_len;
    uint64_t rss; /* bytes, the most it ever held: a hint when to recycle, not to be relied on */
};

/* Descriptors that travel with a message. */
struct wire_fds {
    unsigned count;
    int fd[WIRE_FDS];
};

/* Sends one message; the descriptors stay the caller's; `fds` may be NULL. 0 or -errno. */
MUST_CHECK int wire_send(int socket, const void *message, size_t len, const struct wire_fds *fds);

enum {
    WIRE_CLOSED = 1,  /* the other end is gone */
    WIRE_GARBLED = 2, /* another size than `size` */
};

/* Takes one message of exactly `size` bytes. Descriptors that came along are close-on-exec and the
 * caller's; with `fds` NULL none are accepted (the kernel drops them). 0, an answer above, or
 * -errno (-EAGAIN: nothing there). On any of these nothing is returned and nothing stays open. */
MUST_CHECK int wire_receive(int socket, void *ret, size_t size, struct wire_fds *ret_fds);

void wire_close(struct wire_fds *fds);

#endif
