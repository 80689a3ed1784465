#include "daemon/parts.h"

#include "base/limits.h"
#include "daemon/outward.h"
#include "serve/spool.h"
#include "sys/data.h"
#include "sys/fd.h"
#include "sys/log.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PROLONG_MS  10000
#define SPOOL_FILES 16 /* before signals are looked at again */

int parts_start_loop(struct parts *parts, char *why)
{
    (void)why;
    return loop_new(&parts->loop);
}

int parts_start_keyring(struct parts *parts, char *why)
{
    return keyring_new(parts->conf->server.keys, why, &parts->keyring);
}

int parts_load_rules(const struct conf *conf, char *why, struct ruleset **ret)
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

int parts_start_rules(struct parts *parts, char *why)
{
    return parts_load_rules(parts->conf, why, &parts->rules);
}

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

static void decoder_is_slow(int64_t waited_ms)
{
    log_warning("the decoder is not ready after %d s; waiting on", (int)(waited_ms / 1000));
}

/* When to do so next while the first decoder is waited for. */
struct patience {
    int64_t say_ms;
    int64_t prolong_ms;
};

/* Who wants us to end needs not wait for a machine that is too busy to begin; and the manager's
 * patience is prolonged for as long as ours: three times as far as until it is asked again, since
 * it may have too much to read. */
static bool wait_for_decoder(void *ctx, int64_t waited_ms)
{
    struct patience *patience = ctx;
    sigset_t pending;
    if (sigpending(&pending) == 0 &&
        (sigismember(&pending, SIGTERM) == 1 || sigismember(&pending, SIGINT) == 1))
        return false;
    if (waited_ms >= patience->prolong_ms) {
        (void)activation_try_notify("EXTEND_TIMEOUT_USEC=30000000");
        patience->prolong_ms = waited_ms + PROLONG_MS;
    }
    if (waited_ms >= patience->say_ms) {
        decoder_is_slow(waited_ms);
        patience->say_ms = waited_ms + LIMIT_WORKER_START;
    }
    return true;
}

int parts_start_pool(struct parts *parts, char *why)
{
    struct patience patience = {.say_ms = LIMIT_WORKER_START};
    const struct conf *conf = parts->conf;
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
        .without_sandbox = parts->dev,
        .waits = wait_for_decoder,
        .ctx = &patience,
        .slow = decoder_is_slow,
    };
    int r = pool_new(parts->loop, &pool, why, &parts->pool);
    if (r == 0)
        log_info("decoder: %s", pool_jail_text(parts->pool));
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

int parts_start_cache(struct parts *parts, char *why)
{
    const struct cache_conf cache = {
        .dir = parts->conf->server.state,
        .size = parts->conf->cache.size,
        .index_size = parts->conf->cache.index_size,
        .encrypt = parts->conf->cache.encrypt,
        .loop = parts->loop,
    };
    int r = cache_open(&cache, &parts->cache);
    if (r != 0) {
        snprintf(why, CONF_WHY_SIZE, "%.300s: %s", cache.dir, cache_trouble(r));
        return r > 0 ? -EBUSY : r;
    }
    struct cache_usage usage;
    cache_usage(parts->cache, &usage);
    if (usage.index_lost)
        log_error("the index could not be read and was set aside as index.broken: what was fetched "
                  "before is forgotten, and may be fetched once more");
    return 0;
}

int parts_start_fetcher(struct parts *parts, char *why)
{
    struct cache_key key;
    _Static_assert(sizeof(key.bytes) == EGRESS_KEY_LEN, "one hash is one key");
    cache_keyed_hash(parts->cache, "egress", "", 0, &key);
    return outward_new(parts->loop, parts->conf, key.bytes, why, &parts->fetcher);
}

/* Never less than was said. */
static int64_t seconds(uint64_t ms)
{
    return (int64_t)((ms + 999) / 1000);
}

/* What is never fetched. */
static struct ruleset *blocked(const struct parts *parts)
{
    return parts->conf->trackers.policy == CONF_POLICY_BLOCK ? parts->rules : NULL;
}

/* As the cache is told. */
static unsigned shared_by(const struct conf *conf)
{
    return conf->cache.refetch == CONF_REFETCH_SHARED ? (unsigned)conf->cache.shared_by : 0;
}

/* As the plan is told. */
static unsigned sharers(const struct conf *conf)
{
    return conf->cache.refetch == CONF_REFETCH_NEVER ? PLAN_NEVER : shared_by(conf);
}

void parts_set_plan(struct parts *parts)
{
    const struct conf *conf = parts->conf;
    const struct plan_terms terms = {
        .retention_s = seconds(conf->cache.retention),
        .fetch_window_s = seconds(conf->fetch.fetch_window),
        .sharers = sharers(conf),
    };
    plan_set_terms(&parts->plan, &terms);
    cache_set_shared_by(parts->cache, shared_by(conf));
}

struct prefetch_terms parts_prefetch_terms(const struct conf *conf)
{
    /* Readers who ask for mail that was not delivered through us find a place at all times. */
    unsigned at_once = (unsigned)conf->fetch.total * 3 / 4;
    unsigned per_host = (unsigned)conf->fetch.per_host;
    return (struct prefetch_terms){
        .delay_s = seconds(conf->prefetch.delay),
        .jitter_s = seconds(conf->prefetch.jitter),
        .at_once = at_once > 0 ? at_once : 1,
        .at_once_domain = at_once / 8 > per_host ? at_once / 8 : per_host,
    };
}

int parts_start_flights(struct parts *parts, char *why)
{
    (void)why;
    const struct conf *conf = parts->conf;
    parts_set_plan(parts);
    const struct budget_conf budget = {
        .cache = parts->cache,
        .rate = conf->prefetch.rate,
        .per_domain = conf->prefetch.per_domain,
        .bandwidth = conf->prefetch.bandwidth,
    };
    int r = budget_new(&budget, &parts->budget);
    if (r < 0)
        return r;
    const struct pixels_conf pixels = {
        .cache = parts->cache,
        .budget = parts->budget,
        .rules = parts->rules,
        .plan = &parts->plan,
    };
    r = pixels_new(&pixels, &parts->pixels);
    if (r < 0)
        return r;
    const struct flights_conf flights = {
        .loop = parts->loop,
        .cache = parts->cache,
        .fetcher = parts->fetcher,
        .pool = parts->pool,
        .budget = parts->budget,
        .plan = &parts->plan,
        .blocked = blocked(parts),
        .pixels = parts->pixels,
        .max_redirects = (unsigned)conf->fetch.max_redirects,
        .max_flights = LIMIT_FLIGHTS,
        .delay_s = seconds(conf->prefetch.delay),
        .jitter_s = seconds(conf->prefetch.jitter),
    };
    r = flights_new(&flights, &parts->flights);
    if (r < 0)
        return r;
    const struct prefetch_conf prefetch = {
        .loop = parts->loop,
        .cache = parts->cache,
        .flights = parts->flights,
        .budget = parts->budget,
        .terms = parts_prefetch_terms(conf),
        .plan = &parts->plan,
        .blocked = blocked(parts),
    };
    r = prefetch_new(&prefetch, &parts->prefetch);
    if (r < 0)
        return r;
    const struct upkeep_conf upkeep = {
        .loop = parts->loop,
        .cache = parts->cache,
        .plan = &parts->plan,
    };
    return upkeep_new(&upkeep, &parts->upkeep);
}

/* --dev: the port is known only now. */
static void settle_base_url(struct parts *parts)
{
    const char *given = parts->conf->server.base_url;
    const char *address = http_addresses(parts->http) + strlen("listen=");
    if (given)
        snprintf(parts->base_url, sizeof(parts->base_url), "%s", given);
    else
        snprintf(parts->base_url, sizeof(parts->base_url), "http://%.*s",
                 (int)strcspn(address, " "), address);
}

static unsigned cores(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 && n < 256 ? (unsigned)n : 1;
}

static size_t take_sockets(struct parts *parts, int ret[LIMIT_SOCKETS])
{
    size_t count = 0;
    while (count < LIMIT_SOCKETS &&
           (ret[count] = activation_take(parts->activation, "public")) >= 0)
        count++;
    return count;
}

int parts_start_http(struct parts *parts, char *why)
{
    const struct conf *conf = parts->conf;
    parts->env = (struct request_env){
        .back = parts->loop,
        .cache = parts->cache,
        .flights = parts->flights,
        .keyring = parts->keyring,
        .url_suffix = conf->server.url_suffix,
        .blocked = blocked(parts),
        .plan = &parts->plan,
        .wait_ms = (int64_t)conf->fetch.wait,
    };
    int sockets[LIMIT_SOCKETS];
    const struct http_conf http = {
        .listen = conf->server.listen,
        .sockets = sockets,
        .sockets_count = take_sockets(parts, sockets),
        .fronts = conf->server.threads ? (unsigned)conf->server.threads : cores(),
        .max_connections = (unsigned)conf->server.max_connections,
        .hot_memory = conf->cache.hot_memory,
        .watch = {.header_ms = LIMIT_HEADER_S * 1000,
                  .answer_ms = LIMIT_ANSWER_S * 1000,
                  .answer_rate = LIMIT_ANSWER_RATE,
                  .tick_ms = LIMIT_WATCH_TICK_MS},
    };
    int r = http_new(&http, &parts->env, why, &parts->http);
    if (r == 0)
        settle_base_url(parts);
    return r;
}

int parts_start_submit(struct parts *parts, char *why)
{
    CLEANUP_FD int socket = activation_take(parts->activation, "submit");
    const struct submit_env env = {
        .conf = parts->conf,
        .socket = socket >= 0 ? &socket : NULL,
        .base_url = parts->base_url,
        .keyring = parts->keyring,
        .prefetch = parts->prefetch,
        .rules = parts->rules,
    };
    return submit_new(&env, why, &parts->submit);
}

int parts_start_control(struct parts *parts, char *why)
{
    CLEANUP_FD int socket = activation_take(parts->activation, "admin");
    if (parts->conf->server.admin[0] == '\0' && socket < 0)
        return 0;
    const struct control_conf control = {
        .address = parts->conf->server.admin,
        .socket = socket >= 0 ? &socket : NULL,
        .token_file = parts->conf->server.admin_token_file,
    };
    return control_new(&control, why, &parts->control);
}

int parts_open_control(struct parts *parts, char *why)
{
    (void)why;
    if (!parts->control)
        return 0;
    const struct control_env env = {
        .figures = {.back = parts->loop,
                    .http = parts->http,
                    .flights = parts->flights,
                    .pool = parts->pool,
                    .fetcher = parts->fetcher,
                    .cache = parts->cache},
        .requests = &parts->env,
        .pixels = parts->pixels,
        .base_url = parts->base_url,
    };
    control_open(parts->control, &env);
    return 0;
}

bool parts_collect_spool(const struct parts *parts)
{
    const struct conf *conf = parts->conf;
    if (!conf->prefetch.enabled || !conf->prefetch.spool)
        return false;
    const struct spool_conf spool = {
        .dir = conf->prefetch.spool,
        .url_suffix = conf->server.url_suffix,
        .keyring = parts->keyring,
        .prefetch = parts->prefetch,
        .window_s = seconds(conf->fetch.fetch_window),
        .most = SPOOL_FILES,
    };
    return spool_collect(&spool) == SPOOL_FILES;
}
