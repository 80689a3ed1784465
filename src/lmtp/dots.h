/*
 * The text of a message as it stands between DATA and its last line (RFC 5321, 4.5.2), both ways.
 * Pure; a piece at a time; any thread.
 *
 * Only CRLF ends a line, and only CRLF "." CRLF ends a message. A CR or LF that stands alone is
 * against RFC 5321 (2.3.8), and one MTA takes it for a line end where another does not: it becomes
 * a blank, so that the store, the rewriter and whoever checked the message before read the same
 * lines.
 */
#ifndef LMTP_DOTS_H
#define LMTP_DOTS_H

#include "base/buf.h"

enum dots_at { DOTS_LINE, DOTS_TEXT, DOTS_CR, DOTS_DOT, DOTS_DOT_CR, DOTS_END };

/* Zeroed at the beginning of each message. */
struct dots {
    enum dots_at at;
};

/* Appends the text to `ret`, up to the end of the message, where `at` is DOTS_END. How many bytes
 * of `in` belong to it. A failure stays in `ret`. */
size_t dots_read(struct dots *dots, struct span in, struct buf *ret);

/* Appends text as it goes onto the wire; here an LF that stands alone is a line end. */
void dots_write(struct dots *dots, struct span text, struct buf *ret);

/* The end: CRLF unless it was just written, and the dot. */
void dots_finish(struct dots *dots, struct buf *ret);

#endif
