/*
 * A connection that is read by the line and by the block, each within a time. It borrows its
 * descriptors, which must not block (stream_open sees to it); one thread. What is read stays valid
 * until the next call.
 *
 * A line ends with CRLF and nothing else: whoever takes a bare LF for a line end, beside somebody
 * who does not, has two readings of one dialogue (SMTP smuggling, 2023).
 */
#ifndef LMTP_STREAM_H
#define LMTP_STREAM_H

#include "base/err.h"
#include "base/limits.h"
#include "base/span.h"

struct stream {
    int in;
    int out;
    int stop; /* readable once nobody should wait any longer; -1: none */
    size_t from;
    size_t to;
    char bytes[LIMIT_LMTP_BLOCK];
};

enum stream_line {
    STREAM_TOO_LONG = 1, /* longer than LIMIT_LMTP_LINE: read to its end, and thrown away */
    STREAM_NOT_CRLF = 2, /* ended by a bare LF, or with other control characters: likewise */
};

/* 0 or -errno. */
MUST_CHECK int stream_open(struct stream *stream, int in, int out);

/* One line without its CRLF, within `timeout_ms` in all. 0; an enum stream_line; -ETIMEDOUT,
 * -ECANCELED (stop), -ECONNRESET (the end) or what reading says. */
int stream_line(struct stream *stream, unsigned timeout_ms, struct span *ret);

/* What was read and not yet taken; after stream_fill, at least one byte. */
static inline struct span stream_rest(const struct stream *stream)
{
    return (struct span){stream->bytes + stream->from, stream->to - stream->from};
}

static inline void stream_took(struct stream *stream, size_t len)
{
    stream->from += len;
}

/* Waits for bytes unless some are there. 0 or -errno as above. */
MUST_CHECK int stream_fill(struct stream *stream, unsigned timeout_ms);

/* All of it; each piece within `timeout_ms`. 0 or -errno. */
MUST_CHECK int stream_write(struct stream *stream, struct span bytes, unsigned timeout_ms);

#endif
