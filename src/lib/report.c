#include "lib/report.h"

#include <jansson.h>
#include <stdint.h>

#define HEADER_MAX 900 /* bytes: the contract's figure; fits one unfolded line of RFC 5322 */
#define NAME_MAX   40  /* bytes of a construct's name; names come from the sender */

static size_t trackers_named(const struct shoji_report *report)
{
    if (!report->trackers)
        return 0;
    return report->trackers_count < SHOJI_REPORT_TRACKERS ? report->trackers_count
                                                          : SHOJI_REPORT_TRACKERS;
}

void shoji_report_free(struct shoji_report *report)
{
    for (size_t i = 0; i < trackers_named(report); i++) {
        free(report->trackers[i].vendor);
        free(report->trackers[i].host);
    }
    for (size_t i = 0; i < report->constructs_count; i++)
        free(report->constructs[i].name);
    free(report->trackers);
    free(report->constructs);
    free(report->fallback);
    *report = (struct shoji_report){0};
}

/* Printable ASCII only: the name ends up in JSON, in logs and in tables. */
static struct span name_clean(struct span name, char *copy)
{
    size_t len = name.len < NAME_MAX ? name.len : NAME_MAX;
    for (size_t i = 0; i < len; i++)
        copy[i] = (char)(name.ptr[i] > ' ' && name.ptr[i] < 0x7F ? name.ptr[i] : '?');
    return (struct span){copy, len};
}

/* The constructs, and behind them where each stands, by a hash of its name: a mail may name a
 * hundred things a hundred thousand times. */
struct kinds {
    struct shoji_report_construct rows[SHOJI_REPORT_KINDS];
    unsigned char slots[4 * SHOJI_REPORT_KINDS]; /* a row's number and 1; 0: empty */
};

/* Where `name` is, or would be. The hash begins with where all this lies in memory, so that nobody
 * can choose names that meet. */
static unsigned char *slot_of(struct shoji_report *report, struct span name)
{
    struct kinds *kinds = (struct kinds *)report->constructs;
    uint64_t hash = (uintptr_t)kinds >> 4;
    for (size_t i = 0; i < name.len; i++)
        hash = (hash ^ (unsigned char)name.ptr[i]) * 0x9E3779B97F4A7C15;
    for (size_t i = hash >> 32;; i++) {
        unsigned char *slot = &kinds->slots[i % sizeof(kinds->slots)];
        if (*slot == 0 || span_equal(span_of(kinds->rows[*slot - 1].name), name))
            return slot;
    }
}

void report_neutralised(struct shoji_report *report, struct span name)
{
    if (!report)
        return;
    if (!report->constructs) {
        struct kinds *kinds = calloc(1, sizeof(*kinds));
        if (!kinds)
            return;
        report->constructs = kinds->rows;
    }
    char copy[NAME_MAX];
    struct span clean = name_clean(name, copy);
    unsigned char *slot = slot_of(report, clean);
    if (!*slot && report->constructs_count >= SHOJI_REPORT_KINDS - 1) {
        clean = SPAN("other");
        slot = slot_of(report, clean);
    }
    if (*slot) {
        report->constructs[*slot - 1].count++;
        return;
    }
    char *owned = strndup(clean.ptr, clean.len);
    if (!owned)
        return;
    report->constructs[report->constructs_count++] =
        (struct shoji_report_construct){.name = owned, .count = 1};
    *slot = (unsigned char)report->constructs_count;
}

/*
 * Does a second pass over the result find this tracker again? What was taken out without a trace, a
 * blank in a style sheet and links, which a second pass may find cleaned, are in the report alone:
 * the header has to come out the same however often a mail is rewritten.
 */
static bool stays(const char *kind, const char *action)
{
    bool receipt = strcmp(kind, "receipt") == 0, css = strcmp(kind, "css") == 0;
    return receipt || strcmp(action, "proxied") == 0 || (strcmp(action, "blocked") == 0 && !css);
}

static size_t trackers_passing(const struct shoji_report *report)
{
    size_t count = 0;
    for (size_t i = 0; i < trackers_named(report); i++)
        count += !stays(report->trackers[i].kind, report->trackers[i].action);
    return count;
}

void report_tracker(struct shoji_report *report, struct span vendor, struct span host,
                    const char *kind, const char *evidence, const char *action)
{
    if (!report)
        return;
    if (!report->trackers)
        report->trackers = calloc(SHOJI_REPORT_TRACKERS, sizeof(*report->trackers));
    /* Those that pass have half of the room, so that the header's list depends on the rest alone.
     */
    bool passing = !stays(kind, action);
    if (passing && (report->trackers_count >= SHOJI_REPORT_TRACKERS ||
                    report->trackers_passing >= SHOJI_REPORT_TRACKERS / 2))
        return;
    report->trackers_passing += passing;
    size_t at = report->trackers_count++;
    if (!report->trackers || at >= SHOJI_REPORT_TRACKERS)
        return;
    report->trackers[at] = (struct shoji_report_tracker){
        .vendor = vendor.len ? strndup(vendor.ptr, vendor.len) : NULL,
        .host = strndup(host.ptr, host.len),
        .kind = kind,
        .evidence = evidence,
        .action = action,
    };
}

void report_tracker_again(struct shoji_report *report, size_t row)
{
    const struct shoji_report_tracker before = report->trackers[row];
    report_tracker(report, before.vendor ? span_of(before.vendor) : SPAN(""),
                   before.host ? span_of(before.host) : SPAN(""), before.kind, before.evidence,
                   before.action);
}

void report_fallback(struct shoji_report *report, const char *why)
{
    if (report && !report->fallback)
        report->fallback = strdup(why);
}

static json_t *trackers_json(const struct shoji_report *report)
{
    json_t *list = json_array();
    for (size_t i = 0; i < trackers_named(report); i++) {
        const struct shoji_report_tracker *t = &report->trackers[i];
        json_array_append_new(list, json_pack("{s:s?,s:s,s:s,s:s,s:s}", "vendor", t->vendor, "host",
                                              t->host ? t->host : "", "kind", t->kind, "evidence",
                                              t->evidence, "action", t->action));
    }
    return list;
}

static json_t *constructs_json(const struct shoji_report *report)
{
    json_t *object = json_object();
    for (size_t i = 0; i < report->constructs_count; i++)
        json_object_set_new(object, report->constructs[i].name,
                            json_integer((json_int_t)report->constructs[i].count));
    return object;
}

char *shoji_report_json(const struct shoji_report *report)
{
    json_t *root = json_pack(
        "{s:i,s:{s:I,s:I,s:I},s:o,s:{s:I,s:I},s:o,s:s?}", "v", 1, "images", "proxied",
        (json_int_t)report->images_proxied, "inline", (json_int_t)report->images_inline, "dropped",
        (json_int_t)report->images_dropped, "trackers", trackers_json(report), "links", "tracked",
        (json_int_t)report->links_tracked, "cleaned", (json_int_t)report->links_cleaned,
        "neutralised", constructs_json(report), "fallback", report->fallback);
    if (!root)
        return NULL;
    char *text = json_dumps(root, JSON_COMPACT);
    json_decref(root);
    return text;
}

/* A vendor's name as it may stand in the list of a header: no separator, no control, no byte > 127.
 */
static size_t vendor_clean(const char *vendor, char *ret, size_t size)
{
    size_t len = 0;
    for (; *vendor && len < size; vendor++)
        if (*vendor >= ' ' && *vendor < 0x7F && *vendor != ',' && *vendor != ';')
            ret[len++] = *vendor;
    return len;
}

static bool vendor_before(const struct shoji_report *report, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (report->trackers[i].vendor &&
            strcmp(report->trackers[i].vendor, report->trackers[index].vendor) == 0)
            return true;
    return false;
}

int report_header(const struct shoji_report *report, struct buf *out)
{
    char tail[32];
    size_t tail_len =
        (size_t)snprintf(tail, sizeof(tail), "; fallback=%s", report->fallback ? "yes" : "no");
    size_t start = out->len;
    buf_add_format(out, "v=1; images=%zu; trackers=%zu; by=", report->images_proxied,
                   report->trackers_count - trackers_passing(report));
    size_t listed = 0, staying = 0;
    for (size_t i = 0; i < trackers_named(report) && staying < SHOJI_REPORT_TRACKERS / 2; i++) {
        if (!stays(report->trackers[i].kind, report->trackers[i].action))
            continue;
        staying++;
        if (!report->trackers[i].vendor || vendor_before(report, i))
            continue;
        char name[64];
        size_t len = vendor_clean(report->trackers[i].vendor, name, sizeof(name));
        if (out->len - start + 1 + len + tail_len > HEADER_MAX)
            break; /* the count is right all the same */
        if (listed++)
            buf_add_char(out, ',');
        buf_add(out, name, len);
    }
    return buf_add(out, tail, tail_len);
}
