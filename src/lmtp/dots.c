#include "lmtp/dots.h"

static size_t run_of_text(struct span s, size_t at)
{
    size_t from = at;
    while (at < s.len && s.ptr[at] != '\r' && s.ptr[at] != '\n')
        at++;
    return at - from;
}

/* What a byte makes of the state, where it is not just text; what comes out stands in `ret`. */
static enum dots_at read_byte(enum dots_at at, char c, struct buf *ret)
{
    if (at == DOTS_LINE && c == '.')
        return DOTS_DOT;
    if (at == DOTS_DOT && c == '\r')
        return DOTS_DOT_CR;
    if (at == DOTS_DOT_CR && c == '\n')
        return DOTS_END;
    if (at == DOTS_CR && c == '\n') {
        buf_add(ret, "\r\n", 2);
        return DOTS_LINE;
    }
    if (at == DOTS_CR || at == DOTS_DOT_CR) /* it stood alone */
        buf_add_char(ret, ' ');
    if (c == '\r')
        return DOTS_CR;
    buf_add_char(ret, c == '\n' ? ' ' : c);
    return DOTS_TEXT;
}

size_t dots_read(struct dots *dots, struct span in, struct buf *ret)
{
    size_t i = 0;
    while (i < in.len && dots->at != DOTS_END) {
        size_t run = dots->at == DOTS_TEXT ? run_of_text(in, i) : 0;
        buf_add(ret, in.ptr + i, run);
        i += run;
        if (i < in.len)
            dots->at = read_byte(dots->at, in.ptr[i++], ret);
    }
    return i;
}

static enum dots_at write_byte(enum dots_at at, char c, struct buf *ret)
{
    if (c == '\n') {
        buf_add(ret, "\r\n", 2);
        return DOTS_LINE;
    }
    if (at == DOTS_CR)
        buf_add_char(ret, ' ');
    if (c == '\r')
        return DOTS_CR;
    if (at == DOTS_LINE && c == '.')
        buf_add_char(ret, '.');
    buf_add_char(ret, c);
    return DOTS_TEXT;
}

void dots_write(struct dots *dots, struct span text, struct buf *ret)
{
    for (size_t i = 0; i < text.len;) {
        size_t run = dots->at == DOTS_TEXT ? run_of_text(text, i) : 0;
        buf_add(ret, text.ptr + i, run);
        i += run;
        if (i < text.len)
            dots->at = write_byte(dots->at, text.ptr[i++], ret);
    }
}

void dots_finish(struct dots *dots, struct buf *ret)
{
    if (dots->at != DOTS_LINE)
        buf_add(ret, "\r\n", 2);
    buf_add(ret, ".\r\n", 3);
    dots->at = DOTS_END;
}
