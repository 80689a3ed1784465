#include "serve/pixels.h"

#include "lib/rules.h"
#include "serve/pixels_table.h"
#include "sys/clock.h"
#include "sys/log.h"

#include <errno.h>
#include <string.h>

static int32_t oldest_day(const struct pixels *pixels)
{
    return (int32_t)((clock_wall_s() - plan_terms(pixels->conf.plan).retention_s) / 86400);
}

/* ---- the table ---- */

/* Senders choose the names. */
static uint64_t hash_of(const struct pixels *pixels, struct span domain)
{
    return cache_host_hash(pixels->conf.cache, domain.ptr, domain.len);
}

bool pixels_host_is_plain(struct span host)
{
    if (host.len == 0 || host.len > LIMIT_PIXEL_HOST || host.ptr[0] == '-')
        return false;
    for (size_t i = 0; i < host.len; i++) {
        char c = host.ptr[i];
        if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && !memchr("-._:[]", c, 6))
            return false;
    }
    return true;
}

static struct pixels_place *find(const struct pixels *pixels, struct span domain)
{
    struct hash_link *link = hash_first(&pixels->table, hash_of(pixels, domain));
    for (; link; link = hash_next(link)) {
        struct pixels_place *place = container_of(link, struct pixels_place, link);
        if (span_equal(pixels_domain(place), domain))
            return place;
    }
    return NULL;
}

static void place_free(struct pixels_place *place)
{
    free(place->host);
    free(place);
}

struct pixels_place *pixels_add(struct pixels *pixels, struct span host, size_t domain_len)
{
    struct pixels_place *place = calloc(1, sizeof(*place));
    char *copy = strndup(host.ptr, host.len);
    if (!place || !copy) {
        free(place);
        free(copy);
        return NULL;
    }
    place->host = copy;
    place->host_len = host.len;
    place->domain_len = domain_len;
    hash_add(&pixels->table, &place->link, hash_of(pixels, pixels_domain(place)));
    return place;
}

static bool gives_way_before(const struct pixels_place *one, const struct pixels_place *other)
{
    if (one->originals != other->originals)
        return one->originals < other->originals;
    return one->last_day < other->last_day;
}

/* Looks at all of them: some ten microseconds, for a domain that is new in a full table. */
static void make_room(struct pixels *pixels)
{
    struct pixels_place *least = NULL;
    if (pixels->table.count < LIMIT_PIXEL_DOMAINS)
        return;
    for (size_t i = 0; i <= pixels->table.mask; i++) {
        for (struct hash_link *link = pixels->table.buckets[i]; link; link = link->next) {
            struct pixels_place *place = container_of(link, struct pixels_place, link);
            if (!least || gives_way_before(place, least))
                least = place;
        }
    }
    hash_remove(&pixels->table, &least->link);
    place_free(least);
    pixels->forgotten++;
}

/* ---- counting ---- */

/* What both end in, at a dot: of a.mail.example.com and b.mail.example.com, mail.example.com. */
static size_t common_end(struct span one, struct span other)
{
    size_t same = 0, at_dot = 0;
    while (same < one.len && same < other.len &&
           one.ptr[one.len - 1 - same] == other.ptr[other.len - 1 - same]) {
        if (one.ptr[one.len - 1 - same] == '.')
            at_dot = same;
        same++;
    }
    bool one_begins = same == one.len || one.ptr[one.len - 1 - same] == '.';
    bool other_begins = same == other.len || other.ptr[other.len - 1 - same] == '.';
    return one_begins && other_begins ? same : at_dot;
}

static void cut_host(struct pixels_place *place, size_t len)
{
    memmove(place->host, place->host + place->host_len - len, len + 1);
    place->host_len = len;
}

static void count_up(uint32_t *counter)
{
    *counter += *counter < UINT32_MAX;
}

static bool is_below(struct span host, const struct pixels_place *place)
{
    struct span known = {place->host, place->host_len};
    return span_ends(host, known) &&
           (host.len == known.len || host.ptr[host.len - known.len - 1] == '.');
}

static void note_picture(struct pixels *pixels, struct span host, struct span domain)
{
    struct pixels_place *place = find(pixels, domain);
    if (!place || !is_below(host, place))
        return;
    count_up(&place->pictures);
    pixels->changed = true;
}

static void note_pixel(struct pixels *pixels, struct span host, struct span domain,
                       const struct pixels_entry *known)
{
    struct pixels_place *place = find(pixels, domain);
    if (!place) {
        make_room(pixels);
        place = pixels_add(pixels, host, domain.len);
        if (!place)
            return; /* one that is not counted: no reason to stop anything */
        place->first_day = clock_day();
    } else {
        cut_host(place, common_end((struct span){place->host, place->host_len}, host));
    }
    place->last_day = clock_day();
    count_up(&place->originals);
    if (known->known == PIXELS_RULE) {
        count_up(&place->named);
        memcpy(place->vendor, known->vendor, sizeof(place->vendor));
    }
    pixels->changed = true;
}

/* What the rules of now say: fills in `known` and, where one names it, `vendor`. */
static void look_up(const struct pixels *pixels, struct span url, struct pixels_entry *ret)
{
    struct span vendor = SPAN("");
    struct ruleset_use *use = ruleset_get(pixels->conf.rules);
    enum rules_standing standing = rules_standing(ruleset_rules(use), url, &vendor);
    ret->known = standing == RULES_NAMED     ? PIXELS_RULE
                 : standing == RULES_ALLOWED ? PIXELS_PARTNER
                                             : PIXELS_CANDIDATE;
    if (standing == RULES_NAMED && vendor.len > 0)
        snprintf(ret->vendor, sizeof(ret->vendor), "%.*s", (int)vendor.len, vendor.ptr);
    ruleset_put(use);
}

void pixels_note(struct pixels *pixels, const char *url, size_t len, bool is_pixel)
{
    struct shoji_url_parts parts;
    struct pixels_entry known = {.vendor = ""};
    if (!pixels || shoji_url_split(url, len, &parts) != 0)
        return;
    struct span host = {parts.host, parts.host_len};
    if (span_ends(host, SPAN(".")))
        host.len--; /* the root's dot makes no other name */
    if (!pixels_host_is_plain(host))
        return;
    struct span domain = budget_domain(pixels->conf.budget, host);
    if (is_pixel)
        look_up(pixels, (struct span){url, len}, &known);
    pthread_mutex_lock(&pixels->lock);
    if (is_pixel)
        note_pixel(pixels, host, domain, &known);
    else
        note_picture(pixels, host, domain);
    pthread_mutex_unlock(&pixels->lock);
}

/* ---- telling ---- */

const char *pixels_known_name(enum pixels_known known)
{
    static const char *const names[] = {
        [PIXELS_CANDIDATE] = "candidate", [PIXELS_RULE] = "rule", [PIXELS_PARTNER] = "partner"};
    return names[known];
}

static int most_first(const void *one, const void *other)
{
    const struct pixels_entry *a = one, *b = other;
    if (a->originals != b->originals)
        return a->originals < b->originals ? 1 : -1;
    return strcmp(a->host, b->host);
}

static void fill_in(const struct pixels_place *place, struct pixels_entry *ret)
{
    struct span domain = pixels_domain(place);
    *ret = (struct pixels_entry){
        .originals = place->originals,
        .pictures = place->pictures,
        .first_day = place->first_day,
        .last_day = place->last_day,
        .known = place->named == place->originals ? PIXELS_RULE : PIXELS_CANDIDATE,
    };
    memcpy(ret->domain, domain.ptr, domain.len + 1);
    /* The host of a single original may be its reader's own. */
    strcpy(ret->host, place->originals > 1 ? place->host : ret->domain);
    memcpy(ret->vendor, place->vendor, sizeof(ret->vendor));
}

/* What all of it lies below: what a rule for that says, holds for all of it. */
static void judge(const struct pixels *pixels, struct pixels_entry *entry)
{
    char url[LIMIT_PIXEL_HOST + 16];
    int len = snprintf(url, sizeof(url), "http://%s/", entry->host);
    struct pixels_entry now = {.vendor = ""};
    look_up(pixels, (struct span){url, (size_t)len}, &now);
    if (now.known == PIXELS_CANDIDATE)
        return;
    entry->known = now.known;
    memcpy(entry->vendor, now.vendor, sizeof(entry->vendor));
}

int pixels_list(struct pixels *pixels, int32_t since_day, struct pixels_list *ret)
{
    struct pixels_list list = {0};
    pthread_mutex_lock(&pixels->lock);
    list.entries = calloc(pixels->table.count + 1, sizeof(*list.entries));
    for (size_t i = 0; list.entries && i <= pixels->table.mask; i++) {
        for (struct hash_link *link = pixels->table.buckets[i]; link; link = link->next) {
            const struct pixels_place *place = container_of(link, struct pixels_place, link);
            if (place->last_day >= since_day)
                fill_in(place, &list.entries[list.count++]);
        }
    }
    list.forgotten = pixels->forgotten;
    pthread_mutex_unlock(&pixels->lock);
    if (!list.entries)
        return -ENOMEM;
    for (size_t i = 0; i < list.count; i++)
        judge(pixels, &list.entries[i]);
    qsort(list.entries, list.count, sizeof(*list.entries), most_first);
    *ret = list;
    return 0;
}

/* ---- the disk ---- */

static int load(struct pixels *pixels)
{
    char *text = NULL;
    size_t len;
    int r = cache_memo_load(pixels->conf.cache, &text, &len);
    if (r == CACHE_NONE)
        return 0;
    if (r == 0)
        r = pixels_read(pixels, text, oldest_day(pixels));
    free(text);
    if (r < 0 && r != -ENOMEM) {
        log_warning("the record of tracking pixels could not be read and is begun anew: %s",
                    strerror(-r));
        return 0;
    }
    return r;
}

int pixels_new(const struct pixels_conf *conf, struct pixels **ret)
{
    struct pixels *pixels = calloc(1, sizeof(*pixels));
    if (!pixels)
        return -ENOMEM;
    pixels->conf = *conf;
    pixels->saved_ms = clock_ms();
    pthread_mutex_init(&pixels->lock, NULL);
    int r = hash_init(&pixels->table);
    if (r == 0)
        r = load(pixels);
    if (r < 0) {
        pixels_free(pixels);
        return r;
    }
    *ret = pixels;
    return 0;
}

void pixels_free(struct pixels *pixels)
{
    if (!pixels)
        return;
    for (struct hash_link *link; pixels->table.buckets && (link = hash_pop(&pixels->table));)
        place_free(container_of(link, struct pixels_place, link));
    hash_free(&pixels->table);
    pthread_mutex_destroy(&pixels->lock);
    free(pixels);
}

int pixels_save(struct pixels *pixels, bool now)
{
    if (!pixels || (!now && clock_ms() - pixels->saved_ms < LIMIT_PIXEL_SAVE_MS))
        return 0;
    CLEANUP(buf_free) struct buf text = BUF_INIT(LIMIT_MEMO);
    pthread_mutex_lock(&pixels->lock);
    bool changed = pixels->changed;
    if (changed)
        pixels_write(pixels, oldest_day(pixels), &text);
    pixels->changed = false;
    pthread_mutex_unlock(&pixels->lock);
    pixels->saved_ms = clock_ms();
    if (!changed)
        return 0;
    int r = buf_error(&text);
    if (r == 0)
        r = cache_memo_save(pixels->conf.cache, text.ptr, text.len);
    if (r < 0) {
        pthread_mutex_lock(&pixels->lock);
        pixels->changed = true; /* again in a minute */
        pthread_mutex_unlock(&pixels->lock);
    }
    return r;
}
