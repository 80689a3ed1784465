#include "base/buf.h"

#include <errno.h>
#include <stdint.h>

/* From here on a buffer grows by a quarter: the kernel moves large blocks without a copy, and half
 * of them unused would be megabytes. */
#define SLOWER ((size_t)1 << 20)

/* Most buffers hold a URL or a line of text. */
#define SMALLEST ((size_t)256)

static bool buf_grow(struct buf *buf, size_t more)
{
    if (buf->error)
        return false;
    if (more > buf->max || buf->len > buf->max - more) {
        buf->error = -E2BIG;
        return false;
    }
    size_t need = buf->len + more + 1;
    if (need <= buf->cap)
        return true;
    size_t cap = buf->cap ? buf->cap : SMALLEST;
    while (cap < need)
        cap = cap > SIZE_MAX / 2 ? need : cap < SLOWER ? cap * 2 : cap + cap / 4;
    if (cap > buf->max && buf->max < SIZE_MAX)
        cap = buf->max + 1 > need ? buf->max + 1 : need;
    char *grown = realloc(buf->ptr, cap);
    if (!grown) {
        buf->error = -ENOMEM;
        return false;
    }
    buf->ptr = grown;
    buf->cap = cap;
    return true;
}

int buf_add_growing(struct buf *buf, const void *bytes, size_t len)
{
    if (!buf_grow(buf, len))
        return buf->error;
    if (len > 0)
        memcpy(buf->ptr + buf->len, bytes, len);
    buf->len += len;
    buf->ptr[buf->len] = '\0';
    return 0;
}

int buf_add_format(struct buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len >= 0 && buf_grow(buf, (size_t)len)) {
        vsnprintf(buf->ptr + buf->len, (size_t)len + 1, format, again);
        buf->len += (size_t)len;
    } else if (len < 0 && !buf->error) {
        buf->error = -EINVAL;
    }
    va_end(again);
    return buf->error;
}

char *buf_reserve(struct buf *buf, size_t len)
{
    return buf_grow(buf, len) ? buf->ptr + buf->len : NULL;
}

void buf_cut(struct buf *buf, size_t len)
{
    must(len <= buf->len);
    buf->len = len;
    if (buf->ptr)
        buf->ptr[len] = '\0';
}

char *buf_steal(struct buf *buf, size_t *ret_len)
{
    if (buf->error || !buf_grow(buf, 0)) {
        buf_free(buf);
        return NULL;
    }
    buf->ptr[buf->len] = '\0';
    char *bytes = buf->ptr;
    if (ret_len)
        *ret_len = buf->len;
    *buf = BUF_INIT(buf->max);
    return bytes;
}
