#include "admin/control.h"

#include "admin/control_call.h"
#include "admin/metrics.h"
#include "admin/proto.h"

#include <errno.h>
#include <string.h>

#define MAX_METRICS (256 * KiB)

/* False, having answered, while the server starts. */
static bool is_up(struct call *call, enum MHD_Result *ret)
{
    const struct control *control = call->env;
    if (atomic_load(&control->phase) != CONTROL_STARTING)
        return true;
    *ret = call_send_error(call, MHD_HTTP_SERVICE_UNAVAILABLE, "the server is starting");
    return false;
}

static enum MHD_Result send_health(struct call *call, const char *trouble)
{
    return trouble ? call_send_error(call, MHD_HTTP_SERVICE_UNAVAILABLE, trouble)
                   : call_send_json(call, MHD_HTTP_OK, json_pack("{s:s}", "status", "ok"));
}

/* ---- the requests ---- */

static enum MHD_Result healthz(struct call *call)
{
    const struct control *control = call->env;
    struct figures figures;
    bool stuck = atomic_load(&control->phase) != CONTROL_STARTING &&
                 figures_gather(&control->env.figures, &figures) == -ETIMEDOUT;
    return send_health(call, stuck ? "the back thread does not turn" : NULL);
}

static enum MHD_Result readyz(struct call *call)
{
    const struct control *control = call->env;
    switch (atomic_load(&control->phase)) {
    case CONTROL_STARTING:
        return send_health(call, "the server is starting");
    case CONTROL_STOPPING:
        return send_health(call, "the server is stopping");
    default:
        return send_health(call, NULL);
    }
}

/* False, having answered, when there are none. */
static bool gather(struct call *call, struct figures *figures, enum MHD_Result *ret)
{
    const struct control *control = call->env;
    if (!is_up(call, ret))
        return false;
    int r = figures_gather(&control->env.figures, figures);
    if (r < 0)
        *ret = call_send_error(call, MHD_HTTP_SERVICE_UNAVAILABLE,
                               r == -ENOMEM ? "out of memory" : "the back thread does not turn");
    return r == 0;
}

static enum MHD_Result metrics(struct call *call)
{
    struct figures figures;
    enum MHD_Result result;
    if (!gather(call, &figures, &result))
        return result;
    struct buf text = BUF_INIT(MAX_METRICS);
    metrics_write(&figures, &text);
    size_t len;
    char *bytes = buf_steal(&text, &len);
    return bytes ? call_send(call, METRICS_TYPE, bytes, len) : MHD_NO;
}

static enum MHD_Result stats(struct call *call)
{
    struct figures figures;
    enum MHD_Result result;
    if (!gather(call, &figures, &result))
        return result;
    return call_send_json(call, MHD_HTTP_OK, metrics_json(&figures));
}

static enum MHD_Result explain(struct call *call)
{
    enum MHD_Result result;
    return is_up(call, &result) ? control_explain(call, call->env) : result;
}

static enum MHD_Result purge(struct call *call)
{
    enum MHD_Result result;
    return is_up(call, &result) ? control_purge(call, call->env) : result;
}

static enum MHD_Result trackers(struct call *call)
{
    enum MHD_Result result;
    return is_up(call, &result) ? control_trackers(call, call->env) : result;
}

static const struct proto_endpoint endpoints[] = {
    {"GET", "/healthz", 0, healthz},
    {"GET", "/metrics", 0, metrics},
    {"GET", "/readyz", 0, readyz},
    {"GET", "/v1/explain", 0, explain},
    {"POST", "/v1/purge", CONTROL_MAX_PURGE, purge},
    {"GET", "/v1/stats", 0, stats},
    {"GET", "/v1/trackers", 0, trackers},
};

/* ---- starting and stopping ---- */

static struct proto_conf proto_conf(const struct control_conf *conf)
{
    return (struct proto_conf){
        .address = conf->address,
        .socket = conf->socket,
        .mode = 0600,
        .token_file = conf->token_file,
        .max_clients = LIMIT_ADMIN_CLIENTS,
        .max_of_peer = LIMIT_ADMIN_PEER,
        .endpoints = endpoints,
        .endpoints_count = sizeof(endpoints) / sizeof(endpoints[0]),
    };
}

int control_check(const struct control_conf *conf, char *why)
{
    const struct proto_conf proto = proto_conf(conf);
    return proto_check(&proto, why);
}

int control_new(const struct control_conf *conf, char *why, struct control **ret)
{
    struct control *control = calloc(1, sizeof(*control));
    if (!control)
        return -ENOMEM;
    list_init(&control->purges);
    control->purge_wait_ms = conf->purge_wait_ms ? conf->purge_wait_ms : LIMIT_PURGE_WAIT_S * 1000;
    pthread_mutex_init(&control->lock, NULL);
    pthread_cond_init(&control->changed, NULL);
    struct proto_conf proto = proto_conf(conf);
    proto.env = control;
    int r = proto_new(&proto, why, &control->proto);
    if (r < 0) {
        control_free(control);
        return r;
    }
    *ret = control;
    return 0;
}

void control_open(struct control *control, const struct control_env *env)
{
    control->env = *env;
    atomic_store(&control->phase, CONTROL_SERVING); /* after `env`: who sees it may use that */
}

void control_close(struct control *control)
{
    int serving = CONTROL_SERVING;
    if (!control)
        return;
    atomic_compare_exchange_strong(&control->phase, &serving, CONTROL_STOPPING);
    control_purges_leave(control);
}

const char *control_address(const struct control *control)
{
    return proto_address(control->proto);
}

void control_stop(struct control *control)
{
    if (!control)
        return;
    proto_free(control->proto);
    control->proto = NULL;
}

void control_free(struct control *control)
{
    if (!control)
        return;
    control_stop(control);
    control_purges_free(control);
    pthread_cond_destroy(&control->changed);
    pthread_mutex_destroy(&control->lock);
    free(control);
}
