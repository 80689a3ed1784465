#include "lib/html_memo.h"

static uint64_t load(const char *ptr)
{
    uint64_t word;
    memcpy(&word, ptr, sizeof(word));
    return word;
}

/* Its length, and bytes from its start, middle and end. Nobody gains by a collision: it costs the
 * time that the memo would have saved. */
static uint64_t hash_of(struct span tag)
{
    const uint64_t odd = 0x9E3779B97F4A7C15;
    uint64_t hash = tag.len;
    if (tag.len < sizeof(uint64_t)) {
        for (size_t i = 0; i < tag.len; i++)
            hash = hash << 8 | (unsigned char)tag.ptr[i];
        return hash * odd;
    }
    hash = (hash ^ load(tag.ptr)) * odd;
    hash = (hash ^ hash >> 32 ^ load(tag.ptr + (tag.len - sizeof(uint64_t)) / 2)) * odd;
    return (hash ^ hash >> 32 ^ load(tag.ptr + tag.len - sizeof(uint64_t))) * odd;
}

void html_memo_find(struct html_memo *memo, struct span in, size_t at, struct html_memo_tag *ret)
{
    const char *close = memchr(in.ptr + at, '>', in.len - at);
    *ret = (struct html_memo_tag){.at = at};
    if (!close)
        return;
    struct span tag = span_part(in, at, (size_t)(close + 1 - in.ptr) - at);
    ret->len = tag.len;
    ret->slot = &memo->slots[hash_of(tag) >> 56];
    ret->known =
        ret->slot->len == tag.len && span_equal(span_part(in, ret->slot->at, tag.len), tag);
}

void html_memo_write(const struct html_memo_tag *tag, struct buf *out)
{
    char *to = buf_reserve(out, tag->slot->out_len);
    if (!to)
        return;
    memcpy(to, out->ptr + tag->slot->out_at, tag->slot->out_len);
    buf_commit(out, tag->slot->out_len);
}

void html_memo_note(const struct html_memo_tag *tag, size_t end, const struct buf *out, size_t from,
                    bool body)
{
    /* A '>' inside quotes: then the tag goes on behind it, and the next one might go on otherwise.
     */
    if (!tag->slot || tag->at + tag->len != end || buf_error(out))
        return;
    *tag->slot = (struct html_memo_slot){tag->at, tag->len, from, out->len - from, body};
}
