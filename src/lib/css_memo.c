#include "lib/css_memo.h"

/* What a byte is to somebody who looks for the end of a declaration. */
enum {
    OTHER, /* may change where it ends, or begins what is not looked at here */
    PLAIN,
    QUOTE,
    OPEN,
    CLOSE,
    SEMICOLON,
    BRACE, /* ends it in a block, and spoils it elsewhere */
};

#define PLAIN_5(c) [c] = PLAIN, [c + 1] = PLAIN, [c + 2] = PLAIN, [c + 3] = PLAIN, [c + 4] = PLAIN

static const unsigned char classes[256] = {
    PLAIN_5('0'),  PLAIN_5('5'),   PLAIN_5('A'),  PLAIN_5('F'),   PLAIN_5('K'),      PLAIN_5('P'),
    PLAIN_5('U'),  ['Z'] = PLAIN,  PLAIN_5('a'),  PLAIN_5('f'),   PLAIN_5('k'),      PLAIN_5('p'),
    PLAIN_5('u'),  ['z'] = PLAIN,  [' '] = PLAIN, ['\t'] = PLAIN, ['\n'] = PLAIN,    ['-'] = PLAIN,
    [':'] = PLAIN, [','] = PLAIN,  ['.'] = PLAIN, ['%'] = PLAIN,  ['#'] = PLAIN,     ['!'] = PLAIN,
    ['"'] = QUOTE, ['\''] = QUOTE, ['('] = OPEN,  [')'] = CLOSE,  [';'] = SEMICOLON, ['}'] = BRACE,
};

/* Behind the quote at `at`: where its string ends, or 0 where it has an escape or no end in `s`. */
static size_t string_end(struct span s, size_t at)
{
    char quote = s.ptr[at++];
    while (at < s.len && s.ptr[at] != quote) {
        char c = s.ptr[at++];
        if (c == '\\' || c == '\n' || c == '\r' || c == '\f' || c == '\0')
            return 0;
    }
    return at < s.len ? at + 1 : 0;
}

/* How long the declaration is that `s` begins with, where nothing follows `s` if it `ends`; 0: not
 * known here. */
static size_t length(struct span s, bool in_block, bool ends)
{
    size_t depth = 0, at = 0;
    while (at < s.len) {
        switch (classes[(unsigned char)s.ptr[at]]) {
        case PLAIN:
            at++;
            break;
        case QUOTE:
            at = string_end(s, at);
            if (at == 0)
                return 0;
            break;
        case OPEN:
            depth++;
            at++;
            break;
        case CLOSE:
            if (depth-- == 0)
                return 0;
            at++;
            break;
        case SEMICOLON:
            return depth == 0 ? at : 0;
        case BRACE:
            return depth == 0 && in_block ? at : 0;
        default:
            return 0;
        }
    }
    return ends && depth == 0 ? at : 0;
}

void css_memo_find(struct rewrite_pass *pass, struct span in, bool in_block, struct css_memo *ret)
{
    struct rewrite_declaration *slot;
    ret->raw = span_part(in, 0, 0);
    ret->known = false;
    struct span window = span_part(in, 0, sizeof(slot->raw) + 1);
    size_t len = length(window, in_block, window.len == in.len);
    if (len == 0 || len > sizeof(slot->raw))
        return;
    ret->raw = span_part(window, 0, len);
    size_t at = (span_hash(ret->raw) >> 32) % REWRITE_DECLARATIONS;
    slot = &pass->declarations[at];
    ret->slot = slot;
    ret->slot_len = &pass->declaration_len[at];
    ret->known = *ret->slot_len == len && memcmp(slot->raw, ret->raw.ptr, len) == 0;
}

void css_memo_note(const struct css_memo *memo, struct span text)
{
    struct rewrite_declaration *slot = memo->slot;
    if (memo->raw.len == 0 || text.len > sizeof(slot->text))
        return;
    *memo->slot_len = (unsigned char)memo->raw.len;
    slot->len = (unsigned char)text.len;
    memcpy(slot->raw, memo->raw.ptr, memo->raw.len);
    memcpy(slot->text, text.ptr, text.len);
}
