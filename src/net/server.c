#include "net/server.h"

#include "net/items.h"

#include <errno.h>
#include <stdio.h>

/* `ret_port` stays as it is where none is written. */
static int split(struct span text, struct span *ret_host, struct span *ret_port)
{
    struct span host = text;
    struct span port = *ret_port;
    if (text.len > 0 && text.ptr[0] == '[') {
        const char *end = memchr(text.ptr, ']', text.len);
        if (!end)
            return -EINVAL;
        host = span_part(text, 1, (size_t)(end - text.ptr) - 1);
        struct span tail = span_part(text, host.len + 2, text.len);
        if (tail.len > 0 && tail.ptr[0] != ':')
            return -EINVAL;
        if (tail.len > 0)
            port = span_part(tail, 1, tail.len);
    } else {
        const char *colon = memchr(text.ptr, ':', text.len);
        if (colon && colon == memrchr(text.ptr, ':', text.len)) {
            host = span_part(text, 0, (size_t)(colon - text.ptr));
            port = span_part(text, host.len + 1, text.len);
        }
    }
    *ret_host = host;
    *ret_port = port;
    return 0;
}

static int parse_port(struct span text, unsigned *ret)
{
    unsigned port = 0;
    if (text.len == 0 || text.len > 5)
        return -EINVAL;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return -EINVAL;
        port = port * 10 + (unsigned)(text.ptr[i] - '0');
    }
    if (port == 0 || port > 65535)
        return -EINVAL;
    *ret = port;
    return 0;
}

int server_parse(struct span text, unsigned port, struct server *ret)
{
    struct span host;
    struct span port_text = {NULL, 0};
    struct server server = {.port = port};
    if (split(text, &host, &port_text) < 0 || address_parse(host, &server.address) < 0)
        return -EINVAL;
    if ((port_text.ptr || port == 0) && parse_port(port_text, &server.port) < 0)
        return -EINVAL;
    *ret = server;
    return 0;
}

int server_parse_list(const struct server_list *list, struct span text, struct server *ret)
{
    struct span rest = text;
    struct span item;
    size_t count = 0;
    while (items_next(&rest, &item)) {
        if (count == list->most) {
            snprintf(list->why, 256, "%s: at most %zu are used", list->key, list->most);
            return -EINVAL;
        }
        if (server_parse(item, list->port, &ret[count]) < 0) {
            snprintf(list->why, 256,
                     "%s: '%.*s' is not an address, address:port or [v6 address]:port", list->key,
                     (int)(item.len > 80 ? 80 : item.len), item.ptr);
            return -EINVAL;
        }
        count++;
    }
    if (count > 0)
        return (int)count;
    snprintf(list->why, 256, "%s: the list is empty", list->key);
    return -EINVAL;
}

socklen_t server_to_sockaddr(const struct server *server, struct sockaddr_storage *ret)
{
    *ret = (struct sockaddr_storage){0};
    if (server->address.v6) {
        struct sockaddr_in6 in = {.sin6_family = AF_INET6,
                                  .sin6_port = htons((in_port_t)server->port)};
        memcpy(&in.sin6_addr, server->address.bytes, 16);
        memcpy(ret, &in, sizeof(in));
        return sizeof(in);
    }
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((in_port_t)server->port)};
    memcpy(&in.sin_addr, server->address.bytes, 4);
    memcpy(ret, &in, sizeof(in));
    return sizeof(in);
}
