/*
 * The LMTP store behind us, as a client sees it: one connection, one thread. Once an answer failed
 * to come, or was none, the connection is of no more use: `lost` stays set, every call gives
 * -ENOTCONN.
 *
 * store_close takes a zeroed one. An answer's text belongs to the struct reply: reply_free.
 */
#ifndef LMTP_STORE_H
#define LMTP_STORE_H

#include "base/buf.h"
#include "lmtp/stream.h"

#include <stdint.h>

struct store {
    struct stream stream;
    bool open;
    bool lost;
    /* What it said to LHLO. */
    bool eight_bit;
    bool smtputf8;
    bool enhanced;
    bool sizes;
    uint64_t size; /* bytes; 0: no fixed limit */
};

/* An answer, whole and well-formed. */
struct reply {
    int code;        /* 200 to 599 */
    struct buf text; /* its lines, each with CRLF, as they may be passed on */
};

#define REPLY_INIT ((struct reply){.text = BUF_INIT(LIMIT_LMTP_REPLY)})

void reply_free(struct reply *reply);

enum store_answer {
    STORE_REFUSED = 1, /* 4xx or 5xx: *ret is what to pass on */
};

struct store_line {
    struct span text; /* without CRLF */
    unsigned timeout_ms;
    int want; /* the first digit of the answer that is hoped for */
};

#define STORE_LINE(what, ms, digit)                                                                \
    ((struct store_line){.text = (what), .timeout_ms = (ms), .want = (digit)})

/* Connects, and is greeted; `name` is who we say we are. 0, or -errno: -EPROTO where what answers
 * is no LMTP server, -EBUSY where it is not willing now. */
MUST_CHECK int store_open(struct store *store, const char *address, struct span name);

/* Sends a line, and reads its answer, in place of what is in *ret. 0, STORE_REFUSED or -errno. */
MUST_CHECK int store_ask(struct store *store, const struct store_line *line, struct reply *ret);

/* Reads one more answer. Likewise. */
MUST_CHECK int store_want(struct store *store, unsigned timeout_ms, int want, struct reply *ret);

/* Bytes of a message as they go onto the wire. 0 or -errno. */
MUST_CHECK int store_send(struct store *store, struct span bytes);

void store_close(struct store *store);

#endif
