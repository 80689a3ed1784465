/*
 * IP addresses in binary, ranges of them, and which of them are not public unicast.
 *
 * Everything is a plain value: nothing allocates, nothing is kept, any thread may call. Decisions
 * are made on these bytes only, never on a spelling: there are too many spellings.
 */
#ifndef NET_ADDRESS_H
#define NET_ADDRESS_H

#include "base/err.h"
#include "base/span.h"

#include <netinet/in.h>
#include <sys/socket.h>

struct address {
    bool v6;
    unsigned char bytes[16]; /* network order; IPv4 in the first four, the rest zero */
};

struct address_range {
    struct address first;
    unsigned bits; /* of the prefix */
};

#define ADDRESS_TEXT INET6_ADDRSTRLEN /* bytes, terminator included */

/* Strict dotted quad, or IPv6 without brackets and zone. 0 or -EINVAL. */
MUST_CHECK int address_parse(struct span text, struct address *ret);

/* -EINVAL when it is not IPv4 or IPv6, or carries a scope: that names an interface of ours. */
MUST_CHECK int address_from_sockaddr(const struct sockaddr *sa, socklen_t len, struct address *ret);

/* The canonical spelling (RFC 5952), terminated. */
void address_format(const struct address *address, char ret[ADDRESS_TEXT]);

bool address_equal(const struct address *a, const struct address *b);

/* "10.0.0.0/8" or one address. 0; -EINVAL, also when bits beyond the prefix are set. */
MUST_CHECK int address_range_parse(struct span text, struct address_range *ret);

bool address_within(const struct address *address, const struct address_range *range);

/* The IPv4 address that a transition mechanism would reach through this IPv6 address. */
bool address_embedded(const struct address *address, struct address *ret);

/* NULL for public unicast, otherwise what the address is for. Says nothing about an embedded one.
 */
const char *address_special(const struct address *address);

#endif
