/*
 * New bodies for single leaves. Each function plans the change of one part's header block and body;
 * what it does not plan stays as it is. -ENOMEM is passed on; any other trouble ends in text.
 */
#ifndef LIB_MIME_LEAF_H
#define LIB_MIME_LEAF_H

#include "lib/html_rewrite.h"
#include "lib/mime_header.h"
#include "lib/rules.h"

struct mime_pass {
    struct shoji_rewrite how; /* as asked for, or as spam wants it */
    struct rewrite_pass html;
    struct mime_header header;
    struct mime_plan plan;
    struct mime_scan scan;
    struct span message;
    struct mime_base *bases;    /* one a part (mime_base.h); NULL: not asked for yet */
    struct span base;           /* canonical Content-Base of the part at hand, or empty */
    struct rules_sender sender; /* who has signed the message itself */
    size_t html_leaves;
    bool marked;          /* something here was taken out, now or by an earlier pass */
    bool text_only;       /* of HTML parts only the text is wanted */
    const char *original; /* the beginning of the message that travels along already */
    size_t gone_to;       /* parts that begin before this offset went with the one around them */
    bool amp_removed;     /* these four leave no trace of their own, so the top gets one */
    bool html_removed;
    bool ambiguous;
    bool properties;
};

/* An HTML part: rewritten, or its text. */
int mime_leaf_html(struct mime_pass *pass, const struct mime_part *part,
                   const struct mime_content *content, struct mime_change *change);

/* iCalendar or vCard: properties whose value a client would load are renamed X-REMOVED-<name>. */
int mime_leaf_properties(struct mime_pass *pass, const struct mime_part *part,
                         const struct mime_content *content, struct mime_change *change);

/* message/external-body: a note that says what was not fetched. */
int mime_leaf_external(struct mime_pass *pass, const struct mime_part *part,
                       struct mime_change *change);

/* The same bytes encoded anew, so that no line in it looks like a delimiter to anybody. */
int mime_leaf_recode(struct mime_pass *pass, const struct mime_part *part,
                     const struct mime_content *content, struct mime_change *change);

/* Plans the body of `part` to be what was appended to the plan's text since `from`, encoded. Sees
 * to it that encoded text at the end of the message ends its line, and once more where the
 * delimiter of the original will follow (mime_signed.h). */
int mime_leaf_put(struct mime_pass *pass, const struct mime_part *part, size_t from);

/* The text of a leaf as UTF-8: decoded, converted. `ret` is empty before. 0, CHARSET_CONFLICT (then
 * read as the likelier of the two), or a negative error. */
int mime_leaf_text(struct span message, const struct mime_part *part,
                   const struct mime_content *content, struct buf *ret);

#endif
