/*
 * Rules of either format, then URLs to judge by them: the input up to the first zero byte is a
 * list, what follows are URLs, a line each. Whatever they are, nothing crashes, a look-up is
 * repeatable, and a link that was cleaned is clean.
 */
#include "lib/rules.h"
#include "lib/tracker.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void check_images(const struct shoji_rules *rules, struct span url)
{
    struct rules_url ready;
    struct rules_hit once, twice;
    if (!rules_url_read(url, &ready))
        return;
    must(ready.host.ptr + ready.host.len <= ready.target.ptr);
    for (unsigned what = RULES_PIXEL; what <= RULES_LOAD; what *= 2) {
        bool found = rules_find(rules, &ready, (enum rules_what)what, &once);
        must(found == rules_find(rules, &ready, (enum rules_what)what, &twice));
        must(!found || (once.rule == twice.rule && (once.rule->what & what)));
        must(!found || once.vendor.len == 0 || rules_has_vendor(rules, once.vendor));
    }
    (void)shoji_rules_blocks(rules, url.ptr, url.len);
}

static void check_link(const struct shoji_rules *rules, struct span url)
{
    struct buf once = BUF_INIT(100000), twice = BUF_INIT(100000);
    struct link_facts facts;
    int r = link_clean(rules, url, &once, &facts);
    must(r == 0 || r == LINK_CLEAN_SAME);
    if (r == 0) {
        must(once.len <= url.len * 3 + 16);
        must(link_clean(rules, buf_span(&once), &twice, &facts) == LINK_CLEAN_SAME);
    }
    buf_free(&once);
    buf_free(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct span in = {(const char *)bytes, len};
    const char *zero = memchr(bytes, 0, len);
    struct span list = span_part(in, 0, zero ? (size_t)(zero - in.ptr) : len);
    struct span urls = span_part(in, list.len + 1, in.len);
    char why[SHOJI_RULES_WHY_SIZE];
    struct shoji_rules *rules = NULL;
    if (rules_parse(list, NULL, why, &rules) != 0)
        return 0;
    while (urls.len > 0) {
        const char *end = memchr(urls.ptr, '\n', urls.len);
        struct span url = span_part(urls, 0, end ? (size_t)(end - urls.ptr) : urls.len);
        char canonical[SHOJI_URL_MAX + 1];
        size_t canonical_len;
        urls = span_part(urls, url.len + 1, urls.len);
        if (shoji_url_canonical(url.ptr, url.len, NULL, canonical, &canonical_len) != 0)
            continue;
        check_images(rules, (struct span){canonical, canonical_len});
        check_link(rules, (struct span){canonical, canonical_len});
    }
    shoji_rules_free(rules);
    return 0;
}
