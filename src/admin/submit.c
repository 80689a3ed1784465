#include "admin/submit.h"

#include "admin/call.h"
#include "serve/listener.h"
#include "sys/fd.h"

#include <string.h>

#define MAX_CLIENTS 64 /* threads; further ones wait in the backlog */

struct submit {
    struct submit_env env;
    struct MHD_Daemon *daemon;
    char path[];
};

struct endpoint {
    const char *path;
    size_t max_body;
    enum MHD_Result (*run)(struct call *call);
};

static const struct endpoint endpoints[] = {
    {"/v1/prefetch", CALL_MAX_JSON, call_prefetch},
    {"/v1/rewrite", 0, call_rewrite}, /* as [rewrite] max_message says */
    {"/v1/sign", CALL_MAX_JSON, call_sign},
};

static const struct endpoint *find_endpoint(const char *url)
{
    for (size_t i = 0; i < sizeof(endpoints) / sizeof(endpoints[0]); i++)
        if (strcmp(url, endpoints[i].path) == 0)
            return &endpoints[i];
    return NULL;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *body,
                                  size_t *body_len, void **context)
{
    (void)version;
    struct call *call = *context;
    const struct endpoint *endpoint = find_endpoint(url);
    if (!call) {
        call = calloc(1, sizeof(*call));
        if (!call)
            return MHD_NO;
        *call = (struct call){.connection = connection, .env = cls};
        call->body = BUF_INIT(0);
        if (endpoint)
            call->body.max = endpoint->max_body ? endpoint->max_body
                                                : call->env->conf->rewrite.max_message + 1 * MiB;
        *context = call;
        return MHD_YES;
    }
    if (*body_len > 0) {
        buf_add(&call->body, body, *body_len); /* its error sticks, and is answered at the end */
        *body_len = 0;
        return MHD_YES;
    }
    if (!endpoint)
        return call_send_error(call, MHD_HTTP_NOT_FOUND, "no such request here");
    if (strcmp(method, "POST") != 0)
        return call_send_error(call, MHD_HTTP_METHOD_NOT_ALLOWED, "only POST");
    if (buf_error(&call->body))
        return call_send_error(call, MHD_HTTP_CONTENT_TOO_LARGE, "the body is too large");
    return endpoint->run(call);
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **context,
                         enum MHD_RequestTerminationCode code)
{
    (void)cls;
    (void)connection;
    (void)code;
    struct call *call = *context;
    if (call)
        buf_free(&call->body);
    free(call);
    *context = NULL;
}

int submit_new(const struct submit_env *env, const char *path, char *why, struct submit **ret)
{
    struct submit *submit = calloc(1, sizeof(*submit) + strlen(path) + 1);
    if (!submit)
        return -ENOMEM;
    submit->env = *env;
    memcpy(submit->path, path, strlen(path) + 1);
    char address[LISTENER_TEXT], text[LISTENER_TEXT];
    int fd = -1;
    int r = snprintf(address, sizeof(address), "unix:%s", path) < (int)sizeof(address)
                ? listener_open(address, 1, &fd, text)
                : -ENAMETOOLONG;
    if (r == 0) {
        submit->daemon = MHD_start_daemon(
            MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_THREAD_PER_CONNECTION, 0, NULL, NULL, on_request,
            &submit->env, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
            (unsigned)MAX_CLIENTS, MHD_OPTION_CONNECTION_TIMEOUT, 60U, MHD_OPTION_NOTIFY_COMPLETED,
            on_completed, NULL, MHD_OPTION_END);
        if (!submit->daemon)
            r = -EIO;
    }
    if (r < 0) {
        snprintf(why, 256, "cannot listen on %.100s: %s", path, strerror(-r));
        fd_close(&fd);
        free(submit);
        return r;
    }
    *ret = submit;
    return 0;
}

void submit_free(struct submit *submit)
{
    if (!submit)
        return;
    MHD_stop_daemon(submit->daemon);
    unlink(submit->path);
    free(submit);
}
