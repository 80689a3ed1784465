/* Whatever an origin sends as a head: within limits, and never taken for a picture by confusion. */
#include "base/limits.h"
#include "net/head.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void check(const struct head *head)
{
    enum fetch_outcome outcome = head_outcome(head);
    if (outcome == FETCH_OK)
        must(head->status == 200 && !head->coded && (head->chunked || !head->confusing));
    if (outcome == FETCH_REDIRECT)
        must(head->status >= 301 && head->status <= 308 &&
             strlen(head->location) <= LIMIT_LOCATION);
    if (head->has_length && !head->chunked)
        must(!head_agrees(head, head->length + 1));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct head head = {0};
    struct span rest = {(const char *)bytes, len};
    int r = HEAD_MORE;
    while (rest.len > 0 && (r == HEAD_MORE || r == HEAD_COMPLETE)) {
        const char *end = memchr(rest.ptr, '\n', rest.len);
        size_t line = end ? (size_t)(end - rest.ptr) + 1 : rest.len;
        r = head_line(&head, span_part(rest, 0, line));
        rest = span_part(rest, line, rest.len);
        must(head.bytes <= LIMIT_ORIGIN_HEADERS && head.interim <= LIMIT_INTERIM + 1);
        if (r == HEAD_COMPLETE)
            check(&head);
    }
    head_free(&head);
    return 0;
}
