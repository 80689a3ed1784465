/*
 * A buf is a growing run of bytes with a ceiling that is given at birth. It owns its memory.
 *
 * The first failure sticks: after -E2BIG (the ceiling) or -ENOMEM every further append does
 * nothing and returns the same error, so that a writer may append many times and ask once
 * (buf_error). What was written before the failure is still there, but is to be thrown away.
 * One thread at a time.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/err.h"
#include "base/span.h"

#include <stdarg.h>

struct buf {
    char *ptr; /* NULL until the first byte; otherwise always followed by a NUL that len excludes */
    size_t len;
    size_t cap;
    size_t max; /* bytes; the ceiling */
    int error;  /* 0, -E2BIG or -ENOMEM; sticky */
};

#define BUF_INIT(max_bytes) ((struct buf){.max = (max_bytes)})

/* What buf_add does where there is no room yet, or an error. */
int buf_add_growing(struct buf *buf, const void *bytes, size_t len);

/* Here, and not in buf.c, because a rewriter appends at every turn, and there is nearly always
 * room. `cap` never exceeds `max` by more than the NUL. */
static inline int buf_add(struct buf *buf, const void *bytes, size_t len)
{
    if (buf->error || len >= buf->cap - buf->len)
        return buf_add_growing(buf, bytes, len);
    if (len > 0)
        memcpy(buf->ptr + buf->len, bytes, len);
    buf->len += len;
    buf->ptr[buf->len] = '\0';
    return 0;
}

/* For the few bytes that most appends are: a call costs more than they do. */
static inline void buf_copy_few(char *to, const char *from, size_t len)
{
    if (len >= 16) { /* up to 32: two that overlap */
        memcpy(to, from, 16);
        memcpy(to + len - 16, from + len - 16, 16);
    } else if (len >= 8) {
        memcpy(to, from, 8);
        memcpy(to + len - 8, from + len - 8, 8);
    } else if (len >= 4) {
        memcpy(to, from, 4);
        memcpy(to + len - 4, from + len - 4, 4);
    } else if (len > 0) {
        to[0] = from[0];
        to[len / 2] = from[len / 2];
        to[len - 1] = from[len - 1];
    }
}

static inline int buf_add_span(struct buf *buf, struct span s)
{
    /* A compiler that knows the length knows better. */
    if (__builtin_constant_p(s.len) || s.len > 32 || buf->error || s.len >= buf->cap - buf->len)
        return buf_add(buf, s.ptr, s.len);
    buf_copy_few(buf->ptr + buf->len, s.ptr, s.len);
    buf->len += s.len;
    buf->ptr[buf->len] = '\0';
    return 0;
}

static inline int buf_add_text(struct buf *buf, const char *text)
{
    return buf_add(buf, text, strlen(text));
}

static inline int buf_add_char(struct buf *buf, char c)
{
    return buf_add(buf, &c, 1);
}

int buf_add_format(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Room for `len` more bytes, zero-copy: write them at the pointer, then buf_commit(). NULL when the
 * ceiling or memory is reached; the error then sticks. The pointer lives until the next call. */
char *buf_reserve(struct buf *buf, size_t len);

static inline void buf_commit(struct buf *buf, size_t len)
{
    must(buf->len + len < buf->cap);
    buf->len += len;
    buf->ptr[buf->len] = '\0';
}

/* The same where the room is there already, else NULL, which is no error. */
static inline char *buf_room(struct buf *buf, size_t len)
{
    return buf->error || len >= buf->cap - buf->len ? NULL : buf->ptr + buf->len;
}

static inline int buf_error(const struct buf *buf)
{
    return buf->error;
}

static inline struct span buf_span(const struct buf *buf)
{
    return (struct span){buf->ptr ? buf->ptr : "", buf->len};
}

/* Takes back everything from byte `len` on; no more than the buffer holds. A sticky error stays. */
void buf_cut(struct buf *buf, size_t len);

/* Empties the buffer and clears its error; keeps the memory. */
static inline void buf_clear(struct buf *buf)
{
    buf->len = 0;
    buf->error = 0;
    if (buf->ptr)
        buf->ptr[0] = '\0';
}

/* Hands the memory to the caller, who frees it with free(); the buffer is empty afterwards.
 * NULL only when the buffer holds an error (whose memory is then freed) or memory is out. */
MUST_CHECK char *buf_steal(struct buf *buf, size_t *ret_len);

/* Each gets the other's memory, and its ceiling with it. */
static inline void buf_swap(struct buf *a, struct buf *b)
{
    struct buf was = *a;
    *a = *b;
    *b = was;
}

static inline void buf_free(struct buf *buf)
{
    if (buf->ptr)
        free(buf->ptr);
    *buf = BUF_INIT(buf->max);
}

#endif
