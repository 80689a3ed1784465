/*
 * An address and a port, as an operator writes them: "192.0.2.1", "192.0.2.1:53", "2001:db8::1" or
 * "[2001:db8::1]:53"; and lists of such. Plain values; any thread may call; nothing is resolved.
 */
#ifndef NET_SERVER_H
#define NET_SERVER_H

#include "net/address.h"

struct server {
    struct address address;
    unsigned port;
};

/* `port`: where none is written; 0 makes it an error to leave it out. 0 or -EINVAL. */
MUST_CHECK int server_parse(struct span text, unsigned port, struct server *ret);

/* A comma-separated list of at most `most`, into `ret`; how many there are, or -EINVAL with a
 * sentence in `why` (256 bytes) that says what is wrong with the list of `key`. */
struct server_list {
    const char *key;
    unsigned port;
    size_t most;
    char *why;
};
MUST_CHECK int server_parse_list(const struct server_list *list, struct span text,
                                 struct server *ret);

/* For bind() and connect(); how many bytes of `ret` are in use. */
socklen_t server_to_sockaddr(const struct server *server, struct sockaddr_storage *ret);

#endif
