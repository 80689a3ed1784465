#include "sys/conf.h"

#include "base/limits.h"
#include "base/span.h"
#include "sys/conf_value.h"
#include "sys/fd.h"

#include <errno.h>
#include <ini.h>

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
#define LIVE(section_, name_, type_, standard_, min_, max_)                                        \
    {                                                                                              \
        .section = #section_, .name = #name_, .type = type_, .at = AT(section_, name_),            \
        .standard = standard_, .min = min_, .max = max_, .live = true                              \
    }
#define LIVE_C(section_, name_, field_, standard_, words)                                          \
    {                                                                                              \
        .section = #section_, .name = #name_, .type = CHOICE, .at = AT(section_, field_),          \
        .standard = standard_, .allowed = words, .live = true                                      \
    }
#define C(section_, name_, field_, standard_, words)                                               \
    {                                                                                              \
        .section = #section_, .name = #name_, .type = CHOICE, .at = AT(section_, field_),          \
        .standard = standard_, .allowed = words                                                    \
    }

#define EGRESS(type_, name_, standard_, ...)                                                       \
    {                                                                                              \
        .section = "egress", .name = #name_, .type = type_,                                        \
        .at = offsetof(struct conf_egress, name_), .standard = standard_, .named = true,           \
        __VA_ARGS__                                                                                \
    }

/* clang-format off */
const struct conf_key conf_keys[] = {
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
    LIVE(cache, hot_memory, SIZE, "128M", 0, 1024 * GiB),
    LIVE(cache, retention, TIME, "365d", DAY_MS, 3650 * DAY_MS),
    LIVE_C(cache, refetch, refetch, "shared", "shared|never|always"),
    LIVE(cache, shared_by, NUMBER, "5", 2, 8),
    C(cache, encrypt, encrypt, "off", "off|on"),
    T(fetch, user_agent, "Mozilla/5.0 (compatible; Shoji mail image proxy)", "a text"),
    LIVE(fetch, timeout, TIME, "20s", 100, 600000),
    N(fetch, max_bytes, SIZE, "10M", 1 * KiB, 1 * GiB),
    N(fetch, max_redirects, NUMBER, "5", 0, 20),
    T(fetch, ports, "80,443", "a list such as 80,443, or any"),
    T(fetch, allow_private, NULL, "a list such as 10.1.0.0/16,fd00::/8"),
    T(fetch, deny_hosts, NULL, "a list of host names"),
    T(fetch, resolvers, NULL, "a list such as 127.0.0.1,[::1]:5353"),
    LIVE(fetch, per_host, NUMBER, "6", 1, 1000),
    LIVE(fetch, total, NUMBER, "256", 1, 10000),
    C(fetch, https_only, https_only, "off", "off|on"),
    LIVE(fetch, fetch_window, TIME, "14d", DAY_MS, 3650 * DAY_MS),
    LIVE(fetch, wait, TIME, "5s", 0, 60000),
    EGRESS(CHOICE, type, "direct", .allowed = "direct|socks5|http"),
    EGRESS(TEXT, address, NULL, .allowed = "direct: addresses of this machine; else the proxy's address:port"),
    EGRESS(TEXT, interface, NULL, .allowed = "the name of a network interface"),
    EGRESS(TEXT, resolvers, NULL, .allowed = "a list such as 9.9.9.9,149.112.112.112"),
    EGRESS(NUMBER, weight, "1", .min = 1, .max = 1000),
    N(decode, workers, NUMBER, "0", 0, 256),
    LIVE(decode, deadline, TIME, "5s", 100, 60000),
    N(decode, memory, SIZE, "768M", 256 * MiB, 16 * GiB),
    N(decode, max_pixels, NUMBER, "40000000", 1, 1000000000),
    N(decode, max_frames, NUMBER, "300", 1, 10000),
    N(decode, max_side, NUMBER, "0", 0, 65535),
    C(decode, output, output, "compat", "compat|webp"),
    C(prefetch, enabled, enabled, "on", "off|on"),
    LIVE(prefetch, delay, TIME, "0s", 0, DAY_MS),
    LIVE(prefetch, jitter, TIME, "0s", 0, DAY_MS),
    LIVE(prefetch, rate, NUMBER, "200", 0, 1000000),
    LIVE(prefetch, per_domain, NUMBER, "50", 0, 1000000),
    LIVE(prefetch, bandwidth, SIZE, "0", 0, 1024 * GiB),
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
    T(rewrite, recipient_delimiter, "+", "the characters that part anna+shop from anna, or nothing"),
    T(rewrite, spam_header, NULL, "a header and how its value begins: X-Spam-Flag: YES"),
    T(rewrite, accept_base, NULL, "a list of base URLs that were in use before"),
    N(rewrite, max_message, SIZE, "50M", 1 * KiB, 1 * GiB),
    N(rewrite, max_images, NUMBER, "200", 1, 10000),
    T(milter, listen, "unix:/run/shoji/milter.sock", "unix:/path, or inet:port@127.0.0.1"),
    C(milter, deliver, deliver, "rewrite", "rewrite|prefetch|unrewrite"),
    T(milter, domains, NULL, "a list of domains that are delivered here"),
    T(milter, mailers, "local,virtual,lmtp,dovecot,cyrus,cyrusv2,maildrop,procmail", "a list of Postfix transports or Sendmail mailers that deliver here"),
};
/* clang-format on */

#define KEYS_COUNT (sizeof(conf_keys) / sizeof(conf_keys[0]))
const size_t conf_keys_count = KEYS_COUNT;

/* ---- sections ---- */

static const struct conf_key *find_key(struct span section, const char *name, char *why)
{
    bool known_section = false;
    char names[CONF_WHY_SIZE - 120] = "";
    for (size_t i = 0; i < KEYS_COUNT; i++) {
        const struct conf_key *key = &conf_keys[i];
        if (!span_equal(span_of(key->section), section))
            continue;
        known_section = true;
        if (strcmp(key->name, name) == 0)
            return key;
        size_t used = strlen(names);
        snprintf(names + used, sizeof(names) - used, "%s%s", used ? ", " : "", key->name);
    }
    int len = section.len > 40 ? 40 : (int)section.len;
    if (known_section)
        snprintf(why, CONF_WHY_SIZE, "unknown key %.40s in [%.*s]: allowed are %s", name, len,
                 section.ptr, names);
    else
        snprintf(why, CONF_WHY_SIZE,
                 "unknown section [%.*s]: allowed are server, cache, fetch, egress NAME, decode, "
                 "prefetch, trackers, rewrite, milter",
                 len, section.ptr);
    return NULL;
}

static bool egress_name_valid(struct span name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-_";
    if (name.len == 0 || name.len > LIMIT_EGRESS_NAME)
        return false;
    for (size_t i = 0; i < name.len; i++)
        if (!memchr(allowed, name.ptr[i], sizeof(allowed) - 1))
            return false;
    return true;
}

static int egress_add(struct conf *conf, struct span name, char *why, struct conf_egress **ret)
{
    if (conf->egresses_count == LIMIT_EGRESSES) {
        snprintf(why, CONF_WHY_SIZE, "more than %d sections [egress NAME]", LIMIT_EGRESSES);
        return -EINVAL;
    }
    struct conf_egress *grown =
        reallocarray(conf->egresses, conf->egresses_count + 1, sizeof(*grown));
    if (!grown)
        return -ENOMEM;
    conf->egresses = grown;
    struct conf_egress *egress = &grown[conf->egresses_count++];
    *egress = (struct conf_egress){.name = strndup(name.ptr, name.len)};
    int r = egress->name ? 0 : -ENOMEM;
    for (size_t i = 0; i < KEYS_COUNT && r == 0; i++)
        if (conf_keys[i].named && conf_keys[i].standard)
            r = conf_value_set(egress, &conf_keys[i], conf_keys[i].standard, why);
    *ret = egress;
    return r;
}

static int egress_get(struct conf *conf, struct span name, char *why, struct conf_egress **ret)
{
    if (!egress_name_valid(name)) {
        snprintf(why, CONF_WHY_SIZE, "[egress NAME]: a name is 1 to %d of a-z, 0-9, - and _",
                 LIMIT_EGRESS_NAME);
        return -EINVAL;
    }
    for (size_t i = 0; i < conf->egresses_count; i++) {
        if (span_equal(span_of(conf->egresses[i].name), name)) {
            *ret = &conf->egresses[i];
            return 0;
        }
    }
    return egress_add(conf, name, why, ret);
}

struct place {
    const struct conf_key *key;
    void *base;
    size_t section; /* 0, or the place in its array of a named section, plus one */
};

static int find_place(struct conf *conf, const char *section, const char *name, char *why,
                      struct place *ret)
{
    struct span whole = span_of(section);
    size_t word = strcspn(section, " ");
    bool named = span_equal(span_part(whole, 0, word), SPAN("egress"));
    struct place place = {.base = conf};
    if (named) {
        struct conf_egress *egress;
        int r = egress_get(conf, span_trim(span_part(whole, word, whole.len)), why, &egress);
        if (r < 0)
            return r;
        place.base = egress;
        place.section = (size_t)(egress - conf->egresses) + 1;
        whole.len = word;
    }
    place.key = find_key(whole, name, why);
    if (!place.key)
        return -EINVAL;
    *ret = place;
    return 0;
}

int conf_set(struct conf *conf, const char *section, const char *name, const char *value, char *why)
{
    struct place place;
    int r = find_place(conf, section, name, why, &place);
    return r < 0 ? r : conf_value_set(place.base, place.key, value, why);
}

/* ---- the file ---- */

struct reading {
    struct conf *conf;
    int result;
    bool seen[1 + LIMIT_EGRESSES][KEYS_COUNT];
    char why[CONF_WHY_SIZE];
};

static int add_value(struct reading *reading, const struct place *place, const char *value)
{
    const struct conf_key *key = place->key;
    bool *seen = &reading->seen[place->section][key - conf_keys];
    bool again = *seen;
    *seen = true;
    if (!again)
        return conf_value_set(place->base, key, value, reading->why);
    if (key->type != TEXT) {
        snprintf(reading->why, CONF_WHY_SIZE, "[%s] %s stands twice", key->section, key->name);
        return -EINVAL;
    }
    /* inih hands over an indented line as one more value of the key above it. */
    char **at = (char **)((char *)place->base + key->at);
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
    struct place place;
    reading->result = find_place(reading->conf, section, name, reading->why, &place);
    if (reading->result == 0)
        reading->result = add_value(reading, &place, value);
    return reading->result == 0;
}

int conf_defaults(struct conf *ret)
{
    struct conf conf = {0};
    char why[CONF_WHY_SIZE];
    for (size_t i = 0; i < KEYS_COUNT; i++) {
        if (!conf_keys[i].standard || conf_keys[i].named)
            continue;
        int r = conf_value_set(&conf, &conf_keys[i], conf_keys[i].standard, why);
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

/* Where each named section begins: what is wrong with the keys of one together is told by that. */
static int note_places(const char *path, const char *text, struct conf *conf)
{
    int number = 1;
    for (const char *line = text; line; number++) {
        const char *end = strchr(line, '\n');
        struct span rest =
            span_trim((struct span){line, end ? (size_t)(end - line) : strlen(line)});
        line = end ? end + 1 : NULL;
        const char *close = memchr(rest.ptr, ']', rest.len);
        if (!close || !span_starts(rest, SPAN("[egress ")))
            continue;
        size_t skip = strlen("[egress ");
        struct span name = span_trim(span_part(rest, skip, (size_t)(close - rest.ptr) - skip));
        for (size_t e = 0; e < conf->egresses_count; e++) {
            struct conf_egress *egress = &conf->egresses[e];
            if (!span_equal(span_of(egress->name), name) || egress->where)
                continue;
            char *where = NULL;
            if (asprintf(&where, "%s:%d", path, number) < 0)
                return -ENOMEM;
            egress->where = where;
        }
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
    if (line == 0)
        line = note_places(path, text, &conf);
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
            fprintf(to, "%s[%s%s]\n", *section ? "\n" : "", key->section,
                    key->named ? " NAME" : "");
        section = key->section;
        char allowed[200];
        conf_value_allowed(key, allowed, sizeof(allowed));
        fprintf(to, "%s = %s    # %s\n", key->name, key->standard ? key->standard : "", allowed);
    }
}

void conf_free(struct conf *conf)
{
    for (size_t i = 0; i < KEYS_COUNT; i++) {
        if (conf_keys[i].type != TEXT)
            continue;
        if (!conf_keys[i].named)
            free(*(char **)((char *)conf + conf_keys[i].at));
        for (size_t e = 0; conf_keys[i].named && e < conf->egresses_count; e++)
            free(*(char **)((char *)&conf->egresses[e] + conf_keys[i].at));
    }
    for (size_t e = 0; e < conf->egresses_count; e++) {
        free(conf->egresses[e].name);
        free(conf->egresses[e].where);
    }
    free(conf->egresses);
    *conf = (struct conf){0};
}
