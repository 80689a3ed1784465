#include "net/head.h"

#include "base/limits.h"

#include <errno.h>

void head_free(struct head *head)
{
    free(head->location);
    *head = (struct head){0};
}

/* A new head begins; the counters run on. */
static int status_line(struct head *head, struct span line)
{
    struct head next = {.bytes = head->bytes, .interim = head->interim, .started = true};
    const char *space = memchr(line.ptr, ' ', line.len);
    if (!space || !span_starts(line, SPAN("HTTP/1.")))
        return HEAD_BROKEN;
    struct span rest = span_part(line, (size_t)(space - line.ptr) + 1, line.len);
    for (size_t i = 0; i < 3; i++) {
        if (i >= rest.len || rest.ptr[i] < '0' || rest.ptr[i] > '9')
            return HEAD_BROKEN;
        next.status = next.status * 10 + (rest.ptr[i] - '0');
    }
    head_free(head);
    *head = next;
    return HEAD_MORE;
}

/* RFC 9112, 6.3: one number; the same one twice is the same. A list is not worth the doubt. */
static void field_length(struct head *head, struct span value)
{
    size_t length = 0;
    if (value.len == 0 || value.len > 18)
        head->confusing = true;
    for (size_t i = 0; i < value.len && !head->confusing; i++) {
        if (value.ptr[i] < '0' || value.ptr[i] > '9')
            head->confusing = true;
        else
            length = length * 10 + (size_t)(value.ptr[i] - '0');
    }
    if (head->has_length && head->length != length)
        head->confusing = true;
    head->has_length = true;
    head->length = length;
}

static int field_location(struct head *head, struct span value)
{
    if (head->location)
        return HEAD_MORE;
    if (value.len > LIMIT_LOCATION)
        return HEAD_TOO_LARGE;
    if (memchr(value.ptr, '\0', value.len))
        return HEAD_BROKEN;
    head->location = strndup(value.ptr, value.len);
    return head->location ? HEAD_MORE : -ENOMEM;
}

static int field(struct head *head, struct span line)
{
    const char *colon = memchr(line.ptr, ':', line.len);
    if (!colon) {
        head->ours = false;
        return HEAD_MORE;
    }
    struct span name = span_trim(span_part(line, 0, (size_t)(colon - line.ptr)));
    struct span value = span_trim(span_part(line, (size_t)(colon - line.ptr) + 1, line.len));
    head->ours = true;
    if (span_equal_nocase(name, SPAN("location")))
        return field_location(head, value);
    if (span_equal_nocase(name, SPAN("content-length")))
        field_length(head, value);
    else if (span_equal_nocase(name, SPAN("content-encoding")))
        head->coded |= value.len > 0 && !span_equal_nocase(value, SPAN("identity"));
    else if (span_equal_nocase(name, SPAN("transfer-encoding"))) {
        /* libcurl would undo gzip here too, without a limit of ours. */
        head->coded |= !span_equal_nocase(value, SPAN("chunked"));
        head->chunked = true;
    } else
        head->ours = false;
    return HEAD_MORE;
}

static int blank_line(struct head *head)
{
    if (head->status >= 200) {
        head->complete = true;
        return HEAD_COMPLETE;
    }
    head->started = false;
    if (head->status < 100 || head->status == 101 || ++head->interim > LIMIT_INTERIM)
        return HEAD_BROKEN;
    return HEAD_MORE;
}

int head_line(struct head *head, struct span line)
{
    if (line.len > LIMIT_ORIGIN_HEADERS - head->bytes)
        return HEAD_TOO_LARGE;
    head->bytes += line.len;
    while (line.len > 0 && (line.ptr[line.len - 1] == '\n' || line.ptr[line.len - 1] == '\r'))
        line.len--;
    if (head->complete)
        return HEAD_MORE;
    if (!head->started)
        return status_line(head, line);
    if (line.len == 0)
        return blank_line(head);
    /* A folded line (RFC 9112, 5.2) belongs to the one before; parsers differ on what it says. */
    if (line.ptr[0] == ' ' || line.ptr[0] == '\t')
        return head->ours ? HEAD_BROKEN : HEAD_MORE;
    return field(head, line);
}

enum fetch_outcome head_outcome(const struct head *head)
{
    switch (head->status) {
    case 200:
        return head->coded || (head->confusing && !head->chunked) ? FETCH_BROKEN : FETCH_OK;
    case 204: /* without a body, and meant to be */
    case 205:
        return FETCH_GONE;
    case 301:
    case 302:
    case 303:
    case 307:
    case 308:
        return head->location ? FETCH_REDIRECT : FETCH_BROKEN;
    case 408:
    case 425:
    case 429:
        return FETCH_ORIGIN_ERROR;
    default:
        break;
    }
    if (head->status >= 500)
        return FETCH_ORIGIN_ERROR;
    /* The rest below 400 answers what was not asked: parts (206), conditions (304), choices. */
    return head->status >= 400 ? FETCH_GONE : FETCH_BROKEN;
}

bool head_agrees(const struct head *head, size_t len)
{
    return head->complete && (head->chunked || !head->has_length || head->length == len);
}
