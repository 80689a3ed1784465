#include "worker/gif_exact.h"

#include "base/err.h"

#include <cgif.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define COLOURS 256
#define SLOTS   1024

struct sink {
    unsigned char *bytes;
    size_t size;
    size_t len;
};

/* A palette that grows with the colours that are found, and its numbers. */
struct table {
    unsigned count;
    unsigned char palette[COLOURS * 3];
    uint32_t slot_colour[SLOTS];
    uint16_t slot[SLOTS]; /* number + 1, 0: empty */
};

struct writer {
    const struct gif_strip *strip;
    size_t frame_pixels;
    bool opaque;    /* nothing is transparent anywhere */
    bool has_table; /* one for all frames: `table` */
    struct table table;
    unsigned char *numbers; /* of a frame's pixels */
    CGIF *gif;
    struct sink sink;
};

#define NOTHING 0 /* the colour that stands for transparent or unchanged: no opaque one is 0 */

static int add_bytes(void *ctx, const uint8_t *bytes, const size_t len)
{
    struct sink *sink = ctx;
    if (len > sink->size - sink->len) {
        size_t size = (sink->size + len) * 2;
        unsigned char *grown = realloc(sink->bytes, size);
        if (!grown)
            return -1;
        sink->bytes = grown;
        sink->size = size;
    }
    memcpy(sink->bytes + sink->len, bytes, len);
    sink->len += len;
    return 0;
}

/* ---- one frame ---- */

static uint32_t colour_at(const unsigned char *at)
{
    return (uint32_t)at[3] << 24 | (uint32_t)at[2] << 16 | (uint32_t)at[1] << 8 | at[0];
}

/* The number of a colour, COLOURS when there is no room for it. */
static unsigned number_of(struct table *t, uint32_t colour)
{
    unsigned at = (colour * UINT32_C(2654435761)) >> 22;
    while (t->slot[at] && t->slot_colour[at] != colour)
        at = (at + 1) % SLOTS;
    if (t->slot[at])
        return t->slot[at] - 1U;
    if (t->count == COLOURS)
        return COLOURS;
    t->slot_colour[at] = colour;
    t->slot[at] = (uint16_t)(t->count + 1);
    for (unsigned k = 0; k < 3; k++)
        t->palette[t->count * 3 + k] = (unsigned char)(colour >> 8 * k);
    return t->count++;
}

static const unsigned char *frame_at(const struct writer *w, uint32_t which)
{
    return w->strip->pixels.bytes + which * w->frame_pixels * 4;
}

/* `changes`: what is as in the frame before becomes NOTHING. */
static bool number_pixels(struct writer *w, struct table *t, uint32_t which, bool changes)
{
    const unsigned char *now = frame_at(w, which);
    const unsigned char *before = changes ? frame_at(w, which - 1) : now;
    for (size_t i = 0; i < w->frame_pixels; i++) {
        uint32_t colour = colour_at(now + i * 4);
        if (changes && colour == colour_at(before + i * 4))
            colour = NOTHING;
        unsigned number = number_of(t, colour);
        if (number == COLOURS)
            return false;
        w->numbers[i] = (unsigned char)number;
    }
    return true;
}

/* Whether one palette does for all frames, with a place left for NOTHING. */
static bool find_table(struct writer *w)
{
    if (!w->opaque)
        number_of(&w->table, NOTHING);
    for (uint32_t i = 0; i < w->strip->frames; i++)
        if (!number_pixels(w, &w->table, i, false))
            return false;
    return w->table.count < COLOURS;
}

/* ---- the file ---- */

static bool is_opaque(const struct pixels *p)
{
    for (size_t i = 0; i < pixels_count(p); i++)
        if (p->bytes[i * 4 + 3] == 0)
            return false;
    return true;
}

static unsigned centiseconds(int delay_ms)
{
    long value = delay_ms < 0 ? 0 : (delay_ms + 5L) / 10;
    return value > UINT16_MAX ? UINT16_MAX : (unsigned)value;
}

/* The numbers of a frame that has a table of its own: of its changes, or of all of it. */
static bool number_frame(struct writer *w, struct table *t, uint32_t which, uint32_t *ret_flags)
{
    *t = (struct table){0};
    if (!w->opaque || which > 0)
        number_of(t, NOTHING); /* is number 0 */
    if (!w->opaque || which == 0) {
        *ret_flags = w->opaque ? 0 : CGIF_FRAME_ATTR_HAS_ALPHA;
        return number_pixels(w, t, which, false);
    }
    *ret_flags = CGIF_FRAME_ATTR_HAS_SET_TRANS;
    if (number_pixels(w, t, which, true))
        return true;
    *t = (struct table){0};
    *ret_flags = 0;
    return number_pixels(w, t, which, false);
}

static int add_frame(struct writer *w, uint32_t which)
{
    const struct gif_strip *s = w->strip;
    struct table own;
    CGIF_FrameConfig conf = {
        .pImageData = w->numbers,
    };
    if (s->frames > 1 && which < s->delay_count)
        conf.delay = (uint16_t)centiseconds(s->delays_ms[which]);
    if (w->has_table) {
        number_pixels(w, &w->table, which, false);
        conf.attrFlags = w->opaque ? 0 : CGIF_FRAME_ATTR_HAS_ALPHA;
        conf.genFlags = CGIF_FRAME_GEN_USE_TRANSPARENCY | CGIF_FRAME_GEN_USE_DIFF_WINDOW;
    } else {
        if (!number_frame(w, &own, which, &conf.attrFlags))
            return GIF_TOO_COLOURFUL;
        conf.attrFlags |= CGIF_FRAME_ATTR_USE_LOCAL_TABLE;
        conf.pLocalPalette = own.palette;
        conf.numLocalPaletteEntries = (uint16_t)own.count;
    }
    return cgif_addframe(w->gif, &conf) == CGIF_OK ? 0 : -EINVAL;
}

static CGIF *begin(struct writer *w)
{
    const struct gif_strip *s = w->strip;
    CGIF_Config conf = {
        .width = (uint16_t)s->pixels.width,
        .height = (uint16_t)(s->pixels.height / s->frames),
        .attrFlags = CGIF_ATTR_IS_ANIMATED, /* else it writes no transparency */
        .pWriteFn = add_bytes,
        .pContext = &w->sink,
    };
    if (w->has_table) {
        conf.pGlobalPalette = w->table.palette;
        conf.numGlobalPaletteEntries = (uint16_t)w->table.count;
    } else {
        conf.attrFlags |= CGIF_ATTR_NO_GLOBAL_TABLE;
    }
    if (s->plays == 1 || s->frames == 1)
        conf.attrFlags |= CGIF_ATTR_NO_LOOP;
    else if (s->plays > 1) /* the file's number is of repetitions */
        conf.numLoops = (uint16_t)(s->plays - 1);
    return cgif_newgif(&conf);
}

int gif_write_exact(const struct gif_strip *s, void **ret_bytes, size_t *ret_len)
{
    struct writer w = {.strip = s, .frame_pixels = pixels_count(&s->pixels) / s->frames};
    w.opaque = is_opaque(&s->pixels);
    w.numbers = malloc(w.frame_pixels);
    w.has_table = w.numbers && find_table(&w);
    w.gif = w.numbers ? begin(&w) : NULL;
    int r = w.gif ? 0 : -ENOMEM;
    for (uint32_t i = 0; i < s->frames && r == 0; i++)
        r = add_frame(&w, i);
    if (w.gif && cgif_close(w.gif) != CGIF_OK && r == 0)
        r = -EINVAL;
    free(w.numbers);
    if (r == 0) {
        *ret_len = w.sink.len;
        *ret_bytes = take(w.sink.bytes);
    }
    free(w.sink.bytes);
    return r;
}
