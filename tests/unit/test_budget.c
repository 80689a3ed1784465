#include "cache_fixture.h"
#include "test.h"

#include "serve/budget.h"

#include <string.h>

/* What is one domain follows from publicsuffix.org's list and its test vectors; the rest from
 * "burst at once, then so many a second". */

static struct fixture *f;

static struct budget *budget_of(uint64_t rate, uint64_t per_domain, uint64_t bandwidth)
{
    struct budget *budget = NULL;
    const struct budget_conf conf = {
        .cache = f->cache, .rate = rate, .per_domain = per_domain, .bandwidth = bandwidth};
    assert_int_equal(budget_new(&conf, &budget), 0);
    return budget;
}

static struct budget_site site_of(const struct budget *budget, const char *url)
{
    struct budget_site site;
    budget_site(budget, url, strlen(url), &site);
    return site;
}

static void test_hosts_of_one_domain_share_its_budget(void **state)
{
    (void)state;
    static const struct {
        const char *one, *other;
        bool same;
    } cases[] = {
        {"http://mail.example.com/a", "https://www.example.com:8443/b?c", true},
        {"http://example.com/", "http://a.b.c.d.e.example.com/", true},
        {"http://example.com/", "http://example.com./", true},
        {"http://example.com/", "http://example.net/", false},
        {"http://a.example.co.uk/", "http://b.example.co.uk/", true},
        {"http://one.co.uk/", "http://two.co.uk/", false},
        {"http://one.github.io/", "http://two.github.io/", false},
        {"http://www.city.kobe.jp/", "http://city.kobe.jp/", true},
        {"http://b.ide.kyoto.jp/", "http://c.ide.kyoto.jp/", false},
        {"http://a.xn--85x722f.com.cn/", "http://b.xn--85x722f.com.cn/", true},
        {"http://192.0.2.1/a", "http://192.0.2.1:8080/b", true},
        {"http://192.0.2.1/", "http://198.51.2.1/", false},
        {"http://[2001:db8::1]/", "http://[2001:db8::2]/", false},
    };
    struct budget *budget = budget_of(0, 0, 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        bool same = site_of(budget, cases[i].one).domain == site_of(budget, cases[i].other).domain;
        if (same != cases[i].same)
            fail_msg("%s and %s", cases[i].one, cases[i].other);
    }
    budget_free(budget);
}

/* A hundred thousand names below one domain must not become a hundred thousand lines. */
static void test_a_domain_has_few_groups_and_a_host_one(void **state)
{
    (void)state;
    struct budget *budget = budget_of(0, 0, 0), *later = budget_of(0, 0, 0);
    uint32_t groups[64];
    size_t count = 0;
    for (int i = 0; i < 5000; i++) {
        char url[64];
        snprintf(url, sizeof(url), "http://r%d.t.example.com/%d", i, i);
        uint32_t group = site_of(budget, url).group;
        assert_int_equal(site_of(later, url).group, group); /* after a restart, too */
        size_t at = 0;
        while (at < count && groups[at] != group)
            at++;
        if (at == count) {
            assert_true(count < 64);
            groups[count++] = group;
        }
    }
    assert_in_range(count, 8, 32);
    assert_int_equal(site_of(budget, "http://a.example.com/1").group,
                     site_of(budget, "https://a.example.com:444/2").group);
    budget_free(budget);
    budget_free(later);
}

static void test_all_and_each_domain_are_counted(void **state)
{
    (void)state;
    struct budget *budget = budget_of(10, 2, 0);
    for (int i = 0; i < 4; i++) { /* a burst of two seconds' worth */
        assert_int_equal(budget_domain_wait_ms(budget, 1, 0), 0);
        budget_begin(budget, 1, 0);
    }
    assert_int_equal(budget_domain_wait_ms(budget, 1, 0), 500);
    assert_int_equal(budget_domain_wait_ms(budget, 2, 0), 0);
    assert_int_equal(budget_wait_ms(budget, 0), 0);
    for (uint64_t domain = 2; domain < 8; domain++)
        budget_begin(budget, domain, 0);
    assert_int_equal(budget_wait_ms(budget, 0), 100);
    budget_free(budget);
}

static void test_bytes_hold_up_what_comes_after_them(void **state)
{
    (void)state;
    struct budget *budget = budget_of(0, 0, 1000000);
    assert_int_equal(budget_wait_ms(budget, 0), 0);
    budget_bytes(budget, 3000000, 0);
    assert_in_range(budget_wait_ms(budget, 0), 2000, 2001);
    assert_int_equal(budget_wait_ms(budget, 2001), 0);
    budget_free(budget);
}

static struct address address_of(const char *text)
{
    struct address address;
    assert_int_equal(address_parse((struct span){text, strlen(text)}, &address), 0);
    return address;
}

/* However many names lead there. */
static void test_a_network_is_one_target(void **state)
{
    (void)state;
    struct budget *budget = budget_of(0, 10, 0);
    char text[64];
    for (int i = 0; i < 40; i++) {
        snprintf(text, sizeof(text), "203.0.113.%d", i + 1);
        struct address address = address_of(text);
        assert_int_equal(budget_connect(budget, &address, 0), 0);
    }
    struct address same = address_of("203.0.113.200"), mapped = address_of("::ffff:203.0.113.9"),
                   other = address_of("203.0.114.1"), six = address_of("2001:db8:1:2::1"),
                   six_too = address_of("2001:db8:1:ffff::1"), seven = address_of("2001:db8:2::1");
    assert_int_equal(budget_connect(budget, &same, 0), 50);
    assert_int_equal(budget_connect(budget, &mapped, 0), 100);
    assert_int_equal(budget_connect(budget, &other, 0), 0);
    for (int i = 0; i < 40; i++)
        assert_int_equal(budget_connect(budget, i % 2 ? &six : &six_too, 0), 0);
    assert_int_equal(budget_connect(budget, &six, 0), 50);
    assert_int_equal(budget_connect(budget, &seven, 0), 0);
    budget_free(budget);
}

static int setup(void **state)
{
    (void)state;
    f = fixture_new(FIXTURE_SIZE, FIXTURE_INDEX);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fixture_free(f);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hosts_of_one_domain_share_its_budget),
        cmocka_unit_test(test_a_domain_has_few_groups_and_a_host_one),
        cmocka_unit_test(test_all_and_each_domain_are_counted),
        cmocka_unit_test(test_bytes_hold_up_what_comes_after_them),
        cmocka_unit_test(test_a_network_is_one_target),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
