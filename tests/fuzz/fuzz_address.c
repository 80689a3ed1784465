/* Ranges and hosts as anybody may write them: what is read can be written and read again, what is
 * permitted is public, and an IPv6 address never opens what its IPv4 part would not. */
#include "net/policy.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static struct policy *closed_policy(void)
{
    static struct policy *policy;
    char why[POLICY_WHY];
    const struct policy_conf conf = {.ports = "80"};
    if (!policy)
        must(policy_new(&conf, why, &policy) == 0);
    return policy;
}

static void check(const struct address *address)
{
    char text[ADDRESS_TEXT];
    struct address again;
    struct address inner;
    address_format(address, text);
    must(address_parse(span_of(text), &again) == 0 && address_equal(address, &again));
    must(!policy_permits_name(closed_policy(), span_of(text)));
    if (!policy_permits_address(closed_policy(), address))
        return;
    must(!address_special(address));
    must(!address->v6 || (address->bytes[0] & 0xe0) == 0x20);
    if (address_embedded(address, &inner))
        must(policy_permits_address(closed_policy(), &inner));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct span text = {(const char *)bytes, len};
    struct address_range range;
    struct address address = {.v6 = true};
    if (address_range_parse(text, &range) == 0) {
        must(address_within(&range.first, &range));
        check(&range.first);
    }
    if (len >= 16) {
        memcpy(address.bytes, bytes, 16);
        check(&address);
    }
    if (policy_permits_name(closed_policy(), text))
        must(len <= 254 && memchr(bytes, '.', len) && address_parse(text, &address) < 0);
    return 0;
}
