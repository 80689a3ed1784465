/*
 * A DNS server for tests: a thread on 127.0.0.1, UDP and TCP, a port the kernel chose. It answers
 * from a script of (name, type) rows, and counts the questions it was asked. Written from RFC 1035,
 * and knows nothing of the code under test. Everything is for one test thread.
 */
#ifndef TESTS_SCRIPTED_DNS_H
#define TESTS_SCRIPTED_DNS_H

#include <stdbool.h>
#include <stddef.h>

struct scripted_dns;

/* One row a name. `a` and `aaaa`: blank-separated addresses; "" no such type (an empty answer);
 * NULL silence. `alias`: the answer begins with a CNAME to that name. `rcode`: sent instead. */
struct scripted_name {
    const char *name;
    const char *a;
    const char *aaaa;
    const char *alias;
    int rcode; /* 2 SERVFAIL, 3 NXDOMAIN, ... */
    bool cut;  /* over UDP: an empty answer that says it is truncated */
};

#define SCRIPTED_SERVFAIL 2
#define SCRIPTED_NXDOMAIN 3

/* The rows, ended by one without a name, are borrowed until scripted_dns_stop. Names that are not
 * there get NXDOMAIN. Aborts on failure. */
struct scripted_dns *scripted_dns_start(const struct scripted_name *rows);

/* "127.0.0.1:port" */
const char *scripted_dns_address(const struct scripted_dns *dns);

unsigned scripted_dns_port(const struct scripted_dns *dns);

/* Those of the questions that came by TCP; those with anything behind the question (RFC 6891). */
size_t scripted_dns_asked_by_tcp(struct scripted_dns *dns);
size_t scripted_dns_extras(struct scripted_dns *dns);

/* Questions so far, of both types; with `name` only those for it. */
size_t scripted_dns_asked(struct scripted_dns *dns, const char *name);

void scripted_dns_stop(struct scripted_dns *dns);

#endif
