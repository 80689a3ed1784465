#include "admin/control_call.h"

#include "serve/explain.h"

#include <string.h>

static json_t *json_steps(const struct explanation *explanation)
{
    json_t *steps = json_array();
    for (size_t i = 0; steps && i < explanation->count; i++) {
        const struct explain_step *step = &explanation->steps[i];
        json_t *json = json_pack("{s:s,s:s,s:s}", "step", step->step, "verdict", step->verdict,
                                 "sentence", step->sentence);
        if (json_array_append_new(steps, json) < 0) {
            json_decref(steps);
            return NULL;
        }
    }
    return steps;
}

enum MHD_Result control_explain(struct call *call, struct control *control)
{
    const struct explain_ask ask = {
        .url = call_argument(call, "url"),
        .base_url = control->env.base_url,
    };
    if (!ask.url || !*ask.url)
        return call_send_error(call, MHD_HTTP_BAD_REQUEST,
                               "the argument url is missing: a signed URL or an original");
    if (strlen(ask.url) > CONTROL_MAX_URL)
        return call_send_error(call, MHD_HTTP_BAD_REQUEST, "the URL is too long");
    struct explanation *explanation = calloc(1, sizeof(*explanation));
    if (!explanation)
        return call_send_error(call, MHD_HTTP_SERVICE_UNAVAILABLE, "out of memory");
    request_explain(control->env.requests, &ask, explanation);
    json_t *json = json_pack("{s:i,s:b,s:o}", "v", 1, "shown", explanation->shown, "steps",
                             json_steps(explanation));
    free(explanation);
    return call_send_json(call, MHD_HTTP_OK, json);
}
