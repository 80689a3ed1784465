#include "net/policy.h"

#include "base/limits.h"
#include "net/items.h"
#include "sys/clock.h"

#include <errno.h>
#include <ifaddrs.h>

struct ranges {
    struct address_range *all;
    size_t count;
};

struct names {
    char **all;
    size_t count;
};

struct policy {
    struct ranges allowed;
    struct ranges denied;
    struct names denied_names;
    bool any_port;
    unsigned short *ports;
    size_t ports_count;
    struct address *own;
    size_t own_count;
    int64_t own_read_ms;
};

/* Room for one more element behind `count` of them: grows by one, lists are short. */
static void *grow(void *array, size_t count, size_t size)
{
    return reallocarray(array, count + 1, size);
}

static bool range_listed(const struct ranges *ranges, const struct address *address)
{
    for (size_t i = 0; i < ranges->count; i++)
        if (address_within(address, &ranges->all[i]))
            return true;
    return false;
}

static int range_add(struct ranges *ranges, const struct address_range *range)
{
    struct address_range *grown = grow(ranges->all, ranges->count, sizeof(*grown));
    if (!grown)
        return -ENOMEM;
    ranges->all = grown;
    grown[ranges->count++] = *range;
    return 0;
}

/* ---- the machine's own addresses ---- */

/* A service that listens on a public address of this machine may trust what comes from inside. */
static int read_own(struct policy *policy)
{
    struct ifaddrs *interfaces;
    if (getifaddrs(&interfaces) < 0)
        return -errno;
    size_t most = 0;
    for (struct ifaddrs *i = interfaces; i; i = i->ifa_next)
        most++;
    struct address *own = reallocarray(NULL, most + 1, sizeof(*own));
    size_t count = 0;
    for (struct ifaddrs *i = interfaces; own && i; i = i->ifa_next) {
        if (!i->ifa_addr)
            continue;
        socklen_t len = i->ifa_addr->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                                           : sizeof(struct sockaddr_in);
        /* Scoped ones are link-local: the table has them. */
        if (address_from_sockaddr(i->ifa_addr, len, &own[count]) == 0)
            count++;
    }
    freeifaddrs(interfaces);
    if (!own)
        return -ENOMEM;
    free(policy->own);
    policy->own = own;
    policy->own_count = count;
    policy->own_read_ms = clock_ms();
    return 0;
}

static bool is_own(struct policy *policy, const struct address *address)
{
    /* Interfaces come and go; if they cannot be read just now, the last list still holds. */
    if (clock_ms() - policy->own_read_ms >= LIMIT_OWN_ADDRESSES_MS)
        (void)read_own(policy);
    for (size_t i = 0; i < policy->own_count; i++)
        if (address_equal(&policy->own[i], address))
            return true;
    return false;
}

bool policy_permits_address(struct policy *policy, const struct address *address)
{
    struct address inner;
    if (range_listed(&policy->denied, address))
        return false;
    if (address_embedded(address, &inner) && !policy_permits_address(policy, &inner))
        return false;
    if (range_listed(&policy->allowed, address))
        return true;
    return !address_special(address) && !is_own(policy, address);
}

/* ---- names ---- */

static bool name_below(struct span name, struct span top)
{
    if (name.len == top.len)
        return span_equal_nocase(name, top);
    if (name.len < top.len + 1 || name.ptr[name.len - top.len - 1] != '.')
        return false;
    return span_equal_nocase(span_part(name, name.len - top.len, top.len), top);
}

static struct span without_dot(struct span name)
{
    if (name.len > 0 && name.ptr[name.len - 1] == '.')
        name.len--;
    return name;
}

/* Letters, digits, hyphens and, since real senders use it, the underscore; RFC 1035 lengths. */
static bool name_well_formed(struct span name)
{
    size_t label = 0;
    if (name.len > 253)
        return false;
    for (size_t i = 0; i < name.len; i++) {
        char c = ascii_lower(name.ptr[i]);
        if (c == '.') {
            if (label == 0)
                return false;
            label = 0;
        } else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_') {
            if (++label > 63)
                return false;
        } else {
            return false;
        }
    }
    return label > 0;
}

/* No top-level domain begins with a digit (RFC 3696, 2); what does is a number that a parser
 * somewhere may take for an address. */
static bool name_looks_numeric(struct span name)
{
    const char *dot = memrchr(name.ptr, '.', name.len);
    char first = dot[1];
    return first >= '0' && first <= '9';
}

bool policy_permits_name(const struct policy *policy, struct span name)
{
    static const struct span inner[] = {
        SPAN("localhost"), SPAN("local"), SPAN("internal"),
        SPAN("home.arpa"), SPAN("onion"), SPAN("alt"),
    };
    name = without_dot(name);
    if (!name_well_formed(name) || !memchr(name.ptr, '.', name.len) || name_looks_numeric(name))
        return false;
    for (size_t i = 0; i < sizeof(inner) / sizeof(inner[0]); i++)
        if (name_below(name, inner[i]))
            return false;
    for (size_t i = 0; i < policy->denied_names.count; i++)
        if (name_below(name, span_of(policy->denied_names.all[i])))
            return false;
    return true;
}

/* ---- ports ---- */

bool policy_permits_port(const struct policy *policy, unsigned port)
{
    if (port == 0 || port > 65535)
        return false;
    if (policy->any_port)
        return true;
    for (size_t i = 0; i < policy->ports_count; i++)
        if (policy->ports[i] == port)
            return true;
    return false;
}

/* ---- reading the lists ---- */

static int complain(char *why, const char *key, struct span item, const char *expected)
{
    snprintf(why, POLICY_WHY, "%s: '%.*s' is not %s", key, (int)(item.len > 80 ? 80 : item.len),
             item.ptr, expected);
    return -EINVAL;
}

static int read_allowed(struct policy *policy, const char *text, char *why)
{
    struct span rest = span_of(text ? text : "");
    struct span item;
    while (items_next(&rest, &item)) {
        struct address_range range;
        if (address_range_parse(item, &range) < 0)
            return complain(why, "allow_private", item,
                            "a CIDR range such as 10.0.0.0/8 (without bits beyond the prefix)");
        int r = range_add(&policy->allowed, &range);
        if (r < 0)
            return r;
    }
    return 0;
}

static int add_denied_name(struct policy *policy, struct span name)
{
    char **grown = grow(policy->denied_names.all, policy->denied_names.count, sizeof(*grown));
    if (!grown)
        return -ENOMEM;
    policy->denied_names.all = grown;
    grown[policy->denied_names.count] = strndup(name.ptr, name.len);
    if (!grown[policy->denied_names.count])
        return -ENOMEM;
    policy->denied_names.count++;
    return 0;
}

static int read_denied(struct policy *policy, const char *text, char *why)
{
    struct span rest = span_of(text ? text : "");
    struct span item;
    while (items_next(&rest, &item)) {
        struct address_range range;
        int r;
        if (address_range_parse(item, &range) == 0) {
            r = range_add(&policy->denied, &range);
        } else {
            struct span name = without_dot(item);
            if (span_starts(name, SPAN("*.")))
                name = span_part(name, 2, name.len);
            else if (span_starts(name, SPAN(".")))
                name = span_part(name, 1, name.len);
            if (!name_well_formed(name))
                return complain(why, "deny_hosts", item,
                                "a host name (international ones as xn--...) or an address range");
            r = add_denied_name(policy, name);
        }
        if (r < 0)
            return r;
    }
    return 0;
}

static int read_ports(struct policy *policy, const char *text, char *why)
{
    struct span rest = span_of(text ? text : "");
    struct span item;
    if (span_equal_nocase(span_trim(rest), SPAN("any"))) {
        policy->any_port = true;
        return 0;
    }
    while (items_next(&rest, &item)) {
        unsigned port = 0;
        for (size_t i = 0; i < item.len && port <= 65535; i++) {
            if (item.ptr[i] < '0' || item.ptr[i] > '9')
                return complain(why, "ports", item, "a port (1 to 65535); or say any, alone");
            port = port * 10 + (unsigned)(item.ptr[i] - '0');
        }
        if (port == 0 || port > 65535)
            return complain(why, "ports", item, "a port (1 to 65535); or say any, alone");
        unsigned short *grown = grow(policy->ports, policy->ports_count, sizeof(*grown));
        if (!grown)
            return -ENOMEM;
        policy->ports = grown;
        grown[policy->ports_count++] = (unsigned short)port;
    }
    if (policy->ports_count == 0) {
        snprintf(why, POLICY_WHY, "ports: no port is listed; say 80, 443 or any");
        return -EINVAL;
    }
    return 0;
}

/* ---- birth and end ---- */

static void policy_freep(struct policy **policy)
{
    policy_free(*policy);
}

int policy_new(const struct policy_conf *conf, char *why, struct policy **ret)
{
    CLEANUP(policy_freep) struct policy *policy = calloc(1, sizeof(*policy));
    if (!policy)
        return -ENOMEM;
    int r = read_allowed(policy, conf->allow_private, why);
    if (r == 0)
        r = read_denied(policy, conf->deny_hosts, why);
    if (r == 0)
        r = read_ports(policy, conf->ports, why);
    if (r == 0)
        r = read_own(policy);
    if (r < 0)
        return r;
    *ret = take(policy);
    return 0;
}

void policy_free(struct policy *policy)
{
    if (!policy)
        return;
    for (size_t i = 0; i < policy->denied_names.count; i++)
        free(policy->denied_names.all[i]);
    free(policy->denied_names.all);
    free(policy->allowed.all);
    free(policy->denied.all);
    free(policy->ports);
    free(policy->own);
    free(policy);
}
