/*
 * How HTML is written: one spelling for everything, so that every parser reads the same. Also what
 * the parts of the HTML rewriter share while a document passes. One document, one thread.
 */
#ifndef LIB_HTML_WRITE_H
#define LIB_HTML_WRITE_H

#include "lib/html_allow.h"
#include "lib/html_memo.h"
#include "lib/html_rewrite.h"
#include "lib/html_token.h"
#include "lib/image_ref.h"

/* What one start tag needs for a moment: kept from tag to tag, since most need a few bytes of it.
 */
enum html_scratch {
    HTML_SCRATCH_IMAGE,   /* what <img> shows or will show */
    HTML_SCRATCH_BLOCKER, /* who is behind it */
    HTML_SCRATCH_PAPER,   /* the background attribute */
    HTML_SCRATCH_LINK,
    HTML_SCRATCH_STYLE,
    HTML_SCRATCH_HELD_STYLE, /* data-shoji-style */
    HTML_SCRATCH_REHELD,     /* data-shoji-style that was there before */
    HTML_SCRATCHES,
};

struct html_document {
    struct rewrite_pass *pass;
    struct buf *out;
    struct buf scratch[HTML_SCRATCHES];
    struct buf picture; /* holding: the srcset of a <source> that went, for an <img> without src */
    struct html_memo memo;
    bool in_body; /* something came that belongs to no head */
    bool doctype_done;
    bool metas_due; /* <html> came: our own <meta> stand before what comes next */
    bool metas_done;
    bool no_prefetch;      /* our <meta> against looking up links was written */
    bool leads_away;       /* a link to elsewhere was written */
    bool foreign_open_end; /* svg or math was never closed: from there on only their tags go */
    int error;
    /* Last, since they are large, and need not be clear. */
    char base[SHOJI_URL_MAX + 1]; /* empty: relative references lead nowhere */
    struct html_tokenizer t;
};

/* Text and attribute values: everything that could be syntax, and what a second reading would
 * change. */
void html_write_text(struct buf *out, struct span text);

/* ` name="value"`, the value escaped. */
void html_write_attribute(struct buf *out, const char *name, struct span value);
void html_write_attribute_of(struct buf *out, struct span name, struct span value);

/* The same for a value in which there is nothing to be escaped. */
void html_write_attribute_plain(struct buf *out, struct span name, struct span value);

/* What reads the text of an element: html_content_set(&d->t, ...) behind its start tag. */
enum html_content html_content_of(struct span name);

/*
 * Behind the start tag of svg or math: past the drawing with all that is in it. Where it turns out
 * never to be closed, the text behind it must not be lost with it: then only its tags go, here and
 * in the rest of the document.
 */
void html_foreign_skip(struct html_document *d, const struct html_token *tag);

/* Before the first token: sets d->base by the <base> that counts, wherever it stands. At most one
 * more reading of the document. */
void html_base_find(struct html_document *d);

static inline const char *html_base(const struct html_document *d)
{
    return d->base[0] ? d->base : NULL;
}

/* Before the first tag, and behind the last one. */
void html_scratch_init(struct html_document *d);
void html_scratch_free(struct html_document *d);

/*
 * Writes the start tag that the tokenizer has just read, with the attributes that may stay. False
 * when the element is nothing without what was dropped (<source> without srcset): the tag is then
 * to go.
 */
bool html_write_start_tag(struct html_document *d, enum html_element kind,
                          const struct html_token *tag);

/* The text of a <style> and its start tag: the whole element, or nothing when nothing is left. */
void html_write_style(struct html_document *d, const struct html_token *tag, struct span css);

/* ---- CSS inside HTML, in the mode of the message ---- */

struct html_css {
    struct buf *shown; /* goes where the original stood; unless holding, it may be the output */
    struct buf *held;  /* for data-shoji-style; nothing is held back where nothing is appended */
};

/* Rewrites `css` (a style sheet or, else, declarations), `before` it in the held text. Errors to d.
 */
void html_css_rewrite(struct html_document *d, bool sheet, struct span css, struct span before,
                      const struct html_css *to);

/* Our own data-shoji-style again; appends nothing when it holds none of our URLs. */
void html_css_reheld(struct html_document *d, bool sheet, struct span held, struct buf *out);

/* Names in the report what this start tag, which is not written, would have loaded unseen. */
void html_silent(struct html_document *d, const struct html_token *tag);

void html_fail(struct html_document *d, int error);

#endif
