#include "lib/html_memo.h"

#include "base/scan.h"

static uint64_t load(const char *ptr)
{
    uint64_t word;
    memcpy(&word, ptr, sizeof(word));
    return word;
}

static size_t set_of_words(uint64_t words, size_t len)
{
    uint64_t hash = (words ^ len) * 0x9E3779B97F4A7C15;
    return (hash ^ hash >> 32) * 0x9E3779B97F4A7C15 >> 57;
}

/* Its length, and bytes from its start, middle and end. Nobody gains by a collision: it costs the
 * time that the memo would have saved. */
static size_t set_of(struct span tag)
{
    uint64_t words = 0;
    if (tag.len >= sizeof(words))
        return set_of_words(load(tag.ptr) ^ load(tag.ptr + (tag.len - sizeof(words)) / 2) << 3 ^
                                load(tag.ptr + tag.len - sizeof(words)) << 5,
                            tag.len);
    memcpy(&words, tag.ptr, tag.len);
    return set_of_words(words ^ words << 3 ^ words << 5, tag.len);
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

static bool holds(const struct html_memo_slot *slot, struct span in, struct span tag)
{
    return slot->len == tag.len && is_same(in.ptr + slot->at, tag.ptr, tag.len);
}

static void find_in(struct html_memo_slot set[2], struct span in, struct html_memo_tag *ret)
{
    struct span tag = {in.ptr + ret->at, ret->len};
    ret->slot = set;
    ret->known = holds(&set[0], in, tag);
    if (ret->known || !holds(&set[1], in, tag))
        return;
    struct html_memo_slot before = set[0];
    set[0] = set[1];
    set[1] = before;
    ret->known = true;
}

/* A tag of any length, wherever it stands. */
static void find_long(struct html_memo *memo, struct span in, struct html_memo_tag *ret)
{
    const char *close = memchr(in.ptr + ret->at, '>', in.len - ret->at);
    if (!close)
        return;
    ret->len = (size_t)(close - in.ptr) + 1 - ret->at;
    find_in(memo->sets[set_of((struct span){in.ptr + ret->at, ret->len})], in, ret);
}

#define NEAR 64 /* bytes: most tags are shorter */

/* Where '>' stands among the next NEAR bytes, a bit each. */
static uint64_t close_bits(const char *ptr)
{
    const scan_block close = scan_all('>');
    uint64_t bits = 0;
    for (unsigned i = 0; i < NEAR; i += sizeof(scan_block))
        bits |= (uint64_t)scan_bits((scan_block)(scan_load(ptr + i) == close)) << i;
    return bits;
}

/*
 * Everything here is arranged so that a processor need not guess how long a tag is: a wrong guess
 * costs as much as all the rest. What is read beyond a short tag lies in the input.
 */
void html_memo_find(struct html_memo *memo, struct span in, size_t at, struct html_memo_tag *ret)
{
    const char *ptr = in.ptr + at;
    uint64_t closes = in.len - at >= NEAR ? close_bits(ptr) : 0;
    *ret = (struct html_memo_tag){.at = at};
    if (closes == 0) {
        find_long(memo, in, ret);
        return;
    }
    size_t len = (size_t)__builtin_ctzll(closes) + 1;
    size_t few = (sizeof(uint64_t) - len) & -(size_t)(len < sizeof(uint64_t));
    size_t behind = len + few - sizeof(uint64_t);
    uint64_t mask = UINT64_MAX >> 8 * few;
    uint64_t words = (load(ptr) & mask) ^ (load(ptr + behind / 2) & mask) << 3 ^
                     (load(ptr + behind) & mask) << 5;
    ret->len = len;
    find_in(memo->sets[set_of_words(words, len)], in, ret);
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
    tag->slot[1] = tag->slot[0];
    tag->slot[0] =
        (struct html_memo_slot){.at = (uint32_t)tag->at,
                                .len = (uint32_t)tag->len,
                                .out_at = (uint32_t)note->from,
                                .out_len = (uint32_t)len,
                                .trace = note->trace,
                                .same = same && !note->trace.image && note->trace.tracker == 0};
}
