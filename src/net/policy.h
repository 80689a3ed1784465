/*
 * What the operator lets us connect to: addresses, names and ports.
 *
 * A policy is made from the configuration and never changes, but for the machine's own addresses,
 * which it reads again now and then; so one thread at a time. It owns copies of all it was given.
 * It resolves nothing: names are judged as names, and what they resolve to as addresses.
 */
#ifndef NET_POLICY_H
#define NET_POLICY_H

#include "net/address.h"

#define POLICY_WHY 256 /* bytes: room for one sentence that says what is wrong */

struct policy;

struct policy_conf {
    const char *allow_private; /* comma-separated CIDR list, or NULL */
    const char *deny_hosts;    /* comma-separated names (and all below them), addresses, CIDRs */
    const char *ports;         /* comma-separated list, or "any" */
};

/* 0; -EINVAL with a sentence in `why` when a list cannot be read; or -errno. */
MUST_CHECK int policy_new(const struct policy_conf *conf, char *why, struct policy **ret);

/* Takes NULL. */
void policy_free(struct policy *policy);

/*
 * In this order: a denied address is refused. One that carries an IPv4 address is refused if that
 * is. One that allow_private names is permitted. Whatever is not public unicast, and every address
 * of this machine, is refused.
 */
bool policy_permits_address(struct policy *policy, const struct address *address);

/*
 * A host name, never an address literal. Refused: names that mean this machine or its surroundings
 * (RFC 6761, 6762, 7686, 8375, 9476), single labels, what is no host name, and what deny_hosts
 * names. One trailing dot makes no difference.
 */
bool policy_permits_name(const struct policy *policy, struct span name);

bool policy_permits_port(const struct policy *policy, unsigned port);

#endif
