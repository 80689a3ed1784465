#include "test.h"

#include "net/address.h"
#include "net/policy.h"

#include <errno.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct policy *policy_of(struct policy_conf conf)
{
    struct policy *policy = NULL;
    char why[POLICY_WHY] = "";
    if (!conf.ports)
        conf.ports = "80,443";
    assert_int_equal(policy_new(&conf, why, &policy), 0);
    return policy;
}

static struct address parsed(const char *text)
{
    struct address address;
    if (address_parse(span_of(text), &address) < 0)
        fail_msg("%s is not read", text);
    return address;
}

static bool permits(struct policy *policy, const char *text)
{
    struct address address = parsed(text);
    return policy_permits_address(policy, &address);
}

static void test_public_and_special(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool public;
    } cases[] = {
#include "address_cases.h"
    };
    struct policy *policy = policy_of((struct policy_conf){0});
    assert_true(COUNT(cases) >= 150);
    for (size_t i = 0; i < COUNT(cases); i++)
        if (permits(policy, cases[i].text) != cases[i].public)
            fail_msg("%s should %sbe permitted", cases[i].text, cases[i].public ? "" : "not ");
    policy_free(policy);
}

/* Spellings that inet_aton, browsers or resolvers take for addresses: none is one here, and none
 * passes as a name, so nothing behind us gets to read them. */
static void test_odd_spellings_are_neither_address_nor_name(void **state)
{
    (void)state;
    static const char *const odd[] = {
        "127.1",
        "127.0.1",
        "0x7f.1",
        "0x7f000001",
        "2130706433",
        "017700000001",
        "0177.0.0.1",
        "127.0.0.1.",
        "0",
        "0.0",
        "127.0.0.256",
        "127.0.0.1.1",
        "1.2.3",
        " 127.0.0.1",
        "127.0.0.1 ",
        "127.0.0.01",
        "00.0.0.0",
        "::ffff:127.0.0.1%lo",
        "fe80::1%eth0",
        "fe80::1%25eth0",
        "[::1]",
        "::1/128",
        "1::2::3",
        ":::",
        "12345::",
        "::g",
        "127.0.0.1:80",
        "+1.2.3.4",
        "1.2.3.4x",
        "\xef\xbc\x91.1.1.1",
        "\xe2\x91\xa0.1.1.1",
        ("1\xe3\x80\x82"
         "1.1.1"),
        "",
        ".",
        "..",
        "...",
        "0x7f.0x0.0x0.0x1",
        "127.0.0.0x1",
        "1.0x1",
    };
    struct policy *policy = policy_of((struct policy_conf){0});
    for (size_t i = 0; i < COUNT(odd); i++) {
        struct address address;
        if (address_parse(span_of(odd[i]), &address) == 0)
            fail_msg("'%s' was read as an address", odd[i]);
        if (policy_permits_name(policy, span_of(odd[i])))
            fail_msg("'%s' was permitted as a name", odd[i]);
    }
    struct address address;
    assert_int_equal(address_parse((struct span){"1.1.1.1\0", 8}, &address), -EINVAL);
    policy_free(policy);
}

/* RFC 5952 section 4 gives the right-hand side. */
static void test_one_address_many_spellings(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"2001:0DB8:0000:0000:0000:0000:0000:0001", "2001:db8::1"},
        {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
        {"::ffff:7f00:1", "::ffff:127.0.0.1"},
        {"0:0:0:0:0:FFFF:127.0.0.1", "::ffff:127.0.0.1"},
        {"0:0:0:0:0:0:0:1", "::1"},
        {"2001:db8::0:1", "2001:db8::1"},
    };
    for (size_t i = 0; i < COUNT(pairs); i++) {
        char text[ADDRESS_TEXT];
        struct address a = parsed(pairs[i][0]);
        struct address b = parsed(pairs[i][1]);
        assert_true(address_equal(&a, &b));
        address_format(&a, text);
        assert_string_equal(text, pairs[i][1]);
    }
}

static void test_embedded_ipv4(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"::ffff:192.0.2.33", "192.0.2.33"},   /* RFC 4291, 2.5.5.2 */
        {"::192.0.2.33", "192.0.2.33"},        /* RFC 4291, 2.5.5.1 */
        {"64:ff9b::192.0.2.33", "192.0.2.33"}, /* RFC 6052, 2.4 */
        /* RFC 6052, 2.4, for each length that a prefix under RFC 8215 may have */
        {"64:ff9b:1:c000:2:2100::", "192.0.2.33"},
        {"64:ff9b:1:3c0:0:221::", "192.0.2.33"},
        {"64:ff9b:1:344:c0:2:2100::", "192.0.2.33"},
        {"64:ff9b:1:344::192.0.2.33", "192.0.2.33"},
        {"::ffff:0:192.0.2.33", "192.0.2.33"},                  /* RFC 2765, 2.1 */
        {"2002:c000:221::1", "192.0.2.33"},                     /* RFC 3056, 2 */
        {"2001:0:4136:e378:8000:63bf:3fff:fdd2", "192.0.2.45"}, /* RFC 4380's layout, flipped */
        {"2a00:1::5efe:c000:221", "192.0.2.33"},                /* RFC 5214, 6.1 */
        {"2a00:1::200:5efe:192.0.2.33", "192.0.2.33"},
    };
    static const char *const none[] = {
        "::",        "::1", "2a00:1::1", "2a00:1::100:5efe:c000:221", "64:ff9b:0:0:0:1:c000:221",
        "192.0.2.33"};
    for (size_t i = 0; i < COUNT(pairs); i++) {
        struct address address = parsed(pairs[i][0]);
        struct address want = parsed(pairs[i][1]);
        struct address inner;
        assert_true(address_embedded(&address, &inner));
        assert_true(address_equal(&inner, &want));
    }
    for (size_t i = 0; i < COUNT(none); i++) {
        struct address address = parsed(none[i]);
        struct address inner;
        assert_false(address_embedded(&address, &inner));
    }
}

static void test_isatap_is_refused_for_what_it_carries(void **state)
{
    (void)state;
    struct policy *policy = policy_of((struct policy_conf){0});
    assert_false(permits(policy, "2a00:1::5efe:10.0.0.1"));
    assert_false(permits(policy, "2a00:1::200:5efe:127.0.0.1"));
    assert_true(permits(policy, "2a00:1::200:5efe:8.8.8.8"));
    policy_free(policy);
}

static void test_allow_private_opens_what_it_names_only(void **state)
{
    (void)state;
    struct policy *policy = policy_of((struct policy_conf){
        .allow_private = " 127.0.0.0/8, 10.1.0.0/16,::1 , 64:ff9b::/96, fd00::/8,,"});
    assert_true(permits(policy, "127.0.0.1"));
    assert_true(permits(policy, "10.1.255.255"));
    assert_true(permits(policy, "::1"));
    assert_true(permits(policy, "fd12::1"));
    assert_true(permits(policy, "8.8.8.8"));
    assert_false(permits(policy, "10.0.255.255"));
    assert_false(permits(policy, "10.2.0.0"));
    assert_false(permits(policy, "192.168.0.1"));
    assert_false(permits(policy, "::2"));
    assert_false(permits(policy, "fc00::1"));
    /* A mapped address is not opened by its IPv4 range; NAT64 is as good as what it carries. */
    assert_false(permits(policy, "::ffff:127.0.0.1"));
    assert_true(permits(policy, "64:ff9b::8.8.8.8"));
    assert_true(permits(policy, "64:ff9b::10.1.0.1"));
    assert_false(permits(policy, "64:ff9b::192.168.0.1"));
    policy_free(policy);

    policy = policy_of((struct policy_conf){.allow_private = "64:ff9b:1::/48"});
    assert_true(permits(policy, "64:ff9b:1:fffe::8.8.8.8"));
    assert_false(permits(policy, "64:ff9b:1:fffe::10.0.0.1"));
    assert_false(permits(policy, "64:ff9b:1::169.254.169.254"));
    assert_false(permits(policy, "64:ff9b:1:7f00:0:100::"));
    policy_free(policy);

    policy = policy_of((struct policy_conf){.allow_private = "::/0"});
    assert_true(permits(policy, "fc00::1"));
    assert_false(permits(policy, "127.0.0.1"));
    assert_false(permits(policy, "::ffff:127.0.0.1"));
    assert_false(permits(policy, "2002:7f00:1::"));
    policy_free(policy);
}

/* In a network of its own, where a public address is ours. 0 right, 1 wrong, 77 cannot be tried. */
static int judge_own_address(void)
{
    if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
        return 77;
    if (system("ip addr add 8.8.4.4/32 dev lo 2>/dev/null && "
               "ip addr add 2a00:1::1/128 dev lo 2>/dev/null") != 0)
        return 77;
    struct policy *closed = policy_of((struct policy_conf){0});
    struct policy *open = policy_of((struct policy_conf){.allow_private = "8.8.4.4"});
    bool right = !permits(closed, "8.8.4.4") && !permits(closed, "2a00:1::1") &&
                 permits(closed, "8.8.8.8") && permits(closed, "2a00:1::2") &&
                 permits(open, "8.8.4.4") && !permits(open, "2a00:1::1");
    policy_free(closed);
    policy_free(open);
    return right ? 0 : 1;
}

static void test_own_addresses(void **state)
{
    (void)state;
    pid_t pid = fork();
    if (pid == 0)
        _exit(judge_own_address());
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77) {
        print_message("no network of our own, or no ip command\n");
        skip();
    }
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_deny_hosts(void **state)
{
    (void)state;
    struct policy *policy = policy_of((struct policy_conf){
        .allow_private = "10.0.0.0/8",
        .deny_hosts =
            "evil.example, *.wild.example ,.dot.example,UPPER.example.,8.8.4.0/24,10.9.9.9,"
            "2a00:bad::/32"});
    static const char *const no[] = {"evil.example",  "EVIL.example", "a.evil.example",
                                     "evil.example.", "wild.example", "x.y.wild.example",
                                     "a.dot.example", "upper.example"};
    static const char *const yes[] = {"notevil.example", "evil.example.org", "example.com",
                                      "evilexample.com", "xn--fiqs8s.example"};
    for (size_t i = 0; i < COUNT(no); i++)
        assert_false(policy_permits_name(policy, span_of(no[i])));
    for (size_t i = 0; i < COUNT(yes); i++)
        assert_true(policy_permits_name(policy, span_of(yes[i])));
    assert_false(permits(policy, "8.8.4.4"));
    assert_true(permits(policy, "8.8.8.8"));
    assert_false(permits(policy, "10.9.9.9")); /* denied beats allowed */
    assert_true(permits(policy, "10.9.9.8"));
    assert_false(permits(policy, "2a00:bad::1"));
    assert_false(permits(policy, "::ffff:8.8.4.4"));
    policy_free(policy);
}

static void test_names(void **state)
{
    (void)state;
    struct policy *policy = policy_of((struct policy_conf){.allow_private = "127.0.0.0/8"});
    char label[70];
    char longest[300] = "";
    memset(label, 'a', sizeof(label));
    static const char *const no[] = {
        "localhost",
        "LOCALHOST",
        "localhost.",
        "a.localhost",
        "printer.local",
        "a.b.local.",
        "metadata.google.internal",
        "internal",
        "router.home.arpa",
        "home.arpa",
        "x.onion",
        "x.alt",
        "intranet",
        "com",
        "com.",
        "",
        ".",
        "a..example",
        ".example.com",
        "example.com..",
        "exa mple.com",
        "example.com\n",
        "a%2eb.com",
        ("b\xc3\xbc"
         "cher.example"),
        "a@b.com",
        "a/b.com",
        "a:80",
        "[::1]",
        "*.example.com",
        "a\\b.com",
        "1.2.3.4.5",
        "example.123",
        "example.0x7f",
    };
    static const char *const yes[] =
        {
            "example.com",           "example.com.",
            "Example.COM",           "a_b.example.com",
            "_dmarc.example.com",    "r4---sn-x.example.com",
            "xn--bcher-kva.example", "123.example.com",
            "0x7f.example.com",      "notlocalhost.com",
            "local.example",         "mylocal.example",
            "sender.example",        "a-.example.com",
            "127.0.0.1.nip.io", /* by its name; its address is another matter */
        };
    for (size_t i = 0; i < COUNT(no); i++)
        if (policy_permits_name(policy, span_of(no[i])))
            fail_msg("'%s' was permitted", no[i]);
    for (size_t i = 0; i < COUNT(yes); i++)
        if (!policy_permits_name(policy, span_of(yes[i])))
            fail_msg("'%s' was not permitted", yes[i]);
    assert_false(policy_permits_name(policy, (struct span){"a.b\0.com", 8}));

    /* RFC 1035, 2.3.4: labels of 63, names of 255 octets, which are 253 characters. */
    snprintf(longest, sizeof(longest), "%.63s.example", label);
    assert_true(policy_permits_name(policy, span_of(longest)));
    snprintf(longest, sizeof(longest), "%.64s.example", label);
    assert_false(policy_permits_name(policy, span_of(longest)));
    snprintf(longest, sizeof(longest), "%.63s.%.63s.%.63s.%.61s", label, label, label, label);
    assert_int_equal(strlen(longest), 253);
    assert_true(policy_permits_name(policy, span_of(longest)));
    strcat(longest, ".");
    assert_true(policy_permits_name(policy, span_of(longest)));
    snprintf(longest, sizeof(longest), "%.63s.%.63s.%.63s.%.62s", label, label, label, label);
    assert_false(policy_permits_name(policy, span_of(longest)));
    policy_free(policy);
}

static void test_ports(void **state)
{
    (void)state;
    struct policy *listed = policy_of((struct policy_conf){.ports = "80, 443,65535"});
    static const unsigned no[] = {0, 1, 22, 25, 79, 81, 442, 444, 6379, 65536, 80 + 65536};
    assert_true(policy_permits_port(listed, 80));
    assert_true(policy_permits_port(listed, 443));
    assert_true(policy_permits_port(listed, 65535));
    for (size_t i = 0; i < COUNT(no); i++)
        assert_false(policy_permits_port(listed, no[i]));
    policy_free(listed);

    struct policy *any = policy_of((struct policy_conf){.ports = "any"});
    assert_true(policy_permits_port(any, 1));
    assert_true(policy_permits_port(any, 65535));
    assert_false(policy_permits_port(any, 0));
    assert_false(policy_permits_port(any, 65536));
    policy_free(any);
}

static void test_bad_lists_are_refused_with_a_sentence(void **state)
{
    (void)state;
    static const struct policy_conf bad[] = {
        {"10.0.0.1/8", NULL, "80"},
        {"10.0.0.0/33", NULL, "80"},
        {"10.0.0.0/", NULL, "80"},
        {"localhost", NULL, "80"},
        {"10.0.0.0/8/8", NULL, "80"},
        {"::/129", NULL, "80"},
        {"fd00::1/8", NULL, "80"},
        {"10/8", NULL, "80"},
        {"10.0.0.0/-1", NULL, "80"},
        {NULL, "a b.example", "80"},
        {NULL,
         ("b\xc3\xbc"
          "cher.example"),
         "80"},
        {NULL, "evil..example", "80"},
        {NULL, NULL, ""},
        {NULL, NULL, "0"},
        {NULL, NULL, "65536"},
        {NULL, NULL, "80,any"},
        {NULL, NULL, "http"},
        {NULL, NULL, "99999999999999999999"},
    };
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct policy *policy = NULL;
        char why[POLICY_WHY] = "";
        assert_int_equal(policy_new(&bad[i], why, &policy), -EINVAL);
        assert_true(strlen(why) > 10);
        assert_null(policy);
    }
}

static void test_socket_addresses(void **state)
{
    (void)state;
    struct address address = parsed("1.2.3.4");
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    assert_int_equal(address_from_sockaddr((struct sockaddr *)&in6, sizeof(in6), &address), 0);
    struct address loopback = parsed("::1");
    assert_true(address_equal(&address, &loopback));
    in6.sin6_scope_id = 2;
    assert_int_equal(address_from_sockaddr((struct sockaddr *)&in6, sizeof(in6), &address),
                     -EINVAL);
    in6.sin6_scope_id = 0;
    assert_int_equal(address_from_sockaddr((struct sockaddr *)&in6, 20, &address), -EINVAL);
    in6.sin6_family = AF_UNIX;
    assert_int_equal(address_from_sockaddr((struct sockaddr *)&in6, sizeof(in6), &address),
                     -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_public_and_special),
        cmocka_unit_test(test_odd_spellings_are_neither_address_nor_name),
        cmocka_unit_test(test_one_address_many_spellings),
        cmocka_unit_test(test_embedded_ipv4),
        cmocka_unit_test(test_isatap_is_refused_for_what_it_carries),
        cmocka_unit_test(test_allow_private_opens_what_it_names_only),
        cmocka_unit_test(test_own_addresses),
        cmocka_unit_test(test_deny_hosts),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_ports),
        cmocka_unit_test(test_bad_lists_are_refused_with_a_sentence),
        cmocka_unit_test(test_socket_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
