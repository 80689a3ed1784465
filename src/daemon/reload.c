#include "daemon/reload.h"

#include "daemon/outward.h"
#include "sys/conf_change.h"
#include "sys/log.h"

/* What belongs to the back thread, on its way there. */
struct order {
    struct loop_task task;
    const struct parts *parts;
    struct budget_conf budget;
    struct prefetch_terms terms;
    unsigned per_host;
    unsigned total;
    unsigned timeout_ms;
    unsigned connect_timeout_ms;
    unsigned deadline_ms;
};

static void on_order(struct loop_task *task)
{
    struct order *order = container_of(task, struct order, task);
    const struct parts *parts = order->parts;
    budget_change(parts->budget, &order->budget);
    fetcher_change_timeout(parts->fetcher, order->timeout_ms, order->connect_timeout_ms);
    fetcher_change_limits(parts->fetcher, order->per_host, order->total);
    pool_change_deadline(parts->pool, order->deadline_ms);
    flights_change_delay(parts->flights, order->terms.delay_s, order->terms.jitter_s);
    prefetch_change(parts->prefetch, &order->terms);
    free(order);
}

static void say(void *ctx, const struct conf_change *change)
{
    unsigned *live = ctx;
    *live += change->live;
    if (change->live)
        log_info("[%s] %s: changed", change->section, change->name);
    else
        log_warning("[%s] %s: the change waits for the next start", change->section, change->name);
}

void reload_conf(struct parts *parts, struct conf *conf, const struct conf *fresh)
{
    unsigned live = 0;
    struct order *order = calloc(1, sizeof(*order));
    if (!order) {
        log_error("configuration not reloaded: out of memory");
        return;
    }
    conf_each_change(conf, fresh, say, &live);
    if (live == 0) {
        free(order);
        return;
    }
    conf_take_over(conf, fresh);
    *order = (struct order){
        .task.run = on_order,
        .parts = parts,
        .budget = {.rate = conf->prefetch.rate,
                   .per_domain = conf->prefetch.per_domain,
                   .bandwidth = conf->prefetch.bandwidth},
        .terms = parts_prefetch_terms(conf),
        .per_host = (unsigned)conf->fetch.per_host,
        .total = (unsigned)conf->fetch.total,
        .timeout_ms = (unsigned)conf->fetch.timeout,
        .connect_timeout_ms = outward_connect_timeout(conf),
        .deadline_ms = (unsigned)conf->decode.deadline,
    };
    loop_post(parts->loop, &order->task);
    http_set_hot_memory(parts->http, conf->cache.hot_memory);
    parts_set_plan(parts);
    atomic_store(&parts->env.wait_ms, (int64_t)conf->fetch.wait);
}
