/*
 * Addresses in hosts, as the WHATWG URL standard reads and writes them (sections 3.5 and 3.6): IPv4
 * in all its old spellings (0x7f.1, 017700000001), IPv6 with compression. Pure functions, any
 * thread.
 */
#ifndef LIB_URL_IP_H
#define LIB_URL_IP_H

#include "lib/url_text.h"

/* Does this host end in a number? Then it is an IPv4 address or nothing. */
bool url_ip_is_numeric(struct span host);

/* Appends the address in its one canonical spelling (IPv6 in brackets). 0 or SHOJI_URL_INVALID. */
int url_ip_add_v4(struct span host, struct url_writer *out);
int url_ip_add_v6(struct span inside_brackets, struct url_writer *out);

#endif
