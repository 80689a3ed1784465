#include "lib/mime_header.h"

#include "base/limits.h"

#include "lib/report.h"

#define REMOVED SPAN("X-Removed-")

enum fate {
    FATE_KEEP,
    FATE_RECEIPT, /* asks the reader's client to tell the sender */
    FATE_LOAD,    /* names something that a client loads or believes */
    FATE_KEY_URL, /* FATE_LOAD when the value holds a URL */
};

static const struct {
    const char *name;
    enum fate fate;
} fates[] = {
    {"disposition-notification-to", FATE_RECEIPT},
    {"return-receipt-to", FATE_RECEIPT},
    {"return-receipt-requested", FATE_RECEIPT},
    {"read-receipt-to", FATE_RECEIPT},
    {"x-confirm-reading-to", FATE_RECEIPT},
    {"generate-delivery-report", FATE_RECEIPT},
    {"x-pmrqc", FATE_RECEIPT},
    {"registered-mail-reply-requested-by", FATE_RECEIPT},
    {"x-mozilla-external-attachment-url", FATE_LOAD},
    {"x-mozilla-cloud-part", FATE_LOAD},
    {"x-mozilla-altered", FATE_LOAD},
    {"x-image-url", FATE_LOAD},
    {"x-avatar-url", FATE_LOAD},
    {"openpgp", FATE_KEY_URL},
    {"x-pgp-key", FATE_KEY_URL},
    {"bimi-location", FATE_LOAD},
    {"bimi-selector", FATE_LOAD},
    {"bimi-indicator", FATE_LOAD},
};

/* *ret_name: the name in one spelling, the sender's being his own. */
static enum fate fate_of(struct span name, struct span value, struct span *ret_name)
{
    for (size_t i = 0; i < sizeof(fates) / sizeof(fates[0]); i++) {
        if (!span_equal_nocase(name, span_of(fates[i].name)))
            continue;
        *ret_name = span_of(fates[i].name);
        if (fates[i].fate == FATE_KEY_URL)
            return memmem(value.ptr, value.len, "://", 3) ? FATE_LOAD : FATE_KEEP;
        return fates[i].fate;
    }
    return FATE_KEEP;
}

/* The domain of the address that a receipt would go to; empty when there is none. */
static struct span domain_of(struct span address)
{
    const char *at = memrchr(address.ptr, '@', address.len);
    if (!at)
        return (struct span){"", 0};
    struct span rest = span_part(address, (size_t)(at - address.ptr) + 1, LIMIT_FIELD_PARAM);
    size_t len = 0;
    while (len < rest.len && rest.ptr[len] > ' ' && rest.ptr[len] <= '~' &&
           !strchr("<>(),;\"", rest.ptr[len]))
        len++;
    return span_part(rest, 0, len);
}

/* A line that holds nothing but blanks ends the header for some readers and folds it for others. */
static bool is_blank_line(struct span line)
{
    return span_trim(line).len == 0;
}

/* Appends a field without stray bytes and blank continuation lines. */
static void put_clean(struct span field, struct span eol, struct buf *out)
{
    size_t at = 0;
    while (at < field.len) {
        const char *lf = memchr(field.ptr + at, '\n', field.len - at);
        size_t next = lf ? (size_t)(lf - field.ptr) + 1 : field.len;
        struct span line = span_part(field, at, next - at);
        at = next;
        struct span text = span_part(line, 0, mime_field_text_len(line));
        if (is_blank_line(text))
            continue;
        for (size_t i = 0; i < text.len; i++)
            buf_add_char(out, mime_field_is_stray(text, i) ? MIME_FIELD_STRAY : text.ptr[i]);
        buf_add_span(out, span_ends(line, SPAN("\r\n")) ? SPAN("\r\n") : lf ? SPAN("\n") : eol);
    }
}

static bool has_blank_line(struct span field)
{
    size_t at = 0;
    while (at < field.len) {
        const char *lf = memchr(field.ptr + at, '\n', field.len - at);
        size_t next = lf ? (size_t)(lf - field.ptr) + 1 : field.len;
        if (is_blank_line(span_part(field, at, next - at)))
            return true;
        at = next;
    }
    return false;
}

static bool is_dirty(struct span field)
{
    for (size_t i = 0; i < field.len; i++)
        if (mime_field_is_stray(field, i))
            return true;
    return false;
}

/* Nothing is written of it, since it is dirty and holds nothing else. */
static bool vanishes(struct span message, const struct mime_field *field)
{
    CLEANUP(buf_free) struct buf text = BUF_INIT(2 * LIMIT_HEADER_BLOCK);
    struct span whole = span_part(message, field->start, field->end - field->start);
    if (!is_dirty(whole))
        return false;
    put_clean(whole, SPAN("\n"), &text);
    return text.len == 0;
}

static bool is_named(const struct mime_field *field, const char *name)
{
    return span_equal_nocase(field->name, span_of(name));
}

enum deed { DEED_KEEP, DEED_RENAME, DEED_DROP };

static enum deed listed_deed(const struct mime_header *header, const struct mime_field *field)
{
    struct span name = field->name;
    bool again = span_equal_nocase(span_part(name, 0, REMOVED.len), REMOVED);
    if (again) /* done by an earlier pass, whose count this pass must reach, too */
        name = span_part(name, REMOVED.len, name.len);
    if (again && span_starts(name, SPAN("\xef\xbb\xbf"))) /* where mime_field_next passed it by */
        name = span_part(name, 3, name.len);
    switch (fate_of(name, field->value, &name)) {
    case FATE_RECEIPT:
        if (header->keep_receipts && !again)
            return DEED_KEEP;
        report_tracker(header->report, SPAN(""), domain_of(field->value), "receipt", "kind",
                       "removed");
        break;
    case FATE_LOAD:
        report_neutralised(header->report, name);
        break;
    case FATE_KEY_URL:
    case FATE_KEEP:
        return DEED_KEEP;
    }
    return again ? DEED_KEEP : DEED_RENAME;
}

static enum deed field_deed(const struct mime_header *header, const struct mime_change *change,
                            const struct mime_field *field, bool top)
{
    if (field->name.len == 0 || span_starts(field->name, SPAN("--")))
        return change->clean ? DEED_DROP : DEED_KEEP;
    if (top && is_named(field, "X-Shoji"))
        return DEED_DROP;
    if (is_named(field, "Content-Type") && change->type)
        return change->keep_type ? DEED_RENAME : DEED_DROP;
    if (is_named(field, "Content-Transfer-Encoding")) {
        if (change->hide_code)
            return DEED_RENAME;
        return change->code ? DEED_DROP : DEED_KEEP;
    }
    if (is_named(field, "Content-Base") || is_named(field, "Content-Location"))
        return change->rebase || change->detach ? DEED_RENAME : DEED_KEEP;
    if (is_named(field, "Content-ID") || is_named(field, "Content-Disposition"))
        return change->detach ? DEED_RENAME : DEED_KEEP;
    return listed_deed(header, field);
}

static void plan_field(const struct mime_header *header, const struct mime_field *field,
                       enum deed deed, bool clean)
{
    struct mime_plan *plan = header->plan;
    struct span whole = span_part(plan->message, field->start, field->end - field->start);
    bool dirty = is_dirty(whole);
    if (deed == DEED_DROP) {
        mime_plan_replace(plan, field->start, field->end, SPAN(""));
        return;
    }
    if (dirty || (clean && has_blank_line(whole))) {
        CLEANUP(buf_free) struct buf text = BUF_INIT(2 * LIMIT_HEADER_BLOCK);
        if (deed == DEED_RENAME)
            buf_add_span(&text, REMOVED);
        put_clean(whole, header->eol, &text);
        if (buf_error(&text) && !plan->error)
            plan->error = buf_error(&text);
        mime_plan_replace(plan, field->start, field->end, buf_span(&text));
    } else if (deed == DEED_RENAME) {
        mime_plan_replace(plan, field->start, field->start, REMOVED);
    }
}

static void put_field(struct buf *out, const char *name, const char *value, struct span eol)
{
    if (!value)
        return;
    buf_add_format(out, "%s: %s", name, value);
    buf_add_span(out, eol);
}

void mime_header_edit(const struct mime_header *header, const struct mime_part *part, bool top,
                      const struct mime_change *change)
{
    struct mime_plan *plan = header->plan;
    struct mime_fields fields = {
        .message = plan->message, .at = part->header, .end = part->header_end};
    struct mime_field field;
    size_t at = part->header; /* where new fields go: before the first Content-Type */
    bool found = false;
    bool told = false;
    while (mime_field_next(&fields, &field)) {
        if (!found && is_named(&field, "Content-Type")) {
            at = field.start;
            found = true;
        }
        told |= is_named(&field, "X-Shoji-Fallback");
    }

    CLEANUP(buf_free) struct buf fresh = BUF_INIT(64 * KiB);
    put_field(&fresh, "Content-Type", change->type, header->eol);
    put_field(&fresh, "Content-Transfer-Encoding", change->code, header->eol);
    put_field(&fresh, "Content-Disposition", change->detach ? "attachment" : NULL, header->eol);
    put_field(&fresh, "X-Removed-Content-Type", change->no_type ? "none" : NULL, header->eol);
    put_field(&fresh, "X-Shoji-Fallback", told ? NULL : change->fallback, header->eol);
    if (buf_error(&fresh) && !plan->error)
        plan->error = buf_error(&fresh);
    if (fresh.len > 0)
        mime_plan_replace(plan, at, at, buf_span(&fresh));

    /* A first line that continues nothing would continue what is put before it. A name for it that
     * nothing followed would take the next field for itself, or the end of the header. */
    bool named = change->clean; /* then such lines go */
    fields.at = part->header;
    while (mime_field_next(&fields, &field)) {
        char first = plan->message.ptr[field.start];
        bool stray = (first == ' ' || first == '\t') && !vanishes(plan->message, &field);
        if (stray && !named)
            mime_plan_replace(plan, field.start, field.start, SPAN("X-Removed-Line:"));
        named |= stray;
        plan_field(header, &field, field_deed(header, change, &field, top), change->clean);
    }
}

void mime_header_copy(struct span message, const struct mime_part *part, struct span eol,
                      struct buf *out)
{
    size_t end = part->header_end > part->header ? part->header_end : message.len;
    if (end - part->header > LIMIT_HEADER_BLOCK / 2) /* what is put to it must fit, too */
        end = part->header + LIMIT_HEADER_BLOCK / 2;
    struct mime_fields fields = {.message = message, .at = part->header, .end = end};
    struct mime_field field;
    buf_add_span(out, span_part(message, 0, part->header));
    while (mime_field_next(&fields, &field)) {
        struct span whole = span_part(message, field.start, field.end - field.start);
        if (span_trim(whole).len == 0) /* the blank line, where the scan stopped before it */
            break;
        if (field.name.len == 0 || is_named(&field, "MIME-Version") ||
            is_named(&field, "X-Shoji") || is_named(&field, "X-Shoji-Fallback") ||
            span_equal_nocase(span_part(field.name, 0, 8), SPAN("Content-")))
            continue;
        put_clean(whole, eol, out);
    }
}
