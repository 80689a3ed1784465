#include "flight_world.h"

#include "sys/clock.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#define ASKED_MAX 64

static struct {
    struct world *world;
    pthread_mutex_t lock;
    char asked[ASKED_MAX][128];
    unsigned asked_count;
    unsigned decoded;
    enum cache_op broken_op;
    unsigned broken_count;
    _Atomic int64_t ahead_s;
} script = {.lock = PTHREAD_MUTEX_INITIALIZER};

static const struct page *page_of(const char *url, size_t len)
{
    const struct page *page = script.world->pages;
    while (page->url && (strlen(page->url) != len || memcmp(page->url, url, len) != 0))
        page++;
    return page->url ? page : NULL;
}

static const char *body_of(const struct page *page)
{
    return page->body ? page->body : page->url;
}

static const struct page *page_with(const void *bytes, size_t len)
{
    const struct page *page = script.world->pages;
    while (strlen(body_of(page)) != len || memcmp(body_of(page), bytes, len) != 0)
        page++;
    return page;
}

/* ---- the origin ---- */

struct fetch {
    struct loop_task task;
    fetch_done_fn *done;
    void *ctx;
    const struct page *page;
};

static void on_fetched(struct loop_task *task)
{
    struct fetch *fetch = container_of(task, struct fetch, task);
    struct buf body = BUF_INIT(1024);
    struct fetch_result result = {.outcome = FETCH_GONE, .asked = true};
    if (fetch->page) {
        result.outcome = fetch->page->outcome;
        result.location = fetch->page->location;
        result.asked = result.outcome != FETCH_EGRESS;
    }
    if (result.outcome == FETCH_OK) {
        buf_add_text(&body, body_of(fetch->page));
        result.body = &body;
    }
    fetch->done(fetch->ctx, &result);
    buf_free(&body);
    free(fetch);
}

int __wrap_fetch_start(struct fetcher *fetcher, const struct fetch_target *target,
                       fetch_done_fn *done, void *ctx, struct fetch **ret);
int __wrap_fetch_start(struct fetcher *fetcher, const struct fetch_target *target,
                       fetch_done_fn *done, void *ctx, struct fetch **ret)
{
    (void)fetcher;
    struct fetch *fetch = calloc(1, sizeof(*fetch));
    assert_non_null(fetch);
    fetch->task.run = on_fetched;
    fetch->done = done;
    fetch->ctx = ctx;
    fetch->page = page_of(target->url, strlen(target->url));
    pthread_mutex_lock(&script.lock);
    assert_in_range(script.asked_count, 0, ASKED_MAX - 1);
    snprintf(script.asked[script.asked_count++], sizeof(script.asked[0]), "%s", target->url);
    pthread_mutex_unlock(&script.lock);
    loop_post(script.world->store->loop, &fetch->task);
    *ret = fetch;
    return 0;
}

/* Worlds end when nothing is under way. */
void __wrap_fetch_cancel(struct fetch *fetch);
void __wrap_fetch_cancel(struct fetch *fetch)
{
    assert_null(fetch);
}

void __wrap_fetcher_hold(struct fetcher *fetcher, size_t len);
void __wrap_fetcher_hold(struct fetcher *fetcher, size_t len)
{
    (void)fetcher;
    (void)len;
}

void __wrap_fetcher_release(struct fetcher *fetcher, size_t len);
void __wrap_fetcher_release(struct fetcher *fetcher, size_t len)
{
    (void)fetcher;
    (void)len;
}

/* ---- the decoder ---- */

struct decode {
    struct loop_task task;
    decode_done_fn *done;
    void *ctx;
    const struct page *page;
};

static void on_decoded(struct loop_task *task)
{
    struct decode *decode = container_of(task, struct decode, task);
    const struct page *page = decode->page;
    struct decode_result result = {.outcome = page->decoded};
    if (page->decoded == DECODE_OK) {
        const char *picture = page->picture ? page->picture : page->url;
        result.type = IMAGE_PNG;
        result.width = page->width ? page->width : 64;
        result.height = page->height ? page->height : 48;
        result.frames = 1;
        result.transparent = page->transparent;
        result.bytes = strdup(picture);
        result.len = strlen(picture);
    }
    decode->done(decode->ctx, &result);
    free(result.bytes);
    free(decode);
}

int __wrap_decode_start(struct pool *pool, const void *bytes, size_t len, decode_done_fn *done,
                        void *ctx, struct decode **ret);
int __wrap_decode_start(struct pool *pool, const void *bytes, size_t len, decode_done_fn *done,
                        void *ctx, struct decode **ret)
{
    (void)pool;
    struct decode *decode = calloc(1, sizeof(*decode));
    assert_non_null(decode);
    decode->task.run = on_decoded;
    decode->done = done;
    decode->ctx = ctx;
    decode->page = page_with(bytes, len);
    pthread_mutex_lock(&script.lock);
    script.decoded++;
    pthread_mutex_unlock(&script.lock);
    loop_post(script.world->store->loop, &decode->task);
    *ret = decode;
    return 0;
}

void __wrap_decode_cancel(struct decode *decode);
void __wrap_decode_cancel(struct decode *decode)
{
    assert_null(decode);
}

bool __wrap_pool_hopeless(const struct pool *pool);
bool __wrap_pool_hopeless(const struct pool *pool)
{
    (void)pool;
    return false;
}

/* ---- rules, the disk and the calendar ---- */

bool __wrap_ruleset_blocks(struct ruleset *set, const char *url, size_t len);
bool __wrap_ruleset_blocks(struct ruleset *set, const char *url, size_t len)
{
    (void)set;
    const char *blocked = script.world->blocked;
    return blocked && len >= strlen(blocked) && memcmp(url, blocked, strlen(blocked)) == 0;
}

static void fail_write(struct loop_task *task)
{
    struct cache_write *write = container_of(task, struct cache_write, task);
    write->done(write);
}

void __real_cache_write_start(struct cache *cache, struct cache_write *write);
void __wrap_cache_write_start(struct cache *cache, struct cache_write *write);
void __wrap_cache_write_start(struct cache *cache, struct cache_write *write)
{
    pthread_mutex_lock(&script.lock);
    bool fails = script.broken_count > 0 && write->op == script.broken_op && write->done;
    script.broken_count -= fails;
    pthread_mutex_unlock(&script.lock);
    if (!fails) {
        __real_cache_write_start(cache, write);
        return;
    }
    write->result = -EIO;
    write->task.run = fail_write;
    loop_post(script.world->store->loop, &write->task);
}

int __real_clock_gettime(clockid_t clock, struct timespec *ret);
int __wrap_clock_gettime(clockid_t clock, struct timespec *ret);
int __wrap_clock_gettime(clockid_t clock, struct timespec *ret)
{
    int r = __real_clock_gettime(clock, ret);
    if (clock == CLOCK_REALTIME)
        ret->tv_sec += (time_t)atomic_load(&script.ahead_s);
    return r;
}

/* ---- the world ---- */

static void open_flights(struct world *w)
{
    static const struct plan_conf plan = {.packed = PLAN_PACKED(400LL * 86400, 14LL * 86400, 5)};
    const struct budget_conf budget = {.cache = w->store->cache};
    assert_int_equal(budget_new(&budget, &w->budget), 0);
    const struct flights_conf conf = {
        .loop = w->store->loop,
        .cache = w->store->cache,
        .budget = w->budget,
        .plan = &plan,
        .max_redirects = 5,
        .max_flights = LIMIT_FLIGHTS,
    };
    assert_int_equal(flights_new(&conf, &w->flights), 0);
}

static void close_flights(struct world *w)
{
    fixture_close(w->store);
    flights_free(w->flights);
    budget_free(w->budget);
}

struct world *world_new(const struct page *pages)
{
    struct world *w = calloc(1, sizeof(*w));
    assert_non_null(w);
    w->pages = pages;
    script.world = w;
    script.asked_count = script.decoded = script.broken_count = 0;
    w->store = fixture_new(FIXTURE_SIZE, FIXTURE_INDEX);
    open_flights(w);
    return w;
}

void world_free(struct world *w)
{
    close_flights(w);
    fixture_free(w->store);
    free(w);
    atomic_store(&script.ahead_s, 0);
}

void world_restart(struct world *w)
{
    close_flights(w);
    fixture_open(w->store);
    open_flights(w);
}

void world_pass_s(int64_t seconds)
{
    atomic_fetch_add(&script.ahead_s, seconds);
}

unsigned world_asked(const char *url)
{
    unsigned count = 0;
    pthread_mutex_lock(&script.lock);
    for (unsigned i = 0; i < script.asked_count; i++)
        count += strcmp(script.asked[i], url) == 0;
    pthread_mutex_unlock(&script.lock);
    return count;
}

unsigned world_decoded(void)
{
    pthread_mutex_lock(&script.lock);
    unsigned count = script.decoded;
    pthread_mutex_unlock(&script.lock);
    return count;
}

void world_break_writes(enum cache_op op, unsigned count)
{
    pthread_mutex_lock(&script.lock);
    script.broken_op = op;
    script.broken_count = count;
    pthread_mutex_unlock(&script.lock);
}

/* ---- asking ---- */

struct join {
    struct loop_task task;
    struct waiter waiter;
    struct world *world;
    struct flight_ask ask;
    struct told told;
    pthread_mutex_t lock;
    pthread_cond_t done_changed;
    bool done;
};

static void on_answer(struct waiter *waiter, const struct flight_answer *answer)
{
    struct join *join = container_of(waiter, struct join, waiter);
    struct told told = {.final = answer->final, .settled = answer->settled};
    while (told.reply < REPLY_CONSTANTS && reply_constant(told.reply) != answer->reply)
        told.reply++;
    const void *bytes;
    size_t len = told.reply == REPLY_CONSTANTS ? reply_bytes(answer->reply, &bytes) : 0;
    assert_in_range(len, 0, sizeof(told.bytes) - 1);
    if (len > 0)
        memcpy(told.bytes, bytes, len);
    pthread_mutex_lock(&join->lock);
    join->told = told;
    join->done = true;
    pthread_cond_signal(&join->done_changed);
    pthread_mutex_unlock(&join->lock);
}

static void on_join(struct loop_task *task)
{
    struct join *join = container_of(task, struct join, task);
    join->waiter.answer = on_answer;
    flight_join(join->world->flights, &join->ask, &join->waiter);
}

struct told world_join(struct world *w, const char *url, const struct flight_ask *ask)
{
    struct join join = {.task.run = on_join,
                        .world = w,
                        .ask = *ask,
                        .lock = PTHREAD_MUTEX_INITIALIZER,
                        .done_changed = PTHREAD_COND_INITIALIZER};
    join.ask.url = url;
    join.ask.url_len = strlen(url);
    join.ask.key = fixture_key(w->store, url);
    loop_post(w->store->loop, &join.task);
    pthread_mutex_lock(&join.lock);
    while (!join.done)
        pthread_cond_wait(&join.done_changed, &join.lock);
    pthread_mutex_unlock(&join.lock);
    return join.told;
}

struct told world_read(struct world *w, const char *url)
{
    const struct flight_ask ask = {.plan = {.who = PLAN_READER, .options = SHOJI_URL_OPTIONS_NONE},
                                   .wait_ms = -1};
    return world_join(w, url, &ask);
}

struct told world_consent(struct world *w, const char *url)
{
    struct flight_ask ask = {.plan = {.who = PLAN_READER, .options = SHOJI_URL_OPTIONS_NONE},
                             .wait_ms = -1};
    ask.plan.options.consent = true;
    return world_join(w, url, &ask);
}

struct told world_read_delivered(struct world *w, const char *url)
{
    struct flight_ask ask = {.plan = {.who = PLAN_READER}, .wait_ms = 0};
    ask.plan.options.delivered = (int32_t)(clock_wall_s() / 86400);
    return world_join(w, url, &ask);
}

static bool find_queued(const struct world *w, const char *url, struct cache_queued *ret)
{
    const struct cache *cache = w->store->cache;
    const struct cache_key key = fixture_key(w->store, url);
    struct cache_group group;
    for (int g = cache_queue_next_group(cache, NULL, &group); g == 0;) {
        int r = cache_queue_first(cache, group.group, ret);
        while (r == 0 && memcmp(&ret->key, &key, sizeof(key)) != 0) {
            const struct cache_queued before = *ret;
            r = cache_queue_next(cache, &before, ret);
        }
        if (r == 0)
            return true;
        const struct cache_group passed = group;
        g = cache_queue_next_group(cache, &passed, &group);
    }
    return false;
}

struct told world_take_turn(struct world *w, const char *url)
{
    struct cache_queued entry;
    assert_true(find_queued(w, url, &entry));
    assert_true(entry.due_s <= clock_wall_s());
    struct flight_ask ask = {
        .plan = {.who = PLAN_SCHEDULED, .options = SHOJI_URL_OPTIONS_NONE},
        .paced = true,
        .due_s = entry.due_s,
        .wait_ms = -1,
    };
    if (strcmp(entry.url, url) != 0) {
        ask.hop = entry.url;
        ask.hop_len = entry.url_len;
    }
    return world_join(w, url, &ask);
}

struct cache_record world_record(const struct world *w, const char *url)
{
    struct cache_record record = {0};
    const struct cache_key key = fixture_key(w->store, url);
    assert_int_equal(cache_lookup(w->store->cache, &key, &record), 0);
    return record;
}

int64_t world_due_s(const struct world *w, const char *url)
{
    int64_t due_s = 0;
    const struct cache_key key = fixture_key(w->store, url);
    return cache_queue_find(w->store->cache, &key, &due_s) == 0 ? due_s : 0;
}
