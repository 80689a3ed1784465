/* The record of tracking pixels: what is counted, folded, forgotten and found again. */
#include "cache_fixture.h"

#include "serve/pixels.h"
#include "sys/clock.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define DAY_S 86400

struct world {
    struct fixture *store;
    struct budget *budget;
    struct ruleset *rules;
    struct pixels_conf conf;
    struct pixels *pixels;
};

static const char rules_text[] = "shoji-rules 1\n"
                                 "vendor Acme Mail\n"
                                 "pixel count.acme.example\n"
                                 "pixel beta.example/open\n";

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void open_pixels(struct world *w)
{
    static const struct plan_conf plan = {.packed = PLAN_PACKED(400LL * DAY_S, 0, 0)};
    const struct budget_conf budget = {.cache = w->store->cache};
    assert_int_equal(budget_new(&budget, &w->budget), 0);
    w->conf = (struct pixels_conf){
        .cache = w->store->cache, .budget = w->budget, .rules = w->rules, .plan = &plan};
    assert_int_equal(pixels_new(&w->conf, &w->pixels), 0);
}

static struct world *world_new(void)
{
    char path[96], why[SHOJI_RULES_WHY_SIZE];
    struct world *w = calloc(1, sizeof(*w));
    assert_non_null(w);
    w->store = fixture_new(FIXTURE_SIZE, FIXTURE_INDEX);
    snprintf(path, sizeof(path), "%s/trackers.rules", w->store->dir);
    write_file(path, rules_text);
    const struct shoji_rules_source source = {.files = path, .allow = "partner.example"};
    assert_int_equal(ruleset_new(&source, why, &w->rules), 0);
    open_pixels(w);
    return w;
}

static void close_pixels(struct world *w)
{
    pixels_free(w->pixels);
    budget_free(w->budget);
}

static void world_free(struct world *w)
{
    close_pixels(w);
    ruleset_free(w->rules);
    fixture_free(w->store);
    free(w);
}

static void restart(struct world *w)
{
    assert_int_equal(pixels_save(w->pixels, true), 0);
    close_pixels(w);
    fixture_close(w->store);
    fixture_open(w->store);
    open_pixels(w);
}

static void note(struct world *w, const char *url, bool is_pixel)
{
    pixels_note(w->pixels, url, strlen(url), is_pixel);
}

static struct pixels_list list_of(struct world *w)
{
    struct pixels_list list;
    assert_int_equal(pixels_list(w->pixels, 0, &list), 0);
    return list;
}

/* The entry of this domain; all zero where there is none. */
static struct pixels_entry entry_of(struct world *w, const char *domain)
{
    struct pixels_entry found = {.host = ""};
    struct pixels_list list = list_of(w);
    for (size_t i = 0; i < list.count; i++)
        if (strcmp(list.entries[i].domain, domain) == 0)
            found = list.entries[i];
    free(list.entries);
    return found;
}

static void test_what_is_counted(void **state)
{
    (void)state;
    struct world *w = world_new();
    int32_t today = (int32_t)(clock_wall_s() / DAY_S);
    note(w, "http://shop.co.uk/logo.png", false); /* no pixel came from there: not remembered */
    for (int i = 0; i < 3; i++)
        note(w, "https://px.shop.co.uk:8443/o?u=1", true);
    note(w, "https://px.shop.co.uk/banner.png", false);
    note(w, "https://www.shop.co.uk/banner.png", false); /* another host */
    note(w, "http://192.0.2.7/1.gif", true);
    note(w, "http://[2001:db8::1]/1.gif", true);
    note(w, "http://odd,name.example/1.gif", true); /* could not be told in one word */
    struct pixels_list list = list_of(w);
    assert_int_equal(list.count, 3);
    assert_string_equal(list.entries[0].host, "px.shop.co.uk");
    free(list.entries);
    struct pixels_entry shop = entry_of(w, "shop.co.uk");
    assert_string_equal(shop.host, "px.shop.co.uk");
    assert_int_equal(shop.originals, 3);
    assert_int_equal(shop.pictures, 1);
    assert_int_equal(shop.known, PIXELS_CANDIDATE);
    assert_in_range(shop.first_day, today, today + 1);
    assert_int_equal(shop.first_day, shop.last_day);
    assert_int_equal(entry_of(w, "192.0.2.7").originals, 1);
    assert_int_equal(entry_of(w, "[2001:db8::1]").originals, 1);
    assert_int_equal(pixels_list(w->pixels, today + 2, &list), 0);
    assert_int_equal(list.count, 0);
    free(list.entries);
    world_free(w);
}

/* What stands in a single host only is told of nobody. */
static void test_hosts_are_folded(void **state)
{
    (void)state;
    struct world *w = world_new();
    note(w, "http://reader-17.t.wide.example/o", true);
    assert_string_equal(entry_of(w, "wide.example").host, "wide.example");
    note(w, "http://reader-18.t.wide.example/o", true);
    assert_string_equal(entry_of(w, "wide.example").host, "t.wide.example");
    note(w, "http://xt.wide.example/o", true); /* ends in the same letters, at no dot */
    assert_string_equal(entry_of(w, "wide.example").host, "wide.example");
    note(w, "http://t.narrow.example/o", true);
    note(w, "http://a.t.narrow.example./o", true);
    assert_string_equal(entry_of(w, "narrow.example").host, "t.narrow.example");
    world_free(w);
}

static void test_what_the_rules_know(void **state)
{
    (void)state;
    struct world *w = world_new();
    for (int i = 0; i < 2; i++) {
        note(w, "http://count.acme.example/1", true);
        note(w, "http://beta.example/open/1", true);
        note(w, "http://img.partner.example/1", true);
        note(w, "http://new.example/1", true);
    }
    struct pixels_entry acme = entry_of(w, "acme.example");
    assert_int_equal(acme.known, PIXELS_RULE);
    assert_string_equal(acme.vendor, "Acme Mail");
    struct pixels_entry beta = entry_of(w, "beta.example"); /* by its path, when it was seen */
    assert_int_equal(beta.known, PIXELS_RULE);
    assert_string_equal(beta.vendor, "Acme Mail");
    assert_int_equal(entry_of(w, "partner.example").known, PIXELS_PARTNER);
    assert_int_equal(entry_of(w, "new.example").known, PIXELS_CANDIDATE);
    note(w, "http://beta.example/other", true); /* no rule names that: somebody should look */
    assert_int_equal(entry_of(w, "beta.example").known, PIXELS_CANDIDATE);
    /* A rule that is written afterwards covers what is remembered. */
    char path[96], why[SHOJI_RULES_WHY_SIZE];
    snprintf(path, sizeof(path), "%s/trackers.rules", w->store->dir);
    write_file(path, "shoji-rules 1\nvendor Novum\npixel new.example\n");
    assert_int_equal(ruleset_reload(w->rules, why), 0);
    assert_int_equal(entry_of(w, "new.example").known, PIXELS_RULE);
    assert_string_equal(entry_of(w, "new.example").vendor, "Novum");
    world_free(w);
}

static void test_a_restart_forgets_nothing(void **state)
{
    (void)state;
    struct world *w = world_new();
    for (int i = 0; i < 5; i++)
        note(w, "http://count.acme.example/1", true);
    note(w, "http://count.acme.example/logo.png", false);
    note(w, "http://u1.t.wide.example/o", true);
    struct pixels_entry before = entry_of(w, "acme.example");
    restart(w);
    struct pixels_entry after = entry_of(w, "acme.example");
    assert_int_equal(before.originals, 5);
    assert_int_equal(before.pictures, 1);
    assert_memory_equal(&before, &after, sizeof(before));
    note(w, "http://u2.t.wide.example/o", true); /* folded with what was there before */
    assert_string_equal(entry_of(w, "wide.example").host, "t.wide.example");
    restart(w);
    assert_int_equal(entry_of(w, "wide.example").originals, 2);
    /* Long ago. */
    close_pixels(w);
    open_pixels(w);
    pixels_free(w->pixels);
    const struct plan_conf over = {.packed = PLAN_PACKED(-2LL * DAY_S, 0, 0)};
    w->conf.plan = &over;
    assert_int_equal(pixels_new(&w->conf, &w->pixels), 0);
    struct pixels_list list = list_of(w);
    assert_int_equal(list.count, 0);
    free(list.entries);
    world_free(w);
}

static void test_a_damaged_file_is_begun_anew(void **state)
{
    (void)state;
    struct world *w = world_new();
    char path[96];
    note(w, "http://new.example/1", true);
    assert_int_equal(pixels_save(w->pixels, true), 0);
    snprintf(path, sizeof(path), "%s/memo", w->store->dir);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(truncate(path, st.st_size - 1), 0);
    close_pixels(w);
    open_pixels(w);
    assert_int_equal(entry_of(w, "new.example").originals, 0);
    write_file(path, "x");
    close_pixels(w);
    open_pixels(w);
    note(w, "http://new.example/1", true);
    restart(w);
    assert_int_equal(entry_of(w, "new.example").originals, 1);
    world_free(w);
}

/* Who sends from thousands of domains displaces those that were seen once. */
static void test_the_least_gives_way(void **state)
{
    (void)state;
    struct world *w = world_new();
    char url[400];
    for (int i = 0; i < 3; i++)
        note(w, "http://px.often.example/o", true);
    for (unsigned i = 0; i < LIMIT_PIXEL_DOMAINS + 100; i++) {
        /* As long as names get, which is when the text is longest. */
        static const char label[] = "abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz0123456";
        snprintf(url, sizeof(url), "http://%s.%s.%s.%s%u.test/1", label, label, label, "n", i);
        note(w, url, true);
        note(w, url, true);
    }
    struct pixels_list list = list_of(w);
    assert_int_equal(list.count, LIMIT_PIXEL_DOMAINS);
    assert_int_equal(list.forgotten, 101);
    assert_string_equal(list.entries[0].host, "px.often.example");
    assert_true(strlen(list.entries[1].host) > 180);
    free(list.entries);
    restart(w);
    list = list_of(w);
    assert_int_equal(list.count, LIMIT_PIXEL_DOMAINS);
    assert_int_equal(list.forgotten, 101);
    free(list.entries);
    world_free(w);
}

static void test_it_is_not_written_more_often_than_said(void **state)
{
    (void)state;
    struct world *w = world_new();
    char path[96];
    snprintf(path, sizeof(path), "%s/memo", w->store->dir);
    note(w, "http://new.example/1", true);
    assert_int_equal(pixels_save(w->pixels, false), 0); /* the minute is not over */
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(pixels_save(w->pixels, true), 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(pixels_save(w->pixels, true), 0); /* nothing has changed */
    assert_int_equal(access(path, F_OK), -1);
    pixels_note(NULL, "http://new.example/1", 20, true);
    assert_int_equal(pixels_save(NULL, true), 0);
    world_free(w);
}

static int set_up(void **state)
{
    (void)state;
    return sodium_init() < 0 ? -1 : 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_counted),
        cmocka_unit_test(test_hosts_are_folded),
        cmocka_unit_test(test_what_the_rules_know),
        cmocka_unit_test(test_a_restart_forgets_nothing),
        cmocka_unit_test(test_a_damaged_file_is_begun_anew),
        cmocka_unit_test(test_the_least_gives_way),
        cmocka_unit_test(test_it_is_not_written_more_often_than_said),
    };
    return cmocka_run_group_tests_name("pixels", tests, set_up, NULL);
}
