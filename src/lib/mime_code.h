/*
 * Content-Transfer-Encoding: tolerant decoders and canonical encoders (RFC 2045 section 6).
 *
 * Any bytes decode; what is malformed is read the way mail clients read it, never refused. Decoded
 * text is appended to the caller's buffer, whose ceiling is the only limit. No state, any thread.
 * Never adds a line that a MIME reader could take for a boundary, nor one longer than 76
 * characters.
 */
#ifndef LIB_MIME_CODE_H
#define LIB_MIME_CODE_H

#include "base/buf.h"

enum mime_code {
    MIME_CODE_IDENTITY, /* 7bit, 8bit, binary, or nothing said */
    MIME_CODE_QP,
    MIME_CODE_BASE64,
    MIME_CODE_UNKNOWN, /* any other name: read as identity, but a client may read it otherwise */
};

/* `name`: the value of a Content-Transfer-Encoding field, comments and folds taken out. */
enum mime_code mime_code_find(struct span name);

/* What `code` encoded. 0 or the buffer's error. */
int mime_code_decode(enum mime_code code, struct span in, struct buf *out);

/*
 * Quoted-printable. Every `nl` in `in` becomes a line end `eol`; any other CR or LF is encoded, so
 * that with `nl` equal to `eol` the bytes come back exactly.
 */
int mime_code_qp(struct span in, struct span nl, struct span eol, struct buf *out);

/* Base64 in lines of 76 characters, the last one ended, too. */
int mime_code_base64(struct span in, struct span eol, struct buf *out);

#endif
