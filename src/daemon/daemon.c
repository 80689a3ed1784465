#include "daemon/daemon.h"

#include "daemon/outward.h"
#include "daemon/parts.h"
#include "daemon/reload.h"
#include "sys/clock.h"
#include "sys/log.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#define SETTLE_MS      5000 /* how long fetches under way may still take at the end */
#define SETTLE_LOOK_MS 20

struct daemon {
    struct parts parts;
    struct conf *conf;
    char addresses[4096];
    /* The end, on the back loop. */
    struct loop_task drain_task;
    struct loop_task settle_task;
    struct loop_timer settle_timer;
    int64_t settle_until_ms;
};

/* ---- before the beginning ---- */

static int check_control(const struct conf *conf, char *why)
{
    const struct control_conf control = {.address = conf->server.admin,
                                         .token_file = conf->server.admin_token_file};
    return control.address[0] ? control_check(&control, why) : 0;
}

int daemon_check(const struct conf *conf, char *why)
{
    struct shoji_keys *keys = NULL;
    struct loop *loop = NULL;
    struct fetcher *fetcher = NULL;
    struct ruleset *rules = NULL;
    static const unsigned char no_key[EGRESS_KEY_LEN];
    why[0] = '\0';
    int r = shoji_keys_load(conf->server.keys, why, &keys);
    if (r == 0)
        r = loop_new(&loop);
    if (r == 0)
        r = outward_new(loop, conf, no_key, why, &fetcher);
    if (r != 0 && !why[0])
        snprintf(why, CONF_WHY_SIZE, "%s", strerror(-r));
    if (r == 0)
        r = parts_load_rules(conf, why, &rules);
    if (r == 0)
        r = check_control(conf, why);
    ruleset_free(rules);
    fetcher_free(fetcher);
    loop_free(loop);
    shoji_keys_free(keys);
    return r;
}

/* ---- the beginning ---- */

static void *back_main(void *arg)
{
    const struct parts *parts = arg;
    pthread_setname_np(pthread_self(), "shoji-back");
    int r = loop_run(parts->loop);
    if (r < 0) {
        /* Nobody would be answered any more. What is on disk is safe. */
        log_error("event loop: %s", strerror(-r));
        _exit(3);
    }
    return NULL;
}

static int start_back(struct parts *parts, char *why)
{
    (void)why;
    int r = -pthread_create(&parts->back, NULL, back_main, parts);
    parts->back_runs = r == 0;
    return r;
}

/* In this order; daemon_stop goes the other way where the threads let it. */
static int (*const starts[])(struct parts *parts, char *why) = {
    parts_start_loop,
    parts_start_keyring,
    parts_start_rules,
    /* First of all that makes threads or holds files: the decoder is forked from here. */
    parts_start_pool,
    /* Health can be watched while the rest starts. */
    parts_start_control,
    parts_start_cache,
    parts_start_fetcher,
    parts_start_flights,
    start_back,
    parts_start_http,
    parts_start_submit,
    parts_open_control,
};

/* A socket that nobody serves would have its clients wait for ever. */
static int check_sockets(const struct parts *parts, char *why)
{
    const char *left = activation_left(parts->activation);
    if (!left)
        return 0;
    snprintf(why, CONF_WHY_SIZE,
             "a socket was handed over as \"%s\": known are public (%d at most), submit and admin "
             "(one each)",
             left, LIMIT_SOCKETS);
    return -EINVAL;
}

static int start_all(struct parts *parts, char *why)
{
    int r = 0;
    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]) && r == 0; i++)
        r = starts[i](parts, why);
    return r == 0 ? check_sockets(parts, why) : r;
}

int daemon_start(const struct daemon_conf *conf, char *why, struct daemon **ret)
{
    struct daemon *daemon = calloc(1, sizeof(*daemon));
    if (!daemon)
        return -ENOMEM;
    struct parts *parts = &daemon->parts;
    daemon->conf = conf->conf;
    parts->conf = conf->conf;
    parts->activation = conf->activation;
    parts->dev = conf->dev;
    why[0] = '\0';
    if (sodium_init() < 0) {
        free(daemon);
        return -EIO;
    }
    int r = reply_setup();
    if (r == 0)
        r = start_all(parts, why);
    if (r != 0) {
        if (!why[0])
            snprintf(why, CONF_WHY_SIZE, "%s", strerror(r < 0 ? -r : EINVAL));
        daemon_stop(daemon);
        return r < 0 ? r : -EINVAL;
    }
    snprintf(daemon->addresses, sizeof(daemon->addresses), "%s submit=%s%s%s",
             http_addresses(parts->http), submit_address(parts->submit),
             parts->control ? " admin=" : "",
             parts->control ? control_address(parts->control) : "");
    *ret = daemon;
    return 0;
}

const char *daemon_addresses(const struct daemon *daemon)
{
    return daemon->addresses;
}

void daemon_reload(struct daemon *daemon, const struct conf *fresh)
{
    if (fresh)
        reload_conf(&daemon->parts, daemon->conf, fresh);
    char why[SHOJI_WHY_SIZE] = "";
    int r = keyring_reload(daemon->parts.keyring, why);
    if (r == 0)
        log_info("keys reloaded");
    else
        log_error("keys not reloaded, the old ones stay: %s", why);
    char rules_why[SHOJI_RULES_WHY_SIZE] = "";
    r = ruleset_reload(daemon->parts.rules, rules_why);
    if (r == 0)
        log_info("tracker rules reloaded");
    else
        log_error("tracker rules not reloaded, the old ones stay: %s",
                  rules_why[0] ? rules_why : strerror(-r));
}

static void save_pixels(struct parts *parts, bool now)
{
    int r = pixels_save(parts->pixels, now);
    if (r < 0)
        log_warning("the record of tracking pixels could not be written: %s", strerror(-r));
}

bool daemon_tick(struct daemon *daemon)
{
    save_pixels(&daemon->parts, false);
    return parts_collect_spool(&daemon->parts);
}

/* ---- the end ---- */

static void on_drain(struct loop_task *task)
{
    struct daemon *daemon = container_of(task, struct daemon, drain_task);
    flights_drain(daemon->parts.flights);
    prefetch_stop(daemon->parts.prefetch);
}

/* What was asked for is worth keeping: else it would count as a failed try. */
static void on_settle_timer(struct loop_timer *timer)
{
    struct daemon *daemon = container_of(timer, struct daemon, settle_timer);
    struct flight_figures figures;
    flight_figures(daemon->parts.flights, &figures);
    if (figures.active == 0 || loop_now_ms(daemon->parts.loop) >= daemon->settle_until_ms ||
        loop_timer_set(daemon->parts.loop, timer, SETTLE_LOOK_MS) < 0)
        loop_stop(daemon->parts.loop);
}

static void on_settle(struct loop_task *task)
{
    struct daemon *daemon = container_of(task, struct daemon, settle_task);
    daemon->settle_until_ms = loop_now_ms(daemon->parts.loop) + SETTLE_MS;
    on_settle_timer(&daemon->settle_timer);
}

void daemon_stop(struct daemon *daemon)
{
    if (!daemon)
        return;
    struct parts *parts = &daemon->parts;
    control_close(parts->control);
    if (parts->back_runs) {
        daemon->drain_task.run = on_drain;
        loop_post(parts->loop, &daemon->drain_task);
    }
    if (parts->http)
        http_drain(parts->http);
    control_stop(parts->control);
    http_free(parts->http);
    submit_free(parts->submit);
    if (parts->back_runs) {
        daemon->settle_task.run = on_settle;
        daemon->settle_timer.fire = on_settle_timer;
        loop_post(parts->loop, &daemon->settle_task);
        pthread_join(parts->back, NULL);
    }
    save_pixels(parts, true);
    /* The writer may still hold what flights own: it goes first. */
    cache_close(parts->cache);
    control_free(parts->control);
    upkeep_free(parts->upkeep);
    prefetch_free(parts->prefetch);
    flights_free(parts->flights);
    pixels_free(parts->pixels);
    budget_free(parts->budget);
    fetcher_free(parts->fetcher);
    pool_free(parts->pool);
    keyring_free(parts->keyring);
    ruleset_free(parts->rules);
    loop_free(parts->loop);
    reply_teardown();
    free(daemon);
}
