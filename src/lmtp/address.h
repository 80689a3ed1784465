/*
 * Where an LMTP server is: "unix:/path" or "/path", "inet:host:port" or "host:port", with brackets
 * around an IPv6 address. Names are looked up each time. Any thread; nothing is kept.
 */
#ifndef LMTP_ADDRESS_H
#define LMTP_ADDRESS_H

#include "base/err.h"

#include <stdbool.h>

/* Is it written as above? */
bool address_valid(const char *text);

/* A connected socket, or -errno; -EHOSTUNREACH where the name has no address. */
int address_connect(const char *text);

/* A listening socket, or -errno. A socket that a former life left at the path is in the way and
 * goes; one at which somebody listens stays (-EADDRINUSE). What is made in the file system is for
 * its owner and group. */
int address_listen(const char *text);

/* The port that the kernel chose, where it was 0; else 0. */
unsigned address_port(int listening);

#endif
