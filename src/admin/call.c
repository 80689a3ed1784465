#include "admin/call.h"

#include "serve/watch.h"

#include <string.h>

struct answer {
    unsigned status;
    const char *type;
    char *bytes; /* malloc'ed, taken over */
    size_t len;
    struct call_header header;
};

static bool add_header(struct MHD_Response *response, const struct call_header *header)
{
    return !header->name ||
           MHD_add_response_header(response, header->name, header->value) == MHD_YES;
}

static enum MHD_Result send_answer(struct call *call, const struct answer *answer)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(answer->len, answer->bytes, MHD_RESPMEM_MUST_FREE);
    if (!response) {
        free(answer->bytes);
        return MHD_NO;
    }
    enum MHD_Result result = MHD_NO;
    watch_answer(watch_find(call->connection), answer->len);
    /* A stranger could else ask once more and once more, and keep its connection. */
    bool stays = answer->status != MHD_HTTP_UNAUTHORIZED;
    if (MHD_add_response_header(response, "Content-Type", answer->type) == MHD_YES &&
        MHD_add_response_header(response, "Cache-Control", "no-store") == MHD_YES &&
        (stays || MHD_add_response_header(response, "Connection", "close") == MHD_YES) &&
        add_header(response, &answer->header) && add_header(response, &call->told))
        result = MHD_queue_response(call->connection, answer->status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result send_json(struct call *call, const struct call_header *header,
                                 unsigned status, json_t *json)
{
    char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    if (!text)
        return MHD_NO;
    const struct answer answer = {status, "application/json", text, strlen(text), *header};
    return send_answer(call, &answer);
}

static const struct call_header no_header;

enum MHD_Result call_send(struct call *call, const char *type, char *bytes, size_t len)
{
    return call_send_with(call, &no_header, type, bytes, len);
}

enum MHD_Result call_send_with(struct call *call, const struct call_header *header,
                               const char *type, char *bytes, size_t len)
{
    const struct answer answer = {MHD_HTTP_OK, type, bytes, len, *header};
    return send_answer(call, &answer);
}

enum MHD_Result call_send_json(struct call *call, unsigned status, json_t *json)
{
    return send_json(call, &no_header, status, json);
}

enum MHD_Result call_send_error(struct call *call, unsigned status, const char *sentence)
{
    return call_send_error_with(call, &no_header, status, sentence);
}

enum MHD_Result call_send_error_with(struct call *call, const struct call_header *header,
                                     unsigned status, const char *sentence)
{
    return send_json(call, header, status, json_pack("{s:s}", "error", sentence));
}

const char *call_argument(struct call *call, const char *name)
{
    return MHD_lookup_connection_value(call->connection, MHD_GET_ARGUMENT_KIND, name);
}

bool call_has_type(struct call *call, const char *type)
{
    const char *value =
        MHD_lookup_connection_value(call->connection, MHD_HEADER_KIND, "Content-Type");
    size_t len = strlen(type);
    return value && strncasecmp(value, type, len) == 0 &&
           (value[len] == '\0' || value[len] == ';' || value[len] == ' ');
}

bool call_json_text(const json_t *object, const char *name, const char **ret)
{
    const json_t *value = json_object_get(object, name);
    if (value && !json_is_null(value) && !json_is_string(value))
        return false;
    *ret = json_string_value(value);
    return true;
}
