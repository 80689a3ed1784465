#include "serve/prefetch.h"

#include "sys/clock.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#define PAUSE_MS   1000 /* after trouble of our own */
#define POSTPONE_S 60   /* an entry whose fetch could not be begun: behind the others */
#define SITES      4096 /* groups whose domain is remembered; another one costs a decryption */
#define NEVER      INT64_MAX

/* Of a group of the queue: all its entries are of one domain. */
struct site {
    uint32_t group;
    uint64_t domain;
};

struct prefetch {
    struct prefetch_conf conf;
    struct loop_timer timer;
    struct list items; /* under way */
    unsigned items_count;
    bool stopped;
    struct cache_group at; /* whose turn it was last; the next one is behind it */
    bool has_at;
    struct site sites[SITES];
    atomic_ulong submitted, queued, begun;
    atomic_uint under_way;
    struct loop_task wake;
    pthread_mutex_t lock; /* guards `waking`, and conf.terms where other threads read it */
    bool waking;
};

struct item {
    struct list link;
    struct waiter waiter;
    struct prefetch *owner;
    struct cache_key key;
    uint64_t domain;
    bool answered; /* the write is under way */
    struct cache_write write;
};

static void look_again(struct prefetch *prefetch, int64_t delay_ms)
{
    int64_t left = prefetch->timer.due_ms - loop_now_ms(prefetch->conf.loop);
    if (prefetch->stopped || (loop_timer_running(&prefetch->timer) && left <= delay_ms))
        return;
    /* Out of memory: the next submission or finished fetch looks again. */
    (void)!loop_timer_set(prefetch->conf.loop, &prefetch->timer, delay_ms);
}

static void on_queued_at(void *ctx, int64_t due_s)
{
    int64_t left_s = due_s - clock_wall_s();
    look_again(ctx, left_s > 0 ? left_s * 1000 : 0);
}

static void end_item(struct item *item, int64_t delay_ms)
{
    struct prefetch *prefetch = item->owner;
    list_remove(&item->link);
    prefetch->items_count--;
    atomic_fetch_sub(&prefetch->under_way, 1);
    look_again(prefetch, delay_ms);
    free(item);
}

static void on_written(struct cache_write *write)
{
    end_item(container_of(write, struct item, write), write->result < 0 ? PAUSE_MS : 0);
}

/*
 * The item stays until its entry has left the head of the queue, or it would be taken again. A
 * flight that ran has seen to that itself; by now another mail may have queued the URL anew.
 */
static void on_answer(struct waiter *waiter, const struct flight_answer *answer)
{
    struct item *item = container_of(waiter, struct item, waiter);
    if (answer->settled) {
        end_item(item, 0);
        return;
    }
    item->answered = true;
    item->write = (struct cache_write){
        .op = answer->final ? CACHE_DEQUEUE : CACHE_REQUEUE,
        .key = item->key,
        .done = on_written,
    };
    int64_t soonest_s = clock_wall_s() + POSTPONE_S;
    bool scheduled = answer->record && answer->record->retry_s != 0;
    item->write.record.retry_s = scheduled ? answer->record->retry_s : soonest_s;
    cache_write_start(item->owner->conf.cache, &item->write);
}

/* Queued before the rules knew it. */
static void drop(struct item *item)
{
    item->answered = true;
    item->write = (struct cache_write){.op = CACHE_DEQUEUE, .key = item->key, .done = on_written};
    cache_write_start(item->owner->conf.cache, &item->write);
}

static bool is_under_way(const struct prefetch *prefetch, const struct cache_key *key)
{
    list_for_each (link, &prefetch->items) {
        const struct item *item = container_of(link, struct item, link);
        if (memcmp(&item->key, key, sizeof(*key)) == 0)
            return true;
    }
    return false;
}

static unsigned under_way_of(const struct prefetch *prefetch, uint64_t domain)
{
    unsigned count = 0;
    list_for_each (link, &prefetch->items)
        count += container_of(link, struct item, link)->domain == domain;
    return count;
}

static void fly(struct prefetch *prefetch, const struct cache_queued *entry, struct item *item)
{
    struct flight_ask ask = {
        .plan = {.who = PLAN_SCHEDULED, .options = SHOJI_URL_OPTIONS_NONE},
        .key = entry->key,
        .url = entry->url,
        .url_len = entry->url_len,
        .paced = true,
        .due_s = entry->due_s,
        .delivered_s = entry->delivered_s,
        .tenant = entry->tenant,
        .wait_ms = -1,
    };
    /* An entry whose URL has another key is an original that is known to redirect there. */
    struct cache_key key_of_url;
    cache_key_of_url(prefetch->conf.cache, entry->url, entry->url_len, &key_of_url);
    if (memcmp(&key_of_url, &entry->key, sizeof(key_of_url)) != 0) {
        ask.hop = entry->url;
        ask.hop_len = entry->url_len;
    }
    flight_join(prefetch->conf.flights, &ask, &item->waiter);
}

/* 0 or -ENOMEM. */
static int start_item(struct prefetch *prefetch, const struct cache_queued *entry, uint64_t domain)
{
    struct item *item = calloc(1, sizeof(*item));
    if (!item)
        return -ENOMEM;
    item->owner = prefetch;
    item->key = entry->key;
    item->domain = domain;
    item->waiter.answer = on_answer;
    list_add_tail(&prefetch->items, &item->link);
    prefetch->items_count++;
    atomic_fetch_add(&prefetch->under_way, 1);
    if (ruleset_blocks(prefetch->conf.blocked, entry->url, entry->url_len)) {
        drop(item);
        return 0;
    }
    budget_begin(prefetch->conf.budget, domain, clock_ms());
    atomic_fetch_add(&prefetch->begun, 1);
    fly(prefetch, entry, item);
    return 0;
}

/* ---- whose turn it is ---- */

/* The first of a group that is due and not under way. 0, CACHE_NONE or -errno. */
static int find_entry(const struct prefetch *prefetch, uint32_t group, int64_t now_s,
                      struct cache_queued *ret)
{
    int r = cache_queue_first(prefetch->conf.cache, group, ret);
    while (r == 0 && ret->due_s <= now_s && is_under_way(prefetch, &ret->key)) {
        const struct cache_queued before = *ret;
        r = cache_queue_next(prefetch->conf.cache, &before, ret);
        if (r == 0 && ret->group != group)
            r = CACHE_NONE;
    }
    return r == 0 && ret->due_s > now_s ? CACHE_NONE : r;
}

/* How long until another fetch of the domain may begin; NEVER: when one of its fetches has ended.
 */
static int64_t domain_wait_ms(const struct prefetch *prefetch, uint64_t domain)
{
    int64_t wait_ms = budget_domain_wait_ms(prefetch->conf.budget, domain, clock_ms());
    if (wait_ms > 0)
        return wait_ms;
    return under_way_of(prefetch, domain) >= prefetch->conf.terms.at_once_domain ? NEVER : 0;
}

/* Starts the group's first entry, if it may be started now. How long until it is worth another
 * look: 0 when one was started, NEVER when something that is under way has to end first; -errno. */
static int64_t take_turn(struct prefetch *prefetch, uint32_t group, int64_t now_s)
{
    struct site *site = &prefetch->sites[group % SITES];
    struct site before = *site;
    if (before.group == group) {
        int64_t wait_ms = domain_wait_ms(prefetch, before.domain);
        if (wait_ms > 0)
            return wait_ms;
    }
    struct cache_queued entry;
    int r = find_entry(prefetch, group, now_s, &entry);
    if (r != 0)
        return r < 0 ? r : NEVER;
    struct budget_site of;
    budget_site(prefetch->conf.budget, entry.url, entry.url_len, &of);
    *site = (struct site){.group = group, .domain = of.domain};
    if (before.group != group || before.domain != of.domain) {
        int64_t wait_ms = domain_wait_ms(prefetch, of.domain);
        if (wait_ms > 0)
            return wait_ms;
    }
    return start_item(prefetch, &entry, of.domain);
}

/* One round over the groups that have something due, from behind the one whose turn it was last. */
struct round {
    int64_t now_s;
    int64_t next_ms; /* when another look is worth it */
    unsigned started;
    unsigned steps;
    bool whole; /* it began with the first group */
};

static void look_within(struct round *round, int64_t wait_ms)
{
    if (wait_ms < round->next_ms)
        round->next_ms = wait_ms;
}

/* 0: the round is over; CACHE_NONE: no more can be done in this look; -errno. */
static int go_round(struct prefetch *prefetch, struct round *round)
{
    while (prefetch->items_count < prefetch->conf.terms.at_once) {
        int64_t wait_ms = budget_wait_ms(prefetch->conf.budget, clock_ms());
        if (wait_ms > 0 || ++round->steps > LIMIT_QUEUE_STEPS) {
            look_within(round, wait_ms > 0 ? wait_ms : 1);
            return CACHE_NONE;
        }
        struct cache_group group;
        int r = cache_queue_next_group(prefetch->conf.cache,
                                       prefetch->has_at ? &prefetch->at : NULL, &group);
        if (r == 0 && group.due_s > round->now_s)
            look_within(round, (group.due_s - round->now_s) * 1000);
        if (r < 0)
            return r;
        if (r == CACHE_NONE || group.due_s > round->now_s)
            return 0;
        prefetch->at = group;
        prefetch->has_at = true;
        int64_t turn = take_turn(prefetch, group.group, round->now_s);
        if (turn < 0)
            return (int)turn;
        round->started += turn == 0;
        if (turn > 0)
            look_within(round, turn);
    }
    return CACHE_NONE; /* the end of a fetch looks again */
}

static void on_timer(struct loop_timer *timer)
{
    struct prefetch *prefetch = container_of(timer, struct prefetch, timer);
    struct round round = {.now_s = clock_wall_s(), .next_ms = NEVER, .whole = !prefetch->has_at};
    int r;
    while ((r = go_round(prefetch, &round)) == 0) {
        /* Nothing in a whole round: then nothing before something changes, or time passes. */
        bool over = round.whole && round.started == 0;
        prefetch->has_at = false;
        round.whole = true;
        round.started = 0;
        if (over)
            break;
    }
    if (r < 0)
        look_within(&round, PAUSE_MS);
    if (round.next_ms != NEVER)
        look_again(prefetch, round.next_ms);
}

static void on_wake(struct loop_task *task)
{
    struct prefetch *prefetch = container_of(task, struct prefetch, wake);
    pthread_mutex_lock(&prefetch->lock);
    prefetch->waking = false;
    pthread_mutex_unlock(&prefetch->lock);
    look_again(prefetch, 0);
}

static void wake(struct prefetch *prefetch)
{
    pthread_mutex_lock(&prefetch->lock);
    bool was_waking = prefetch->waking;
    prefetch->waking = true;
    pthread_mutex_unlock(&prefetch->lock);
    if (!was_waking)
        loop_post(prefetch->conf.loop, &prefetch->wake);
}

int prefetch_new(const struct prefetch_conf *conf, struct prefetch **ret)
{
    struct prefetch *prefetch = calloc(1, sizeof(*prefetch));
    if (!prefetch)
        return -ENOMEM;
    prefetch->conf = *conf;
    prefetch->timer.fire = on_timer;
    prefetch->wake.run = on_wake;
    list_init(&prefetch->items);
    pthread_mutex_init(&prefetch->lock, NULL);
    flights_on_queued(conf->flights, on_queued_at, prefetch);
    wake(prefetch);
    *ret = prefetch;
    return 0;
}

void prefetch_change(struct prefetch *prefetch, const struct prefetch_terms *terms)
{
    pthread_mutex_lock(&prefetch->lock);
    prefetch->conf.terms = *terms;
    pthread_mutex_unlock(&prefetch->lock);
    look_again(prefetch, 0);
}

void prefetch_stop(struct prefetch *prefetch)
{
    prefetch->stopped = true;
    loop_timer_cancel(prefetch->conf.loop, &prefetch->timer);
}

void prefetch_free(struct prefetch *prefetch)
{
    if (!prefetch)
        return;
    for (struct list *link; (link = list_pop(&prefetch->items));) {
        struct item *item = container_of(link, struct item, link);
        if (!item->answered)
            flight_leave(&item->waiter);
        free(item);
    }
    loop_timer_cancel(prefetch->conf.loop, &prefetch->timer);
    pthread_mutex_destroy(&prefetch->lock);
    free(prefetch);
}

/* ---- submitting ---- */

struct batch {
    pthread_mutex_t lock;
    pthread_cond_t all_done;
    size_t pending;
    int result;
};

struct submission {
    struct cache_write write;
    struct batch *batch;
};

static void on_queued(struct cache_write *write)
{
    struct batch *batch = container_of(write, struct submission, write)->batch;
    pthread_mutex_lock(&batch->lock);
    if (write->result < 0 && batch->result == 0)
        batch->result = write->result;
    if (--batch->pending == 0)
        pthread_cond_signal(&batch->all_done);
    pthread_mutex_unlock(&batch->lock);
}

/* Would its fetch be more than a look at what is here? What was evicted goes by `refetch`. */
static bool needs_fetch(const struct prefetch *prefetch, const struct cache_record *record)
{
    const struct plan_ask ask = {.who = PLAN_SCHEDULED, .now_s = clock_wall_s()};
    bool have = record && record->state == CACHE_STORED && !record->purged;
    if (have && !record->pixel) {
        int r = cache_has_picture(prefetch->conf.cache, record);
        have = r != CACHE_NONE; /* not to be read now is not gone */
    }
    return plan_decide(prefetch->conf.plan, &ask, record, have) == PLAN_FETCH;
}

/* Does this delivery tell something that the record does not say yet? */
static bool is_news(const struct cache_record *note, const struct cache_record *record)
{
    return note->delivered_s > record->delivered_s || note->asked > record->asked ||
           cache_tenant_is_news(record, note->tenant);
}

static int64_t due_s(struct prefetch *prefetch)
{
    pthread_mutex_lock(&prefetch->lock);
    const struct prefetch_terms terms = prefetch->conf.terms;
    pthread_mutex_unlock(&prefetch->lock);
    return plan_due_s(clock_wall_s(), terms.delay_s, terms.jitter_s);
}

/* What is to be written for one that is handed in; false: nothing. */
static bool fill_in(struct prefetch *prefetch, const struct prefetch_batch *batch, size_t i,
                    struct cache_write *write)
{
    const struct prefetch_conf *conf = &prefetch->conf;
    const char *url = batch->urls[i];
    size_t len = strlen(url);
    struct cache_record record;
    *write = (struct cache_write){.op = CACHE_NOTE, .done = on_queued};
    cache_key_of_url(conf->cache, url, len, &write->key);
    if (ruleset_blocks(conf->blocked, url, len))
        return false;
    write->record.delivered_s = batch->delivered_s;
    write->record.tenant = batch->tenant;
    write->record.asked = batch->delivered_s == 0;
    int r = cache_lookup(conf->cache, &write->key, &record);
    if (r < 0)
        return false; /* a damaged record: nothing may be fetched before it is forgotten */
    if (!needs_fetch(prefetch, r == 0 ? &record : NULL))
        return r == 0 && is_news(&write->record, &record);
    struct budget_site site;
    budget_site(conf->budget, url, len, &site);
    write->op = CACHE_ENQUEUE;
    write->bytes = url;
    write->len = len;
    write->group = site.group;
    write->record.host = site.host;
    write->record.retry_s = due_s(prefetch);
    return true;
}

/* All of them are handed over at once: the writer then commits them together. */
static void start_all(struct prefetch *prefetch, struct submission *submissions, size_t count,
                      struct batch *batch)
{
    batch->pending = count;
    for (size_t i = 0; i < count; i++) {
        submissions[i].batch = batch;
        cache_write_start(prefetch->conf.cache, &submissions[i].write);
    }
    pthread_mutex_lock(&batch->lock);
    while (batch->pending > 0)
        pthread_cond_wait(&batch->all_done, &batch->lock);
    pthread_mutex_unlock(&batch->lock);
}

int prefetch_submit(struct prefetch *prefetch, const struct prefetch_batch *given)
{
    if (given->count == 0)
        return 0;
    struct submission *submissions = calloc(given->count, sizeof(*submissions));
    if (!submissions)
        return -ENOMEM;
    size_t count = 0, queued = 0;
    for (size_t i = 0; i < given->count; i++) {
        struct cache_write *write = &submissions[count].write;
        if (!fill_in(prefetch, given, i, write))
            continue;
        queued += write->op == CACHE_ENQUEUE;
        count++;
    }
    struct batch batch = {.lock = PTHREAD_MUTEX_INITIALIZER, .all_done = PTHREAD_COND_INITIALIZER};
    start_all(prefetch, submissions, count, &batch);
    free(submissions);
    atomic_fetch_add(&prefetch->submitted, given->count);
    atomic_fetch_add(&prefetch->queued, queued);
    if (queued > 0)
        wake(prefetch);
    return batch.result;
}

void prefetch_figures(const struct prefetch *prefetch, struct prefetch_figures *ret)
{
    struct cache_group first;
    int64_t late_s = 0;
    if (cache_queue_next_group(prefetch->conf.cache, NULL, &first) == 0)
        late_s = clock_wall_s() - first.due_s;
    *ret = (struct prefetch_figures){
        .submitted = atomic_load(&prefetch->submitted),
        .queued = atomic_load(&prefetch->queued),
        .begun = atomic_load(&prefetch->begun),
        .under_way = atomic_load(&prefetch->under_way),
        .late_s = late_s > 0 ? late_s : 0,
    };
}

const struct cache *prefetch_cache(const struct prefetch *prefetch)
{
    return prefetch->conf.cache;
}
