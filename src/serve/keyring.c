#include "serve/keyring.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

struct keyset {
    atomic_uint refs;
    struct shoji_keys *keys;
};

struct keyring {
    pthread_mutex_t lock; /* guards `current` */
    struct keyset *current;
    atomic_uint generation;
    char path[];
};

static int load(const char *path, char *why, struct keyset **ret)
{
    struct keyset *set = calloc(1, sizeof(*set));
    if (!set)
        return -ENOMEM;
    int r = shoji_keys_load(path, why, &set->keys);
    if (r != 0) {
        free(set);
        return r;
    }
    atomic_init(&set->refs, 1);
    *ret = set;
    return 0;
}

int keyring_new(const char *path, char *why, struct keyring **ret)
{
    struct keyring *ring = calloc(1, sizeof(*ring) + strlen(path) + 1);
    if (!ring)
        return -ENOMEM;
    int r = load(path, why, &ring->current);
    if (r != 0) {
        free(ring);
        return r;
    }
    memcpy(ring->path, path, strlen(path) + 1);
    pthread_mutex_init(&ring->lock, NULL);
    *ret = ring;
    return 0;
}

void keyring_free(struct keyring *ring)
{
    if (!ring)
        return;
    keyring_put(ring->current);
    pthread_mutex_destroy(&ring->lock);
    free(ring);
}

int keyring_reload(struct keyring *ring, char *why)
{
    struct keyset *fresh = NULL;
    int r = load(ring->path, why, &fresh);
    if (r != 0)
        return r;
    pthread_mutex_lock(&ring->lock);
    struct keyset *old = ring->current;
    ring->current = fresh;
    pthread_mutex_unlock(&ring->lock);
    /* After the exchange: who sees the new number must find the new keys. */
    atomic_fetch_add_explicit(&ring->generation, 1, memory_order_release);
    keyring_put(old);
    return 0;
}

struct keyset *keyring_get(struct keyring *ring)
{
    pthread_mutex_lock(&ring->lock);
    struct keyset *set = ring->current;
    atomic_fetch_add_explicit(&set->refs, 1, memory_order_relaxed);
    pthread_mutex_unlock(&ring->lock);
    return set;
}

const struct shoji_keys *keyset_keys(const struct keyset *set)
{
    return set->keys;
}

void keyring_put(struct keyset *set)
{
    if (atomic_fetch_sub_explicit(&set->refs, 1, memory_order_acq_rel) != 1)
        return;
    shoji_keys_free(set->keys);
    free(set);
}

unsigned keyring_generation(const struct keyring *ring)
{
    return atomic_load_explicit(&ring->generation, memory_order_acquire);
}

uint16_t keyring_tenant(const struct cache *cache, const struct shoji_key *key)
{
    if (!key)
        return 0;
    const char *name = shoji_key_tenant(key);
    return cache_tenant_hash(cache, name ? name : "", name ? strlen(name) : 0);
}
