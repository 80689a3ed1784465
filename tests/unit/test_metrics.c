#include "test.h"

#include "admin/metrics.h"

#include <ctype.h>

/* The exposition format 0.0.4: https://prometheus.io/docs/instrumenting/exposition_formats/ */

enum { ROOM = 256 * 1024 };

static size_t slot_of(unsigned status)
{
    for (size_t i = 0; i < TALLY_STATUSES; i++)
        if (tally_statuses[i] == status)
            return i;
    fail_msg("no slot for %u", status);
    return 0;
}

static struct figures sample(void)
{
    struct figures figures = {0};
    figures.http.answers[TALLY_hot][slot_of(200)] = 1234567;
    figures.http.answers[TALLY_hot][slot_of(304)] = 3;
    figures.http.answers[TALLY_verify][slot_of(403)] = 17;
    figures.http.answers[TALLY_join][slot_of(200)] = 2;
    figures.http.connections = 9;
    figures.flights.active = 4;
    figures.flights.fetched = 1000;
    figures.flights.refetched = 5;
    figures.flights.again[FLIGHT_AGAIN_CONSENT] = 5;
    figures.flights.outcomes[REASON_CLASS_TIMEOUT] = 8;
    figures.flights.verdicts[FLIGHT_PIXEL] = 21;
    figures.decode.decoded = 90;
    figures.decode.failed = 10;
    figures.decode.crashed = 3;
    figures.decode.lost[POOL_LOSS_FALSE] = 7;
    figures.decode.timeouts = 2;
    figures.cache.queued = 77;
    figures.cache.bytes = 1UL << 40;
    figures.egresses[0] = (struct fetch_egress){.name = "north"};
    figures.egresses[1] = (struct fetch_egress){.name = "south", .down = true};
    figures.egresses_count = 2;
    figures.cache.purged = 6;
    figures.cache.forgotten = 100;
    figures.cache.forgotten_early = 1;
    figures.queue_lag_s = 61;
    return figures;
}

static char *text_of(const struct figures *figures)
{
    struct buf text = BUF_INIT(ROOM);
    metrics_write(figures, &text);
    size_t len;
    char *bytes = buf_steal(&text, &len);
    assert_non_null(bytes);
    return bytes;
}

static void assert_line(const char *text, const char *line)
{
    char with_ends[300];
    snprintf(with_ends, sizeof(with_ends), "\n%s\n", line);
    if (!strstr(text, with_ends))
        fail_msg("no line \"%s\" in:\n%s", line, text);
}

static void test_the_figures_are_told(void **state)
{
    (void)state;
    struct figures figures = sample();
    char *text = text_of(&figures);
    assert_line(text, "shoji_requests_total{step=\"hot\",status=\"200\"} 1234567");
    assert_line(text, "shoji_requests_total{step=\"hot\",status=\"304\"} 3");
    assert_line(text, "shoji_requests_total{step=\"verify\",status=\"403\"} 17");
    assert_line(text, "shoji_requests_total{step=\"join\",status=\"200\"} 2");
    assert_line(text, "shoji_requests_total{step=\"lookup\",status=\"200\"} 0");
    assert_line(text, "shoji_connections 9");
    assert_line(text, "shoji_flights_active 4");
    assert_line(text, "shoji_fetches_total 1000");
    assert_line(text, "shoji_verdicts_total{verdict=\"pixel\"} 21");
    assert_line(text, "shoji_verdicts_total{verdict=\"spacer\"} 0");
    assert_line(text, "shoji_refetches_total{why=\"consent\"} 5");
    assert_line(text, "shoji_refetches_total{why=\"shared\"} 0");
    assert_line(text, "shoji_fetch_outcomes_total{outcome=\"timeout\"} 8");
    assert_line(text, "shoji_fetch_outcomes_total{outcome=\"answered\"} 0");
    assert_line(text, "shoji_decodes_total{outcome=\"ok\"} 90");
    assert_line(text, "shoji_decodes_total{outcome=\"refused\"} 5");
    assert_line(text, "shoji_decodes_total{outcome=\"crashed\"} 3");
    assert_line(text, "shoji_decodes_total{outcome=\"timeout\"} 2");
    assert_line(text, "shoji_decoder_workers_lost_total{why=\"false\"} 7");
    assert_line(text, "shoji_queue_length 77");
    assert_line(text, "shoji_queue_lag_seconds 61");
    assert_line(text, "shoji_disk_bytes 1099511627776");
    assert_line(text, "shoji_egress_up{egress=\"north\"} 1");
    assert_line(text, "shoji_egress_up{egress=\"south\"} 0");
    assert_line(text, "shoji_records{state=\"purged\"} 6");
    assert_line(text, "shoji_forgotten_total 99");
    assert_line(text, "shoji_forgotten_early_total 1");
    free(text);
}

/* A line that is no comment: name, labels in braces or none, one blank, a number. */
static void check_sample(const char *line, const char *name, const char *type)
{
    size_t len = strlen(name);
    assert_int_equal(strncmp(line, name, len), 0);
    assert_true(line[len] == ' ' || line[len] == '{');
    bool total = len > 6 && strcmp(name + len - 6, "_total") == 0;
    assert_int_equal(total, strcmp(type, "counter") == 0);
    const char *blank = strrchr(line, ' ');
    assert_non_null(blank);
    assert_true(isdigit((unsigned char)blank[1]));
    assert_int_equal(blank[1 + strspn(blank + 1, "0123456789")], '\0');
}

static void test_the_form_is_that_of_prometheus(void **state)
{
    (void)state;
    struct figures figures = sample();
    char *text = text_of(&figures);
    assert_int_equal(text[strlen(text) - 1], '\n');
    char name[100] = "", type[20] = "", seen[8192] = " ";
    char *rest = NULL;
    bool helped = false;
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        char word[100];
        if (sscanf(line, "# HELP %99s", word) == 1) {
            assert_false(helped);
            helped = true;
            strcpy(name, word);
            /* A name has one HELP and one TYPE, and its samples stand together. */
            char with_ends[110];
            snprintf(with_ends, sizeof(with_ends), " %s ", name);
            assert_null(strstr(seen, with_ends));
            strcat(seen, with_ends + 1);
            assert_true(strlen(line) > strlen("# HELP ") + strlen(name) + 1);
        } else if (sscanf(line, "# TYPE %99s %19s", word, type) == 2) {
            assert_true(helped);
            helped = false;
            assert_string_equal(word, name);
            assert_true(strcmp(type, "counter") == 0 || strcmp(type, "gauge") == 0);
        } else {
            assert_false(helped);
            check_sample(line, name, type);
        }
    }
    free(text);
}

static void test_the_same_as_json(void **state)
{
    (void)state;
    struct figures figures = sample();
    json_t *json = metrics_json(&figures);
    assert_non_null(json);
    json_t *by_step = json_object_get(json_object_get(json, "requests"), "by_step");
    json_t *by_status = json_object_get(json_object_get(json, "requests"), "by_status");
    assert_int_equal(json_integer_value(json_object_get(by_step, "hot")), 1234570);
    assert_int_equal(json_integer_value(json_object_get(by_status, "200")), 1234569);
    assert_int_equal(json_integer_value(json_object_get(by_status, "403")), 17);
    assert_null(json_object_get(by_status, "404"));
    json_t *queue = json_object_get(json, "queue");
    assert_int_equal(json_integer_value(json_object_get(queue, "length")), 77);
    assert_int_equal(json_integer_value(json_object_get(queue, "lag_s")), 61);
    json_decref(json);
}

static void test_a_tally_counts_what_it_does_not_know_too(void **state)
{
    (void)state;
    struct tally *tally = aligned_alloc(_Alignof(struct tally), sizeof(*tally));
    assert_non_null(tally);
    memset(tally, 0, sizeof(*tally));
    tally_add(tally, TALLY_hot, 200);
    tally_add(tally, TALLY_hot, 200);
    tally_add(tally, TALLY_join, 503);
    tally_add(tally, TALLY_join, 299);
    assert_int_equal(tally->answers[TALLY_hot][slot_of(200)], 2);
    assert_int_equal(tally->answers[TALLY_join][slot_of(503)], 1);
    assert_int_equal(tally->answers[TALLY_join][slot_of(0)], 1);
    free(tally);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_figures_are_told),
        cmocka_unit_test(test_the_form_is_that_of_prometheus),
        cmocka_unit_test(test_the_same_as_json),
        cmocka_unit_test(test_a_tally_counts_what_it_does_not_know_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
