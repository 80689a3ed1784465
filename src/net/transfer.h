/*
 * One HTTP request to one address, by libcurl: the only file that knows libcurl's options.
 *
 * A transfer is embedded in what it serves. It never resolves: libcurl is given the address, and
 * the socket is checked against it, and against the policy, once more before it connects. The
 * socket is the egress's, or a tunnel that leads to that address already; libcurl itself knows of
 * no proxy, and what it sends through one is what it would send without. What is
 * sent differs between transfers in the request target and Host alone (see transfer.c). `done`
 * comes from the loop exactly once, never from inside transfer_start and not after transfer_stop.
 * One thread at a time.
 */
#ifndef NET_TRANSFER_H
#define NET_TRANSFER_H

#include "base/buf.h"
#include "net/egress.h"
#include "net/fetch.h"
#include "net/head.h"
#include "net/multi.h"
#include "net/policy.h"

/* What all transfers of a fetcher share; outlives them. */
struct transfer_shared {
    struct multi *multi;
    struct policy *policy;
    struct curl_slist *fields; /* of the request, beyond what libcurl sends by itself */
    char *user_agent;
    char *ca_file; /* NULL: the system's */
    size_t max_bytes;
    unsigned connect_timeout_ms;
    size_t held_bytes; /* of all bodies, those under way and those held */
};

/* Borrowed for the call. */
struct transfer_target {
    bool https;
    struct span host;   /* IPv6 in brackets */
    const char *target; /* of the request line, terminated */
    struct server to;
    const struct egress *egress; /* outlives the transfer */
    int tunnel_fd;               /* of a proxy egress: open to `to`; taken, whatever happens */
};

struct transfer {
    struct transfer_shared *shared;
    void (*done)(struct transfer *self);
    struct multi_transfer link; /* easy is NULL while not running */
    struct curl_slist *connect_to;
    struct server to;
    const struct egress *egress;
    int tunnel_fd; /* until libcurl takes it; else -1 */
    int fd;        /* libcurl's, to look at; -1 before there is one */
    bool decided;  /* the outcome, by us; what libcurl says afterwards is of no account */
    /* The result, when done. */
    enum fetch_outcome outcome;
    bool asked;     /* a connection to the address was begun */
    bool connected; /* ever; if not, another address may be tried */
    bool no_way;    /* FETCH_UNREACHABLE, and the egress has no way there: nothing was sent */
    struct head head;
    struct buf body;
};

/* 0, or a negative errno for all shared->... that needs memory: the request's fixed fields. */
MUST_CHECK int transfer_fields(struct curl_slist **ret);

/* `transfer->shared` and `->done` are set, all else is zero or was cleared. 0 or -ENOMEM. */
MUST_CHECK int transfer_start(struct transfer *transfer, const struct transfer_target *target);

/* Ends it if it runs, closes its connection; the result stays. */
void transfer_stop(struct transfer *transfer);

/* Stops it, and frees the result. It may then be started again. */
void transfer_clear(struct transfer *transfer);

#endif
