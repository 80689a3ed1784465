/*
 * CSS in, CSS out that can load nothing but our signed images: tokens, allowlists, and every rule
 * written anew. What is not understood is not written. No tree, no recursion; nesting deeper than
 * LIMIT_CSS_DEPTH ends the style sheet there. Time is linear. The result is valid UTF-8 without
 * '<'.
 */
#ifndef LIB_CSS_REWRITE_H
#define LIB_CSS_REWRITE_H

#include "lib/css_token.h"
#include "lib/image_ref.h"

struct css_job {
    struct image_use images;
    size_t remote; /* how many signed URLs were written */
};

/* A style sheet (contents of <style>). 0, -E2BIG or -ENOMEM; appends to `out`. */
MUST_CHECK int css_rewrite_sheet(struct css_job *job, struct span in, struct buf *out);

/* A list of declarations (a style attribute). */
MUST_CHECK int css_rewrite_style(struct css_job *job, struct span in, struct buf *out);

/* ---- between the files of the rewriter ---- */

struct css_writer {
    struct css_tokenizer t;
    struct css_job *job;
    struct buf *out;
    int error;
};

/* Where css_skip stops, at no depth. It never crosses a stop, and always reaches one or the end. */
enum css_stop {
    CSS_STOP_SEMICOLON = 1,
    CSS_STOP_BLOCK = 2, /* '{' */
    CSS_STOP_CLOSE = 4, /* a '}' that closes nothing here: the end of the block around */
};

/* Skips component values; t.at then stands at the stop. False at the end of the input. */
bool css_skip(struct css_writer *w, unsigned stops);

/* Counts `before` `name` `after` as one construct that was taken out. */
void css_neutralised(struct css_writer *w, const char *before, struct span name, const char *after);

/*
 * Reads declarations to the end of the input or, `in_block`, to the '}' (not consumed), and writes
 * those that are allowed. Returns how many it wrote.
 */
size_t css_declarations(struct css_writer *w, bool in_block);

/*
 * A prelude up to its '{', which is consumed and not written. False (what was written stays, for
 * the caller to cut; t.at is anywhere) when it cannot be written.
 */
bool css_selectors(struct css_writer *w);
bool css_keyframe_selectors(struct css_writer *w);
bool css_condition(struct css_writer *w); /* of @media and @supports */
bool css_keyframes_name(struct css_writer *w);

/* Nothing but letters, digits, '-', '_' and what is not ASCII. */
bool css_is_plain(struct span name);

#endif
