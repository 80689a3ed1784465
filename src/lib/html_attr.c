/* The attributes of one start tag. What depends on several of them is decided first; then they are
 * written in the order in which they came, so that a second pass over the result changes nothing.
 */
#include "lib/html_link.h"
#include "lib/html_size.h"
#include "lib/html_srcset.h"
#include "lib/html_write.h"
#include "lib/report.h"
#include "lib/tracker.h"

struct tag {
    struct html_document *d;
    enum html_element kind;
    const struct span *src, *srcset, *held_src, *tracker, *background, *style, *held_style, *href;
    const struct html_attribute_kind **kinds; /* of each attribute */
    bool src_is_href; /* of <image>, which some clients read like that of svg */
    struct image_use use;

    struct buf *scratch; /* by enum html_scratch */
    bool held;           /* the image waits */
    bool blocked;
    bool leads_away; /* the link is http(s) */
    bool has_candidates;
};

#define KEPT_MAX 4096 /* bytes of a scratch buffer that are not given back at once */

static void scratch_clear(struct buf *scratch)
{
    for (int i = 0; i < HTML_SCRATCHES; i++) {
        if (scratch[i].cap > KEPT_MAX)
            buf_free(&scratch[i]);
        else
            buf_clear(&scratch[i]);
    }
}

void html_scratch_init(struct html_document *d)
{
    for (int i = 0; i < HTML_SCRATCHES; i++)
        d->scratch[i] = BUF_INIT(d->out->max);
    d->picture = BUF_INIT(d->out->max);
}

void html_scratch_free(struct html_document *d)
{
    for (int i = 0; i < HTML_SCRATCHES; i++)
        buf_free(&d->scratch[i]);
    buf_free(&d->picture);
}

static bool holding(const struct tag *tag)
{
    return tag->d->pass->how->mode == SHOJI_HOLD;
}

static int refer(struct tag *tag, struct span raw, struct buf *out)
{
    int r = image_ref(&tag->use, raw, out);
    html_fail(tag->d, r);
    return r < 0 ? IMAGE_DROPPED : r;
}

/* ---- <img src>, and what waits in its stead ---- */

/* Held by an earlier pass: stays held, if it is truly ours. */
static bool decide_held(struct tag *tag)
{
    if (!tag->held_src || tag->d->pass->how->mode == SHOJI_STRIP)
        return false;
    tag->use.want = IMAGE_OURS;
    int r = refer(tag, *tag->held_src, &tag->scratch[HTML_SCRATCH_IMAGE]);
    tag->use.want = IMAGE_SIGN;
    tag->held = r == 0;
    tag->blocked = r == IMAGE_BLOCKED;
    if (!tag->held && !tag->blocked)
        buf_clear(&tag->scratch[HTML_SCRATCH_IMAGE]);
    return tag->held || tag->blocked;
}

/* A tracker that an earlier pass blocked: it says so again, and is counted again. */
static bool decide_blocked(struct tag *tag)
{
    struct rewrite_pass *pass = tag->d->pass;
    if (!tag->tracker || !tag->src || !span_equal(*tag->src, SPAN(IMAGE_PLACEHOLDER)))
        return false;
    bool vendor = rules_has_vendor(pass->how->rules, *tag->tracker);
    report_tracker(pass->report, vendor ? *tag->tracker : SPAN(""),
                   vendor ? SPAN("") : *tag->tracker, "pixel", vendor ? "vendor" : "geometry",
                   "blocked");
    pass->effects++;
    buf_add_text(&tag->scratch[HTML_SCRATCH_IMAGE], IMAGE_PLACEHOLDER);
    buf_add_span(&tag->scratch[HTML_SCRATCH_BLOCKER], *tag->tracker);
    tag->blocked = true;
    return true;
}

static void decide_image(struct tag *tag)
{
    if (decide_held(tag) || decide_blocked(tag))
        return;
    int r = tag->src ? refer(tag, *tag->src, &tag->scratch[HTML_SCRATCH_IMAGE]) : IMAGE_DROPPED;
    tag->held = r == 0 && holding(tag);
    tag->blocked = r == IMAGE_BLOCKED;
    if (r != IMAGE_DROPPED || !holding(tag))
        return;
    /* No src, but a choice of images: the first will do for when they are shown. */
    struct span rest = tag->srcset ? *tag->srcset : buf_span(&tag->d->picture);
    struct srcset_candidate candidate;
    while (!tag->held && srcset_next(&rest, &candidate)) {
        tag->held = refer(tag, candidate.url, &tag->scratch[HTML_SCRATCH_IMAGE]) == 0;
        if (!tag->held)
            buf_clear(&tag->scratch[HTML_SCRATCH_IMAGE]);
    }
}

/* ---- background, style ---- */

/* A background that is to be held has no attribute of ours to wait in: it waits as CSS. */
static void decide_style(struct tag *tag)
{
    struct html_document *d = tag->d;
    CLEANUP(buf_free) struct buf before = BUF_INIT(d->out->max);
    if (tag->background && tag->kind == HTML_BOX) {
        tag->use.kind = "css";
        int r = refer(tag, *tag->background, &tag->scratch[HTML_SCRATCH_PAPER]);
        if (r == 0 && holding(tag)) {
            buf_add_text(&before, "background-image:url(");
            buf_add_span(&before, buf_span(&tag->scratch[HTML_SCRATCH_PAPER]));
            buf_add_char(&before, ')');
            buf_clear(&tag->scratch[HTML_SCRATCH_PAPER]);
        }
    }
    if (tag->style || before.len > 0)
        html_css_rewrite(d, false, tag->style ? *tag->style : (struct span){"", 0},
                         buf_span(&before),
                         &(struct html_css){&tag->scratch[HTML_SCRATCH_STYLE],
                                            &tag->scratch[HTML_SCRATCH_HELD_STYLE]});
    if (tag->held_style && tag->scratch[HTML_SCRATCH_HELD_STYLE].len == 0)
        html_css_reheld(d, false, *tag->held_style, &tag->scratch[HTML_SCRATCH_REHELD]);
}

static void decide_link(struct tag *tag)
{
    tag->d->pass->effects++;
    int r = html_link(*tag->href, html_base(tag->d), &tag->scratch[HTML_SCRATCH_LINK]);
    if (r == 0 && !buf_error(&tag->scratch[HTML_SCRATCH_LINK]))
        r = tracker_link(tag->d->pass, &tag->scratch[HTML_SCRATCH_LINK]);
    html_fail(tag->d, r);
    tag->leads_away = r == 0;
    if (r == LINK_DROPPED)
        report_neutralised(tag->d->pass->report, SPAN("href"));
}

/* ---- writing ---- */

static void write_image(struct tag *tag)
{
    struct buf *out = tag->d->out;
    if (tag->scratch[HTML_SCRATCH_IMAGE].len == 0)
        return;
    if (tag->held)
        html_write_attribute(out, "data-shoji-src", buf_span(&tag->scratch[HTML_SCRATCH_IMAGE]));
    html_write_attribute(out, "src",
                         tag->held ? SPAN(IMAGE_PLACEHOLDER)
                                   : buf_span(&tag->scratch[HTML_SCRATCH_IMAGE]));
    if (tag->blocked)
        html_write_attribute(out, "data-shoji-tracker",
                             buf_span(&tag->scratch[HTML_SCRATCH_BLOCKER]));
}

/* Straight into the output: there may be a megabyte of them. */
static void write_candidates(struct tag *tag)
{
    struct buf *out = tag->d->out;
    struct image_use use = tag->use;
    struct span rest = *tag->srcset;
    struct srcset_candidate candidate;
    size_t before = out->len;
    tag->use.pixel = false; /* src was judged by its size already */
    tag->use.tracker = NULL;
    if (holding(tag))
        tag->use.want = IMAGE_INSIDE;
    buf_add_text(out, " srcset=\"");
    size_t first = out->len;
    while (srcset_next(&rest, &candidate)) {
        size_t start = out->len;
        if (start > first)
            buf_add_text(out, ", ");
        int r = refer(tag, candidate.url, out);
        if (r == IMAGE_DROPPED || r == IMAGE_BLOCKED) {
            if (!buf_error(out))
                buf_cut(out, start);
            continue;
        }
        if (candidate.descriptor.len > 0) {
            buf_add_char(out, ' ');
            buf_add_span(out, candidate.descriptor);
        }
    }
    tag->use = use;
    tag->has_candidates = out->len > first;
    if (tag->has_candidates)
        buf_add_char(out, '"');
    else if (!buf_error(out))
        buf_cut(out, before);
}

static void write_nonempty(struct tag *tag, const char *name, const struct buf *value)
{
    if (value->len > 0)
        html_write_attribute(tag->d->out, name, buf_span(value));
}

static void write_styles(struct tag *tag)
{
    write_nonempty(tag, "style", &tag->scratch[HTML_SCRATCH_STYLE]);
    write_nonempty(tag, "data-shoji-style", &tag->scratch[HTML_SCRATCH_HELD_STYLE]);
}

static bool contains(struct span s, const char *part)
{
    return s.len > 0 && memmem(s.ptr, s.len, part, strlen(part));
}

/* Handlers, and what holds something like a URL; the rest is only of no use to anybody. */
static void neutralised(struct tag *tag, const struct html_attribute *attribute)
{
    bool handler = span_starts(attribute->name, SPAN("on"));
    if (!handler && !contains(attribute->value, "//") && !contains(attribute->value, "url("))
        return;
    report_neutralised(tag->d->pass->report, handler ? SPAN("on*") : attribute->name);
    tag->d->pass->effects++;
}

/* Bytes that stand in the document (html_token.h), of which sixteen are copied at once where there
 * are so many: to copy too much costs less than to count. */
static char *copy(const struct html_document *d, char *to, struct span s)
{
    if (s.len <= 16 && d->t.in.ptr + d->t.in.len - s.ptr >= 16) {
        memcpy(to, s.ptr, 16);
        return to + s.len;
    }
    return mempcpy(to, s.ptr, s.len);
}

static void write_plain(struct tag *tag, const struct html_attribute_kind *kind, struct span value)
{
    struct buf *out = tag->d->out;
    char *to = buf_room(out, sizeof(kind->open) + value.len + 16 + 1);
    if (!to) { /* in steps that fit exactly */
        html_write_attribute_plain(out, (struct span){kind->open + 1, kind->open_len - 3U}, value);
        return;
    }
    memcpy(to, kind->open, sizeof(kind->open));
    to = copy(tag->d, to + kind->open_len, value);
    *to++ = '"';
    buf_commit(out, (size_t)(to - out->ptr) - out->len);
}

static void write_allowed(struct tag *tag, const struct html_attribute_kind *kind,
                          const struct html_attribute *attribute)
{
    if (!html_value_allowed((enum html_attribute_rule)kind->rule, attribute->value))
        neutralised(tag, attribute);
    else if (attribute->plain)
        write_plain(tag, kind, attribute->value);
    else
        html_write_attribute_of(tag->d->out, attribute->name, attribute->value);
}

/* Does the attribute come through as it is, or not at all? */
static bool is_simple(enum html_attribute_rule rule)
{
    return rule == HTML_ATTR_TEXT || rule == HTML_ATTR_PLAIN || rule == HTML_ATTR_CONDITION ||
           rule == HTML_ATTR_FRAGMENT;
}

static void write_one(struct tag *tag, const struct html_attribute_kind *kind,
                      const struct html_attribute *attribute)
{
    enum html_attribute_rule rule = (enum html_attribute_rule)kind->rule;
    bool image = tag->kind == HTML_IMG;
    if (is_simple(rule)) {
        write_allowed(tag, kind, attribute);
        return;
    }
    switch (rule) {
    case HTML_ATTR_STYLE:
        write_styles(tag);
        return;
    case HTML_ATTR_HELD_STYLE:
        write_nonempty(tag, "data-shoji-style", &tag->scratch[HTML_SCRATCH_REHELD]);
        return;
    case HTML_ATTR_HREF:
        write_nonempty(tag, "href", &tag->scratch[HTML_SCRATCH_LINK]);
        if (tag->src_is_href)
            write_image(tag);
        break;
    case HTML_ATTR_TARGET:
        if (tag->leads_away)
            buf_add_text(tag->d->out, " target=\"_blank\"");
        return;
    case HTML_ATTR_SRC:
        if (image)
            write_image(tag);
        break;
    case HTML_ATTR_SRCSET:
        if ((image || tag->kind == HTML_SOURCE) && !tag->blocked)
            write_candidates(tag);
        break;
    case HTML_ATTR_BACKGROUND:
        write_nonempty(tag, "background", &tag->scratch[HTML_SCRATCH_PAPER]);
        break;
    case HTML_ATTR_UNKNOWN:
        neutralised(tag, attribute);
        return;
    default:
        return;
    }
    bool wanted = (rule == HTML_ATTR_SRC && image) ||
                  (rule == HTML_ATTR_SRCSET && (image || tag->kind == HTML_SOURCE)) ||
                  (rule == HTML_ATTR_BACKGROUND && tag->kind == HTML_BOX) ||
                  (rule == HTML_ATTR_HREF && (tag->kind == HTML_LINK || tag->src_is_href));
    if (!wanted)
        neutralised(tag, attribute);
}

/* By the style that is written: a second pass reads the same. */
static void decide_size(struct tag *tag, const struct html_token *token)
{
    const struct html_size_of of = {.width = html_token_attribute(token, "width"),
                                    .height = html_token_attribute(token, "height"),
                                    .style = buf_span(&tag->scratch[HTML_SCRATCH_STYLE])};
    enum html_size size = html_size(&of);
    tag->use.pixel = size == HTML_SIZE_TINY;
    tag->use.large = size == HTML_SIZE_LARGE;
}

static void decide(struct tag *tag, const struct html_token *token)
{
    bool image = tag->kind == HTML_IMG;
    decide_style(tag);
    if (image) {
        decide_size(tag, token);
        decide_image(tag);
    }
    if (tag->href && tag->kind == HTML_LINK)
        decide_link(tag);
}

/* Where the value is kept that others depend on; NULL: none does. */
static const struct span **place_of(struct tag *tag, enum html_attribute_rule rule)
{
    switch (rule) {
    case HTML_ATTR_SRC:
        return &tag->src;
    case HTML_ATTR_SRCSET:
        return &tag->srcset;
    case HTML_ATTR_HELD_SRC:
        return &tag->held_src;
    case HTML_ATTR_TRACKER:
        return &tag->tracker;
    case HTML_ATTR_BACKGROUND:
        return &tag->background;
    case HTML_ATTR_STYLE:
        return &tag->style;
    case HTML_ATTR_HELD_STYLE:
        return &tag->held_style;
    case HTML_ATTR_HREF:
        return &tag->href;
    default:
        return NULL;
    }
}

/* True when something depends on more than one value: then all are read before one is written. */
static bool find_rules(struct tag *tag, const struct html_token *token)
{
    bool depends = false;
    for (size_t i = 0; i < token->attributes_count; i++) {
        const struct html_attribute_kind *kind = html_attribute_find(token->attributes[i].name);
        const struct span **place = place_of(tag, (enum html_attribute_rule)kind->rule);
        if (place)
            *place = &token->attributes[i].value;
        depends |= place != NULL;
        tag->kinds[i] = kind;
    }
    return depends;
}

static void write_all(struct tag *tag, const struct html_token *token)
{
    for (size_t i = 0; i < token->attributes_count; i++)
        write_one(tag, tag->kinds[i], &token->attributes[i]);
}

static void decide_and_write(struct tag *tag, const struct html_token *token)
{
    if (!tag->src && tag->href && span_equal(token->text, SPAN("image"))) {
        tag->src = tag->href;
        tag->src_is_href = true;
    }
    tag->use = (struct image_use){.pass = tag->d->pass,
                                  .base = html_base(tag->d),
                                  .tracker = &tag->scratch[HTML_SCRATCH_BLOCKER]};
    decide(tag, token);
    write_all(tag, token);
    if (!tag->src && tag->kind == HTML_IMG)
        write_image(tag);
    if (!tag->style)
        write_styles(tag);
    if (tag->leads_away)
        buf_add_text(tag->d->out, " rel=\"noreferrer noopener\"");
    tag->d->leads_away |= tag->leads_away;
    scratch_clear(tag->scratch);
}

/* The images of a <picture> may stand in its <source> alone, which goes while they are held. */
static void keep_source(const struct tag *tag)
{
    struct buf *picture = &tag->d->picture;
    if (tag->kind == HTML_SOURCE && tag->srcset && !tag->has_candidates && picture->len == 0 &&
        holding(tag))
        html_fail(tag->d, buf_add_span(picture, *tag->srcset));
}

static bool write_attributes(struct tag *tag, const struct html_token *token)
{
    struct html_document *d = tag->d;
    bool of_picture = tag->kind == HTML_IMG && d->picture.len > 0;
    if (token->attributes_count == 0 && !of_picture)
        return tag->kind != HTML_SOURCE;
    UNCLEARED const struct html_attribute_kind *kinds[LIMIT_ATTRIBUTES];
    tag->kinds = kinds;
    if (find_rules(tag, token) || of_picture)
        decide_and_write(tag, token);
    else
        write_all(tag, token);
    keep_source(tag);
    if (of_picture)
        buf_free(&d->picture);
    return tag->kind != HTML_SOURCE || tag->has_candidates;
}

bool html_write_start_tag(struct html_document *d, enum html_element kind,
                          const struct html_token *token)
{
    struct tag tag = {.d = d, .kind = kind, .scratch = d->scratch};
    buf_add_char(d->out, '<');
    buf_add_span(d->out, kind == HTML_IMG ? SPAN("img") : token->text);
    bool fine = write_attributes(&tag, token);
    buf_add_char(d->out, '>');
    return fine;
}
