/*
 * The server as one thing: everything that shojid holds, started in order and stopped in reverse.
 * Owned and called by the main thread.
 */
#ifndef DAEMON_DAEMON_H
#define DAEMON_DAEMON_H

#include "sys/conf.h"

struct daemon;

struct daemon_conf {
    struct conf *conf; /* must live until daemon_stop; base_url may be NULL with `dev` */
    struct activation *activation; /* sockets that listen already; what is needed is taken */
    bool dev;                      /* a sandbox that cannot be entered is a warning only */
};

/* What a start would find wrong with keys and lists, without starting anything. 0, or -errno with a
 * sentence in `why` (CONF_WHY_SIZE bytes). */
MUST_CHECK int daemon_check(const struct conf *conf, char *why);

/* 0, or -errno with a sentence in `why` (CONF_WHY_SIZE bytes). Signals must be blocked: the threads
 * inherit that. */
MUST_CHECK int daemon_start(const struct daemon_conf *conf, char *why, struct daemon **ret);

/* "listen=127.0.0.1:8080 submit=/run/shoji/submit.sock". Borrowed. */
const char *daemon_addresses(const struct daemon *daemon);

/* SIGHUP: reads keys and rules again, and takes over what it can of `fresh` (NULL: the
 * configuration could not be read, or there is none), into the configuration that it was started
 * with. */
void daemon_reload(struct daemon *daemon, const struct conf *fresh);

/* Now and then: a bounded piece of what is to be done regularly and may block. True: there is more.
 */
bool daemon_tick(struct daemon *daemon);

/* Serves what is under way, then ends. Takes NULL. */
void daemon_stop(struct daemon *daemon);

#endif
