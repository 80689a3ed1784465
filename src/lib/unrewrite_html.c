/* Where tags and attributes are: the tokenizer of the HTML standard (13.2.5), as much as is needed
 * to know where a value begins and ends in the bytes as they stand. */
#include "lib/unrewrite.h"

#include "lib/html_entity.h"

#define ATTRIBUTES                                                                                 \
    64 /* a tag; a mail client writes some ten, and what is beyond stays as it is                  \
        */

struct attribute {
    size_t start; /* of the blanks before the name */
    size_t name;
    size_t name_end;
    size_t value; /* without quotes; equal to value_end without a value */
    size_t value_end;
    size_t end; /* behind the closing quote */
    bool quoted;
};

struct tag {
    size_t start;
    size_t name_end;
    size_t end; /* behind its '>' */
    size_t count;
    struct attribute attributes[ATTRIBUTES];
};

struct document {
    const struct shoji_rewrite *how;
    struct span in;
    struct buf *out;
    size_t *count;
    size_t copied; /* all before this offset is written */
};

static bool is_letter(char c)
{
    c = ascii_lower(c);
    return c >= 'a' && c <= 'z';
}

static bool read_value(struct span in, size_t *at, struct attribute *attribute)
{
    size_t i = *at;
    while (i < in.len && ascii_is_space(in.ptr[i]))
        i++;
    if (i < in.len && (in.ptr[i] == '"' || in.ptr[i] == '\'')) {
        const char *close = memchr(in.ptr + i + 1, in.ptr[i], in.len - i - 1);
        if (!close)
            return false;
        attribute->quoted = true;
        attribute->value = i + 1;
        attribute->value_end = (size_t)(close - in.ptr);
        *at = attribute->value_end + 1;
        return true;
    }
    attribute->value = i;
    while (i < in.len && !ascii_is_space(in.ptr[i]) && in.ptr[i] != '>')
        i++;
    attribute->value_end = i;
    *at = i;
    return true;
}

/* The attribute at *at, if the tag has another one. */
static bool read_attribute(struct span in, size_t *at, struct attribute *ret, bool *ret_cut)
{
    size_t i = *at;
    ret->start = i;
    while (i < in.len && (ascii_is_space(in.ptr[i]) || in.ptr[i] == '/'))
        i++;
    *at = i;
    if (i == in.len || in.ptr[i] == '>')
        return false;
    ret->name = i++; /* a '=' that comes first belongs to the name */
    while (i < in.len && !ascii_is_space(in.ptr[i]) && !strchr("/>=", in.ptr[i]))
        i++;
    ret->name_end = ret->value = ret->value_end = ret->end = i;
    ret->quoted = false;
    size_t equals = i;
    while (equals < in.len && ascii_is_space(in.ptr[equals]))
        equals++;
    if (equals < in.len && in.ptr[equals] == '=') {
        i = equals + 1;
        *ret_cut = !read_value(in, &i, ret);
        ret->end = i;
    }
    *at = i;
    return !*ret_cut;
}

/* The tag at in[at]; false when the document ends in it. */
static bool read_tag(struct span in, size_t at, struct tag *tag)
{
    struct attribute one = {0};
    bool cut = false;
    tag->start = at++;
    while (at < in.len && !ascii_is_space(in.ptr[at]) && !strchr("/>", in.ptr[at]))
        at++;
    tag->name_end = at;
    tag->count = 0;
    while (read_attribute(in, &at, &one, &cut))
        if (tag->count < ATTRIBUTES)
            tag->attributes[tag->count++] = one;
    tag->end = at + 1;
    return !cut && at < in.len;
}

static struct span name_of(const struct document *d, const struct attribute *attribute)
{
    return span_part(d->in, attribute->name, attribute->name_end - attribute->name);
}

static struct span value_of(const struct document *d, const struct attribute *attribute)
{
    return span_part(d->in, attribute->value, attribute->value_end - attribute->value);
}

static const struct attribute *find(const struct document *d, const struct tag *tag,
                                    const char *name)
{
    for (size_t i = 0; i < tag->count; i++)
        if (span_equal_nocase(name_of(d, &tag->attributes[i]), span_of(name)))
            return &tag->attributes[i];
    return NULL;
}

/* in[from, to) becomes `text`; what stands before it is copied. */
static void put(struct document *d, size_t from, size_t to, struct span text)
{
    buf_add_span(d->out, span_part(d->in, d->copied, from - d->copied));
    buf_add_span(d->out, text);
    d->copied = to;
}

/* The attributes that the rewriter writes URLs into. */
static const struct {
    const char *name;
    enum unrewrite_place place;
} places[] = {
    {"src", UNREWRITE_WHOLE},
    {"href", UNREWRITE_WHOLE},
    {"background", UNREWRITE_WHOLE},
    {"data-shoji-src", UNREWRITE_WHOLE},
    {"srcset", UNREWRITE_SRCSET},
    {"style", UNREWRITE_STYLE},
    {"data-shoji-style", UNREWRITE_STYLE},
};

/* Appends the value with its originals; how many? */
static size_t restored(const struct document *d, const struct attribute *attribute, struct buf *ret)
{
    size_t count = 0;
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
        if (span_equal_nocase(name_of(d, attribute), span_of(places[i].name)))
            unrewrite_text(d->how, places[i].place, value_of(d, attribute), ret, &count);
    return count;
}

/* Undoes the references of an attribute's value. False when the text could end its element. */
static bool to_sheet(struct span value, struct buf *out)
{
    for (size_t i = 0; i < value.len;) {
        struct html_reference reference;
        if (value.ptr[i] == '&' &&
            html_reference(span_part(value, i, value.len), true, &reference)) {
            buf_add(out, reference.text, reference.text_len);
            i += reference.used;
        } else {
            buf_add_char(out, value.ptr[i++]);
        }
    }
    return !memchr(out->ptr ? out->ptr : "", '<', out->len);
}

/* What takes the place of each attribute. */
struct exchange {
    const struct attribute *held;  /* goes */
    const struct attribute *shown; /* its value becomes that of `held` */
    const char *name;              /* without `shown`, `held` is renamed */
};

/* *ret: what waits for a click goes to where it is shown, if it is truly ours. */
static bool plan_exchange(const struct document *d, const struct tag *tag, const char *held,
                          const char *shown, struct exchange *ret)
{
    CLEANUP(buf_free) struct buf text = BUF_INIT(SIZE_MAX / 2);
    *ret =
        (struct exchange){.held = find(d, tag, held), .shown = find(d, tag, shown), .name = shown};
    if (ret->held && restored(d, ret->held, &text) > 0)
        return true;
    ret->held = NULL;
    return false;
}

static void put_value(struct document *d, const struct attribute *at, struct span value)
{
    CLEANUP(buf_free) struct buf text = BUF_INIT(SIZE_MAX / 2);
    buf_add_char(&text, '"');
    for (size_t i = 0; i < value.len; i++) /* it may have stood in the other quotes */
        if (value.ptr[i] == '"')
            buf_add_text(&text, "&quot;");
        else
            buf_add_char(&text, value.ptr[i]);
    buf_add_char(&text, '"');
    put(d, at->quoted ? at->value - 1 : at->value, at->end, buf_span(&text));
}

static void write_attribute(struct document *d, const struct attribute *attribute,
                            const struct exchange *exchange)
{
    CLEANUP(buf_free) struct buf text = BUF_INIT(SIZE_MAX / 2);
    if (exchange && attribute == exchange->shown) {
        *d->count += restored(d, exchange->held, &text);
        put_value(d, attribute, buf_span(&text));
        return;
    }
    if (exchange && exchange->shown) { /* it has moved */
        put(d, attribute->start, attribute->end, SPAN(""));
        return;
    }
    size_t count = restored(d, attribute, &text);
    if (exchange)
        put(d, attribute->name, attribute->name_end, span_of(exchange->name));
    if (count == 0)
        return;
    *d->count += count;
    put(d, attribute->value, attribute->value_end, buf_span(&text));
}

static void write_attributes(struct document *d, const struct tag *tag, bool is_style)
{
    struct exchange image, style = {0};
    plan_exchange(d, tag, "data-shoji-src", "src", &image);
    if (!is_style)
        plan_exchange(d, tag, "data-shoji-style", "style", &style);
    for (size_t i = 0; i < tag->count; i++) {
        const struct attribute *attribute = &tag->attributes[i];
        bool of_image = image.held && (attribute == image.held || attribute == image.shown);
        bool of_style = style.held && (attribute == style.held || attribute == style.shown);
        write_attribute(d, attribute, of_image ? &image : of_style ? &style : NULL);
    }
}

static size_t find_nocase(struct span in, size_t from, const char *what)
{
    struct span wanted = span_of(what);
    for (size_t at = from; at + wanted.len <= in.len; at++) {
        const char *first = memchr(in.ptr + at, what[0], in.len - at);
        if (!first)
            break;
        at = (size_t)(first - in.ptr);
        if (span_equal_nocase(span_part(in, at, wanted.len), wanted))
            return at;
    }
    return in.len;
}

/* A <style> and its text up to in[end]. */
static void write_style(struct document *d, const struct tag *tag, size_t end)
{
    CLEANUP(buf_free) struct buf text = BUF_INIT(SIZE_MAX / 2);
    CLEANUP(buf_free) struct buf held = BUF_INIT(SIZE_MAX / 2);
    const struct attribute *waits = find(d, tag, "data-shoji-style");
    size_t count = 0;
    if (waits && to_sheet(value_of(d, waits), &held))
        unrewrite_text(d->how, UNREWRITE_SHEET, buf_span(&held), &text, &count);
    if (count > 0) {
        put(d, waits->start, waits->end, SPAN(""));
        put(d, tag->end, end, buf_span(&text));
    } else {
        write_attributes(d, tag, true);
        buf_clear(&text);
        unrewrite_text(d->how, UNREWRITE_SHEET, span_part(d->in, tag->end, end - tag->end), &text,
                       &count);
        if (count > 0)
            put(d, tag->end, end, buf_span(&text));
    }
    *d->count += count;
}

/* Elements whose text is no markup, and how they end. */
static const char *raw_end(struct span name)
{
    static const char *const raw[][2] = {
        {"script", "</script"},   {"style", "</style"},       {"textarea", "</textarea"},
        {"title", "</title"},     {"xmp", "</xmp"},           {"iframe", "</iframe"},
        {"noembed", "</noembed"}, {"noframes", "</noframes"},
    };
    for (size_t i = 0; i < sizeof(raw) / sizeof(raw[0]); i++)
        if (span_equal_nocase(name, span_of(raw[i][0])))
            return raw[i][1];
    return NULL;
}

/* The tag at in[at]; returns where to go on. */
static size_t write_tag(struct document *d, size_t at)
{
    struct tag tag;
    if (!read_tag(d->in, at, &tag))
        return d->in.len;
    struct span name = span_part(d->in, at + 1, tag.name_end - at - 1);
    const char *ending = raw_end(name);
    size_t end = ending ? find_nocase(d->in, tag.end, ending) : tag.end;
    if (span_equal_nocase(name, SPAN("style")))
        write_style(d, &tag, end);
    else
        write_attributes(d, &tag, false);
    return end;
}

int unrewrite_html(const struct shoji_rewrite *how, struct span in, struct buf *out, size_t *count)
{
    struct document d = {.how = how, .in = in, .out = out, .count = count};
    size_t at = 0;
    while (at < in.len && !buf_error(out)) {
        const char *open = memchr(in.ptr + at, '<', in.len - at);
        if (!open)
            break;
        at = (size_t)(open - in.ptr);
        struct span rest = span_part(in, at, in.len);
        if (span_starts(rest, SPAN("<!--")))
            at = find_nocase(in, at + 2, "-->");
        else if (rest.len > 1 && is_letter(rest.ptr[1]))
            at = write_tag(&d, at);
        else
            at++;
    }
    buf_add_span(out, span_part(in, d.copied, in.len));
    return buf_error(out);
}
