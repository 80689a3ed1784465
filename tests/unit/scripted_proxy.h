/*
 * A SOCKS5 or HTTP proxy for tests: threads on 127.0.0.1, a port the kernel chose. Wherever it is
 * asked to connect to, it connects to the same port of 127.0.0.1, so that a test has an origin at
 * any address it likes; and it keeps what it was asked. Written from RFC 1928 and RFC 9110, and
 * knows nothing of the code under test. Everything is for one test thread.
 */
#ifndef TESTS_SCRIPTED_PROXY_H
#define TESTS_SCRIPTED_PROXY_H

#include <stdbool.h>
#include <stddef.h>

struct scripted_proxy;

enum scripted_manner {
    PROXY_WORKS,
    PROXY_BYTEWISE, /* as PROXY_WORKS, its own answers byte by byte */
    PROXY_REFUSES,  /* answers `code` to every request */
    PROXY_WANTS_AUTH,
    PROXY_SILENT, /* takes the connection, says nothing */
    PROXY_MUTE,   /* SOCKS: greets, then says nothing */
    PROXY_CLOSES, /* at once */
    PROXY_NONSENSE,
    PROXY_ENDLESS, /* HTTP: a head without an end */
};

struct scripted_proxy_conf {
    bool http;
    enum scripted_manner manner;
    unsigned code;     /* SOCKS reply or HTTP status */
    const char *fails; /* or NULL: "93.184.216.34:80" alone is refused */
};

/* Aborts on failure. `conf` is copied; `fails` is borrowed until the stop. */
struct scripted_proxy *scripted_proxy_start(const struct scripted_proxy_conf *conf);

/* From now on. */
void scripted_proxy_become(struct scripted_proxy *proxy, enum scripted_manner manner);

/* "127.0.0.1:port" */
const char *scripted_proxy_address(const struct scripted_proxy *proxy);

size_t scripted_proxy_connections(struct scripted_proxy *proxy);

/* How often it was asked for "93.184.216.34:80", "[2001:db8::1]:80" or, told so by a client that
 * leaves the resolving to it, "name host:80"; NULL: for anything. */
size_t scripted_proxy_asked(struct scripted_proxy *proxy, const char *target);

/* The first request head to an HTTP proxy, as it came; "" before. */
const char *scripted_proxy_head(struct scripted_proxy *proxy);

void scripted_proxy_stop(struct scripted_proxy *proxy);

#endif
