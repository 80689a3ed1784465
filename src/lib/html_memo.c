#include "lib/html_memo.h"

#include "base/scan.h"

static uint64_t load(const char *ptr)
{
    uint64_t word;
    memcpy(&word, ptr, sizeof(word));
    return word;
}

/* Its length, and bytes from its start, middle and end. Nobody gains by a collision: it costs the
 * time that the memo would have saved. */
static size_t slot_of(struct span tag)
{
    uint64_t hash = tag.len;
    if (tag.len >= sizeof(uint64_t)) {
        hash ^= load(tag.ptr) ^ load(tag.ptr + (tag.len - sizeof(uint64_t)) / 2) << 3 ^
                load(tag.ptr + tag.len - sizeof(uint64_t)) << 5;
    } else {
        for (size_t i = 0; i < tag.len; i++)
            hash = hash << 8 | (unsigned char)tag.ptr[i];
    }
    hash *= 0x9E3779B97F4A7C15;
    return (hash ^ hash >> 32) * 0x9E3779B97F4A7C15 >> 56;
}

static size_t find_close(struct span in, size_t at)
{
    const scan_block close = scan_all('>');
    for (; in.len - at >= sizeof(scan_block); at += sizeof(scan_block)) {
        unsigned hits = scan_bits((scan_block)(scan_load(in.ptr + at) == close));
        if (hits)
            return at + (unsigned)__builtin_ctz(hits);
    }
    while (at < in.len && in.ptr[at] != '>')
        at++;
    return at;
}

static bool is_same(const char *a, const char *b, size_t len)
{
    if (len < sizeof(uint64_t) || len > 2 * sizeof(uint64_t))
        return memcmp(a, b, len) == 0;
    size_t last = len - sizeof(uint64_t);
    return load(a) == load(b) && load(a + last) == load(b + last);
}

void html_memo_find(struct html_memo *memo, struct span in, size_t at, struct html_memo_tag *ret)
{
    size_t close = find_close(in, at);
    *ret = (struct html_memo_tag){.at = at};
    if (close == in.len)
        return;
    struct span tag = {in.ptr + at, close + 1 - at};
    struct html_memo_slot *slot = &memo->slots[slot_of(tag)];
    ret->len = tag.len;
    ret->slot = slot;
    ret->known = slot->len == tag.len && is_same(in.ptr + slot->at, tag.ptr, tag.len);
}

void html_memo_write(const struct html_memo_tag *tag, struct buf *out)
{
    char *to = buf_reserve(out, tag->slot->out_len);
    if (!to)
        return;
    memcpy(to, out->ptr + tag->slot->out_at, tag->slot->out_len);
    buf_commit(out, tag->slot->out_len);
}

void html_memo_note(const struct html_memo_tag *tag, size_t end, const struct html_memo_note *note)
{
    /* A '>' inside quotes: then the tag goes on behind it, and the next one might go on otherwise.
     */
    if (!tag->slot || tag->at + tag->len != end || buf_error(note->out))
        return;
    *tag->slot = (struct html_memo_slot){.at = tag->at,
                                         .len = tag->len,
                                         .out_at = note->from,
                                         .out_len = note->out->len - note->from,
                                         .body = note->body,
                                         .image = note->image};
}
