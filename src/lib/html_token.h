/*
 * The tokenizer of the HTML standard (13.2.5) over a document in memory: every state that decides
 * where text ends and a tag begins, character references included. It builds no tree: whoever reads
 * the tokens says, after a start tag, how the text behind it is to be read (html_content_set).
 *
 * Input must come from html_input(). Token text is borrowed from the input or from the tokenizer
 * and lives until the next call. Time is linear in the input; memory is that of the longest token.
 * A tag keeps its first LIMIT_ATTRIBUTES attributes, the first of each name; an unfinished tag at
 * the end is no token. Text comes in pieces: adjacent text tokens belong together. One thread a
 * tokenizer.
 */
#ifndef LIB_HTML_TOKEN_H
#define LIB_HTML_TOKEN_H

#include "base/buf.h"
#include "base/limits.h"

#include <stdint.h>

enum html_token_type {
    HTML_END, /* of the input; comes again and again */
    HTML_TEXT,
    HTML_START_TAG,
    HTML_END_TAG,
    HTML_COMMENT,
    HTML_DOCTYPE,
};

/* How text is read. All but HTML_DATA end at the end tag of the last start tag, or never. */
enum html_content {
    HTML_DATA,
    HTML_RCDATA,    /* title, textarea: references are resolved, tags are text */
    HTML_RAWTEXT,   /* style, xmp, iframe, noembed, noframes */
    HTML_SCRIPT,    /* as HTML_RAWTEXT, with the hiding rules for "<!--<script>" */
    HTML_PLAINTEXT, /* to the end of the input */
    HTML_CDATA,     /* to "]]>" */
};

struct html_attribute {
    struct span name; /* lower case */
    struct span value;
    size_t name_at; /* where they lie in the tokenizer's store, if they do, while it may move */
    size_t value_at;
    bool plain; /* nothing in the value is more than itself in a quoted attribute; it lies in the
                 * input */
};

struct html_doctype {
    struct span name; /* lower case */
    struct span public_id;
    struct span system_id;
    bool has_name, has_public, has_system;
    bool force_quirks;
};

struct html_token {
    enum html_token_type type;
    struct span text; /* of text and comments; the name (lower case) of tags */
    const struct html_attribute *attributes;
    size_t attributes_count;
    bool self_closing;
    bool plain; /* nothing in the text is more than itself in the text of a document */
    const struct html_doctype *doctype;
};

/* Finds a name among the attributes of the tag at hand in constant time. */
struct html_attribute_slot {
    uint32_t tag; /* valid only in the tag of this number */
    uint32_t index;
};

#define HTML_ATTRIBUTE_SLOTS 1024 /* a power of two, at least twice LIMIT_ATTRIBUTES */

struct html_tokenizer {
    struct span in;
    size_t at;
    enum html_content content;
    size_t content_end;    /* where the text of this content ends; SIZE_MAX: not looked for yet */
    bool foreign;          /* set by the reader: "<![CDATA[" is a section, not a comment */
    struct span start;     /* name of the start tag that was just given, or empty */
    struct buf last_start; /* name of the last start tag behind which content was set */
    struct buf store;      /* decoded text of the token at hand */
    uint64_t key;          /* of the hash of attribute names: random, odd; 0: none was needed yet */
    uint32_t tag_number;
    struct html_doctype doctype;
    struct html_attribute attributes[LIMIT_ATTRIBUTES];
    struct html_attribute_slot slots[HTML_ATTRIBUTE_SLOTS];
};

/* Sets up `t` (some 40 KiB: not for the stack of a deep call) over `in`, which must outlive it. */
void html_tokenizer_init(struct html_tokenizer *t, struct span in);
void html_tokenizer_free(struct html_tokenizer *t);

/* How what follows is read, until the end tag of the start tag that was just given. */
void html_content_set(struct html_tokenizer *t, enum html_content content);

/* The next token. 0 or -ENOMEM. */
MUST_CHECK int html_token_next(struct html_tokenizer *t, struct html_token *ret);

/* The value of an attribute, or NULL. */
const struct span *html_token_attribute(const struct html_token *token, const char *name);

/* Does this doctype put a browser into quirks mode? (None at all does, too.) */
bool html_doctype_is_quirky(const struct html_doctype *doctype);

/* ---- between the files of the tokenizer ---- */

/* At "<x" or "</x": reads the tag. *ret is untouched and false returned when the input ends in it.
 */
bool html_tag_read(struct html_tokenizer *t, bool end, struct html_token *ret);

/* Behind "<!doctype": reads to its '>'. */
void html_doctype_read(struct html_tokenizer *t, struct html_token *ret);

/* Adds `s` to the store with every U+0000 as U+FFFD. */
void html_store_add(struct html_tokenizer *t, struct span s);

#endif
