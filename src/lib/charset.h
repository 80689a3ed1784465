/*
 * Character sets of HTML in mail: which one is it (WHATWG labels), and into UTF-8 (glibc iconv).
 *
 * Any bytes are legal input; what is malformed becomes U+FFFD one byte at a time, so that a broken
 * lead byte never swallows the '<' behind it. The tables are static; nothing is kept between calls;
 * any thread. Never guesses by language.
 */
#ifndef LIB_CHARSET_H
#define LIB_CHARSET_H

#include "base/buf.h"

struct charset {
    const char *labels;     /* blank on both sides of each, lower case */
    const char *iconv_name; /* NULL: bytes pass as they are (UTF-8) */
    bool stateful;          /* ASCII bytes may mean something else: UTF-16, ISO-2022, UTF-7, HZ */
    bool unreadable;        /* we know it, and do not decode it: UTF-7 */
};

/* The charset of a label, blanks around it and case aside; NULL when nobody knows it. */
const struct charset *charset_find(struct span label);

enum charset_answer {
    CHARSET_CONFLICT =
        1, /* two sources name different ones and one of them is stateful, or UTF-7 */
};

/*
 * Which charset `text` is in: byte order mark, then `label` (of the Content-Type field; may be
 * empty), then <meta>, then UTF-8 when it is valid UTF-8, then windows-1252. 0 or CHARSET_CONFLICT;
 * in both cases *ret is set and *ret_bom is the length of a byte order mark to skip.
 */
int charset_detect(struct span text, struct span label, const struct charset **ret,
                   size_t *ret_bom);

/*
 * The same, decoded: appends `text` as UTF-8, without its mark. Where two sources differ in a
 * dangerous way, both readings are made. 0; CHARSET_CONFLICT when they do not come to the same (the
 * likelier one is then appended), or when it cannot be read; -E2BIG or -ENOMEM.
 */
int charset_read(struct span text, struct span label, struct buf *out);

/* The same where nobody needs a copy: *ret is a part of `text`, or else what `copy`, empty before,
 * holds. */
int charset_text(struct span text, struct span label, struct buf *copy, struct span *ret);

/* Appends `in` as UTF-8. 0, -E2BIG, -ENOMEM, or -EOPNOTSUPP when iconv lacks the charset. */
int charset_decode(const struct charset *charset, struct span in, struct buf *out);

#endif
