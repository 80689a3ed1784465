#include "admin/proto.h"

#include "admin/token.h"
#include "base/limits.h"
#include "serve/listener.h"
#include "sys/fd.h"

#include <string.h>

struct proto {
    struct MHD_Daemon *daemon;
    struct watch *watch;
    const struct proto_endpoint *endpoints;
    size_t endpoints_count;
    void *env;
    struct token *token; /* NULL: none is asked for */
    bool is_unix;
    bool inherited; /* its path is not ours to take away */
    char address[LISTENER_TEXT];
};

static const struct proto_endpoint *find_endpoint(const struct proto *proto, const char *path)
{
    for (size_t i = 0; i < proto->endpoints_count; i++)
        if (strcmp(path, proto->endpoints[i].path) == 0)
            return &proto->endpoints[i];
    return NULL;
}

static bool method_fits(const struct proto_endpoint *endpoint, const char *method)
{
    return strcmp(method, endpoint->method) == 0 ||
           (strcmp(method, "HEAD") == 0 && strcmp(endpoint->method, "GET") == 0);
}

static bool may(const struct proto *proto, struct MHD_Connection *connection)
{
    return !proto->token ||
           token_matches(proto->token,
                         MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Authorization"));
}

static enum MHD_Result answer(const struct proto *proto, struct call *call, const char *path,
                              const char *method)
{
    const struct proto_endpoint *endpoint = find_endpoint(proto, path);
    if (!may(proto, call->connection))
        return call_send_error_with(call, &(struct call_header){"WWW-Authenticate", "Bearer"},
                                    MHD_HTTP_UNAUTHORIZED, "the bearer token is missing or wrong");
    if (!endpoint)
        return call_send_error(call, MHD_HTTP_NOT_FOUND, "no such request here");
    if (!method_fits(endpoint, method)) {
        char only[32];
        snprintf(only, sizeof(only), "only %s", endpoint->method);
        return call_send_error_with(call, &(struct call_header){"Allow", endpoint->method},
                                    MHD_HTTP_METHOD_NOT_ALLOWED, only);
    }
    if (buf_error(&call->body))
        return call_send_error(call, MHD_HTTP_CONTENT_TOO_LARGE, "the body is too large");
    return endpoint->run(call);
}

/* The header is read, what comes next is the body: of as many bytes as it says, or at most. Nothing
 * is kept of a stranger's, and no time is spent on it. */
static struct call *begin(const struct proto *proto, struct MHD_Connection *connection,
                          const char *path)
{
    const struct proto_endpoint *endpoint = find_endpoint(proto, path);
    struct call *call = calloc(1, sizeof(*call));
    if (!call)
        return NULL;
    size_t max = endpoint && may(proto, connection) ? endpoint->max_body : 0;
    *call = (struct call){.connection = connection, .env = proto->env};
    call->body = BUF_INIT(max);
    const char *text = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Length");
    unsigned long long told = text ? strtoull(text, NULL, 10) : max;
    watch_answer(watch_find(connection), told < max ? (size_t)told : max);
    return call;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version, const char *body,
                                  size_t *body_len, void **context)
{
    (void)version;
    const struct proto *proto = cls;
    struct call *call = *context;
    if (!call) {
        *context = begin(proto, connection, path);
        return *context ? MHD_YES : MHD_NO;
    }
    if (*body_len > 0) {
        buf_add(&call->body, body, *body_len); /* its error sticks, and is answered at the end */
        *body_len = 0;
        return MHD_YES;
    }
    watch_pause(watch_find(connection)); /* until call.c has an answer */
    return answer(proto, call, path, method);
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **context,
                         enum MHD_RequestTerminationCode code)
{
    (void)cls;
    (void)code;
    struct call *call = *context;
    if (call)
        buf_free(&call->body);
    free(call);
    *context = NULL;
    watch_header(watch_find(connection));
}

/* ---- starting and stopping ---- */

/* Without the scheme that says that it is one. */
static const char *path_of(const char *address)
{
    return strncmp(address, "unix:", 5) == 0 ? address + 5 : address;
}

static bool is_unix(const char *address)
{
    const char *path = path_of(address);
    return strchr(path, '/') || !strchr(path, ':');
}

/* A duplicate: what was given is the caller's until all has succeeded. */
static int adopt_socket(struct proto *proto, const struct proto_conf *conf, int *ret)
{
    char text[LISTENER_TEXT];
    int r = listener_adopt(*conf->socket, text);
    if (r < 0)
        return r;
    proto->is_unix = strncmp(text, "unix:", 5) == 0;
    proto->inherited = true;
    snprintf(proto->address, sizeof(proto->address), "%s", path_of(text));
    if (!proto->is_unix && !proto->token)
        return -EACCES;
    int fd = fcntl(*conf->socket, F_DUPFD_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    *ret = fd;
    return 0;
}

static int open_socket(struct proto *proto, const struct proto_conf *conf, int *ret)
{
    if (conf->socket)
        return adopt_socket(proto, conf, ret);
    const char *path = path_of(conf->address);
    proto->is_unix = is_unix(conf->address);
    if (!proto->is_unix)
        return listener_open(path, 1, ret, proto->address);
    if ((size_t)snprintf(proto->address, sizeof(proto->address), "%s", path) >=
        sizeof(proto->address))
        return -ENAMETOOLONG;
    return listener_open_unix(path, conf->mode, ret);
}

static int start_watch(struct proto *proto, const struct proto_conf *conf)
{
    struct watch_conf watch = conf->watch;
    if (watch.answer_rate == 0)
        watch = (struct watch_conf){.header_ms = LIMIT_HEADER_S * 1000,
                                    .answer_ms = LIMIT_ANSWER_S * 1000,
                                    .answer_rate = LIMIT_PROGRAM_RATE,
                                    .tick_ms = LIMIT_WATCH_TICK_MS};
    watch.max = conf->max_clients;
    return watch_new(&watch, &proto->watch);
}

static int start(struct proto *proto, const struct proto_conf *conf)
{
    CLEANUP_FD int fd = -1;
    int r = open_socket(proto, conf, &fd);
    if (r == 0)
        r = start_watch(proto, conf);
    if (r < 0)
        return r;
    const struct MHD_OptionItem options[] = {
        {MHD_OPTION_LISTEN_SOCKET, fd, NULL},
        {MHD_OPTION_CONNECTION_LIMIT, conf->max_clients, NULL},
        {MHD_OPTION_PER_IP_CONNECTION_LIMIT, proto->is_unix ? 0 : conf->max_of_peer, NULL},
        {MHD_OPTION_CONNECTION_TIMEOUT, LIMIT_PROGRAM_IDLE_S, NULL},
        {MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)on_completed, NULL},
        {MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)watch_notify, proto->watch},
        {MHD_OPTION_END, 0, NULL},
    };
    proto->daemon =
        MHD_start_daemon(MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_THREAD_PER_CONNECTION, 0, NULL,
                         NULL, on_request, proto, MHD_OPTION_ARRAY, options, MHD_OPTION_END);
    if (!proto->daemon)
        return -EIO;
    fd_take(&fd);
    return 0;
}

static int load_token(const struct proto_conf *conf, char *why, struct token **ret)
{
    if (conf->token_file)
        return token_load(conf->token_file, why, ret);
    if (conf->socket || is_unix(conf->address)) /* adopt_socket sees what kind the former is */
        return 0;
    snprintf(why, 256, "%.100s can be reached by others: it needs a token file", conf->address);
    return -EINVAL;
}

int proto_check(const struct proto_conf *conf, char *why)
{
    struct token *token = NULL;
    int r = load_token(conf, why, &token);
    token_free(token);
    return r;
}

int proto_new(const struct proto_conf *conf, char *why, struct proto **ret)
{
    struct proto *proto = calloc(1, sizeof(*proto));
    if (!proto)
        return -ENOMEM;
    proto->endpoints = conf->endpoints;
    proto->endpoints_count = conf->endpoints_count;
    proto->env = conf->env;
    why[0] = '\0';
    int r = load_token(conf, why, &proto->token);
    if (r == 0)
        r = start(proto, conf);
    if (r < 0) {
        if (!why[0] && conf->socket)
            snprintf(why, 256, "cannot use the socket that was handed over: %s",
                     r == -EINVAL   ? "it does not listen for connections"
                     : r == -EACCES ? "others can reach it, and there is no token file"
                                    : strerror(-r));
        if (!why[0])
            snprintf(why, 256, "cannot listen on %.100s: %s", conf->address,
                     r == -EINVAL ? "neither a path nor an address with a port" : strerror(-r));
        watch_free(proto->watch);
        token_free(proto->token);
        free(proto);
        return r;
    }
    *ret = proto;
    return 0;
}

const char *proto_address(const struct proto *proto)
{
    return proto->address;
}

void proto_free(struct proto *proto)
{
    if (!proto)
        return;
    MHD_stop_daemon(proto->daemon);
    watch_free(proto->watch);
    if (proto->is_unix && !proto->inherited)
        unlink(proto->address);
    token_free(proto->token);
    free(proto);
}
