#include "serve/prefetch.h"

#include "sys/clock.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#define PAUSE_MS   1000 /* after trouble of our own */
#define POSTPONE_S 60   /* an entry whose fetch could not be begun: behind the others */

struct prefetch {
    struct prefetch_conf conf;
    struct loop_timer timer;
    struct list items; /* under way */
    unsigned items_count;
    bool stopped;
    struct loop_task wake;
    pthread_mutex_t lock; /* guards `waking` */
    bool waking;
};

struct item {
    struct list link;
    struct waiter waiter;
    struct prefetch *owner;
    struct cache_key key;
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

static void on_written(struct cache_write *write)
{
    struct item *item = container_of(write, struct item, write);
    struct prefetch *prefetch = item->owner;
    list_remove(&item->link);
    prefetch->items_count--;
    look_again(prefetch, write->result < 0 ? PAUSE_MS : 0);
    free(item);
}

/*
 * The item stays until its entry has left the head of the queue, or it would be taken again. A
 * flight that ran has seen to that itself, in one transaction with its outcome; then this changes
 * nothing.
 */
static void on_answer(struct waiter *waiter, const struct flight_answer *answer)
{
    struct item *item = container_of(waiter, struct item, waiter);
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

static bool start_item(struct prefetch *prefetch, const struct cache_queued *entry)
{
    struct item *item = calloc(1, sizeof(*item));
    if (!item)
        return false;
    item->owner = prefetch;
    item->key = entry->key;
    item->waiter.answer = on_answer;
    list_add_tail(&prefetch->items, &item->link);
    prefetch->items_count++;
    if (shoji_rules_blocks(prefetch->conf.blocked, entry->url, entry->url_len)) {
        drop(item);
        return true;
    }
    struct flight_ask ask = {
        .plan = {.who = PLAN_SCHEDULED, .options = SHOJI_URL_OPTIONS_NONE},
        .key = entry->key,
        .url = entry->url,
        .url_len = entry->url_len,
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
    return true;
}

static void on_timer(struct loop_timer *timer)
{
    struct prefetch *prefetch = container_of(timer, struct prefetch, timer);
    struct cache_queued entries[2];
    struct cache_queued *after = NULL, *entry = &entries[0];
    while (prefetch->items_count < prefetch->conf.at_once) {
        int r = cache_queue_next(prefetch->conf.cache, after, entry);
        if (r < 0)
            look_again(prefetch, PAUSE_MS);
        if (r != 0)
            return;
        int64_t left_s = entry->due_s - clock_wall_s();
        if (left_s > 0) {
            look_again(prefetch, left_s * 1000);
            return;
        }
        if (!is_under_way(prefetch, &entry->key) && !start_item(prefetch, entry)) {
            look_again(prefetch, PAUSE_MS);
            return;
        }
        after = entry;
        entry = entry == &entries[0] ? &entries[1] : &entries[0];
    }
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

/* Would its fetch be more than a look at what is here? Readers share: the picture of an answered
 * original is taken to be here, unless the answer is so old that it may be forgotten. */
static bool needs_fetch(const struct prefetch *prefetch, const struct cache_key *key)
{
    struct cache_record record;
    const struct plan_ask ask = {.who = PLAN_SCHEDULED, .now_s = clock_wall_s()};
    int r = cache_lookup(prefetch->conf.cache, key, &record);
    if (r < 0)
        return false; /* a damaged record: nothing may be fetched before it is forgotten */
    bool have = r == 0 && record.state == CACHE_STORED;
    if (have && !record.pixel && plan_expired(&prefetch->conf.plan, &record, ask.now_s)) {
        void *bytes = NULL;
        size_t len;
        have = cache_read(prefetch->conf.cache, &record, &bytes, &len) == 0;
        free(bytes);
    }
    return plan_decide(&prefetch->conf.plan, &ask, r == 0 ? &record : NULL, have) == PLAN_FETCH;
}

int prefetch_submit(struct prefetch *prefetch, const char *const *urls, size_t count)
{
    if (count == 0)
        return 0;
    struct submission *submissions = calloc(count, sizeof(*submissions));
    if (!submissions)
        return -ENOMEM;
    struct batch batch = {
        .lock = PTHREAD_MUTEX_INITIALIZER, .all_done = PTHREAD_COND_INITIALIZER, .pending = 1};
    int64_t now_s = clock_wall_s();
    for (size_t i = 0; i < count; i++) {
        struct submission *submission = &submissions[i];
        size_t len = strlen(urls[i]);
        submission->batch = &batch;
        submission->write = (struct cache_write){
            .op = CACHE_ENQUEUE, .bytes = urls[i], .len = len, .done = on_queued};
        cache_key_of_url(prefetch->conf.cache, urls[i], len, &submission->write.key);
        if (shoji_rules_blocks(prefetch->conf.blocked, urls[i], len) ||
            !needs_fetch(prefetch, &submission->write.key))
            continue;
        submission->write.record.retry_s =
            plan_due_s(now_s, prefetch->conf.delay_s, prefetch->conf.jitter_s);
        pthread_mutex_lock(&batch.lock);
        batch.pending++;
        pthread_mutex_unlock(&batch.lock);
        cache_write_start(prefetch->conf.cache, &submission->write);
    }
    pthread_mutex_lock(&batch.lock);
    batch.pending--; /* the one that kept it from ending while we were still starting */
    while (batch.pending > 0)
        pthread_cond_wait(&batch.all_done, &batch.lock);
    pthread_mutex_unlock(&batch.lock);
    free(submissions);
    wake(prefetch);
    return batch.result;
}
