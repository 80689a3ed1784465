#include "lib/mime_plan.h"

#include <errno.h>
#include <stdlib.h>

void mime_plan_free(struct mime_plan *plan)
{
    buf_free(&plan->text);
    free(plan->edits);
    *plan = (struct mime_plan){0};
}

static void plan_add(struct mime_plan *plan, struct mime_edit edit, struct span text)
{
    edit.text = plan->text.len;
    edit.text_len = text.len;
    int error = buf_add_span(&plan->text, text);
    if (error && !plan->error)
        plan->error = error;
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

void mime_plan_replace(struct mime_plan *plan, size_t start, size_t end, struct span text)
{
    plan_add(plan, (struct mime_edit){.start = start, .end = end, .order = plan->count + 1}, text);
}

void mime_plan_put_first(struct mime_plan *plan, size_t at, struct span text)
{
    plan_add(plan, (struct mime_edit){.start = at, .end = at, .order = 0}, text);
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

int mime_plan_apply(struct mime_plan *plan, struct buf *out)
{
    if (plan->error)
        return plan->error;
    if (plan->count > 0)
        qsort(plan->edits, plan->count, sizeof(*plan->edits), compare);
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
