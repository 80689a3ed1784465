#include "serve/known.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <time.h>

struct print {
    uint64_t half[2];
};

struct place {
    struct print print;
    uint64_t stamp;
    uint32_t found_s; /* the coarse clock, when it was found last */
    uint8_t type;     /* enum image_type; 0: empty */
    uint8_t content[32];
};

struct known {
    unsigned char key[crypto_shorthash_siphashx24_KEYBYTES];
    struct place places[LIMIT_KNOWN_PATHS];
};

int known_new(struct known **ret)
{
    struct known *known = calloc(1, sizeof(*known));
    if (!known)
        return -ENOMEM;
    crypto_shorthash_keygen(known->key);
    *ret = known;
    return 0;
}

void known_free(struct known *known)
{
    free(known);
}

static struct print print_of(const struct known *known, const char *path, size_t len)
{
    struct print print;
    _Static_assert(sizeof(print) == crypto_shorthash_siphashx24_BYTES, "all of it");
    crypto_shorthash_siphashx24((unsigned char *)&print, (const unsigned char *)path, len,
                                known->key);
    return print;
}

static size_t at(const struct print *print)
{
    return print->half[0] % LIMIT_KNOWN_PATHS;
}

/* Which the kernel keeps in a page that we can read: a few nanoseconds. */
static uint32_t coarse_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return (uint32_t)now.tv_sec;
}

bool known_get(struct known *known, const char *path, size_t len, uint64_t stamp,
               struct known_picture *ret)
{
    struct print print = print_of(known, path, len);
    struct place *place = &known->places[at(&print)];
    if (place->type == 0 || place->stamp != stamp ||
        memcmp(&place->print, &print, sizeof(print)) != 0)
        return false;
    uint32_t now_s = coarse_s();
    *ret = (struct known_picture){
        .record = {.state = CACHE_STORED, .type = place->type},
        .lately = now_s - place->found_s <= LIMIT_RESIDENT_S,
    };
    memcpy(ret->record.content, place->content, sizeof(ret->record.content));
    if (ret->lately)
        place->found_s = now_s; /* else whoever asks puts it anew when it was found */
    return true;
}

void known_put(struct known *known, const char *path, size_t len, uint64_t stamp,
               const struct cache_record *record)
{
    struct print print = print_of(known, path, len);
    struct place *place = &known->places[at(&print)];
    *place =
        (struct place){.print = print, .stamp = stamp, .found_s = coarse_s(), .type = record->type};
    memcpy(place->content, record->content, sizeof(place->content));
}
