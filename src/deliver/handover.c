#include "deliver/handover.h"

#include "base/date.h"
#include "deliver/server.h"
#include "sys/fd.h"

#include <jansson.h>
#include <stdarg.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define ANSWER_WAIT_S 5             /* the server only writes to its queue before it answers */
#define ANSWER_OFF    403           /* the server does not prefetch */
#define ANSWER_MAX    (64UL * 1024) /* bytes: a count, or a sentence that says why not */

__attribute__((format(printf, 2, 3))) static void say(const struct handover *to, const char *format,
                                                      ...)
{
    if (!to->why)
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(to->why, HANDOVER_WHY_SIZE, format, args);
    va_end(args);
}

void handover_add(void *ctx, const char *url, size_t len)
{
    struct handover_list *list = ctx;
    if (list->lines.max == 0)
        list->lines = BUF_INIT(HANDOVER_MAX);
    buf_add(&list->lines, url, len);
    buf_add_char(&list->lines, '\n');
    list->count++;
}

void handover_free(struct handover_list *list)
{
    buf_free(&list->lines);
    *list = (struct handover_list){0};
}

static bool line_next(struct span *rest, struct span *ret)
{
    const char *lf = memchr(rest->ptr, '\n', rest->len);
    if (!lf)
        return false;
    size_t len = (size_t)(lf - rest->ptr);
    *ret = span_part(*rest, 0, len);
    *rest = span_part(*rest, len + 1, rest->len);
    return true;
}

static char *request_body(const struct handover *to, const struct handover_list *list)
{
    json_t *urls = json_array();
    struct span rest = buf_span(&list->lines);
    struct span url;
    while (line_next(&rest, &url))
        json_array_append_new(urls, json_stringn(url.ptr, url.len));
    json_t *root = json_pack("{s:o,s:s}", "urls", urls, "kid", shoji_key_kid(to->signer->key));
    char day[DATE_TEXT];
    if (root && to->delivered != SHOJI_NOT_DELIVERED)
        json_object_set_new(root, "delivered", json_string(date_text(to->delivered, day)));
    char *body = root ? json_dumps(root, JSON_COMPACT) : NULL;
    json_decref(root);
    return body;
}

/* 0; HANDOVER_OFF; HANDOVER_NOWHERE, having said why; -ENOMEM. */
static int send_to_server(const struct handover *to, const struct handover_list *list)
{
    const char *path = to->submit;
    char *body = request_body(to, list);
    if (!body)
        return -ENOMEM;
    const struct server_request request = {
        .address = path,
        .method = "POST",
        .target = "/v1/prefetch",
        .body = body,
        .wait_s = ANSWER_WAIT_S,
        .max_answer = ANSWER_MAX,
    };
    CLEANUP(buf_free) struct buf told = BUF_INIT(ANSWER_MAX);
    int answer = server_ask(&request, &told);
    free(body);
    if (answer == 202 || answer == -ENOMEM)
        return answer == 202 ? 0 : answer;
    if (answer == ANSWER_OFF)
        return HANDOVER_OFF;
    if (answer > 0)
        say(to, "%s: the server answers %d to the images to prefetch", path, answer);
    else
        say(to, "%s: cannot hand over the images to prefetch: %s", path, strerror(-answer));
    return HANDOVER_NOWHERE;
}

/* The path of the sealed URL of each, one a line. */
static int seal_all(const struct handover *to, const struct handover_list *list, struct buf *ret)
{
    struct shoji_signer sealer = *to->signer;
    sealer.form = SHOJI_SEALED;
    struct shoji_url_options options = SHOJI_URL_OPTIONS_NONE;
    options.delivered = to->delivered;
    struct span rest = buf_span(&list->lines);
    struct span url;
    size_t base = strlen(sealer.base_url);
    while (line_next(&rest, &url)) {
        char sealed[SHOJI_SIGNED_MAX + 1];
        size_t len = 0;
        int error = shoji_url_sign(&sealer, url.ptr, url.len, &options, sealed, &len);
        if (error)
            return error;
        buf_add(ret, sealed + base, len - base);
        buf_add_char(ret, '\n');
    }
    return buf_error(ret);
}

/* For its owner and the group, which is the server's in a spool that gives away its own: what
 * stands in it is sealed. Under any umask: Dovecot's is 077, and the server would never see it. */
static int write_file(int dir, const char *name, struct span text)
{
    CLEANUP_FD int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
    if (fd < 0 || fchmod(fd, 0640) < 0)
        return -errno;
    while (text.len > 0) {
        ssize_t written = write(fd, text.ptr, text.len);
        if (written < 0 && errno != EINTR)
            return -errno;
        if (written > 0)
            text = span_part(text, (size_t)written, text.len);
    }
    return fsync(fd) < 0 ? -errno : 0;
}

/* Whole or not at all: the server takes only names that end in ".urls". */
static int spool_text(const char *path, struct span text)
{
    unsigned long long number = 0;
    if (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number))
        return -EIO;
    char unfinished[40], finished[40];
    snprintf(unfinished, sizeof(unfinished), ".%016llx.new", number);
    snprintf(finished, sizeof(finished), "%016llx.urls", number);
    CLEANUP_FD int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return -errno;
    int error = write_file(dir, unfinished, text);
    if (!error && renameat(dir, unfinished, dir, finished) < 0)
        error = -errno;
    if (error)
        unlinkat(dir, unfinished, 0);
    else
        fsync(dir);
    return error;
}

static int spool(const struct handover *to, const struct handover_list *list)
{
    struct buf text = BUF_INIT(4UL * HANDOVER_MAX);
    int error = seal_all(to, list, &text);
    if (!error)
        error = spool_text(to->spool, buf_span(&text));
    buf_free(&text);
    if (!error)
        return HANDOVER_SPOOLED;
    if (error == -ENOMEM)
        return error;
    say(to, "%s: cannot spool the images to prefetch: %s", to->spool, strerror(-error));
    return HANDOVER_NOWHERE;
}

int handover_urls(const struct handover *to, const struct handover_list *list)
{
    if (to->off)
        return HANDOVER_OFF;
    if (list->count == 0)
        return 0;
    int answer = buf_error(&list->lines);
    if (answer)
        return answer;
    answer = HANDOVER_NOWHERE;
    if (to->submit)
        answer = send_to_server(to, list);
    if (answer == HANDOVER_NOWHERE && to->spool)
        answer = spool(to, list);
    if (answer == HANDOVER_NOWHERE && !to->submit && !to->spool)
        say(to, "nobody to hand the images to: neither submit nor spool is configured");
    return answer;
}
