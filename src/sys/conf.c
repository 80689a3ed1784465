#include "sys/conf.h"

#include "base/limits.h"
#include "base/span.h"
#include "sys/fd.h"

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <inttypes.h>

enum conf_type { TEXT, NUMBER, SIZE, TIME, CHOICE };

struct conf_key {
    const char *section;
    const char *name;
    enum conf_type type;
    size_t at;            /* offset in struct conf */
    const char *standard; /* default, as it would stand in the file; NULL: none */
    const char *allowed;  /* CHOICE: the words, by number; TEXT: what it is, for messages */
    uint64_t min;
    uint64_t max;
};

#define DAY_MS          (24ULL * 60 * 60 * 1000)
#define AT(part, field) offsetof(struct conf, part.field)
#define T(section_, name_, standard_, what)                                                        \
    {                                                                                              \
        .section = #section_, .name = #name_, .type = TEXT, .at = AT(section_, name_),             \
        .standard = standard_, .allowed = what                                                     \
    }
#define N(section_, name_, type_, standard_, min_, max_)                                           \
    {                                                                                              \
        .section = #section_, .name = #name_, .type = type_, .at = AT(section_, name_),            \
        .standard = standard_, .min = min_, .max = max_                                            \
    }
#define C(section_, name_, field_, standard_, words)                                               \
    {                                                                                              \
        .section = #section_, .name = #name_, .type = CHOICE, .at = AT(section_, field_),          \
        .standard = standard_, .allowed = words                                                    \
    }

/* clang-format off */
static const struct conf_key conf_keys[] = {
    T(server, listen, "127.0.0.1:8080", "addresses: 127.0.0.1:8080, [::1]:8080 or unix:/path"),
    T(server, submit, "/run/shoji/submit.sock", "the path of a Unix socket"),
    T(server, admin, "/run/shoji/admin.sock", "the path of a Unix socket, 127.0.0.1:8081, or nothing"),
    T(server, admin_token_file, NULL, "a file with the token that a TCP address needs"),
    T(server, base_url, NULL, "scheme and host, no path: https://img.example.org"),
    T(server, url_suffix, "", "a suffix such as .png"),
    T(server, keys, "/etc/shoji/keys", "the path of the key file"),
    T(server, state, "/var/lib/shoji", "a directory"),
    N(server, threads, NUMBER, "0", 0, 256),
    N(server, max_connections, NUMBER, "10000", 1, 1000000),
    N(cache, size, SIZE, "8G", 32 * MiB, 64 * 1024 * GiB),
    N(cache, index_size, SIZE, "1G", 8 * MiB, 1024 * GiB),
    N(cache, hot_memory, SIZE, "128M", 0, 1024 * GiB),
    N(cache, retention, TIME, "365d", DAY_MS, 3650 * DAY_MS),
    C(cache, refetch, refetch, "shared", "shared|never|always"),
    N(cache, shared_by, NUMBER, "5", 2, 8),
    T(fetch, user_agent, "Mozilla/5.0 (compatible; Shoji mail image proxy)", "a text"),
    N(fetch, timeout, TIME, "20s", 100, 600000),
    N(fetch, max_bytes, SIZE, "10M", 1 * KiB, 1 * GiB),
    N(fetch, max_redirects, NUMBER, "5", 0, 20),
    T(fetch, ports, "80,443", "a list such as 80,443, or any"),
    T(fetch, allow_private, NULL, "a list such as 10.1.0.0/16,fd00::/8"),
    T(fetch, deny_hosts, NULL, "a list of host names"),
    T(fetch, resolvers, NULL, "a list such as 127.0.0.1,[::1]:5353"),
    N(fetch, per_host, NUMBER, "6", 1, 1000),
    N(fetch, total, NUMBER, "256", 1, 10000),
    C(fetch, https_only, https_only, "off", "off|on"),
    N(fetch, fetch_window, TIME, "14d", DAY_MS, 3650 * DAY_MS),
    N(fetch, wait, TIME, "5s", 0, 60000),
    N(decode, workers, NUMBER, "0", 0, 256),
    N(decode, deadline, TIME, "5s", 100, 60000),
    N(decode, memory, SIZE, "768M", 128 * MiB, 16 * GiB),
    N(decode, max_pixels, NUMBER, "40000000", 1, 1000000000),
    N(decode, max_frames, NUMBER, "300", 1, 10000),
    N(decode, max_side, NUMBER, "0", 0, 65535),
    C(decode, output, output, "compat", "compat|webp"),
    C(prefetch, enabled, enabled, "on", "off|on"),
    N(prefetch, delay, TIME, "0s", 0, DAY_MS),
    N(prefetch, jitter, TIME, "30s", 0, DAY_MS),
    T(prefetch, spool, "/var/spool/shoji", "a directory"),
    T(trackers, rules, NULL, "a list of files; the installed one where it is left out"),
    C(trackers, policy, policy, "block", "block|proxy"),
    T(trackers, allow, NULL, "a list of hosts, or dkim-domain/host"),
    T(trackers, authserv_id, NULL, "a list of names in Authentication-Results: mx.example.org"),
    C(trackers, geometry, geometry, "on", "off|on"),
    C(rewrite, mode, mode, "proxy", "proxy|hold|strip"),
    C(rewrite, links, links, "keep", "keep|clean"),
    C(rewrite, signed_mail, signed_mail, "protect", "protect|keep|text"),
    C(rewrite, receipts, receipts_keep, "remove", "remove|keep"),
    T(rewrite, spam_header, NULL, "a header and how its value begins: X-Spam-Flag: YES"),
    T(rewrite, accept_base, NULL, "a list of base URLs that were in use before"),
    N(rewrite, max_message, SIZE, "50M", 1 * KiB, 1 * GiB),
    N(rewrite, max_images, NUMBER, "200", 1, 10000),
};
/* clang-format on */

#define KEYS_COUNT (sizeof(conf_keys) / sizeof(conf_keys[0]))

/* ---- values ---- */

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

static void print_allowed(char *out, size_t size, const struct conf_key *key)
{
    if (key->type == TEXT || key->type == CHOICE) {
        snprintf(out, size, "%s", key->allowed);
        return;
    }
    char min[32], max[32];
    print_number(min, sizeof(min), key->type, key->min);
    print_number(max, sizeof(max), key->type, key->max);
    snprintf(out, size, "%s %s to %s",
             key->type == SIZE   ? "a size (K, M, G, T)"
             : key->type == TIME ? "a time (ms, s, m, h, d, w)"
                                 : "a number",
             min, max);
}

static int set_value(struct conf *conf, const struct conf_key *key, const char *value, char *why)
{
    void *at = (char *)conf + key->at;
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
    print_allowed(allowed, sizeof(allowed), key);
    snprintf(why, CONF_WHY_SIZE, "[%s] %s = %.60s: allowed is %s", key->section, key->name, value,
             allowed);
    return -EINVAL;
}

/* ---- the file ---- */

static const struct conf_key *find_key(const char *section, const char *name, char *why)
{
    bool known_section = false;
    char names[CONF_WHY_SIZE - 120] = "";
    for (size_t i = 0; i < KEYS_COUNT; i++) {
        const struct conf_key *key = &conf_keys[i];
        if (strcmp(key->section, section) != 0)
            continue;
        known_section = true;
        if (strcmp(key->name, name) == 0)
            return key;
        size_t used = strlen(names);
        snprintf(names + used, sizeof(names) - used, "%s%s", used ? ", " : "", key->name);
    }
    if (known_section)
        snprintf(why, CONF_WHY_SIZE, "unknown key %.40s in [%.20s]: allowed are %s", name, section,
                 names);
    else
        snprintf(why, CONF_WHY_SIZE,
                 "unknown section [%.40s]: allowed are server, cache, fetch, decode, prefetch, "
                 "trackers, rewrite",
                 section);
    return NULL;
}

int conf_set(struct conf *conf, const char *section, const char *name, const char *value, char *why)
{
    const struct conf_key *key = find_key(section, name, why);
    return key ? set_value(conf, key, value, why) : -EINVAL;
}

struct reading {
    struct conf *conf;
    int result;
    bool seen[KEYS_COUNT];
    char why[CONF_WHY_SIZE];
};

static int add_value(struct reading *reading, const struct conf_key *key, const char *value)
{
    size_t number = (size_t)(key - conf_keys);
    bool again = reading->seen[number];
    reading->seen[number] = true;
    if (!again)
        return set_value(reading->conf, key, value, reading->why);
    if (key->type != TEXT) {
        snprintf(reading->why, CONF_WHY_SIZE, "[%s] %s stands twice", key->section, key->name);
        return -EINVAL;
    }
    /* inih hands over an indented line as one more value of the key above it. */
    char **at = (char **)((char *)reading->conf + key->at);
    char *joined = NULL;
    if (asprintf(&joined, "%s%s", *at, value) < 0)
        return -ENOMEM;
    free(*at);
    *at = joined;
    return 0;
}

/* inih goes on after an error and returns the line of the first: only the first may write `why`. */
static int on_line(void *ctx, const char *section, const char *name, const char *value)
{
    struct reading *reading = ctx;
    if (reading->result < 0)
        return 0;
    const struct conf_key *key = find_key(section, name, reading->why);
    reading->result = key ? add_value(reading, key, value) : -EINVAL;
    return reading->result == 0;
}

int conf_defaults(struct conf *ret)
{
    struct conf conf = {0};
    char why[CONF_WHY_SIZE];
    for (size_t i = 0; i < KEYS_COUNT; i++) {
        if (!conf_keys[i].standard)
            continue;
        int r = set_value(&conf, &conf_keys[i], conf_keys[i].standard, why);
        must(r != -EINVAL);
        if (r < 0) {
            conf_free(&conf);
            return r;
        }
    }
    *ret = conf;
    return 0;
}

/* inih reads lines of 200 bytes and would take the rest of a longer one for a line of its own. */
#define LINE_MAX_BYTES 198

static int check_lines(const char *path, struct span text, char *why)
{
    int line = 1;
    size_t begin = 0;
    for (size_t i = 0; i <= text.len; i++) {
        if (i < text.len && text.ptr[i] != '\n' && text.ptr[i] != '\0')
            continue;
        if (i < text.len && text.ptr[i] == '\0') {
            snprintf(why, CONF_WHY_SIZE, "%s:%d: a NUL byte", path, line);
            return -EINVAL;
        }
        if (i - begin > LINE_MAX_BYTES) {
            snprintf(why, CONF_WHY_SIZE,
                     "%s:%d: longer than %d bytes; continue a value on an indented line", path,
                     line, LINE_MAX_BYTES);
            return -EINVAL;
        }
        begin = i + 1;
        line++;
    }
    return 0;
}

static void free_text(char **text)
{
    free(*text);
}

int conf_load(const char *path, char *why, struct conf *ret)
{
    CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    CLEANUP(free_text) char *text = NULL;
    size_t len = 0;
    int r = fd < 0 ? -errno : fd_read_all(fd, 1 * MiB, &text, &len);
    if (r < 0) {
        snprintf(why, CONF_WHY_SIZE, "%s: %s", path, strerror(-r));
        return r;
    }
    r = check_lines(path, (struct span){text, len}, why);
    if (r < 0)
        return r;
    struct conf conf;
    r = conf_defaults(&conf);
    if (r < 0)
        return r;
    struct reading reading = {.conf = &conf};
    int line = ini_parse_string(text, on_line, &reading);
    if (line == 0) {
        *ret = conf;
        return 0;
    }
    conf_free(&conf);
    if (line < 0 || reading.result == -ENOMEM)
        return -ENOMEM;
    snprintf(why, CONF_WHY_SIZE, "%s:%d: %.400s", path, line,
             reading.result < 0 ? reading.why : "neither a [section] nor name = value");
    return -EINVAL;
}

void conf_describe(FILE *to)
{
    const char *section = "";
    for (size_t i = 0; i < KEYS_COUNT; i++) {
        const struct conf_key *key = &conf_keys[i];
        if (strcmp(section, key->section) != 0)
            fprintf(to, "%s[%s]\n", *section ? "\n" : "", key->section);
        section = key->section;
        char allowed[200];
        print_allowed(allowed, sizeof(allowed), key);
        fprintf(to, "%s = %s    # %s\n", key->name, key->standard ? key->standard : "", allowed);
    }
}

void conf_free(struct conf *conf)
{
    for (size_t i = 0; i < KEYS_COUNT; i++)
        if (conf_keys[i].type == TEXT)
            free(*(char **)((char *)conf + conf_keys[i].at));
    *conf = (struct conf){0};
}
