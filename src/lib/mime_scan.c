#include "lib/mime_scan.h"

#include "base/limits.h"

#include <errno.h>
#include <stdlib.h>

struct level {
    size_t part;
    size_t boundary_len; /* 0: a message/rfc822 */
    char boundary[LIMIT_FIELD_PARAM];
};

struct walk {
    struct span message;
    struct mime_scan *scan;
    struct level *levels;
    size_t depth;
    size_t current; /* the part that lines belong to */
    enum mime_place place;
};

struct line {
    size_t start;
    size_t end;  /* without its line end */
    size_t next; /* with it */
};

enum match { MATCH_NOTHING, MATCH_ODD, MATCH_OPEN, MATCH_CLOSE };

static struct mime_part *current(struct walk *walk)
{
    return &walk->scan->parts[walk->current];
}

static int add_part(struct walk *walk, size_t delim, size_t header, size_t parent)
{
    struct mime_scan *scan = walk->scan;
    if (scan->count == LIMIT_MIME_PARTS)
        return MIME_SCAN_LIMIT;
    struct span start = span_part(walk->message, header, 5);
    if (span_equal(start, SPAN("From ")) || span_equal(start, SPAN(">From"))) {
        const char *text = walk->message.ptr;
        const char *eol = memchr(text + header, '\n', walk->message.len - header);
        header = eol ? (size_t)(eol - text) + 1 : walk->message.len;
    }
    scan->parts[scan->count] = (struct mime_part){.delim = delim,
                                                  .header = header,
                                                  .end = walk->message.len,
                                                  .after = walk->message.len,
                                                  .parent = parent};
    if (parent != MIME_NO_PARENT)
        scan->parts[scan->count].nth = scan->parts[parent].children++;
    walk->current = scan->count++;
    walk->place = MIME_IN_HEADER;
    return 0;
}

static int push_level(struct walk *walk, const struct mime_content *content)
{
    if (walk->depth == LIMIT_MIME_DEPTH)
        return MIME_SCAN_LIMIT;
    struct level *level = &walk->levels[walk->depth++];
    level->part = walk->current;
    level->boundary_len = content->boundary_len;
    memcpy(level->boundary, content->boundary, content->boundary_len);
    return 0;
}

/* The header block of the current part ends before `line`, which is blank or a delimiter. */
static int end_header(struct walk *walk, const struct line *line, bool blank)
{
    struct mime_part *part = current(walk);
    part->header_end = line->start > part->header ? line->start : part->header;
    part->body = blank ? line->next : part->header_end;
    if (part->header_end - part->header > LIMIT_HEADER_BLOCK)
        return MIME_SCAN_LIMIT;
    struct mime_content content;
    bool digest = part->parent != MIME_NO_PARENT && walk->scan->parts[part->parent].digest;
    mime_content_read(walk->message, part->header, part->header_end, digest, &content);
    part->kind = content.kind;
    part->digest = strcmp(content.type, "multipart/digest") == 0;
    bool container = part->kind == MIME_MULTIPART;
    part->is_signed = container && strcmp(content.type, "multipart/signed") == 0;
    part->alternative = container && strcmp(content.type, "multipart/alternative") == 0;
    part->plain = !content.type[0] || strcmp(content.type, "text/plain") == 0;
    walk->place = MIME_IN_BODY;
    if (!blank)
        return 0;
    if (part->kind == MIME_MULTIPART) {
        walk->place = MIME_AROUND;
        return push_level(walk, &content);
    }
    if (part->kind == MIME_MESSAGE) {
        int error = push_level(walk, &content);
        return error ? error : add_part(walk, line->next, line->next, walk->current);
    }
    return 0;
}

static enum match match_level(const struct level *level, struct span line)
{
    if (level->boundary_len == 0 ||
        !span_starts(span_part(line, 2, line.len),
                     (struct span){level->boundary, level->boundary_len}))
        return MATCH_NOTHING;
    struct span rest = span_trim(span_part(line, 2 + level->boundary_len, line.len));
    if (rest.len == 0)
        return MATCH_OPEN;
    return span_equal(rest, SPAN("--")) ? MATCH_CLOSE : MATCH_ODD;
}

/* Which multipart's delimiter is this line? The innermost one's; two different ones are refused. */
static enum match match_line(const struct walk *walk, struct span line, size_t *ret_level,
                             bool *ret_ambiguous)
{
    enum match best = MATCH_NOTHING;
    for (size_t i = walk->depth; i-- > 0;) {
        enum match match = match_level(&walk->levels[i], line);
        if (match >= MATCH_OPEN && best >= MATCH_OPEN && match != best)
            *ret_ambiguous = true;
        if (match > best && best < MATCH_OPEN) {
            best = match;
            *ret_level = i;
        }
    }
    return best;
}

static size_t before_line_end(struct span message, size_t at, size_t floor)
{
    if (at > floor && message.ptr[at - 1] == '\n')
        at--;
    if (at > floor && message.ptr[at - 1] == '\r')
        at--;
    return at;
}

/* Ends every part that is deeper than level `level`. */
static void end_parts(struct walk *walk, size_t level, size_t at)
{
    size_t keep = walk->levels[level].part;
    for (size_t i = walk->current; i != keep; i = walk->scan->parts[i].parent) {
        struct mime_part *part = &walk->scan->parts[i];
        part->end = before_line_end(walk->message, at, part->body);
        part->after = at;
    }
    walk->current = keep;
    walk->depth = level + 1;
}

static int take_delimiter(struct walk *walk, const struct line *line, size_t level, bool close)
{
    if (walk->place == MIME_IN_HEADER) {
        int error = end_header(walk, line, false);
        if (error)
            return error;
    }
    end_parts(walk, level, line->start);
    if (!close)
        return add_part(walk, line->start, line->next, walk->levels[level].part);
    walk->place = MIME_AROUND;
    return 0;
}

static int add_odd(struct walk *walk, size_t at)
{
    struct mime_scan *scan = walk->scan;
    if (scan->odds_count == LIMIT_MIME_PARTS)
        return MIME_SCAN_LIMIT;
    scan->odds[scan->odds_count++] =
        (struct mime_odd){.at = at, .part = walk->current, .place = walk->place};
    return 0;
}

/* Delimiters behind a bare CR: some readers take that for a line end. */
static int look_for_bare_cr(struct walk *walk, const struct line *line)
{
    const char *text = walk->message.ptr;
    for (size_t i = line->start; i < line->end; i++) {
        const char *cr = memchr(text + i, '\r', line->end - i);
        if (!cr)
            return 0;
        i = (size_t)(cr - text);
        struct span rest = span_part(walk->message, i + 1, line->end - i - 1);
        if (!span_starts(rest, SPAN("--")))
            continue;
        size_t level = 0;
        bool ambiguous = false;
        if (match_line(walk, rest, &level, &ambiguous) != MATCH_NOTHING) {
            int error = add_odd(walk, i + 1);
            if (error)
                return error;
        }
    }
    return 0;
}

static int take_line(struct walk *walk, const struct line *line)
{
    struct span text = span_part(walk->message, line->start, line->end - line->start);
    if (walk->depth > 0 && span_starts(text, SPAN("--"))) {
        size_t level = 0;
        bool ambiguous = false;
        enum match match = match_line(walk, text, &level, &ambiguous);
        if (ambiguous)
            return MIME_SCAN_AMBIGUOUS;
        if (match >= MATCH_OPEN)
            return take_delimiter(walk, line, level, match == MATCH_CLOSE);
        if (match == MATCH_ODD) {
            int error = add_odd(walk, line->start);
            if (error)
                return error;
        }
    }
    if (walk->depth > 0) {
        int error = look_for_bare_cr(walk, line);
        if (error)
            return error;
    }
    if (walk->place != MIME_IN_HEADER || line->start < current(walk)->header)
        return 0;
    if (text.len == 0)
        return end_header(walk, line, true);
    /* Blank for some readers, who find a body where others find more header. */
    return mime_field_text_len(text) == 0 ? MIME_SCAN_AMBIGUOUS : 0;
}

static int walk_lines(struct walk *walk)
{
    const char *text = walk->message.ptr;
    struct line line = {.next = 0};
    while (line.next < walk->message.len) {
        line.start = line.next;
        const char *eol = memchr(text + line.start, '\n', walk->message.len - line.start);
        line.end = eol ? (size_t)(eol - text) : walk->message.len;
        line.next = eol ? line.end + 1 : line.end;
        if (line.end > line.start && eol && text[line.end - 1] == '\r')
            line.end--;
        walk->scan->looked_at = line.start;
        int error = take_line(walk, &line);
        if (error)
            return error;
    }
    walk->scan->looked_at = walk->message.len;
    if (walk->place != MIME_IN_HEADER)
        return 0;
    line = (struct line){walk->message.len, walk->message.len, walk->message.len};
    return end_header(walk, &line, false);
}

int mime_scan(struct span message, struct mime_scan *ret)
{
    struct mime_scan scan = {
        .parts = calloc(LIMIT_MIME_PARTS, sizeof(*scan.parts)),
        .odds = calloc(LIMIT_MIME_PARTS, sizeof(*scan.odds)),
    };
    struct walk walk = {
        .message = message,
        .scan = &scan,
        .levels = malloc(LIMIT_MIME_DEPTH * sizeof(*walk.levels)),
    };
    int answer = -ENOMEM;
    if (scan.parts && scan.odds && walk.levels) {
        answer = add_part(&walk, 0, 0, MIME_NO_PARENT);
        if (!answer)
            answer = walk_lines(&walk);
        *ret = scan;
    } else {
        mime_scan_free(&scan);
    }
    free(walk.levels);
    return answer;
}

bool mime_scan_may_drop(const struct mime_scan *scan, struct span message, size_t index)
{
    const struct mime_part *part = &scan->parts[index];
    if (part->parent == MIME_NO_PARENT || part->header == part->delim ||
        scan->parts[part->parent].children < 2)
        return false;
    /* What ends the part before it now is the end of the message, which is no line end of a
     * delimiter's. */
    if (part->after >= message.len)
        return false;
    /* Behind a container, the next delimiter might be taken for one of its own. */
    const struct mime_part *before = &scan->parts[index - 1];
    return part->nth == 0 || (before->parent == part->parent && before->kind != MIME_MULTIPART);
}

void mime_scan_free(struct mime_scan *scan)
{
    free(scan->parts);
    free(scan->odds);
    *scan = (struct mime_scan){0};
}
