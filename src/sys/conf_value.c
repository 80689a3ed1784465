#include "sys/conf_value.h"

#include "base/limits.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct unit {
    const char *name;
    uint64_t factor;
};

static const struct unit sizes[] = {{"", 1}, {"K", KiB}, {"M", MiB}, {"G", GiB}, {"T", 1024 * GiB}};
static const struct unit times[] = {{"ms", 1},          {"s", 1000},   {"m", 60000},
                                    {"h", 3600 * 1000}, {"d", DAY_MS}, {"w", 7 * DAY_MS}};
static const struct unit numbers[] = {{"", 1}};

static const struct unit *units_of(enum conf_type type, size_t *count)
{
    switch (type) {
    case SIZE:
        *count = sizeof(sizes) / sizeof(sizes[0]);
        return sizes;
    case TIME:
        *count = sizeof(times) / sizeof(times[0]);
        return times;
    default:
        *count = sizeof(numbers) / sizeof(numbers[0]);
        return numbers;
    }
}

static bool read_number(const struct conf_key *key, const char *text, uint64_t *ret)
{
    if (!isdigit((unsigned char)text[0]))
        return false;
    char *end;
    errno = 0;
    uint64_t value = strtoull(text, &end, 10);
    if (errno)
        return false;
    size_t count;
    const struct unit *units = units_of(key->type, &count);
    for (size_t i = 0; i < count; i++) {
        bool same = strcmp(end, units[i].name) == 0 || (value == 0 && *end == '\0');
        if (!same)
            continue;
        if (value > UINT64_MAX / units[i].factor)
            return false;
        value *= units[i].factor;
        if (value < key->min || value > key->max)
            return false;
        *ret = value;
        return true;
    }
    return false;
}

static bool read_choice(const struct conf_key *key, const char *text, uint64_t *ret)
{
    size_t len = strlen(text);
    uint64_t number = 0;
    for (const char *word = key->allowed;; number++) {
        size_t word_len = strcspn(word, "|");
        if (len == word_len && strncmp(word, text, len) == 0) {
            *ret = number;
            return true;
        }
        if (word[word_len] == '\0')
            return false;
        word += word_len + 1;
    }
}

static void print_number(char *out, size_t size, enum conf_type type, uint64_t value)
{
    size_t count;
    const struct unit *units = units_of(type, &count);
    size_t best = 0;
    for (size_t i = 0; i < count; i++)
        if (value % units[i].factor == 0 && value / units[i].factor > 0)
            best = i;
    snprintf(out, size, "%" PRIu64 "%s", value / units[best].factor, units[best].name);
}

void conf_value_allowed(const struct conf_key *key, char *ret, size_t size)
{
    if (key->type == TEXT || key->type == CHOICE) {
        snprintf(ret, size, "%s", key->allowed);
        return;
    }
    char min[32], max[32];
    print_number(min, sizeof(min), key->type, key->min);
    print_number(max, sizeof(max), key->type, key->max);
    snprintf(ret, size, "%s %s to %s",
             key->type == SIZE   ? "a size (K, M, G, T)"
             : key->type == TIME ? "a time (ms, s, m, h, d, w)"
                                 : "a number",
             min, max);
}

int conf_value_set(void *base, const struct conf_key *key, const char *value, char *why)
{
    void *at = (char *)base + key->at;
    if (key->type == TEXT) {
        char *copy = strdup(value);
        if (!copy)
            return -ENOMEM;
        free(*(char **)at);
        *(char **)at = copy;
        return 0;
    }
    bool good = key->type == CHOICE ? read_choice(key, value, at) : read_number(key, value, at);
    if (good)
        return 0;
    char allowed[200];
    conf_value_allowed(key, allowed, sizeof(allowed));
    snprintf(why, CONF_WHY_SIZE, "[%s] %s = %.60s: allowed is %s", key->section, key->name, value,
             allowed);
    return -EINVAL;
}
