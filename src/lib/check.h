/*
 * Inside the checker: what its scanners share. None of them includes a header of the rewriter, and
 * none may: the two must not be able to make the same mistake.
 *
 * A struct check_run belongs to one call and one thread. Every scanner pays for the bytes it looks
 * at (check_pay), so that no nesting makes the whole more than linear; once the run is over
 * (check_over), scanners return without a word. Texts that are passed in are borrowed.
 */
#ifndef LIB_CHECK_H
#define LIB_CHECK_H

#include "base/buf.h"
#include "base/span.h"

#include <shoji/check.h>

#include <stdint.h>

#define CHECK_VERIFIED 64

struct check_run {
    const struct shoji_check *how;
    size_t found;
    int error;        /* -ENOMEM; sticky */
    size_t work_left; /* bytes that may still be looked at */
    unsigned depth;   /* documents within documents */
    size_t part;      /* of a message, from 1; 0: no message */
    struct span text; /* of the document or part: what lines are counted in */
    size_t counted;   /* bytes of it that `line` is right for */
    size_t line;
    bool keyed;
    unsigned char key[16]; /* of the hashes; random */
    uint64_t
        verified[CHECK_VERIFIED]; /* URLs of ours whose MAC held: mail shows one again and again */
};

/* Where something stands: what a finding is named after. */
struct check_spot {
    const char *at;        /* in run->text, or NULL: no line to tell */
    struct span element;   /* or empty */
    struct span attribute; /* or empty */
};

/* True when there is nothing more to be said: enough findings, no memory, no work left. */
bool check_over(const struct check_run *run);

/* Takes `bytes` off the work that is left; false, and a finding, when there is not as much. */
bool check_pay(struct check_run *run, size_t bytes);

/* Begins the text of a document or part; lines are counted in it from now on. */
void check_begin(struct check_run *run, struct span text);

/* Notes a finding. `what` goes behind element and attribute; NULL: nothing does. */
void check_found(struct check_run *run, const struct check_spot *spot, const char *what,
                 struct span reference);

/* ---- check_ref.c ---- */

/* May this be loaded? Blanks around it are ignored; an empty one loads nothing. */
bool check_loads_well(struct check_run *run, struct span reference);

/* Is this value of `href` a mere click: no code, no local file? */
bool check_click_is_fair(struct span reference);

/* ---- check_css.c ---- */

/* Style sheet or declarations, as they stand after HTML was decoded. */
void check_css(struct check_run *run, const struct check_spot *spot, struct span css);

/* ---- check_html.c, check_attr.c ---- */

void check_html(struct check_run *run, struct span html);

/* One attribute, its value as in the source. `element` and `name` in any case. */
void check_attribute(struct check_run *run, const struct check_spot *spot, struct span value);

/* A document in bytes: in every charset that it or `charset` (which may be empty) names. */
void check_document(struct check_run *run, struct span bytes, struct span charset);

/* ---- check_text.c: decoders. They append to `out`, and say -ENOMEM or 0. ---- */

int check_decode_entities(struct span in, struct buf *out);
int check_decode_escapes(struct span css, struct buf *out);
int check_decode_percent(struct span in, struct buf *out);
int check_drop_comments(struct span css, struct buf *out);
int check_drop_nul(struct span in, struct buf *out);

/* ---- check_code.c ---- */

int check_decode_base64(struct span in, struct buf *out);
int check_decode_quoted(struct span in, struct buf *out);
int check_decode_uuencode(struct span in, struct buf *out);

/* iconv, where it knows the charset; 1 when it does not. */
int check_decode_charset(struct span in, struct span charset, struct buf *out);

/* ---- check_mime.c, check_part.c ---- */

void check_mail(struct check_run *run, struct span message);

/* What the header block of a part says, all readings together. */
struct check_part {
    unsigned kinds;      /* enum check_kind */
    unsigned codes;      /* enum check_code */
    bool typed;          /* has a Content-Type that names a type */
    bool attachment;     /* and nothing else */
    bool disposed;       /* some Content-Disposition was seen */
    bool html_name;      /* its file name is one of HTML */
    char charset[64];    /* the last one named; terminated */
    struct span fields;  /* the block */
    bool digest;         /* children without a type are messages */
    struct buf boundary; /* those named here, each terminated by NUL */
};

enum check_kind {
    CHECK_HTML = 1,
    CHECK_STYLE = 2,
    CHECK_MARKUP = 4,
    CHECK_CALENDAR = 8, /* or vCard */
    CHECK_MESSAGE = 16,
    CHECK_EXTERNAL = 32,
    CHECK_PARTIAL = 64,
    CHECK_MULTIPART = 128,
};

enum check_code {
    CHECK_IDENTITY = 1,
    CHECK_BASE64 = 2,
    CHECK_QUOTED = 4,
    CHECK_UUENCODE = 8,
};

/* Reads a header block; fields that clients load from are findings at once. */
void check_part_read(struct check_run *run, struct span block, struct check_part *ret);
void check_part_free(struct check_part *part);

/* The body of a part that is no container, under all its encodings. */
void check_part_body(struct check_run *run, const struct check_part *part, struct span body);

/* Calendar and vCard properties with a URL that is loaded. */
void check_properties(struct check_run *run, struct span text);

#endif
