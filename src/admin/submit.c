#include "admin/submit.h"

#include "admin/proto.h"
#include "admin/submit_call.h"

#include <errno.h>

struct submit {
    struct submit_env env;
    struct proto *proto;
    struct proto_endpoint endpoints[4];
};

int submit_new(const struct submit_env *env, char *why, struct submit **ret)
{
    struct submit *submit = calloc(1, sizeof(*submit));
    if (!submit)
        return -ENOMEM;
    *submit = (struct submit){
        .env = *env,
        .endpoints = {{"POST", "/v1/prefetch", SUBMIT_MAX_JSON, submit_prefetch},
                      {"POST", "/v1/rewrite", env->conf->rewrite.max_message + 1 * MiB,
                       submit_rewrite},
                      {"POST", "/v1/sign", SUBMIT_MAX_JSON, submit_sign},
                      {"POST", "/v1/unrewrite", env->conf->rewrite.max_message + 1 * MiB,
                       submit_unrewrite}},
    };
    const struct proto_conf proto = {
        .address = env->conf->server.submit,
        .socket = env->socket,
        .mode = 0660,
        .max_clients = LIMIT_SUBMIT_CLIENTS,
        .endpoints = submit->endpoints,
        .endpoints_count = sizeof(submit->endpoints) / sizeof(submit->endpoints[0]),
        .env = &submit->env,
    };
    int r = proto_new(&proto, why, &submit->proto);
    if (r < 0) {
        free(submit);
        return r;
    }
    *ret = submit;
    return 0;
}

const char *submit_address(const struct submit *submit)
{
    return proto_address(submit->proto);
}

void submit_free(struct submit *submit)
{
    if (!submit)
        return;
    proto_free(submit->proto);
    free(submit);
}
