#include "lib/rules.h"

#include "lib/rules_pattern.h"

#include "base/limits.h"

#include <errno.h>

/* Words of nearly every URL: a rule is not to be found by them while it has another. */
static const char *const common_words[] = {"com",  "net", "org", "www", "http", "https",
                                           "html", "php", "gif", "png", "jpg",  "image"};

/* FNV-1a. Nothing from outside is ever added, so nobody can make collisions. */
uint64_t rules_key(enum rules_key kind, struct span text)
{
    uint64_t hash = 0xcbf29ce484222325ULL ^ (uint64_t)kind * 0x9e3779b97f4a7c15ULL;
    for (size_t i = 0; i < text.len; i++)
        hash = (hash ^ (unsigned char)text.ptr[i]) * 0x100000001b3ULL;
    hash ^= hash >> 32;
    return hash ? hash : 1;
}

struct rules_slot *rules_slot(const struct shoji_rules *rules, uint64_t key)
{
    for (size_t i = key & rules->slots_mask;; i = (i + 1) & rules->slots_mask) {
        struct rules_slot *slot = &rules->slots[i];
        if (slot->key == key || slot->key == 0)
            return slot;
    }
}

/* Room for one more element; doubles. The new pointer, or NULL. */
static void *grow(void *array, size_t count, size_t *cap, size_t size)
{
    if (count < *cap)
        return array;
    size_t more = *cap ? *cap * 2 : 64;
    void *moved = realloc(array, more * size);
    if (moved)
        *cap = more;
    return moved;
}

static int grow_slots(struct shoji_rules *rules)
{
    if (rules->slots && rules->slots_used * 2 < rules->slots_mask)
        return 0;
    size_t count = rules->slots ? (rules->slots_mask + 1) * 2 : 1024;
    struct rules_slot *slots = calloc(count, sizeof(*slots)), *old = rules->slots;
    if (!slots)
        return -ENOMEM;
    size_t old_count = old ? rules->slots_mask + 1 : 0;
    rules->slots = slots;
    rules->slots_mask = count - 1;
    for (size_t i = 0; i < old_count; i++)
        if (old[i].key)
            *rules_slot(rules, old[i].key) = old[i];
    free(old);
    return 0;
}

static int slot_for(struct shoji_rules *rules, uint64_t key, struct rules_slot **ret)
{
    int r = grow_slots(rules);
    if (r < 0)
        return r;
    struct rules_slot *slot = rules_slot(rules, key);
    rules->slots_used += slot->key == 0;
    slot->key = key;
    *ret = slot;
    return 0;
}

/* Appends `s` and says where it stands. */
static int keep(struct shoji_rules *rules, struct span s, uint32_t *ret)
{
    size_t at = rules->text.len;
    int r = buf_add_span(&rules->text, s);
    if (r == 0)
        *ret = (uint32_t)at;
    return r;
}

int rules_add_vendor(struct shoji_rules *rules, struct span name, uint32_t *ret)
{
    if (name.len == 0) {
        *ret = 0;
        return 0;
    }
    struct rules_slot *slot;
    int r = slot_for(rules, rules_key(RULES_KEY_VENDOR, name), &slot);
    if (r < 0)
        return r;
    if (slot->first) {
        *ret = slot->first;
        return 0;
    }
    if (rules->vendors_count >= LIMIT_RULES)
        return -E2BIG;
    struct span *vendors =
        grow(rules->vendors, rules->vendors_count, &rules->vendors_cap, sizeof(*vendors));
    if (!vendors)
        return -ENOMEM;
    rules->vendors = vendors;
    size_t at = rules->text.len;
    r = buf_add_span(&rules->text, name);
    if (r < 0)
        return r;
    buf_add_char(&rules->text, '\0');
    vendors[rules->vendors_count++] = (struct span){(const char *)at, name.len};
    slot->first = (uint32_t)rules->vendors_count;
    *ret = slot->first;
    return buf_error(&rules->text);
}

/* ---- by what a rule is found ---- */

static size_t chain_length(const struct shoji_rules *rules, uint64_t key)
{
    size_t length = 0;
    if (!rules->slots)
        return 0;
    const struct rules_slot *slot = rules_slot(rules, key);
    for (uint32_t at = slot->key ? slot->first : 0; at && length < 1000; at = rules->rules[at].next)
        length++;
    return length;
}

static bool is_common(struct span word)
{
    for (size_t i = 0; i < sizeof(common_words) / sizeof(common_words[0]); i++)
        if (span_equal(word, span_of(common_words[i])))
            return true;
    return word.len < 2;
}

/* The word of the pattern that the fewest rules are found by. 0: it has none. */
static uint64_t word_key(const struct shoji_rules *rules, struct span pattern, bool anchored)
{
    CLEANUP(buf_free) struct buf lower = BUF_INIT(SIZE_MAX / 2);
    struct span rest = pattern, word;
    uint64_t best = 0;
    size_t best_cost = 0;
    bool whole;
    for (bool first = true; pattern_next_word(&rest, anchored && first, &word, &whole);
         first = false) {
        if (!whole)
            continue;
        buf_clear(&lower);
        for (size_t i = 0; i < word.len; i++)
            buf_add_char(&lower, ascii_lower(word.ptr[i]));
        if (buf_error(&lower))
            return 0;
        uint64_t key = rules_key(RULES_KEY_WORD, buf_span(&lower));
        size_t cost = chain_length(rules, key) + (is_common(buf_span(&lower)) ? 100 : 1);
        if (best == 0 || cost < best_cost) {
            best = key;
            best_cost = cost;
        }
    }
    return best;
}

/* By what a label of a host pattern is found: all of it or, before a wildcard, its beginning; 0
 * when there is too little of that. */
static uint64_t label_key(struct span label)
{
    size_t plain = 0;
    while (plain < label.len && (unsigned char)label.ptr[plain] < 0x80)
        plain++;
    if (plain == label.len)
        return plain > 0 ? rules_key(RULES_KEY_LABEL, label) : 0;
    return plain >= RULES_PREFIX ? rules_key(RULES_KEY_PREFIX, span_part(label, 0, RULES_PREFIX))
                                 : 0;
}

/* The rarest label. 0: all are wildcards. */
static uint64_t glob_key(const struct shoji_rules *rules, struct span host)
{
    uint64_t best = 0;
    size_t best_cost = 0;
    for (size_t from = 0; from < host.len;) {
        size_t to = from;
        while (to < host.len && host.ptr[to] != '.')
            to++;
        struct span label = span_part(host, from, to - from);
        uint64_t key = label_key(label);
        size_t cost = chain_length(rules, key) + (is_common(label) ? 100 : 1);
        if (key != 0 && (best == 0 || cost < best_cost)) {
            best = key;
            best_cost = cost;
        }
        from = to + 1;
    }
    return best;
}

static uint64_t key_of(const struct shoji_rules *rules, const struct rules_line *line)
{
    switch (line->host_kind) {
    case RULES_HOST_NAME:
        return rules_key(RULES_KEY_HOST, line->host);
    case RULES_HOST_GLOB:
        return glob_key(rules, line->host);
    default:
        return word_key(rules, line->pattern, line->anchored);
    }
}

static int link_rule(struct shoji_rules *rules, uint64_t key, uint32_t index)
{
    uint32_t *first = &rules->wordless;
    struct rules_slot *slot;
    if (key == 0 && ++rules->wordless_count > LIMIT_RULES_WORDLESS)
        return -E2BIG;
    if (key != 0) {
        int r = slot_for(rules, key, &slot);
        if (r < 0)
            return r;
        first = &slot->first;
    }
    rules->rules[index].next = *first;
    *first = index;
    return 0;
}

int rules_add(struct shoji_rules *rules, uint32_t vendor, const struct rules_line *line)
{
    if (line->pattern.len > LIMIT_RULE_LENGTH || line->host.len > LIMIT_RULE_LENGTH ||
        line->extra.len > LIMIT_RULE_LENGTH || rules->rules_count >= LIMIT_RULES)
        return -E2BIG;
    struct rule *array = grow(rules->rules, rules->rules_count, &rules->rules_cap, sizeof(*array));
    if (!array)
        return -ENOMEM;
    rules->rules = array;
    if (rules->rules_count == 0)
        array[rules->rules_count++] = (struct rule){0}; /* 0 ends a chain */
    struct rule rule = {
        .vendor = vendor,
        .what = (uint8_t)line->what,
        .host = (uint8_t)line->host_kind,
        .host_len = (uint16_t)line->host.len,
        .pattern_len = (uint16_t)line->pattern.len,
        .extra_len = (uint16_t)line->extra.len,
        .to_end = line->to_end,
        .match_case = line->match_case,
    };
    int r = keep(rules, line->host, &rule.host_at);
    if (r == 0)
        r = keep(rules, line->pattern, &rule.pattern_at);
    if (r == 0)
        r = keep(rules, line->extra, &rule.extra_at);
    if (r < 0)
        return r;
    uint64_t key = key_of(rules, line);
    array[rules->rules_count] = rule;
    r = link_rule(rules, key, (uint32_t)rules->rules_count);
    if (r < 0)
        return r;
    rules->rules_count++;
    return 0;
}

int rules_add_param(struct shoji_rules *rules, uint32_t vendor, struct span name, struct span host)
{
    bool prefix = span_ends(name, SPAN("*"));
    name.len -= prefix;
    if (name.len == 0 || name.len > LIMIT_RULE_LENGTH || host.len > LIMIT_RULE_LENGTH)
        return -EINVAL;
    if (rules->params_count >= LIMIT_RULES)
        return -E2BIG;
    struct rules_param *array =
        grow(rules->params, rules->params_count, &rules->params_cap, sizeof(*array));
    if (!array)
        return -ENOMEM;
    rules->params = array;
    if (rules->params_count == 0)
        array[rules->params_count++] = (struct rules_param){0};
    struct rules_param param = {.vendor = vendor,
                                .name_len = (uint16_t)name.len,
                                .host_len = (uint16_t)host.len,
                                .prefix = prefix};
    size_t at = rules->text.len;
    for (size_t i = 0; i < name.len; i++)
        buf_add_char(&rules->text, ascii_lower(name.ptr[i]));
    param.name_at = (uint32_t)at;
    int r = keep(rules, host, &param.host_at);
    if (r < 0)
        return r;
    uint32_t *first = &rules->prefixes;
    if (!prefix) {
        struct rules_slot *slot;
        r = slot_for(rules, rules_key(RULES_KEY_PARAM, rules_text(rules, param.name_at, name.len)),
                     &slot);
        if (r < 0)
            return r;
        first = &slot->first;
    }
    param.next = *first;
    *first = (uint32_t)rules->params_count;
    array[rules->params_count++] = param;
    return 0;
}
