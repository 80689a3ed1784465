#include "worker/gif.h"

#include "base/bytes.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SCREEN     13 /* signature and logical screen descriptor */
#define DESCRIPTOR 10 /* image separator, position, size, flags */
#define EXTENSION  0x21
#define CONTROL    0xf9
#define IMAGE      0x2c
#define TRAILER    0x3b

#define COLOURS 256  /* the most that a table has */
#define CODES   4096 /* of LZW */

#define CLEAR 2 /* disposal methods: to the empty screen, 3 to what was before */

struct cursor {
    const unsigned char *bytes;
    size_t len;
    size_t at;
    size_t control;         /* where the last graphic control extension stands */
    unsigned char *copy;    /* of the file, to mend; NULL while only looking */
    unsigned disposal;      /* of the frame before; before the first all is clear */
    unsigned next_disposal; /* of the frame to come */
    bool next_transparent;  /* that has such a colour */
    bool transparent;       /* a frame has one */
    bool exposed;           /* a frame does not cover what was cleared */
    bool stained;           /* a frame without one is cleared */
    bool drawn;             /* there was a frame */
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

/* GIF89a, section 23. */
static void note_control(struct cursor *c, size_t start)
{
    const unsigned char *block = c->bytes + start;
    if (c->len - start < 8 || block[1] != CONTROL || block[2] != 4)
        return;
    c->control = start;
    c->next_disposal = block[3] >> 2 & 7;
    c->next_transparent = block[3] & 1;
}

/* ---- which colours a frame uses ---- */

struct codes {
    const unsigned char *at;
    const unsigned char *end;
    unsigned left; /* of the sub-block */
    uint32_t bits;
    unsigned count; /* of `bits` */
};

static bool next_code(struct codes *s, unsigned size, unsigned *ret)
{
    while (s->count < size) {
        if (s->left == 0 && s->at < s->end)
            s->left = *s->at++;
        if (s->left == 0 || s->at == s->end)
            return false;
        s->bits |= (uint32_t)*s->at++ << s->count;
        s->count += 8;
        s->left--;
    }
    *ret = s->bits & ((1U << size) - 1);
    s->bits >>= size;
    s->count -= size;
    return true;
}

/* A colour is named by itself before a longer code can stand for it: nothing need be unpacked
 * (GIF89a, appendix F). */
static void note_colours(unsigned depth, struct codes *s, bool used[static COLOURS])
{
    unsigned clear = 1U << depth;
    unsigned size = depth + 1;
    unsigned known = clear + 1;
    unsigned code;
    while (next_code(s, size, &code) && code != clear + 1) {
        if (code == clear) {
            size = depth + 1;
            known = clear + 1;
            continue;
        }
        if (code < clear)
            used[code] = true;
        if (known < CODES && ++known == 1U << size && size < 12)
            size++;
    }
}

/* COLOURS: there is none. */
static unsigned unused_colour(const struct cursor *c, const unsigned char *descriptor)
{
    bool own = descriptor[DESCRIPTOR - 1] & 0x80;
    unsigned flags = own ? descriptor[DESCRIPTOR - 1] : c->bytes[10];
    if ((flags & 7) < 7)
        return COLOURS - 1; /* is not in the table */
    bool used[COLOURS] = {false};
    struct codes codes = {.at = descriptor + DESCRIPTOR + (own ? (size_t)3 * COLOURS : 0),
                          .end = c->bytes + c->len};
    if (codes.at >= codes.end || *codes.at < 2 || *codes.at > 8)
        return COLOURS;
    unsigned depth = *codes.at++;
    note_colours(depth, &codes, used);
    unsigned colour = 0;
    while (colour < COLOURS && used[colour])
        colour++;
    return colour;
}

/* Names a colour that the frame does not show as transparent: with such a colour libnsgif clears to
 * nothing, else to the background colour, which browsers ignore. */
static void mend_control(struct cursor *c, const unsigned char *descriptor)
{
    unsigned colour = c->copy ? unused_colour(c, descriptor) : COLOURS;
    if (colour == COLOURS)
        return;
    c->copy[c->control + 3] |= 1;
    c->copy[c->control + 6] = (unsigned char)colour;
}

/* ---- blocks ---- */

static void note_frame(struct cursor *c, const unsigned char *descriptor)
{
    bool covers = bytes_little16(descriptor + 1) == 0 && bytes_little16(descriptor + 3) == 0 &&
                  bytes_little16(descriptor + 5) >= bytes_little16(c->bytes + 6) &&
                  bytes_little16(descriptor + 7) >= bytes_little16(c->bytes + 8);
    if (c->disposal >= CLEAR && !covers)
        c->exposed = true;
    if (c->next_disposal == CLEAR && !c->next_transparent) {
        c->stained = true;
        mend_control(c, descriptor);
    }
    c->transparent = c->transparent || c->next_transparent;
    c->disposal = c->next_disposal;
    c->next_disposal = 0;
    c->next_transparent = false;
    c->drawn = true;
}

static bool skip_block(struct cursor *c)
{
    size_t start = c->at;
    if (c->bytes[start] == EXTENSION) {
        note_control(c, start);
        return skip(c, 2) && skip_sub_blocks(c);
    }
    if (c->bytes[start] != IMAGE || !skip(c, DESCRIPTOR))
        return false;
    note_frame(c, c->bytes + start);
    return skip_table(c, c->bytes[start + DESCRIPTOR - 1]) && skip(c, 1) && skip_sub_blocks(c);
}

static bool is_block(unsigned char first)
{
    return first == EXTENSION || first == IMAGE;
}

/* What is no block behind a frame is the end: many files have a zero there. */
static bool walk(struct cursor *c)
{
    if (!skip(c, SCREEN) || !skip_table(c, c->bytes[SCREEN - 3]))
        return false;
    while (c->at < c->len && c->bytes[c->at] != TRAILER) {
        if (c->drawn && !is_block(c->bytes[c->at]))
            return true;
        if (!skip_block(c))
            return false;
    }
    return true;
}

struct gif_facts gif_look(const void *file, size_t len)
{
    struct cursor c = {.bytes = file, .len = len, .disposal = CLEAR};
    bool whole = walk(&c);
    return (struct gif_facts){
        .whole = whole,
        .exposed = whole && (c.transparent ? c.stained : c.exposed),
        .trailed = whole && c.at < len && c.bytes[c.at] != TRAILER,
        .end = c.at,
    };
}

void *gif_copy_whole(const void *file, size_t end, size_t *ret_len)
{
    unsigned char *copy = malloc(end + 1);
    if (!copy)
        return NULL;
    memcpy(copy, file, end);
    copy[end] = TRAILER;
    *ret_len = end + 1;
    return copy;
}

void *gif_copy_clear(const void *file, size_t end, size_t *ret_len)
{
    static const unsigned char clear[] = {
        EXTENSION, CONTROL, 4, 1, 0, 0, 0, 0,             /* colour 0 is transparent */
        IMAGE,     0,       0, 0, 0, 1, 0, 1, 0,    0x80, /* one pixel, a table of two colours */
        0,         0,       0, 0, 0, 0, 2, 2, 0x44, 0x01, 0, TRAILER /* clear code, colour 0, end */
    };
    unsigned char *copy = malloc(end + sizeof(clear));
    if (!copy)
        return NULL;
    memcpy(copy, file, end);
    memcpy(copy + end, clear, sizeof(clear));
    struct cursor c = {.bytes = file, .len = end, .disposal = CLEAR, .copy = copy};
    walk(&c);
    *ret_len = end + sizeof(clear);
    return copy;
}
