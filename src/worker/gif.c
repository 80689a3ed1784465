#include "worker/gif.h"

#define SCREEN     13 /* signature and logical screen descriptor */
#define DESCRIPTOR 10 /* image separator, position, size, flags */
#define EXTENSION  0x21
#define IMAGE      0x2c
#define TRAILER    0x3b

struct cursor {
    const unsigned char *bytes;
    size_t len;
    size_t at;
};

static bool skip(struct cursor *c, size_t count)
{
    if (count > c->len - c->at)
        return false;
    c->at += count;
    return true;
}

/* A colour table stands behind the flags that announce it. */
static bool skip_table(struct cursor *c, unsigned char flags)
{
    return !(flags & 0x80) || skip(c, (size_t)3 << ((flags & 7) + 1));
}

static bool skip_sub_blocks(struct cursor *c)
{
    while (c->at < c->len) {
        unsigned size = c->bytes[c->at];
        if (!skip(c, 1 + size))
            return false;
        if (size == 0)
            return true;
    }
    return false;
}

static bool skip_block(struct cursor *c)
{
    size_t start = c->at;
    if (c->bytes[start] == EXTENSION)
        return skip(c, 2) && skip_sub_blocks(c);
    if (c->bytes[start] != IMAGE || !skip(c, DESCRIPTOR))
        return false;
    return skip_table(c, c->bytes[start + DESCRIPTOR - 1]) && skip(c, 1) && skip_sub_blocks(c);
}

bool gif_is_whole(const void *file, size_t len)
{
    struct cursor c = {.bytes = file, .len = len};
    if (!skip(&c, SCREEN) || !skip_table(&c, c.bytes[SCREEN - 3]))
        return false;
    while (c.at < c.len && c.bytes[c.at] != TRAILER)
        if (!skip_block(&c))
            return false;
    return true;
}
