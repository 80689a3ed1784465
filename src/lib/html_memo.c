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
    size_t at = 0;
    if (len < sizeof(scan_block))
        return span_equal((struct span){a, len}, (struct span){b, len});
    for (; len - at > sizeof(scan_block); at += sizeof(scan_block))
        if (!scan_equal(a + at, b + at))
            return false;
    at = len - sizeof(scan_block); /* the last block overlaps the one before */
    return scan_equal(a + at, b + at);
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

void html_memo_note(const struct html_memo_tag *tag, const struct html_memo_note *note)
{
    /* A '>' inside quotes: then the tag goes on behind it, and the next one might go on otherwise.
     */
    if (!tag->slot || tag->at + tag->len != note->end || buf_error(note->out))
        return;
    if (note->end > UINT32_MAX || note->out->len > UINT32_MAX)
        return;
    size_t len = note->out->len - note->from;
    bool same =
        len == tag->len && is_same(note->in.ptr + tag->at, note->out->ptr + note->from, len);
    *tag->slot =
        (struct html_memo_slot){.at = (uint32_t)tag->at,
                                .len = (uint32_t)tag->len,
                                .out_at = (uint32_t)note->from,
                                .out_len = (uint32_t)len,
                                .trace = note->trace,
                                .same = same && !note->trace.image && note->trace.tracker == 0};
}
