#include "admin/metrics.h"

#include <inttypes.h>

/* ---- Prometheus ---- */

static void head(struct buf *to, const char *name, const char *type, const char *help)
{
    buf_add_format(to, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void gauge(struct buf *to, const char *name, const char *help, uint64_t value)
{
    head(to, name, "gauge", help);
    buf_add_format(to, "%s %" PRIu64 "\n", name, value);
}

static void counter(struct buf *to, const char *name, const char *help, uint64_t value)
{
    head(to, name, "counter", help);
    buf_add_format(to, "%s %" PRIu64 "\n", name, value);
}

/* Steps and statuses that have not met are left out: most never do. Hits are named from the start,
 * so that a rate of them exists. */
static void requests(struct buf *to, const struct http_figures *http)
{
    static const char name[] = "shoji_requests_total";
    head(to, name, "counter",
         "Answers of the public listener, by the step that answered and the status.");
    for (size_t step = 0; step < TALLY_STEPS_COUNT; step++) {
        for (size_t i = 0; i < TALLY_STATUSES; i++) {
            bool hit = tally_statuses[i] == 200 &&
                       (step == TALLY_hot || step == TALLY_lookup || step == TALLY_read);
            if (http->answers[step][i] > 0 || hit)
                buf_add_format(to, "%s{step=\"%s\",status=\"%u\"} %lu\n", name,
                               tally_step_name((enum tally_step)step), tally_statuses[i],
                               http->answers[step][i]);
        }
    }
}

static void decodes(struct buf *to, const struct pool_figures *decode)
{
    static const char name[] = "shoji_decodes_total";
    head(to, name, "counter", "Originals given to the decoder, by what became of them.");
    buf_add_format(to, "%s{outcome=\"ok\"} %lu\n", name, decode->decoded);
    buf_add_format(to, "%s{outcome=\"refused\"} %lu\n", name,
                   decode->failed - decode->crashed - decode->timeouts);
    buf_add_format(to, "%s{outcome=\"crashed\"} %lu\n", name, decode->crashed);
    buf_add_format(to, "%s{outcome=\"timeout\"} %lu\n", name, decode->timeouts);
}

static const char *const losses[POOL_LOSSES] = {
    [POOL_LOSS_DIED] = "died",
    [POOL_LOSS_FALSE] = "false",
    [POOL_LOSS_IDLE] = "idle",
    [POOL_LOSS_OVERDUE] = "overdue",
};

static void lost_workers(struct buf *to, const struct pool_figures *decode)
{
    static const char name[] = "shoji_decoder_workers_lost_total";
    head(to, name, "counter",
         "Decoder processes that were lost: died of a picture or a forbidden system call, gave a "
         "false answer, spoke or died without a picture, passed the deadline.");
    for (size_t i = 0; i < POOL_LOSSES; i++)
        buf_add_format(to, "%s{why=\"%s\"} %lu\n", name, losses[i], decode->lost[i]);
}

static void listener(struct buf *to, const struct http_figures *http)
{
    requests(to, http);
    gauge(to, "shoji_requests_waiting", "Requests that wait for a fetch or the disk.",
          http->parked);
    gauge(to, "shoji_connections", "Open connections of readers.", http->connections);
    gauge(to, "shoji_hot_memory_bytes", "Ready-made answers in memory, all fronts.",
          http->hot_bytes);
}

static void outcomes(struct buf *to, const struct flight_figures *flights)
{
    static const char name[] = "shoji_fetch_outcomes_total";
    head(to, name, "counter", "What became of requests to origins.");
    for (size_t i = 0; i < REASON_CLASSES; i++)
        buf_add_format(to, "%s{outcome=\"%s\"} %lu\n", name,
                       reason_class_name((enum reason_class)i), flights->outcomes[i]);
}

static void verdicts(struct buf *to, const struct flight_figures *flights)
{
    static const char name[] = "shoji_verdicts_total";
    head(to, name, "counter", "Pictures that were decoded, by what their bytes say they are.");
    for (size_t i = 0; i < FLIGHT_VERDICTS; i++)
        buf_add_format(to, "%s{verdict=\"%s\"} %lu\n", name,
                       flight_verdict_name((enum flight_verdict)i), flights->verdicts[i]);
}

/* The promise of one fetch, as a number. */
static void refetches(struct buf *to, const struct flight_figures *flights)
{
    static const char name[] = "shoji_refetches_total";
    head(to, name, "counter",
         "Fetches of originals that had been answered before, by what allowed them; 0 over "
         "delivered mail, but for what is shared.");
    for (size_t i = 0; i < FLIGHT_AGAINS; i++)
        buf_add_format(to, "%s{why=\"%s\"} %lu\n", name, flight_again_name((enum flight_again)i),
                       flights->again[i]);
}

/* Their names are the operator's own words: [egress NAME]. */
static void egresses(struct buf *to, const struct figures *figures)
{
    static const char name[] = "shoji_egress_up";
    head(to, name, "gauge", "Whether an egress works: 1, or 0 while it is left alone.");
    for (size_t i = 0; i < figures->egresses_count; i++)
        buf_add_format(to, "%s{egress=\"%s\"} %d\n", name, figures->egresses[i].name,
                       !figures->egresses[i].down);
}

static void fetching(struct buf *to, const struct figures *figures)
{
    const struct flight_figures *flights = &figures->flights;
    gauge(to, "shoji_flights_active", "Originals being claimed, fetched, decoded or stored.",
          flights->active);
    counter(to, "shoji_flights_total", "Originals whose fetch was begun.", flights->started);
    counter(to, "shoji_flights_joined_total", "Requests that found their original under way.",
            flights->joined);
    counter(to, "shoji_fetches_total",
            "Fetches that were begun: one request each, where the address is one to connect to.",
            flights->fetched);
    counter(to, "shoji_retries_total", "Fetches after one that had failed.", flights->tries);
    counter(to, "shoji_expired_total",
            "Fetches of originals that had been answered longer than retention ago.",
            flights->expired);
    refetches(to, flights);
    outcomes(to, flights);
    verdicts(to, flights);
    gauge(to, "shoji_queue_length", "Originals that are still to be fetched.",
          figures->cache.queued);
    gauge(to, "shoji_queue_lag_seconds", "How long the first of them is overdue.",
          (uint64_t)figures->queue_lag_s);
}

static void decoder(struct buf *to, const struct pool_figures *decode)
{
    decodes(to, decode);
    gauge(to, "shoji_decoder_workers", "Decoder processes that stand.", decode->workers_alive);
    lost_workers(to, decode);
    gauge(to, "shoji_decoder_waiting", "Originals that wait for a decoder.", decode->waiting);
}

static void records(struct buf *to, const struct cache_usage *usage)
{
    static const char name[] = "shoji_records";
    head(to, name, "gauge", "Originals that are remembered, by what is known of them.");
    buf_add_format(to, "%s{state=\"claimed\"} %" PRIu64 "\n", name, usage->claimed);
    buf_add_format(to, "%s{state=\"stored\"} %" PRIu64 "\n", name, usage->stored);
    buf_add_format(to, "%s{state=\"failed\"} %" PRIu64 "\n", name, usage->failed);
    buf_add_format(to, "%s{state=\"purged\"} %" PRIu64 "\n", name, usage->purged);
}

static void cache(struct buf *to, const struct cache_usage *usage)
{
    records(to, usage);
    counter(to, "shoji_forgotten_total", "Originals that were forgotten in their time.",
            usage->forgotten - usage->forgotten_early);
    counter(to, "shoji_forgotten_early_total",
            "Originals that were forgotten before their time: index_size is too small.",
            usage->forgotten_early);
    gauge(to, "shoji_pictures", "Pictures that are kept.", usage->pictures);
    gauge(to, "shoji_disk_bytes", "Bytes on disk: pictures, index and queue.", usage->bytes);
    gauge(to, "shoji_segment_bytes", "Bytes on disk of the pictures alone.", usage->segment_bytes);
    gauge(to, "shoji_index_bytes", "Bytes on disk of index and queue.", usage->index_bytes);
    gauge(to, "shoji_index_left_bytes", "Bytes of the index that are free.", usage->index_left);
    if (usage->stays_s == 0)
        return; /* nothing to tell it by */
    gauge(to, "shoji_oldest_goes_seconds",
          "Until the oldest pictures go, at the rate of the last days: an estimate.",
          (uint64_t)usage->oldest_goes_s);
    gauge(to, "shoji_stays_seconds",
          "How long a picture stays that is stored now and not read: an estimate.",
          (uint64_t)usage->stays_s);
}

void metrics_write(const struct figures *figures, struct buf *to)
{
    head(to, "shoji_build_info", "gauge", "The version that runs.");
    buf_add_format(to, "shoji_build_info{version=\"%s\"} 1\n", SHOJI_VERSION);
    listener(to, &figures->http);
    fetching(to, figures);
    egresses(to, figures);
    decoder(to, &figures->decode);
    cache(to, &figures->cache);
}

/* ---- JSON ---- */

static unsigned long answers_of_step(const struct http_figures *http, enum tally_step step)
{
    unsigned long sum = 0;
    for (size_t i = 0; i < TALLY_STATUSES; i++)
        sum += http->answers[step][i];
    return sum;
}

static json_t *json_statuses(const struct http_figures *http)
{
    json_t *object = json_object();
    for (size_t i = 0; object && i < TALLY_STATUSES; i++) {
        unsigned long sum = 0;
        for (size_t step = 0; step < TALLY_STEPS_COUNT; step++)
            sum += http->answers[step][i];
        char status[8];
        snprintf(status, sizeof(status), "%u", tally_statuses[i]);
        if (sum > 0)
            json_object_set_new(object, status, json_integer((json_int_t)sum));
    }
    return object;
}

static json_t *json_requests(const struct http_figures *http)
{
    json_t *steps = json_object();
    for (size_t step = 0; steps && step < TALLY_STEPS_COUNT; step++)
        json_object_set_new(steps, tally_step_name((enum tally_step)step),
                            json_integer((json_int_t)answers_of_step(http, (enum tally_step)step)));
    return json_pack("{s:o,s:o,s:I,s:I,s:I}", "by_step", steps, "by_status", json_statuses(http),
                     "waiting", (json_int_t)http->parked, "connections",
                     (json_int_t)http->connections, "hot_memory_bytes",
                     (json_int_t)http->hot_bytes);
}

static json_t *json_flights(const struct flight_figures *flights)
{
    json_t *outcomes_json = json_object(), *again = json_object(), *verdicts_json = json_object();
    for (size_t i = 0; outcomes_json && i < REASON_CLASSES; i++)
        json_object_set_new(outcomes_json, reason_class_name((enum reason_class)i),
                            json_integer((json_int_t)flights->outcomes[i]));
    for (size_t i = 0; again && i < FLIGHT_AGAINS; i++)
        json_object_set_new(again, flight_again_name((enum flight_again)i),
                            json_integer((json_int_t)flights->again[i]));
    for (size_t i = 0; verdicts_json && i < FLIGHT_VERDICTS; i++)
        json_object_set_new(verdicts_json, flight_verdict_name((enum flight_verdict)i),
                            json_integer((json_int_t)flights->verdicts[i]));
    return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:o,s:o,s:o}", "active",
                     (json_int_t)flights->active, "begun", (json_int_t)flights->started, "joined",
                     (json_int_t)flights->joined, "fetches", (json_int_t)flights->fetched,
                     "retries", (json_int_t)flights->tries, "expired", (json_int_t)flights->expired,
                     "beyond_the_first", (json_int_t)flights->refetched, "beyond_the_first_by",
                     again, "outcomes", outcomes_json, "verdicts", verdicts_json);
}

static json_t *json_egresses(const struct figures *figures)
{
    json_t *object = json_object();
    for (size_t i = 0; object && i < figures->egresses_count; i++)
        json_object_set_new(object, figures->egresses[i].name,
                            json_string(figures->egresses[i].down ? "down" : "up"));
    return object;
}

static json_t *json_decoder(const struct pool_figures *decode)
{
    return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I}", "decoded", (json_int_t)decode->decoded, "refused",
                     (json_int_t)(decode->failed - decode->crashed - decode->timeouts), "crashed",
                     (json_int_t)decode->crashed, "timeouts", (json_int_t)decode->timeouts,
                     "workers", (json_int_t)decode->workers_alive, "waiting",
                     (json_int_t)decode->waiting);
}

static json_t *json_cache(const struct cache_usage *usage)
{
    json_t *json = json_pack(
        "{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "records", (json_int_t)usage->records,
        "claimed", (json_int_t)usage->claimed, "stored", (json_int_t)usage->stored, "failed",
        (json_int_t)usage->failed, "purged", (json_int_t)usage->purged, "pictures",
        (json_int_t)usage->pictures, "forgotten", (json_int_t)usage->forgotten, "forgotten_early",
        (json_int_t)usage->forgotten_early, "disk_bytes", (json_int_t)usage->bytes, "segment_bytes",
        (json_int_t)usage->segment_bytes, "index_bytes", (json_int_t)usage->index_bytes,
        "index_left_bytes", (json_int_t)usage->index_left);
    if (json && usage->stays_s > 0) {
        json_object_set_new(json, "oldest_goes_in_days",
                            json_integer(usage->oldest_goes_s / 86400));
        json_object_set_new(json, "stays_days", json_integer(usage->stays_s / 86400));
    }
    return json;
}

json_t *metrics_json(const struct figures *figures)
{
    const struct cache_usage *usage = &figures->cache;
    json_t *queue = json_pack("{s:I,s:I}", "length", (json_int_t)usage->queued, "lag_s",
                              (json_int_t)figures->queue_lag_s);
    return json_pack("{s:i,s:s,s:o,s:o,s:o,s:o,s:o,s:o}", "v", 1, "version", SHOJI_VERSION,
                     "requests", json_requests(&figures->http), "flights",
                     json_flights(&figures->flights), "egresses", json_egresses(figures), "queue",
                     queue, "decoder", json_decoder(&figures->decode), "cache", json_cache(usage));
}
