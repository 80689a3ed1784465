#include "lib/image_ref.h"

#include "base/scan.h"
#include "lib/report.h"
#include "lib/tracker.h"
#include "lib/url_base.h"

#include <errno.h>
#include <sodium.h>

static bool is_c0_or_space(char c)
{
    return (unsigned char)c <= ' ';
}

static struct span trim(struct span s)
{
    while (s.len > 0 && is_c0_or_space(s.ptr[0]))
        s = span_part(s, 1, s.len);
    while (s.len > 0 && is_c0_or_space(s.ptr[s.len - 1]))
        s.len--;
    return s;
}

void image_ref_strip(struct span raw, struct buf *out)
{
    struct span s = trim(raw);
    for (size_t i = 0, from = 0; i <= s.len; i++) {
        if (i < s.len && s.ptr[i] != '\t' && s.ptr[i] != '\n' && s.ptr[i] != '\r')
            continue;
        buf_add(out, s.ptr + from, i - from);
        from = i + 1;
    }
}

struct span image_ref_stripped(struct span raw, struct buf *copy)
{
    struct span s = trim(raw);
    for (size_t i = scan_past(s, 0, "\t\n\r"); i < s.len; i++)
        if (s.ptr[i] == '\t' || s.ptr[i] == '\n' || s.ptr[i] == '\r') {
            image_ref_strip(s, copy);
            return buf_span(copy);
        }
    return s;
}

static bool is_slash(struct span s, size_t at)
{
    return at < s.len && (s.ptr[at] == '/' || s.ptr[at] == '\\');
}

int image_ref_canonical(struct span raw, const char *base, char *ret, size_t *ret_len)
{
    CLEANUP(buf_free) struct buf text = BUF_INIT(SIZE_MAX / 2);
    struct span s = trim(raw);
    if (base || !is_slash(s, 0) || !is_slash(s, 1))
        return shoji_url_canonical(s.ptr, s.len, base, ret, ret_len);
    buf_add_text(&text, "https:");
    image_ref_strip(s, &text);
    if (buf_error(&text))
        return buf_error(&text);
    return shoji_url_canonical(text.ptr, text.len, base, ret, ret_len);
}

/* ---- which of the distinct images of this message is it? ---- */

static uint64_t url_hash(struct rewrite_pass *pass, const char *url, size_t len)
{
    struct rewrite_seen *seen = &pass->seen;
    if (!seen->keyed) {
        randombytes_buf(seen->key, sizeof(seen->key));
        seen->keyed = true;
    }
    uint64_t hash = 0;
    crypto_shorthash((unsigned char *)&hash, (const unsigned char *)url, len, seen->key);
    return hash ? hash : 1;
}

/* True when this URL was emitted before in this pass; else it is noted, while there is room. */
static bool seen_before(struct rewrite_pass *pass, uint64_t hash, bool *ret_noted)
{
    struct rewrite_seen *seen = &pass->seen;
    for (size_t i = (size_t)hash % REWRITE_SEEN_SLOTS;; i = (i + 1) % REWRITE_SEEN_SLOTS) {
        bool before = seen->slots[i] == hash;
        if (!before && seen->slots[i] != 0)
            continue;
        /* What is dropped, since there are too many, is so again the next time. */
        *ret_noted = before || (pass->images_left > 0 && seen->count < REWRITE_SEEN_SLOTS / 2);
        if (!before && *ret_noted) {
            seen->slots[i] = hash;
            seen->count++;
        }
        return before;
    }
}

/* ---- ours ---- */

static bool open_ours(const struct shoji_rewrite *how, struct span path, struct shoji_opened *ret)
{
    return how->keys && shoji_url_open(how->keys, how->signer.suffix ? how->signer.suffix : "",
                                       path.ptr, path.len, ret) == 0;
}

/* ---- the decision ---- */

struct candidate {
    const char *url; /* canonical original */
    size_t len;
    struct span path; /* signed already: what follows our base URL */
};

static const char *kind_of(const struct image_use *use)
{
    return use->kind ? use->kind : use->large ? "image" : "pixel";
}

/* A blank where a tracker was. Where nothing can say that it was one, it counts as removed. */
static int block(const struct image_use *use, const struct tracker_verdict *verdict,
                 struct buf *out)
{
    bool said = use->tracker || use->kind;
    report_tracker(use->pass->report, verdict->vendor, verdict->host, kind_of(use),
                   verdict->evidence, said ? "blocked" : "removed");
    if (use->tracker)
        buf_add_span(use->tracker, verdict->vendor.len ? verdict->vendor : verdict->host);
    buf_add_text(out, IMAGE_PLACEHOLDER);
    return buf_error(out) ? buf_error(out) : IMAGE_BLOCKED;
}

static int dropped(const struct image_use *use)
{
    if (use->pass->report)
        use->pass->report->images_dropped++;
    return IMAGE_DROPPED;
}

/* Adds the signed URL; mail shows one spacer a hundred times, and that is signed once. */
static int add_signed(struct rewrite_pass *pass, const struct candidate *image, uint64_t hash,
                      struct buf *out)
{
    const struct shoji_rewrite *how = pass->how;
    size_t slot = hash % REWRITE_SIGNED_KEPT;
    struct rewrite_signed *kept = &pass->lately[slot];
    if (pass->lately_hash[slot] == hash)
        return buf_add(out, kept->url, kept->len);
    UNCLEARED char url[SHOJI_SIGNED_MAX + 1];
    size_t len;
    if (shoji_url_sign(&how->signer, image->url, image->len, &how->options, url, &len) != 0)
        return IMAGE_DROPPED;
    if (len <= sizeof(kept->url)) {
        pass->lately_hash[slot] = hash;
        kept->len = len;
        memcpy(kept->url, url, len);
    }
    return buf_add(out, url, len);
}

static int emit(const struct image_use *use, const struct candidate *image, struct buf *out)
{
    struct rewrite_pass *pass = use->pass;
    const struct shoji_rewrite *how = pass->how;
    uint64_t hash = url_hash(pass, image->url, image->len);
    bool noted;
    if (!seen_before(pass, hash, &noted)) {
        if (pass->images_left == 0)
            return dropped(use);
        pass->images_left--;
    }
    if (image->path.len > 0) {
        buf_add_text(out, how->signer.base_url);
        buf_add_span(out, image->path);
    } else if (add_signed(pass, image, hash, out) == IMAGE_DROPPED) {
        return dropped(use);
    }
    if (buf_error(out))
        return buf_error(out);
    pass->shown += noted;
    if (pass->report)
        pass->report->images_proxied++;
    if (how->emitted)
        how->emitted(how->emitted_ctx, image->url, image->len);
    return 0;
}

static int remote(const struct image_use *use, struct span raw, struct buf *out)
{
    const struct shoji_rewrite *how = use->pass->how;
    UNCLEARED char url[SHOJI_URL_MAX + 1];
    UNCLEARED struct shoji_opened opened;
    struct candidate image = {.url = url};
    if (use->want == IMAGE_INSIDE)
        return IMAGE_DROPPED;
    int r = image_ref_canonical(raw, use->base, url, &image.len);
    if (r < 0)
        return r;
    struct span path = r == 0 ? url_under_base(how, (struct span){url, image.len})
                              : url_under_base_as_written(how, trim(raw));
    bool ours = path.len > 0 && open_ours(how, path, &opened);
    if (ours) /* else it is foreign, whatever it stands under */
        image = (struct candidate){.url = opened.url, .len = opened.url_len, .path = path};
    else if (r > 0)
        return dropped(use);
    if (use->want == IMAGE_OURS && !ours)
        return dropped(use);
    struct tracker_verdict verdict;
    bool tracker =
        tracker_find(use->pass, (struct span){image.url, image.len}, use->pixel, &verdict);
    if (tracker && tracker_blocks(use->pass))
        return block(use, &verdict, out);
    r = how->mode == SHOJI_STRIP ? dropped(use) : emit(use, &image, out);
    use->pass->effects += tracker;
    if (tracker && r >= 0)
        report_tracker(use->pass->report, verdict.vendor, verdict.host, kind_of(use),
                       verdict.evidence, r == 0 ? "proxied" : "removed");
    return r;
}

int image_ref(const struct image_use *use, struct span raw, struct buf *out)
{
    CLEANUP(buf_free) struct buf copy = BUF_INIT(SIZE_MAX / 2);
    struct span text = image_ref_stripped(raw, &copy);
    use->pass->effects++;
    if (buf_error(&copy))
        return buf_error(&copy);
    if (text.len == 0)
        return IMAGE_DROPPED;
    int r = image_data(text, out);
    if (buf_error(out))
        return buf_error(out);
    if (r == IMAGE_DROPPED)
        return remote(use, text, out);
    if (use->pass->report)
        use->pass->report->images_inline++;
    return IMAGE_IN_MAIL;
}
