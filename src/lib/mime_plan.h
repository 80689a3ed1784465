/*
 * A plan: what is to change in a message, as a list of splices over its offsets. Whatever no splice
 * covers comes out byte for byte.
 *
 * The plan owns the new text and borrows the message. Errors stick (-ENOMEM, -E2BIG), so a writer
 * asks once, at plan_apply. Splices may be added in any order but must not overlap.
 */
#ifndef LIB_MIME_PLAN_H
#define LIB_MIME_PLAN_H

#include "base/buf.h"

struct mime_edit {
    size_t start;
    size_t end;
    size_t text; /* offset into mime_plan.text */
    size_t text_len;
    size_t order; /* among the edits of one start */
};

struct mime_plan {
    struct span message;
    struct buf text;
    struct mime_edit *edits;
    size_t count;
    size_t cap;
    int error;
};

#define MIME_PLAN_INIT(the_message, max_bytes)                                                     \
    ((struct mime_plan){.message = (the_message), .text = BUF_INIT(max_bytes)})

void mime_plan_free(struct mime_plan *plan);

/* message[start, end) becomes `text`, which is copied. */
void mime_plan_replace(struct mime_plan *plan, size_t start, size_t end, struct span text);

/* The same before everything else that is put at `at`. */
void mime_plan_put_first(struct mime_plan *plan, size_t at, struct span text);

/* The same without a copy, for large texts: append to the plan's text, beginning at `from` (its
 * length until then), and then say what for. Nothing else may be planned in between. */
void mime_plan_replace_from(struct mime_plan *plan, size_t start, size_t end, size_t from);
void mime_plan_put_first_from(struct mime_plan *plan, size_t at, size_t from);

/* Is there a splice within [start, end)? */
bool mime_plan_touches(const struct mime_plan *plan, size_t start, size_t end);

/* Will the byte at `at` be replaced? */
bool mime_plan_covers(const struct mime_plan *plan, size_t at);

enum mime_plan_answer {
    MIME_PLAN_OVERLAP = 1, /* two splices want the same bytes */
};

/* Appends the changed message to `out`. 0, MIME_PLAN_OVERLAP, or the first error. */
int mime_plan_apply(struct mime_plan *plan, struct buf *out);

#endif
