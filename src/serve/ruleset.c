#include "serve/ruleset.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

struct ruleset_use {
    atomic_uint refs;
    struct shoji_rules *rules;
};

struct ruleset {
    pthread_mutex_t lock; /* guards `current` */
    struct ruleset_use *current;
    atomic_uint generation;
    struct shoji_rules_source source; /* its texts are ours */
};

static int load(const struct shoji_rules_source *source, char *why, struct ruleset_use **ret)
{
    struct ruleset_use *use = calloc(1, sizeof(*use));
    if (!use)
        return -ENOMEM;
    int r = shoji_rules_load(source, why, &use->rules);
    if (r != 0) {
        free(use);
        return r;
    }
    atomic_init(&use->refs, 1);
    *ret = use;
    return 0;
}

/* Also of no text. False: memory is out. */
static bool copy(const char *text, const char **ret)
{
    *ret = text ? strdup(text) : NULL;
    return !text || *ret;
}

int ruleset_new(const struct shoji_rules_source *source, char *why, struct ruleset **ret)
{
    struct ruleset *set = calloc(1, sizeof(*set));
    if (!set)
        return -ENOMEM;
    pthread_mutex_init(&set->lock, NULL);
    bool copied = copy(source->files, &set->source.files) &&
                  copy(source->allow, &set->source.allow) &&
                  copy(source->authserv_id, &set->source.authserv_id);
    int r = copied ? load(&set->source, why, &set->current) : -ENOMEM;
    if (r == 0)
        *ret = set;
    else
        ruleset_free(set);
    return r;
}

void ruleset_free(struct ruleset *set)
{
    if (!set)
        return;
    ruleset_put(set->current);
    pthread_mutex_destroy(&set->lock);
    free((char *)set->source.files);
    free((char *)set->source.allow);
    free((char *)set->source.authserv_id);
    free(set);
}

int ruleset_reload(struct ruleset *set, char *why)
{
    struct ruleset_use *fresh = NULL;
    if (!set)
        return 0;
    int r = load(&set->source, why, &fresh);
    if (r != 0)
        return r;
    pthread_mutex_lock(&set->lock);
    struct ruleset_use *old = set->current;
    set->current = fresh;
    pthread_mutex_unlock(&set->lock);
    /* After the exchange: who sees the new number must find the new rules. */
    atomic_fetch_add_explicit(&set->generation, 1, memory_order_release);
    ruleset_put(old);
    return 0;
}

struct ruleset_use *ruleset_get(struct ruleset *set)
{
    if (!set)
        return NULL;
    pthread_mutex_lock(&set->lock);
    struct ruleset_use *use = set->current;
    atomic_fetch_add_explicit(&use->refs, 1, memory_order_relaxed);
    pthread_mutex_unlock(&set->lock);
    return use;
}

const struct shoji_rules *ruleset_rules(const struct ruleset_use *use)
{
    return use ? use->rules : NULL;
}

void ruleset_put(struct ruleset_use *use)
{
    if (!use || atomic_fetch_sub_explicit(&use->refs, 1, memory_order_acq_rel) != 1)
        return;
    shoji_rules_free(use->rules);
    free(use);
}

bool ruleset_blocks(struct ruleset *set, const char *url, size_t len)
{
    struct ruleset_use *use = ruleset_get(set);
    bool blocks = shoji_rules_blocks(ruleset_rules(use), url, len);
    ruleset_put(use);
    return blocks;
}

unsigned ruleset_generation(const struct ruleset *set)
{
    return set ? atomic_load_explicit(&set->generation, memory_order_acquire) : 0;
}
