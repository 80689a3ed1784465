#include "lib/rules.h"

#include "lib/rules_pattern.h"

bool rules_url_read(struct span url, struct rules_url *ret)
{
    struct shoji_url_parts parts;
    if (url.len > SHOJI_URL_MAX || shoji_url_split(url.ptr, url.len, &parts) != 0)
        return false;
    for (size_t i = 0; i < url.len; i++)
        ret->room[i] = ascii_lower(url.ptr[i]);
    ret->room[url.len] = '\0';
    ret->whole = url;
    ret->lower = (struct span){ret->room, url.len};
    ret->host = span_part(ret->lower, (size_t)(parts.host - url.ptr), parts.host_len);
    ret->target = span_part(ret->lower, (size_t)(parts.target - url.ptr), parts.target_len);
    if (span_ends(ret->host, SPAN(".")))
        ret->host.len--; /* the root's dot makes no other name */
    return true;
}

struct span rules_vendor(const struct shoji_rules *rules, uint32_t vendor)
{
    return vendor ? rules->vendors[vendor - 1] : (struct span){"", 0};
}

bool rules_has_vendor(const struct shoji_rules *rules, struct span name)
{
    if (!rules || !rules->slots)
        return false;
    return rules_slot(rules, rules_key(RULES_KEY_VENDOR, name))->key != 0;
}

struct search {
    const struct shoji_rules *rules;
    const struct rules_url *url;
    unsigned what; /* enum rules_what */
    const struct rule *found;
};

/* The text of `lower` as it is in the URL, or in lower case. */
static struct span cased(const struct search *s, const struct rule *rule, struct span lower)
{
    if (!rule->match_case)
        return lower;
    return span_part(s->url->whole, (size_t)(lower.ptr - s->url->lower.ptr), lower.len);
}

/* The last `count` labels of the host; all of it when there are not so many. */
static struct span last_labels(struct span host, size_t count)
{
    size_t at = host.len;
    while (at > 0 && count > 0) {
        at--;
        if (host.ptr[at] == '.' && --count == 0)
            return span_part(host, at + 1, host.len);
    }
    return host;
}

static size_t next_label(struct span host, size_t at)
{
    const char *dot = memchr(host.ptr + at, '.', host.len - at);
    return dot ? (size_t)(dot - host.ptr) + 1 : host.len;
}

static bool glob_fits(struct span glob, struct span host)
{
    bool open_end = span_ends(glob, (struct span){(const char[]){PATTERN_ANY}, 1});
    size_t dots = 0;
    for (size_t i = 0; i < glob.len; i++)
        dots += glob.ptr[i] == '.';
    if (!open_end)
        return pattern_match(glob, last_labels(host, dots + 1), true);
    for (size_t at = 0; at < host.len; at = next_label(host, at)) {
        struct span part = span_part(host, at, host.len);
        if (part.len > glob.len - 1 && pattern_match(glob, part, true))
            return true;
    }
    return false;
}

static bool part_fits(const struct search *s, const struct rule *rule, struct span pattern)
{
    size_t host_at = (size_t)(s->url->host.ptr - s->url->lower.ptr);
    for (size_t at = 0; at < s->url->host.len; at = next_label(s->url->host, at)) {
        struct span from = span_part(s->url->lower, host_at + at, s->url->lower.len);
        if (pattern_match(pattern, cased(s, rule, from), rule->to_end))
            return true;
    }
    return false;
}

static bool fits(const struct search *s, const struct rule *rule)
{
    if (!(rule->what & s->what))
        return false;
    struct span pattern = rules_text(s->rules, rule->pattern_at, rule->pattern_len);
    switch ((enum rules_host)rule->host) {
    case RULES_HOST_PART:
        return part_fits(s, rule, pattern);
    case RULES_HOST_NONE:
        return pattern_match(pattern, cased(s, rule, s->url->lower), rule->to_end);
    case RULES_HOST_GLOB:
        if (!glob_fits(rules_text(s->rules, rule->host_at, rule->host_len), s->url->host))
            return false;
        break;
    case RULES_HOST_NAME:
    case RULES_HOST_ANY:
        break;
    }
    return pattern_match(pattern, cased(s, rule, s->url->target), rule->to_end);
}

static bool try_chain(struct search *s, uint32_t first)
{
    for (uint32_t at = first; at && !s->found; at = s->rules->rules[at].next)
        if (fits(s, &s->rules->rules[at]))
            s->found = &s->rules->rules[at];
    return s->found != NULL;
}

static bool try_key(struct search *s, enum rules_key kind, struct span text)
{
    return try_chain(s, rules_slot(s->rules, rules_key(kind, text))->first);
}

/* A slot may be shared by two keys of the same hash: a name is compared once more. */
static bool try_name(struct search *s, struct span name)
{
    const struct rules_slot *slot = rules_slot(s->rules, rules_key(RULES_KEY_HOST, name));
    for (uint32_t at = slot->first; at && !s->found; at = s->rules->rules[at].next) {
        const struct rule *rule = &s->rules->rules[at];
        if (span_equal(rules_text(s->rules, rule->host_at, rule->host_len), name) && fits(s, rule))
            s->found = rule;
    }
    return s->found != NULL;
}

static bool try_host(struct search *s)
{
    struct span host = s->url->host;
    for (size_t at = 0; at < host.len; at = next_label(host, at))
        if (try_name(s, span_part(host, at, host.len)))
            return true;
    for (size_t at = 0, next; at < host.len; at = next) {
        next = next_label(host, at);
        size_t len = next - at - (next < host.len || host.ptr[next - 1] == '.');
        struct span label = span_part(host, at, len);
        if (try_key(s, RULES_KEY_LABEL, label) ||
            (len >= RULES_PREFIX &&
             try_key(s, RULES_KEY_PREFIX, span_part(label, 0, RULES_PREFIX))))
            return true;
    }
    return false;
}

static bool try_words(struct search *s)
{
    struct span rest = s->url->lower, word;
    bool whole;
    while (pattern_next_word(&rest, true, &word, &whole))
        if (try_key(s, RULES_KEY_WORD, word))
            return true;
    return try_chain(s, s->rules->wordless);
}

bool rules_find(const struct shoji_rules *rules, const struct rules_url *url, unsigned what,
                struct rules_hit *ret)
{
    struct search s = {.rules = rules, .url = url, .what = what};
    if (!rules || !rules->slots || !(try_host(&s) || try_words(&s)))
        return false;
    *ret = (struct rules_hit){
        .rule = s.found,
        .vendor = rules_vendor(rules, s.found->vendor),
        .by_host = s.found->host == RULES_HOST_NAME || s.found->host == RULES_HOST_GLOB ||
                   s.found->host == RULES_HOST_PART,
        .extra = rules_text(rules, s.found->extra_at, s.found->extra_len),
    };
    return true;
}

static bool below(struct span host, struct span name)
{
    return span_ends(host, name) &&
           (host.len == name.len || host.ptr[host.len - name.len - 1] == '.');
}

static bool param_fits(const struct shoji_rules *rules, const struct rules_param *param,
                       struct span name, struct span host)
{
    struct span known = rules_text(rules, param->name_at, param->name_len);
    if (!(param->prefix ? span_starts(name, known) : span_equal(name, known)))
        return false;
    return param->host_len == 0 || below(host, rules_text(rules, param->host_at, param->host_len));
}

const struct rules_param *rules_find_param(const struct shoji_rules *rules, struct span name,
                                           struct span host)
{
    if (!rules || !rules->slots || rules->params_count == 0)
        return NULL;
    const struct rules_slot *slot = rules_slot(rules, rules_key(RULES_KEY_PARAM, name));
    const uint32_t chains[] = {slot->first, rules->prefixes};
    for (size_t i = 0; i < 2; i++)
        for (uint32_t at = chains[i]; at; at = rules->params[at].next)
            if (param_fits(rules, &rules->params[at], name, host))
                return &rules->params[at];
    return NULL;
}

static bool is_from(const struct rules_sender *sender, struct span domain)
{
    if (domain.len == 0 || (sender && sender->anybody))
        return true;
    for (size_t i = 0; sender && i < sender->count; i++)
        if (span_equal(span_of(sender->domains[i]), domain))
            return true;
    return false;
}

bool rules_allow(const struct shoji_rules *rules, struct span host,
                 const struct rules_sender *sender)
{
    for (size_t i = 0; rules && i < rules->partners_count; i++)
        if (below(host, rules->partners[i].host) && is_from(sender, rules->partners[i].dkim_domain))
            return true;
    return false;
}

enum rules_standing rules_standing(const struct shoji_rules *rules, struct span url,
                                   struct span *ret_vendor)
{
    UNCLEARED struct rules_url ready;
    struct rules_hit hit, keep;
    const struct rules_sender anybody = {.anybody = true};
    if (!rules || !rules_url_read(url, &ready))
        return RULES_UNNAMED;
    if (rules_allow(rules, ready.host, &anybody))
        return RULES_ALLOWED;
    if (!rules_find(rules, &ready, RULES_PIXEL, &hit))
        return RULES_UNNAMED;
    if (rules_find(rules, &ready, RULES_KEEP, &keep))
        return RULES_ALLOWED;
    *ret_vendor = hit.vendor;
    return RULES_NAMED;
}

bool shoji_rules_blocks(const struct shoji_rules *rules, const char *url, size_t len)
{
    struct span vendor;
    return rules_standing(rules, (struct span){url, len}, &vendor) == RULES_NAMED;
}
