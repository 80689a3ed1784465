/*
 * One value of the configuration: which forms there are, how they are read, what is allowed.
 *
 * A key says where in a struct its value goes. Texts there are NULL or owned by that struct. One
 * thread at a time.
 */
#ifndef SYS_CONF_VALUE_H
#define SYS_CONF_VALUE_H

#include "sys/conf.h"

#include <stddef.h>

#define DAY_MS (24ULL * 60 * 60 * 1000)

enum conf_type { TEXT, NUMBER, SIZE, TIME, CHOICE };

struct conf_key {
    const char *section;
    const char *name;
    enum conf_type type;
    size_t at;            /* offset in struct conf, or see `named` */
    const char *standard; /* default, as it would stand in the file; NULL: none */
    const char *allowed;  /* CHOICE: the words, by number; TEXT: what it is, for messages */
    uint64_t min;
    uint64_t max;
    bool live;  /* a number or word that a running server takes over */
    bool named; /* of sections [section NAME]: `at` is an offset in the struct of one of those */
};

/* All that there are: conf.c. */
extern const struct conf_key conf_keys[];
extern const size_t conf_keys_count;

/* `base`: what the key's offset counts from. 0; -EINVAL with a sentence in `why` (CONF_WHY_SIZE
 * bytes), what was there stays; or -ENOMEM. */
MUST_CHECK int conf_value_set(void *base, const struct conf_key *key, const char *value, char *why);

/* What the key takes, in words. */
void conf_value_allowed(const struct conf_key *key, char *ret, size_t size);

#endif
