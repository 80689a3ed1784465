#include "sys/conf_change.h"

#include "sys/conf_value.h"

#include <string.h>

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_value(const struct conf_key *key, const void *a, const void *b)
{
    const char *x = (const char *)a + key->at, *y = (const char *)b + key->at;
    if (key->type == TEXT)
        return same_text(*(char *const *)(const void *)x, *(char *const *)(const void *)y);
    return *(const uint64_t *)(const void *)x == *(const uint64_t *)(const void *)y;
}

static bool same_egresses(const struct conf *a, const struct conf *b)
{
    bool same = a->egresses_count == b->egresses_count;
    for (size_t e = 0; same && e < a->egresses_count; e++) {
        same = same_text(a->egresses[e].name, b->egresses[e].name);
        for (size_t i = 0; same && i < conf_keys_count; i++)
            same =
                !conf_keys[i].named || same_value(&conf_keys[i], &a->egresses[e], &b->egresses[e]);
    }
    return same;
}

void conf_each_change(const struct conf *from, const struct conf *to,
                      void (*visit)(void *ctx, const struct conf_change *change), void *ctx)
{
    for (size_t i = 0; i < conf_keys_count; i++) {
        const struct conf_key *key = &conf_keys[i];
        if (key->named || same_value(key, from, to))
            continue;
        const struct conf_change change = {key->section, key->name, key->live};
        visit(ctx, &change);
    }
    const struct conf_change egresses = {"egress", "NAME", false};
    if (!same_egresses(from, to))
        visit(ctx, &egresses);
}

void conf_take_over(struct conf *conf, const struct conf *from)
{
    for (size_t i = 0; i < conf_keys_count; i++) {
        const struct conf_key *key = &conf_keys[i];
        if (!key->live)
            continue;
        must(key->type != TEXT && !key->named);
        memcpy((char *)conf + key->at, (const char *)from + key->at, sizeof(uint64_t));
    }
}
