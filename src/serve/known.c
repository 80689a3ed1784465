#include "serve/known.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <time.h>

/* A path may stand in one of so many places. With one alone, two paths of a thousand that meet
 * there would be verified at each request. */
#define WAYS 4
#define SETS (LIMIT_KNOWN_PATHS / WAYS)

struct print {
    uint64_t half[2];
};

struct known_place {
    uint64_t print; /* the half that did not choose the set; the other is in the set */
    uint64_t stamp;
    struct cache_place where;
    uint32_t asked_s; /* the coarse clock, when it was asked for last */
    uint32_t read_s;  /* and when it was read last; 0: never */
    uint8_t type;     /* enum image_type; 0: empty */
    uint8_t content[32];
};

struct set {
    uint64_t prints[WAYS]; /* beside each other: looking for one reads no more than these */
    struct known_place places[WAYS];
};

struct known {
    unsigned char key[crypto_shorthash_siphashx24_KEYBYTES];
    struct set sets[SETS];
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

static struct set *set_of(struct known *known, const struct print *print)
{
    return &known->sets[print->half[0] % SETS];
}

/* NULL: not there. */
static struct known_place *find(struct set *set, const struct print *print)
{
    for (size_t i = 0; i < WAYS; i++)
        if (set->prints[i] == print->half[0] && set->places[i].print == print->half[1] &&
            set->places[i].type != 0)
            return &set->places[i];
    return NULL;
}

/* The worth of what stands there: what is void has none. */
static uint32_t worth(const struct known_place *place, uint64_t stamp)
{
    return place->type == 0 || place->stamp != stamp ? 0 : place->asked_s;
}

static struct known_place *make_room(struct set *set, const struct print *print, uint64_t stamp)
{
    size_t least = 0;
    for (size_t i = 1; i < WAYS; i++)
        if (worth(&set->places[i], stamp) < worth(&set->places[least], stamp))
            least = i;
    set->prints[least] = print->half[0];
    return &set->places[least];
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
    struct known_place *place = find(set_of(known, &print), &print);
    if (!place || place->stamp != stamp)
        return false;
    place->asked_s = coarse_s();
    *ret = (struct known_picture){
        .record = {.state = CACHE_STORED, .type = place->type},
        .place = place->where,
        .lately = place->read_s != 0 && place->asked_s - place->read_s <= LIMIT_RESIDENT_S,
        .at = place,
    };
    memcpy(ret->record.content, place->content, sizeof(ret->record.content));
    return true;
}

/* What was not read is found in no place. */
static void note_read(struct known_place *place, const struct cache_want *want, uint32_t now_s)
{
    if (want->place.generation == 0)
        return;
    place->where = want->place;
    place->read_s = now_s;
}

void known_follow(const struct known_picture *picture, const struct cache_want *want)
{
    note_read(picture->at, want, picture->at->asked_s);
}

void known_put(struct known *known, const char *path, size_t len, uint64_t stamp,
               const struct cache_want *want)
{
    struct print print = print_of(known, path, len);
    struct set *set = set_of(known, &print);
    struct known_place *place = find(set, &print);
    if (!place)
        place = make_room(set, &print, stamp);
    *place = (struct known_place){
        .print = print.half[1],
        .stamp = stamp,
        .asked_s = coarse_s(),
        .type = want->record->type,
    };
    note_read(place, want, place->asked_s);
    memcpy(place->content, want->record->content, sizeof(place->content));
}
