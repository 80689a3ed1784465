#include "lib/rules.h"

#include "lib/rules_pattern.h"

#include "base/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

void shoji_rules_free(struct shoji_rules *rules)
{
    if (!rules)
        return;
    buf_free(&rules->text);
    free(rules->rules);
    free(rules->params);
    free(rules->vendors);
    free(rules->slots);
    free(rules->partners_text);
    free(rules->partners);
    free(rules->authserv_id);
    free(rules);
}

static void free_rules(struct shoji_rules **rules)
{
    shoji_rules_free(*rules);
}

static int say(char *why, const char *name, int error)
{
    snprintf(why, SHOJI_RULES_WHY_SIZE, "%.300s: %s", name,
             error == -E2BIG ? "too large" : strerror(-error));
    return error;
}

/* ---- partners ---- */

static bool is_host(struct span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!pattern_is_word(text.ptr[i]) && !strchr("-._[:]", text.ptr[i]))
            return false;
    return text.len > 0 && text.ptr[0] != '.';
}

static int add_partner(struct shoji_rules *rules, struct span entry, char *why)
{
    const char *slash = memchr(entry.ptr, '/', entry.len);
    size_t domain_len = slash ? (size_t)(slash - entry.ptr) : 0;
    struct rules_partner partner = {.dkim_domain = span_part(entry, 0, domain_len),
                                    .host = slash ? span_part(entry, domain_len + 1, entry.len)
                                                  : entry};
    if (!is_host(partner.host) || (slash && !is_host(partner.dkim_domain))) {
        snprintf(why, SHOJI_RULES_WHY_SIZE,
                 "allow: %.*s: neither a host nor dkim-domain/host, as in example.org/img.example",
                 (int)(entry.len < 100 ? entry.len : 100), entry.ptr);
        return -EINVAL;
    }
    rules->partners[rules->partners_count++] = partner;
    return 0;
}

static int add_partners(struct shoji_rules *rules, const char *allow, char *why)
{
    size_t commas = 1;
    rules->partners_text = strdup(allow);
    if (!rules->partners_text)
        return -ENOMEM;
    for (char *c = rules->partners_text; *c; c++) {
        *c = ascii_lower(*c);
        commas += *c == ',';
    }
    rules->partners = calloc(commas, sizeof(*rules->partners));
    if (!rules->partners)
        return -ENOMEM;
    int r = 0;
    for (const char *at = rules->partners_text; r == 0;) {
        size_t len = strcspn(at, ",");
        struct span entry = span_trim((struct span){at, len});
        if (entry.len > 0)
            r = add_partner(rules, entry, why);
        if (at[len] == '\0')
            break;
        at += len + 1;
    }
    return r;
}

/* ---- files ---- */

static int read_text(struct shoji_rules *rules, struct span text, const char *name, char *why)
{
    if (span_starts(text, SPAN("\xEF\xBB\xBF")))
        text = span_part(text, 3, text.len);
    return rules_is_own(text) ? rules_read_own(rules, text, name, why)
                              : rules_read_adblock(rules, text);
}

static int read_fd(int fd, struct buf *ret)
{
    struct stat about;
    if (fstat(fd, &about) < 0)
        return -errno;
    if (!S_ISREG(about.st_mode))
        return -EINVAL;
    for (;;) {
        char *room = buf_reserve(ret, 256 * KiB);
        if (!room)
            return buf_error(ret);
        ssize_t got = read(fd, room, 256 * KiB);
        if (got == 0)
            return 0;
        if (got < 0 && errno != EINTR)
            return -errno;
        if (got > 0)
            buf_commit(ret, (size_t)got);
    }
}

static int read_file(struct shoji_rules *rules, const char *path, char *why)
{
    CLEANUP(buf_free) struct buf text = BUF_INIT(LIMIT_RULES_FILE);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return say(why, path, -errno);
    int r = read_fd(fd, &text);
    close(fd);
    if (r < 0)
        return say(why, path, r);
    why[0] = '\0';
    r = read_text(rules, buf_span(&text), path, why);
    return r < 0 && !why[0] ? say(why, path, r) : r;
}

static int read_files(struct shoji_rules *rules, const char *list, char *why)
{
    int r = 0;
    while (r == 0 && *list) {
        size_t len = strcspn(list, ",");
        struct span name = span_trim((struct span){list, len});
        list += len + (list[len] == ',');
        char *path = strndup(name.ptr, name.len);
        if (!path)
            return -ENOMEM;
        if (name.len > 0)
            r = read_file(rules, path, why);
        free(path);
    }
    return r;
}

/* ---- the set ---- */

/* Whatever is looked up finds a table and text, even where there is no rule. */
static int seal(struct shoji_rules *rules)
{
    uint32_t none;
    int r = rules_add_vendor(rules, SPAN("-"), &none); /* a name that no list can have */
    if (r < 0)
        return r;
    for (size_t i = 0; i < rules->vendors_count; i++)
        rules->vendors[i].ptr = rules->text.ptr + (size_t)rules->vendors[i].ptr;
    return 0;
}

static int begin(const struct shoji_rules_source *source, char *why, struct shoji_rules **ret)
{
    struct shoji_rules *rules = calloc(1, sizeof(*rules));
    if (!rules)
        return -ENOMEM;
    rules->text.max = LIMIT_RULES_TEXT;
    int r = source->allow ? add_partners(rules, source->allow, why) : 0;
    if (r == 0 && source->authserv_id) {
        rules->authserv_id = strdup(source->authserv_id);
        r = rules->authserv_id ? 0 : -ENOMEM;
    }
    if (r < 0)
        shoji_rules_free(rules);
    else
        *ret = rules;
    return r;
}

int shoji_rules_load(const struct shoji_rules_source *source, char *why, struct shoji_rules **ret)
{
    CLEANUP(free_rules) struct shoji_rules *rules = NULL;
    snprintf(why, SHOJI_RULES_WHY_SIZE, "out of memory");
    int r = begin(source, why, &rules);
    if (r == 0 && source->files)
        r = read_files(rules, source->files, why);
    if (r == 0)
        r = seal(rules);
    if (r == 0)
        *ret = take(rules);
    return r;
}

int rules_parse(struct span text, const struct shoji_rules_source *source, char *why,
                struct shoji_rules **ret)
{
    static const struct shoji_rules_source none = {0};
    CLEANUP(free_rules) struct shoji_rules *rules = NULL;
    snprintf(why, SHOJI_RULES_WHY_SIZE, "out of memory");
    int r = begin(source ? source : &none, why, &rules);
    if (r == 0)
        r = read_text(rules, text, "rules", why);
    if (r == 0)
        r = seal(rules);
    if (r == 0)
        *ret = take(rules);
    return r;
}

void shoji_rules_figures(const struct shoji_rules *rules, struct shoji_rules_figures *ret)
{
    *ret = (struct shoji_rules_figures){
        .vendors = rules->vendors_count - 1,
        .rules = (rules->rules_count ? rules->rules_count - 1 : 0) +
                 (rules->params_count ? rules->params_count - 1 : 0),
        .skipped = rules->skipped,
    };
}
