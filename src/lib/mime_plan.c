#include "lib/mime_plan.h"

#include <errno.h>
#include <stdlib.h>

void mime_plan_free(struct mime_plan *plan)
{
    buf_free(&plan->text);
    free(plan->edits);
    *plan = (struct mime_plan){0};
}

/* The text of it is what was appended since `from`. */
static void plan_add(struct mime_plan *plan, struct mime_edit edit, size_t from)
{
    edit.text = from;
    edit.text_len = plan->text.len - from;
    if (buf_error(&plan->text) && !plan->error)
        plan->error = buf_error(&plan->text);
    if (plan->error)
        return;
    if (plan->count == plan->cap) {
        size_t cap = plan->cap ? plan->cap * 2 : 16;
        struct mime_edit *grown = reallocarray(plan->edits, cap, sizeof(*grown));
        if (!grown) {
            plan->error = -ENOMEM;
            return;
        }
        plan->edits = grown;
        plan->cap = cap;
    }
    plan->edits[plan->count++] = edit;
}

void mime_plan_replace_from(struct mime_plan *plan, size_t start, size_t end, size_t from)
{
    plan_add(plan, (struct mime_edit){.start = start, .end = end, .order = plan->count + 1}, from);
}

void mime_plan_put_first_from(struct mime_plan *plan, size_t at, size_t from)
{
    plan_add(plan, (struct mime_edit){.start = at, .end = at, .order = 0}, from);
}

void mime_plan_replace(struct mime_plan *plan, size_t start, size_t end, struct span text)
{
    size_t from = plan->text.len;
    buf_add_span(&plan->text, text);
    mime_plan_replace_from(plan, start, end, from);
}

void mime_plan_put_first(struct mime_plan *plan, size_t at, struct span text)
{
    size_t from = plan->text.len;
    buf_add_span(&plan->text, text);
    mime_plan_put_first_from(plan, at, from);
}

bool mime_plan_touches(const struct mime_plan *plan, size_t start, size_t end)
{
    for (size_t i = 0; i < plan->count; i++)
        if (plan->edits[i].start < end && plan->edits[i].end >= start)
            return true;
    return false;
}

bool mime_plan_covers(const struct mime_plan *plan, size_t at)
{
    for (size_t i = 0; i < plan->count; i++)
        if (plan->edits[i].start <= at && plan->edits[i].end > at)
            return true;
    return false;
}

static int compare(const void *left, const void *right)
{
    const struct mime_edit *a = left;
    const struct mime_edit *b = right;
    if (a->start != b->start)
        return a->start < b->start ? -1 : 1;
    return a->order < b->order ? -1 : a->order > b->order;
}

/* At least how long the message will be, were there no overlap. */
static size_t length_of(const struct mime_plan *plan)
{
    size_t len = plan->message.len + plan->text.len;
    for (size_t i = 0; i < plan->count; i++) {
        size_t gone = plan->edits[i].end - plan->edits[i].start;
        len -= gone < len ? gone : len;
    }
    return len;
}

/* Growing as it goes, a buffer of megabytes would end with a good deal of room to spare. */
static void reserve_exactly(struct buf *out, size_t len)
{
    size_t max = out->max;
    if (max - out->len < len)
        return; /* it will say so itself */
    out->max = out->len + len;
    (void)buf_reserve(out, len);
    out->max = max;
}

int mime_plan_apply(struct mime_plan *plan, struct buf *out)
{
    if (plan->error)
        return plan->error;
    if (plan->count > 0)
        qsort(plan->edits, plan->count, sizeof(*plan->edits), compare);
    reserve_exactly(out, length_of(plan));
    size_t at = 0;
    for (size_t i = 0; i < plan->count; i++) {
        const struct mime_edit *edit = &plan->edits[i];
        if (edit->start < at)
            return MIME_PLAN_OVERLAP;
        buf_add_span(out, span_part(plan->message, at, edit->start - at));
        buf_add_span(out, span_part(buf_span(&plan->text), edit->text, edit->text_len));
        at = edit->end;
    }
    buf_add_span(out, span_part(plan->message, at, plan->message.len - at));
    return buf_error(out);
}
