#include "daemon/daemon.h"

#include "admin/control.h"
#include "admin/submit.h"
#include "base/limits.h"
#include "serve/http.h"
#include "serve/spool.h"
#include "serve/upkeep.h"
#include "sys/clock.h"
#include "sys/data.h"
#include "sys/log.h"

#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#define SETTLE_MS      5000 /* how long fetches under way may still take at the end */
#define SETTLE_LOOK_MS 20
#define SPOOL_FILES    16 /* before signals are looked at again */
#define CONNECT_MS     4000

struct daemon {
    const struct conf *conf;
    char base_url[SHOJI_BASE_MAX + 1];
    char addresses[4096];
    struct loop *loop;
    struct keyring *keyring;
    struct ruleset *rules;
    struct pool *pool;
    struct cache *cache;
    struct fetcher *fetcher;
    struct budget *budget;
    struct flights *flights;
    struct prefetch *prefetch;
    struct upkeep *upkeep;
    struct request_env env;
    struct http *http;
    struct submit *submit;
    struct control *control;
    pthread_t back;
    bool back_runs;
    /* The end, on the back loop. */
    struct loop_task drain_task;
    struct loop_task settle_task;
    struct loop_timer settle_timer;
    int64_t settle_until_ms;
};

static unsigned cores(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 && n < 256 ? (unsigned)n : 1;
}

static void *back_main(void *arg)
{
    struct daemon *daemon = arg;
    pthread_setname_np(pthread_self(), "shoji-back");
    int r = loop_run(daemon->loop);
    if (r < 0) {
        /* Nobody would be answered any more. What is on disk is safe. */
        log_error("event loop: %s", strerror(-r));
        _exit(3);
    }
    return NULL;
}

/* ---- the parts, in their order ---- */

/* The decoder lies beside us in a build tree, else where it was installed. */
static const char *decoder_path(char *room, size_t size)
{
    const char *given = getenv("SHOJI_DECODE");
    if (given && *given)
        return given;
    ssize_t len = readlink("/proc/self/exe", room, size - 1);
    if (len > 0) {
        room[len] = '\0';
        char *slash = strrchr(room, '/');
        snprintf(slash, size - (size_t)(slash - room), "/../worker/shoji-decode");
        if (access(room, X_OK) == 0)
            return room;
    }
    return SHOJI_LIBEXECDIR "/shoji-decode";
}

static int start_pool(struct daemon *daemon, bool dev, char *why)
{
    const struct conf *conf = daemon->conf;
    char room[4096];
    const struct pool_conf pool = {
        .program = decoder_path(room, sizeof(room)),
        .workers = (unsigned)conf->decode.workers,
        .deadline_ms = (unsigned)conf->decode.deadline,
        .memory = conf->decode.memory,
        .max_pixels = conf->decode.max_pixels,
        .max_frames = (unsigned)conf->decode.max_frames,
        .max_side = (unsigned)conf->decode.max_side,
        .webp = conf->decode.output == CONF_OUTPUT_WEBP,
        .without_sandbox = dev,
    };
    int r = pool_new(daemon->loop, &pool, why, &daemon->pool);
    if (r == 0)
        log_info("decoder: %s", pool_jail_text(daemon->pool));
    return r;
}

static const char *cache_trouble(int r)
{
    switch (r) {
    case CACHE_LOCKED:
        return "another server uses this directory";
    case CACHE_NEWER:
        return "made by a later version of shojid";
    case -ENOKEY:
        return "holds an index, but no secret: restore the file \"secret\" from a backup, or begin "
               "with an empty directory";
    case -EINVAL:
        return "[cache] size and index_size leave no room for pictures";
    case -EPERM:
        return "the file \"secret\" may be read by its owner only (mode 0600)";
    case -EBADMSG:
        return "the file \"secret\" is damaged: restore it from a backup";
    default:
        return strerror(-r);
    }
}

static int start_cache(struct daemon *daemon, char *why)
{
    const struct cache_conf cache = {
        .dir = daemon->conf->server.state,
        .size = daemon->conf->cache.size,
        .index_size = daemon->conf->cache.index_size,
        .loop = daemon->loop,
    };
    int r = cache_open(&cache, &daemon->cache);
    if (r != 0) {
        snprintf(why, CONF_WHY_SIZE, "%.300s: %s", cache.dir, cache_trouble(r));
        return r > 0 ? -EBUSY : r;
    }
    struct cache_usage usage;
    cache_usage(daemon->cache, &usage);
    if (usage.index_lost)
        log_error("the index could not be read and was set aside as index.broken: what was fetched "
                  "before is forgotten, and may be fetched once more");
    return 0;
}

static void egress_changed(void *ctx, const struct egress *egress)
{
    (void)ctx;
    if (egress->down)
        log_warning("egress %s does not work: its hosts are fetched through the others",
                    egress->name);
    else
        log_info("egress %s works again", egress->name);
}

/* By file and line, which only the configuration knows. */
static void locate(const struct conf *conf, char *why)
{
    for (size_t i = 0; i < conf->egresses_count; i++) {
        char begin[LIMIT_EGRESS_NAME + 16];
        const struct conf_egress *egress = &conf->egresses[i];
        size_t len = (size_t)snprintf(begin, sizeof(begin), "[egress %s] ", egress->name);
        if (strncmp(why, begin, len) != 0 || !egress->where)
            continue;
        char sentence[CONF_WHY_SIZE];
        snprintf(sentence, sizeof(sentence), "%s", why);
        snprintf(why, CONF_WHY_SIZE, "%.200s: %.300s", egress->where, sentence);
        return;
    }
}

/* `key`: EGRESS_KEY_LEN bytes that choose the egresses. */
static int make_fetcher(struct loop *loop, const struct conf *conf, const unsigned char *key,
                        char *why, struct fetcher **ret)
{
    struct egress_conf egresses[LIMIT_EGRESSES];
    for (size_t i = 0; i < conf->egresses_count; i++) {
        const struct conf_egress *egress = &conf->egresses[i];
        egresses[i] = (struct egress_conf){
            .name = egress->name,
            .type = egress->type == CONF_EGRESS_SOCKS5 ? EGRESS_SOCKS5
                    : egress->type == CONF_EGRESS_HTTP ? EGRESS_HTTP
                                                       : EGRESS_DIRECT,
            .address = egress->address,
            .interface = egress->interface,
            .resolvers = egress->resolvers,
            .weight = (unsigned)egress->weight,
        };
    }
    const struct fetch_conf fetch = {
        .user_agent = conf->fetch.user_agent,
        .resolvers = conf->fetch.resolvers,
        .allow_private = conf->fetch.allow_private,
        .deny_hosts = conf->fetch.deny_hosts,
        .ports = conf->fetch.ports,
        .timeout_ms = (unsigned)conf->fetch.timeout,
        /* Half at most, or a proxy that is not there would look like an origin's silence. */
        .connect_timeout_ms =
            conf->fetch.timeout < 2 * CONNECT_MS ? (unsigned)conf->fetch.timeout / 2 : CONNECT_MS,
        .max_bytes = conf->fetch.max_bytes,
        .per_host = (unsigned)conf->fetch.per_host,
        .total = (unsigned)conf->fetch.total,
        .https_only = conf->fetch.https_only,
        .egresses = egresses,
        .egresses_count = conf->egresses_count,
        .egress_key = key,
        .egress_changed = egress_changed,
    };
    int r = fetcher_new(loop, &fetch, why, ret);
    if (r == -EINVAL)
        locate(conf, why);
    return r;
}

static int start_fetcher(struct daemon *daemon, char *why)
{
    struct cache_key key;
    _Static_assert(sizeof(key.bytes) == EGRESS_KEY_LEN, "one hash is one key");
    cache_keyed_hash(daemon->cache, "egress", "", 0, &key);
    return make_fetcher(daemon->loop, daemon->conf, key.bytes, why, &daemon->fetcher);
}

static int load_rules(const struct conf *conf, char *why, struct ruleset **ret)
{
    char room[4096];
    const struct shoji_rules_source source = {
        .files = conf->trackers.rules ? conf->trackers.rules
                                      : data_path("trackers.rules", room, sizeof(room)),
        .allow = conf->trackers.allow,
        .authserv_id = conf->trackers.authserv_id,
    };
    if (!source.files)
        log_warning("no tracker rules are installed: sizes alone say what is a tracker");
    return ruleset_new(&source, why, ret);
}

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
        r = make_fetcher(loop, conf, no_key, why, &fetcher);
    if (r != 0 && !why[0])
        snprintf(why, CONF_WHY_SIZE, "%s", strerror(-r));
    if (r == 0)
        r = load_rules(conf, why, &rules);
    if (r == 0)
        r = check_control(conf, why);
    ruleset_free(rules);
    fetcher_free(fetcher);
    loop_free(loop);
    shoji_keys_free(keys);
    return r;
}

/* Never less than was said. */
static int64_t seconds(uint64_t ms)
{
    return (int64_t)((ms + 999) / 1000);
}

/* What is never fetched. */
static struct ruleset *blocked(const struct daemon *daemon)
{
    return daemon->conf->trackers.policy == CONF_POLICY_BLOCK ? daemon->rules : NULL;
}

static struct plan_conf plan_conf(const struct conf *conf)
{
    return (struct plan_conf){
        .retention_s = seconds(conf->cache.retention),
        .fetch_window_s = seconds(conf->fetch.fetch_window),
        .refetch = conf->cache.refetch,
        .shared_by = (unsigned)conf->cache.shared_by,
    };
}

static int start_flights(struct daemon *daemon)
{
    const struct conf *conf = daemon->conf;
    const struct budget_conf budget = {
        .cache = daemon->cache,
        .rate = conf->prefetch.rate,
        .per_domain = conf->prefetch.per_domain,
        .bandwidth = conf->prefetch.bandwidth,
    };
    int r = budget_new(&budget, &daemon->budget);
    if (r < 0)
        return r;
    const struct flights_conf flights = {
        .loop = daemon->loop,
        .cache = daemon->cache,
        .fetcher = daemon->fetcher,
        .pool = daemon->pool,
        .budget = daemon->budget,
        .plan = plan_conf(conf),
        .blocked = blocked(daemon),
        .max_redirects = (unsigned)conf->fetch.max_redirects,
        .max_flights = LIMIT_FLIGHTS,
        .delay_s = seconds(conf->prefetch.delay),
        .jitter_s = seconds(conf->prefetch.jitter),
    };
    r = flights_new(&flights, &daemon->flights);
    if (r < 0)
        return r;
    /* Readers who ask for mail that was not delivered through us find a place at all times. */
    unsigned at_once = (unsigned)conf->fetch.total * 3 / 4;
    unsigned per_host = (unsigned)conf->fetch.per_host;
    const struct prefetch_conf prefetch = {
        .loop = daemon->loop,
        .cache = daemon->cache,
        .flights = daemon->flights,
        .budget = daemon->budget,
        .delay_s = flights.delay_s,
        .jitter_s = flights.jitter_s,
        .plan = flights.plan,
        .blocked = blocked(daemon),
        .at_once = at_once > 0 ? at_once : 1,
        .at_once_domain = at_once / 8 > per_host ? at_once / 8 : per_host,
    };
    r = prefetch_new(&prefetch, &daemon->prefetch);
    if (r < 0)
        return r;
    const struct upkeep_conf upkeep = {
        .loop = daemon->loop,
        .cache = daemon->cache,
        .retention_s = flights.plan.retention_s,
        .fetch_window_s = flights.plan.fetch_window_s,
    };
    return upkeep_new(&upkeep, &daemon->upkeep);
}

static int start_http(struct daemon *daemon, char *why)
{
    const struct conf *conf = daemon->conf;
    daemon->env = (struct request_env){
        .back = daemon->loop,
        .cache = daemon->cache,
        .flights = daemon->flights,
        .keyring = daemon->keyring,
        .url_suffix = conf->server.url_suffix,
        .blocked = blocked(daemon),
        .plan = plan_conf(conf),
        .wait_ms = (int64_t)conf->fetch.wait,
    };
    const struct http_conf http = {
        .listen = conf->server.listen,
        .fronts = conf->server.threads ? (unsigned)conf->server.threads : cores(),
        .max_connections = (unsigned)conf->server.max_connections,
        .hot_memory = conf->cache.hot_memory,
        .watch = {.header_ms = LIMIT_HEADER_S * 1000,
                  .answer_ms = LIMIT_ANSWER_S * 1000,
                  .answer_rate = LIMIT_ANSWER_RATE,
                  .tick_ms = LIMIT_WATCH_TICK_MS},
    };
    return http_new(&http, &daemon->env, why, &daemon->http);
}

/* --dev: the port is known only now. */
static void settle_base_url(struct daemon *daemon)
{
    const char *given = daemon->conf->server.base_url;
    const char *address = http_addresses(daemon->http) + strlen("listen=");
    if (given)
        snprintf(daemon->base_url, sizeof(daemon->base_url), "%s", given);
    else
        snprintf(daemon->base_url, sizeof(daemon->base_url), "http://%.*s",
                 (int)strcspn(address, " "), address);
}

static int start_submit(struct daemon *daemon, char *why)
{
    const struct submit_env env = {
        .conf = daemon->conf,
        .base_url = daemon->base_url,
        .keyring = daemon->keyring,
        .prefetch = daemon->prefetch,
        .rules = daemon->rules,
    };
    return submit_new(&env, daemon->conf->server.submit, why, &daemon->submit);
}

static bool has_control(const struct daemon *daemon)
{
    return daemon->conf->server.admin[0] != '\0';
}

static int start_control(struct daemon *daemon, char *why)
{
    if (!has_control(daemon))
        return 0;
    const struct control_conf control = {
        .address = daemon->conf->server.admin,
        .token_file = daemon->conf->server.admin_token_file,
    };
    return control_new(&control, why, &daemon->control);
}

static void open_control(struct daemon *daemon)
{
    const struct control_env env = {
        .figures = {.back = daemon->loop,
                    .http = daemon->http,
                    .flights = daemon->flights,
                    .pool = daemon->pool,
                    .fetcher = daemon->fetcher,
                    .cache = daemon->cache},
        .requests = &daemon->env,
        .base_url = daemon->base_url,
    };
    control_open(daemon->control, &env);
}

static int start_all(struct daemon *daemon, bool dev, char *why)
{
    int r = loop_new(&daemon->loop);
    if (r == 0)
        r = keyring_new(daemon->conf->server.keys, why, &daemon->keyring);
    if (r == 0)
        r = load_rules(daemon->conf, why, &daemon->rules);
    /* First of all that makes threads or holds files: the decoder is forked from here. */
    if (r == 0)
        r = start_pool(daemon, dev, why);
    if (r == 0)
        r = start_control(daemon, why);
    if (r == 0)
        r = start_cache(daemon, why);
    if (r == 0)
        r = start_fetcher(daemon, why);
    if (r == 0)
        r = start_flights(daemon);
    if (r == 0)
        r = -pthread_create(&daemon->back, NULL, back_main, daemon);
    daemon->back_runs = r == 0;
    if (r == 0)
        r = start_http(daemon, why);
    if (r == 0) {
        settle_base_url(daemon);
        r = start_submit(daemon, why);
    }
    if (r == 0 && has_control(daemon))
        open_control(daemon);
    return r;
}

int daemon_start(const struct daemon_conf *conf, char *why, struct daemon **ret)
{
    struct daemon *daemon = calloc(1, sizeof(*daemon));
    if (!daemon)
        return -ENOMEM;
    daemon->conf = conf->conf;
    why[0] = '\0';
    if (sodium_init() < 0) {
        free(daemon);
        return -EIO;
    }
    int r = reply_setup();
    if (r == 0)
        r = start_all(daemon, conf->dev, why);
    if (r != 0) {
        if (!why[0])
            snprintf(why, CONF_WHY_SIZE, "%s", strerror(r < 0 ? -r : EINVAL));
        daemon_stop(daemon);
        return r < 0 ? r : -EINVAL;
    }
    snprintf(daemon->addresses, sizeof(daemon->addresses), "%s submit=%s%s%s",
             http_addresses(daemon->http), conf->conf->server.submit,
             daemon->control ? " admin=" : "",
             daemon->control ? control_address(daemon->control) : "");
    *ret = daemon;
    return 0;
}

const char *daemon_addresses(const struct daemon *daemon)
{
    return daemon->addresses;
}

void daemon_reload(struct daemon *daemon)
{
    char why[SHOJI_WHY_SIZE] = "";
    int r = keyring_reload(daemon->keyring, why);
    if (r == 0)
        log_info("keys reloaded");
    else
        log_error("keys not reloaded, the old ones stay: %s", why);
    char rules_why[SHOJI_RULES_WHY_SIZE] = "";
    r = ruleset_reload(daemon->rules, rules_why);
    if (r == 0)
        log_info("tracker rules reloaded");
    else
        log_error("tracker rules not reloaded, the old ones stay: %s",
                  rules_why[0] ? rules_why : strerror(-r));
}

bool daemon_tick(struct daemon *daemon)
{
    const struct conf *conf = daemon->conf;
    if (!conf->prefetch.enabled || !conf->prefetch.spool)
        return false;
    const struct spool_conf spool = {
        .dir = conf->prefetch.spool,
        .url_suffix = conf->server.url_suffix,
        .keyring = daemon->keyring,
        .prefetch = daemon->prefetch,
        .window_s = seconds(conf->fetch.fetch_window),
        .most = SPOOL_FILES,
    };
    return spool_collect(&spool) == SPOOL_FILES;
}

/* ---- the end ---- */

static void on_drain(struct loop_task *task)
{
    struct daemon *daemon = container_of(task, struct daemon, drain_task);
    flights_drain(daemon->flights);
    prefetch_stop(daemon->prefetch);
}

/* What was asked for is worth keeping: else it would count as a failed try. */
static void on_settle_timer(struct loop_timer *timer)
{
    struct daemon *daemon = container_of(timer, struct daemon, settle_timer);
    struct flight_figures figures;
    flight_figures(daemon->flights, &figures);
    if (figures.active == 0 || loop_now_ms(daemon->loop) >= daemon->settle_until_ms ||
        loop_timer_set(daemon->loop, timer, SETTLE_LOOK_MS) < 0)
        loop_stop(daemon->loop);
}

static void on_settle(struct loop_task *task)
{
    struct daemon *daemon = container_of(task, struct daemon, settle_task);
    daemon->settle_until_ms = loop_now_ms(daemon->loop) + SETTLE_MS;
    on_settle_timer(&daemon->settle_timer);
}

void daemon_stop(struct daemon *daemon)
{
    if (!daemon)
        return;
    control_close(daemon->control);
    if (daemon->back_runs) {
        daemon->drain_task.run = on_drain;
        loop_post(daemon->loop, &daemon->drain_task);
    }
    if (daemon->http)
        http_drain(daemon->http);
    control_stop(daemon->control);
    http_free(daemon->http);
    submit_free(daemon->submit);
    if (daemon->back_runs) {
        daemon->settle_task.run = on_settle;
        daemon->settle_timer.fire = on_settle_timer;
        loop_post(daemon->loop, &daemon->settle_task);
        pthread_join(daemon->back, NULL);
    }
    /* The writer may still hold what flights own: it goes first. */
    cache_close(daemon->cache);
    control_free(daemon->control);
    upkeep_free(daemon->upkeep);
    prefetch_free(daemon->prefetch);
    flights_free(daemon->flights);
    budget_free(daemon->budget);
    fetcher_free(daemon->fetcher);
    pool_free(daemon->pool);
    keyring_free(daemon->keyring);
    ruleset_free(daemon->rules);
    loop_free(daemon->loop);
    reply_teardown();
    free(daemon);
}
