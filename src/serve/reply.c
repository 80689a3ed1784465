#include "serve/reply.h"

#include "serve/picture.h"
#include "serve/range.h"
#include "serve/watch.h"

#include "base/span.h"

#include <errno.h>
#include <sodium.h>
#include <stdatomic.h>

#define ETAG_SIZE 24 /* bytes: two quotes, 16 characters of base64url, terminator, and room */

struct reply {
    atomic_uint refs;
    atomic_uint lives; /* all references together are one, an image's response is another */
    unsigned status;
    enum image_type type;
    const char *cache_control;
    struct MHD_Response *response;
    void *bytes; /* an image's, as long as its response, which connections hold, too */
    size_t len;
    char etag[ETAG_SIZE]; /* empty: none */
    uint8_t content[32];  /* of an image */
};

static atomic_size_t held_bytes;
static struct reply *constants[REPLY_CONSTANTS];

static const char *const content_types[] = {
    [IMAGE_NONE] = "image/png", [IMAGE_JPEG] = "image/jpeg", [IMAGE_PNG] = "image/png",
    [IMAGE_GIF] = "image/gif",  [IMAGE_WEBP] = "image/webp",
};

#define FOR_EVER "public, max-age=31536000, immutable"

/* ---- making ---- */

static bool add_header(struct MHD_Response *response, const char *name, const char *value)
{
    return MHD_add_response_header(response, name, value) == MHD_YES;
}

static bool add_headers(const struct reply *reply, struct MHD_Response *response)
{
    return add_header(response, "Content-Type", content_types[reply->type]) &&
           add_header(response, "Cache-Control", reply->cache_control) &&
           (!reply->etag[0] || add_header(response, "ETag", reply->etag)) &&
           (!reply->etag[0] || add_header(response, "Accept-Ranges", "bytes")) &&
           add_header(response, "X-Content-Type-Options", "nosniff") &&
           add_header(response, "Content-Security-Policy", "default-src 'none'; sandbox") &&
           add_header(response, "Cross-Origin-Resource-Policy", "cross-origin") &&
           add_header(response, "Referrer-Policy", "no-referrer") &&
           add_header(response, "X-Robots-Tag", "noindex") &&
           add_header(response, "Content-Disposition", "inline") &&
           (reply->status != MHD_HTTP_METHOD_NOT_ALLOWED ||
            add_header(response, "Allow", "GET, HEAD")) &&
           (reply->status != MHD_HTTP_SERVICE_UNAVAILABLE ||
            add_header(response, "Retry-After", "5"));
}

static struct reply *reply_new(unsigned status, enum image_type type, const char *cache_control)
{
    struct reply *reply = calloc(1, sizeof(*reply));
    if (!reply)
        return NULL;
    atomic_init(&reply->refs, 1);
    atomic_init(&reply->lives, 1);
    reply->status = status;
    reply->type = type;
    reply->cache_control = cache_control;
    return reply;
}

static void end_life(struct reply *reply)
{
    if (atomic_fetch_sub_explicit(&reply->lives, 1, memory_order_acq_rel) == 1)
        free(reply);
}

/* The last connection that sent the image is done with it, and so are we. */
static void response_ends(void *cls)
{
    struct reply *reply = cls;
    free(reply->bytes);
    atomic_fetch_sub_explicit(&held_bytes, reply->len, memory_order_relaxed);
    end_life(reply);
}

size_t reply_held_bytes(void)
{
    return atomic_load_explicit(&held_bytes, memory_order_relaxed);
}

static struct reply *make_constant(enum reply_constant which)
{
    static const struct {
        unsigned status;
        enum image_type type;
        const char *cache_control;
        const void *bytes;
        size_t len;
    } table[] = {
        [REPLY_BLANK] = {200, IMAGE_GIF, "public, max-age=86400", picture_blank_gif,
                         sizeof(picture_blank_gif)},
        [REPLY_MISSING] = {404, IMAGE_PNG, "public, max-age=300", picture_placeholder_png,
                           sizeof(picture_placeholder_png)},
        [REPLY_LATER] = {404, IMAGE_PNG, "public, max-age=60", picture_placeholder_png,
                         sizeof(picture_placeholder_png)},
        [REPLY_GONE] = {410, IMAGE_PNG, "public, max-age=300", picture_placeholder_png,
                        sizeof(picture_placeholder_png)},
        [REPLY_REFUSED] = {403, IMAGE_NONE, "no-store", "", 0},
        [REPLY_METHOD] = {405, IMAGE_NONE, "no-store", "", 0},
        [REPLY_BAD] = {400, IMAGE_NONE, "no-store", "", 0},
        [REPLY_OVERLOAD] = {503, IMAGE_NONE, "no-store", "", 0},
    };
    struct reply *reply =
        reply_new(table[which].status, table[which].type, table[which].cache_control);
    if (!reply)
        return NULL;
    reply->response = MHD_create_response_from_buffer(
        table[which].len, (void *)(uintptr_t)table[which].bytes, MHD_RESPMEM_PERSISTENT);
    if (!reply->response || !add_headers(reply, reply->response)) {
        reply_unref(reply);
        return NULL;
    }
    return reply;
}

int reply_setup(void)
{
    for (int i = 0; i < REPLY_CONSTANTS; i++) {
        constants[i] = make_constant((enum reply_constant)i);
        if (!constants[i])
            return -ENOMEM;
    }
    return 0;
}

void reply_teardown(void)
{
    for (int i = 0; i < REPLY_CONSTANTS; i++) {
        reply_unref(constants[i]);
        constants[i] = NULL;
    }
}

struct reply *reply_constant(enum reply_constant which)
{
    return constants[which];
}

int reply_image(enum image_type type, void *bytes, size_t len, const uint8_t content[32],
                struct reply **ret)
{
    struct reply *reply = reply_new(MHD_HTTP_OK, type, FOR_EVER);
    if (!reply) {
        free(bytes);
        return -ENOMEM;
    }
    char *tag = reply->etag; /* "16 characters", in quotes */
    sodium_bin2base64(tag + 1, 17, content, 12, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    tag[0] = tag[17] = '"';
    reply->bytes = bytes;
    reply->len = len;
    memcpy(reply->content, content, sizeof(reply->content));
    atomic_fetch_add_explicit(&held_bytes, len, memory_order_relaxed);
    atomic_store(&reply->lives, 2);
    reply->response =
        MHD_create_response_from_buffer_with_free_callback_cls(len, bytes, response_ends, reply);
    if (!reply->response)
        response_ends(reply);
    if (!reply->response || !add_headers(reply, reply->response)) {
        reply_unref(reply);
        return -ENOMEM;
    }
    *ret = reply;
    return 0;
}

int reply_wanted(const struct cache *cache, struct cache_want *want, struct reply **ret)
{
    const struct cache_record *record = want->record;
    if (record->pixel) {
        *ret = reply_ref(reply_constant(REPLY_BLANK));
        return 0;
    }
    void *bytes;
    size_t len;
    int r = cache_read_wanted(cache, want, &bytes, &len);
    return r != 0 ? r
                  : reply_image((enum image_type)record->type, bytes, len, record->content, ret);
}

int reply_stored(const struct cache *cache, const struct cache_record *record, struct reply **ret)
{
    struct cache_want want = {.record = record};
    return reply_wanted(cache, &want, ret);
}

struct reply *reply_ref(struct reply *reply)
{
    atomic_fetch_add_explicit(&reply->refs, 1, memory_order_relaxed);
    return reply;
}

void reply_unref(struct reply *reply)
{
    if (!reply || atomic_fetch_sub_explicit(&reply->refs, 1, memory_order_acq_rel) != 1)
        return;
    if (reply->response)
        MHD_destroy_response(reply->response);
    end_life(reply);
}

bool reply_is_picture(const struct reply *reply)
{
    return reply->status == MHD_HTTP_OK;
}

const uint8_t *reply_content(const struct reply *reply)
{
    return reply->bytes ? reply->content : NULL;
}

size_t reply_bytes(const struct reply *reply, const void **ret)
{
    *ret = reply->bytes;
    return reply->len;
}

enum image_type reply_type(const struct reply *reply)
{
    return reply->type;
}

/* ---- sending ---- */

enum MHD_Result reply_send(struct MHD_Connection *connection, struct reply *reply)
{
    watch_answer(watch_find(connection), reply->len);
    return MHD_queue_response(connection, reply->status, reply->response);
}

/* Is our entity tag in this If-None-Match list? Weak comparison: a W/ before it does not matter. */
static bool etag_listed(const char *list, const char *etag)
{
    if (strcmp(list, "*") == 0)
        return true;
    size_t len = strlen(etag);
    for (const char *at = list; (at = strstr(at, etag)); at += len) {
        bool begins =
            at == list || at[-1] == ' ' || at[-1] == ',' || at[-1] == '/' || at[-1] == '\t';
        char after = at[len];
        if (begins && (after == '\0' || after == ',' || after == ' ' || after == '\t'))
            return true;
    }
    return false;
}

static void release_reply(void *reply)
{
    reply_unref(reply);
}

/* Queues a response made for this one connection and gives it away. */
static enum MHD_Result send_own(struct MHD_Connection *connection, const struct reply *reply,
                                unsigned status, struct MHD_Response *response)
{
    watch_answer(watch_find(connection), reply->len); /* at most that */
    enum MHD_Result result = MHD_NO;
    if (response && add_headers(reply, response))
        result = MHD_queue_response(connection, status, response);
    if (response)
        MHD_destroy_response(response);
    return result;
}

static enum MHD_Result send_empty(struct MHD_Connection *connection, const struct reply *reply,
                                  unsigned status, const char *content_range)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(0, (void *)(uintptr_t) "", MHD_RESPMEM_PERSISTENT);
    if (response && content_range && !add_header(response, "Content-Range", content_range)) {
        MHD_destroy_response(response);
        return MHD_NO;
    }
    return send_own(connection, reply, status, response);
}

static enum MHD_Result send_part(struct MHD_Connection *connection, struct reply *reply,
                                 struct range range)
{
    struct MHD_Response *response = MHD_create_response_from_buffer_with_free_callback_cls(
        range.len, (char *)reply->bytes + range.first, release_reply, reply);
    if (!response)
        return MHD_NO;
    reply_ref(reply); /* given back by release_reply */
    char text[80];
    snprintf(text, sizeof(text), "bytes %zu-%zu/%zu", range.first, range.first + range.len - 1,
             reply->len);
    if (!add_header(response, "Content-Range", text)) {
        MHD_destroy_response(response);
        return MHD_NO;
    }
    return send_own(connection, reply, MHD_HTTP_PARTIAL_CONTENT, response);
}

static const char *request_header(struct MHD_Connection *connection, const char *name)
{
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

unsigned reply_status(const struct reply *reply)
{
    return reply->status;
}

static enum MHD_Result send_range(struct MHD_Connection *connection, struct reply *reply,
                                  const char *wanted, unsigned *ret_status)
{
    struct range range;
    switch (range_parse(wanted, reply->len, &range)) {
    case RANGE_PART:
        *ret_status = MHD_HTTP_PARTIAL_CONTENT;
        return send_part(connection, reply, range);
    case RANGE_UNSATISFIABLE: {
        char text[40];
        snprintf(text, sizeof(text), "bytes */%zu", reply->len);
        *ret_status = MHD_HTTP_RANGE_NOT_SATISFIABLE;
        return send_empty(connection, reply, MHD_HTTP_RANGE_NOT_SATISFIABLE, text);
    }
    default:
        return reply_send(connection, reply);
    }
}

enum MHD_Result reply_send_conditional(struct MHD_Connection *connection, struct reply *reply,
                                       bool head, unsigned *ret_status)
{
    *ret_status = reply->status;
    if (!reply->etag[0])
        return reply_send(connection, reply);
    const char *none_match = request_header(connection, "If-None-Match");
    if (none_match && etag_listed(none_match, reply->etag)) {
        *ret_status = MHD_HTTP_NOT_MODIFIED;
        return send_empty(connection, reply, MHD_HTTP_NOT_MODIFIED, NULL);
    }
    const char *wanted = head ? NULL : request_header(connection, "Range");
    const char *if_range = request_header(connection, "If-Range");
    if (!wanted || (if_range && strcmp(if_range, reply->etag) != 0))
        return reply_send(connection, reply);
    return send_range(connection, reply, wanted, ret_status);
}
