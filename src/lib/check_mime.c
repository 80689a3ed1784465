/*
 * A message, without a tree: every line that begins with "--" and any boundary named before it
 * begins a part, wherever it stands; every part is looked at, whatever contains it.
 */
#include "lib/check.h"

#include "base/limits.h"

#include <errno.h>
#include <stdint.h>

struct boundaries {
    struct span *all; /* each an allocation of its own */
    size_t count;
    uint64_t firsts[4]; /* which characters they begin with */
};

struct mail {
    struct check_run *run;
    struct span message;
    struct boundaries *boundaries;
    bool digest; /* a multipart/digest was seen: parts without a type are messages */
};

static void boundaries_free(struct boundaries *b)
{
    for (size_t i = 0; i < b->count; i++)
        free((void *)(uintptr_t)b->all[i].ptr);
    free(b->all);
}

static bool knows(const struct boundaries *b, struct span boundary)
{
    for (size_t i = 0; i < b->count; i++)
        if (span_equal(b->all[i], boundary))
            return true;
    return false;
}

static void boundaries_add(struct mail *mail, struct span boundary)
{
    struct boundaries *b = mail->boundaries;
    if (boundary.len == 0 || !check_pay(mail->run, b->count) || knows(b, boundary))
        return;
    if (b->count == LIMIT_CHECK_BOUNDARIES) {
        check_found(mail->run, &(struct check_spot){0}, "too many boundaries to judge", boundary);
        return;
    }
    if ((b->count & (b->count - 1)) == 0) {
        struct span *all = reallocarray(b->all, b->count ? 2 * b->count : 1, sizeof(*all));
        if (!all) {
            mail->run->error = -ENOMEM;
            return;
        }
        b->all = all;
    }
    char *copy = malloc(boundary.len);
    if (!copy) {
        mail->run->error = -ENOMEM;
        return;
    }
    memcpy(copy, boundary.ptr, boundary.len);
    b->all[b->count++] = (struct span){copy, boundary.len};
    unsigned char first = (unsigned char)boundary.ptr[0];
    b->firsts[first / 64] |= UINT64_C(1) << (first % 64);
}

/* Does a boundary stand at `at`? What follows it is nobody's business. */
static bool is_delimiter(struct mail *mail, size_t at)
{
    const struct boundaries *b = mail->boundaries;
    struct span rest = span_part(mail->message, at, mail->message.len);
    unsigned char first = rest.len ? (unsigned char)rest.ptr[0] : 0;
    if (rest.len == 0 || !(b->firsts[first / 64] >> (first % 64) & 1))
        return false;
    if (!check_pay(mail->run, b->count / 8 + 1))
        return true;
    for (size_t i = 0; i < b->count; i++)
        if (span_starts(rest, b->all[i]))
            return true;
    return false;
}

static bool begins_delimiter(struct mail *mail, size_t at)
{
    struct span m = mail->message;
    return at + 2 <= m.len && m.ptr[at] == '-' && m.ptr[at + 1] == '-' &&
           is_delimiter(mail, at + 2);
}

/* The next line from `at` on that is a delimiter, or the end; `at` begins a line. */
static size_t find_delimiter(struct mail *mail, size_t at)
{
    struct span m = mail->message;
    size_t from = at;
    while (at < m.len && !begins_delimiter(mail, at)) {
        const char *next = m.ptr + at;
        do
            next = memmem(next + 1, m.len - (size_t)(next + 1 - m.ptr), "--", 2);
        while (next && next[-1] != '\n' && next[-1] != '\r');
        at = next ? (size_t)(next - m.ptr) : m.len;
    }
    check_pay(mail->run, at - from);
    return at;
}

/* Where the line at `at` ends, its line end included; a bare CR ends one, too. */
static size_t line_end(struct span m, size_t at)
{
    while (at < m.len && m.ptr[at] != '\n' && m.ptr[at] != '\r')
        at++;
    if (at + 1 < m.len && m.ptr[at] == '\r' && m.ptr[at + 1] == '\n')
        return at + 2;
    return at < m.len ? at + 1 : at;
}

/* The header block at `at`: up to and with its empty line, or to the next delimiter. */
static size_t header_end(struct mail *mail, size_t at)
{
    struct span m = mail->message;
    while (at < m.len && !begins_delimiter(mail, at)) {
        size_t next = line_end(m, at);
        if (span_trim(span_part(m, at, next - at)).len == 0)
            return next;
        at = next;
    }
    return at;
}

/* Reads the part that begins at `at`; returns where the line behind its end stands. */
static size_t read_part(struct mail *mail, size_t at);

/* A message in an encoding: RFC 2046 forbids it, and clients read it. */
static void read_encoded(struct mail *mail, const struct check_part *part, struct span body)
{
    struct check_run *run = mail->run;
    if (run->depth >= LIMIT_CHECK_DEPTH) {
        check_found(run, &(struct check_spot){0}, "too deep to judge", SPAN("message/rfc822"));
        return;
    }
    for (unsigned code = CHECK_BASE64; code <= CHECK_QUOTED; code *= 2) {
        CLEANUP(buf_free) struct buf text = BUF_INIT(body.len + 16);
        if (!(part->codes & code) || !check_pay(run, body.len))
            continue;
        run->error = code == CHECK_BASE64 ? check_decode_base64(body, &text)
                                          : check_decode_quoted(body, &text);
        struct mail inner = *mail;
        inner.message = buf_span(&text);
        run->depth++;
        for (size_t at = 0; at < text.len && !check_over(run);)
            at = read_part(&inner, at);
        run->depth--;
    }
}

static void add_boundaries(struct mail *mail, const struct check_part *part)
{
    struct span list = buf_span(&part->boundary);
    while (list.len > 0) {
        size_t len = strnlen(list.ptr, list.len);
        boundaries_add(mail, span_part(list, 0, len));
        list = span_part(list, len + 1, list.len);
    }
}

static void judge_part(struct mail *mail, const struct check_part *part, struct span body)
{
    struct check_run *run = mail->run;
    if (part->kinds & CHECK_EXTERNAL)
        check_found(run, &(struct check_spot){0}, "message/external-body", body);
    if (part->kinds & CHECK_PARTIAL)
        check_found(run, &(struct check_spot){0}, "message/partial", SPAN(""));
    check_part_body(run, part, body);
    if (part->kinds & (CHECK_MESSAGE | CHECK_MULTIPART))
        read_encoded(mail, part, body);
}

/* A header and its body; where that is a message, its header and body come next. */
static size_t read_part(struct mail *mail, size_t at)
{
    struct check_run *run = mail->run;
    struct span message = mail->message;
    for (bool within = true; within && !check_over(run);) {
        CLEANUP(check_part_free) struct check_part part;
        size_t body = header_end(mail, at);
        run->part++;
        check_begin(run, SPAN(""));
        check_part_read(run, span_part(message, at, body - at), &part);
        add_boundaries(mail, &part);
        mail->digest |= part.digest;
        within = ((part.kinds & CHECK_MESSAGE) || (mail->digest && !part.typed)) && body > at;
        size_t end = find_delimiter(mail, body);
        judge_part(mail, &part, span_part(message, body, end - body));
        at = within ? body : line_end(message, end);
    }
    return at;
}

void check_mail(struct check_run *run, struct span message)
{
    CLEANUP(boundaries_free) struct boundaries boundaries = {0};
    struct mail mail = {.run = run, .message = message, .boundaries = &boundaries};
    for (size_t at = 0; at < message.len && !check_over(run);)
        at = read_part(&mail, at);
}
