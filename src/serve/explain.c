#include "serve/explain.h"

#include "serve/reason.h"
#include "sys/clock.h"

#include <stdarg.h>
#include <string.h>
#include <time.h>

#define TIME_TEXT 32 /* bytes: "2026-11-20 10:12:05 UTC" */

struct walk {
    const struct request_env *env;
    struct explanation *told;
    int64_t now_s;
    bool is_signed;
    struct shoji_url_options options;
    char kid[32];
    char url[SHOJI_URL_MAX + 1];
    size_t url_len;
    struct cache_key key;
    bool queued;
    int64_t due_s;
    bool has_record;
    struct cache_record record;
    bool have_picture;
};

__attribute__((format(printf, 4, 5))) static void say(struct walk *walk, const char *step,
                                                      const char *verdict, const char *format, ...)
{
    struct explanation *told = walk->told;
    must(told->count < EXPLAIN_STEPS);
    struct explain_step *next = &told->steps[told->count++];
    *next = (struct explain_step){.step = step, .verdict = verdict};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(next->sentence, sizeof(next->sentence), format, arguments);
    va_end(arguments);
}

static const char *time_text(int64_t at_s, char room[TIME_TEXT])
{
    time_t at = (time_t)at_s;
    struct tm tm;
    if (!gmtime_r(&at, &tm) || strftime(room, TIME_TEXT, "%Y-%m-%d %H:%M:%S UTC", &tm) == 0)
        snprintf(room, TIME_TEXT, "an unknown time");
    return room;
}

static const char *day_text(int32_t day, char room[TIME_TEXT])
{
    time_text((int64_t)day * 86400, room);
    if (room[0] != 'a')
        room[strlen("2026-11-20")] = '\0';
    return room;
}

/* ---- verify ---- */

/* The path of a URL of ours, or NULL: "https://img.example.org/i/kid/body", or "/i/kid/body". */
static const char *signed_path(const char *url)
{
    const char *path = url;
    const char *scheme_end = strstr(url, "://");
    if (scheme_end && scheme_end - url <= 5)
        path = strchr(scheme_end + 3, '/');
    return path && (strncmp(path, "/i/", 3) == 0 || strncmp(path, "/s/", 3) == 0) ? path : NULL;
}

static bool is_below(const char *url, const char *base_url)
{
    size_t len = base_url ? strlen(base_url) : 0;
    return url[0] == '/' || (len > 0 && strncasecmp(url, base_url, len) == 0 && url[len] == '/');
}

static void say_signed(struct walk *walk)
{
    char day[TIME_TEXT], delivered[64] = "";
    if (walk->options.delivered != SHOJI_NOT_DELIVERED)
        snprintf(delivered, sizeof(delivered), "; its mail was delivered on %s",
                 day_text(walk->options.delivered, day));
    say(walk, "verify", "ok", "The signature holds (key %s)%s%s%s.", walk->kid, delivered,
        walk->options.mailbox[0] ? "; it was made for one mailbox" : "",
        walk->options.consent ? "; the reader asked for it" : "");
}

/* True: it is signed by us, and opened. */
static bool open_signed(struct walk *walk, const char *path)
{
    struct shoji_opened opened;
    struct keyset *set = keyring_get(walk->env->keyring);
    int r = shoji_url_open(keyset_keys(set), walk->env->url_suffix, path, strlen(path), &opened);
    if (r == 0)
        snprintf(walk->kid, sizeof(walk->kid), "%s", shoji_key_kid(opened.key));
    keyring_put(set);
    if (r != 0)
        return false;
    walk->is_signed = true;
    walk->options = opened.options;
    walk->url_len = opened.url_len;
    memcpy(walk->url, opened.url, sizeof(walk->url));
    return true;
}

static bool verify(struct walk *walk, const struct explain_ask *ask)
{
    const char *path = signed_path(ask->url);
    if (path && open_signed(walk, path)) {
        say_signed(walk);
        return true;
    }
    if (path && is_below(ask->url, ask->base_url)) {
        say(walk, "verify", "refused",
            "The signature does not hold: the URL was changed or cut off, or its key is not known "
            "here or was revoked. Readers get 403.");
        return false;
    }
    if (shoji_url_canonical(ask->url, strlen(ask->url), NULL, walk->url, &walk->url_len) != 0) {
        say(walk, "verify", "invalid",
            "This is neither a URL of ours nor an http or https URL of at most %d bytes.",
            SHOJI_URL_MAX);
        return false;
    }
    say(walk, "verify", "original",
        "This is an original's own URL; what follows is what is known of it, and what becomes of "
        "a signed URL for it that carries no day of delivery.");
    return true;
}

/* ---- policy, queue, record, picture ---- */

static bool pass_policy(struct walk *walk)
{
    if (ruleset_blocks(walk->env->blocked, walk->url, walk->url_len)) {
        say(walk, "policy", "tracker",
            "A rule names it as a tracker: readers get a transparent blank, and it is never "
            "fetched.");
        return false;
    }
    say(walk, "policy", "pass", "No rule names it as a tracker.");
    return true;
}

static void look_at_queue(struct walk *walk)
{
    char at[TIME_TEXT];
    int r = cache_queue_find(walk->env->cache, &walk->key, &walk->due_s);
    walk->queued = r == 0;
    if (r < 0)
        say(walk, "queue", "unreadable", "The queue could not be read: %s.", strerror(-r));
    else if (!walk->queued)
        say(walk, "queue", "none", "It does not stand in the queue.");
    else if (walk->due_s > walk->now_s)
        say(walk, "queue", "waiting", "It stands in the queue and is due at %s.",
            time_text(walk->due_s, at));
    else
        say(walk, "queue", "due", "It has been due since %s and is fetched when its turn comes.",
            time_text(walk->due_s, at));
}

static void say_failed(struct walk *walk)
{
    const struct cache_record *record = &walk->record;
    char at[TIME_TEXT], next[TIME_TEXT];
    const char *text = reason_text(record->reason);
    const char *verdict = reason_class_name(reason_class(record->reason));
    time_text(record->answered_s, at);
    if (record->tries == 0 && record->retry_s != 0)
        say(walk, "record", verdict, "%s on %s (no try yet); the next turn is due at %s.", text, at,
            time_text(record->retry_s, next));
    else if (record->retry_s != 0)
        say(walk, "record", verdict, "%s on %s (%u %s); the next try is due at %s.", text, at,
            record->tries, record->tries == 1 ? "try" : "tries", time_text(record->retry_s, next));
    else
        say(walk, "record", verdict, "%s on %s (%u %s); it is not tried again.", text, at,
            record->tries, record->tries == 1 ? "try" : "tries");
}

/* False: the index cannot be read, and nothing more is known. */
static bool look_at_record(struct walk *walk)
{
    char at[TIME_TEXT];
    const struct cache_record *record = &walk->record;
    int r = cache_lookup(walk->env->cache, &walk->key, &walk->record);
    walk->has_record = r == 0;
    if (r < 0)
        say(walk, "record", "unreadable",
            "What is known of it could not be read (%s); it is not fetched until that is mended.",
            strerror(-r));
    else if (r == CACHE_NONE)
        say(walk, "record", "none", "It was never fetched, or that was forgotten long ago.");
    else if (record->purged)
        say(walk, "record", "purged", "An operator purged it.");
    else if (record->state == CACHE_CLAIMED)
        say(walk, "record", "claimed",
            "It is being fetched at this moment, or the disk could not take what came of it; then "
            "it is "
            "tried again by the schedule.");
    else if (record->state == CACHE_FAILED)
        say_failed(walk);
    else
        say(walk, "record", "stored", "It was fetched on %s%s.", time_text(record->answered_s, at),
            record->pixel ? ", or leads to a tracker" : "");
    return r >= 0;
}

static void look_at_picture(struct walk *walk)
{
    const struct cache_record *record = &walk->record;
    if (!walk->has_record || record->state != CACHE_STORED || record->purged)
        return;
    if (record->pixel) {
        walk->have_picture = true;
        say(walk, "picture", "pixel",
            "It is a picture of at most 3 by 3 pixels, or leads to a tracker: readers get a "
            "transparent blank.");
        return;
    }
    void *bytes = NULL;
    size_t len = 0;
    int r = cache_read(walk->env->cache, record, &bytes, &len);
    free(bytes);
    walk->have_picture = r == 0;
    if (r == 0)
        say(walk, "picture", "here", "The picture is in the cache (%zu bytes).", len);
    else if (r == CACHE_NONE)
        say(walk, "picture", "evicted", "The picture is no longer kept: it made room for others.");
    else
        say(walk, "picture", "unreadable", "The picture could not be read: %s.", strerror(-r));
}

/* ---- plan ---- */

static const char *why_gone(const struct walk *walk)
{
    if (walk->has_record && walk->record.purged)
        return "Readers get 410: what was purged is not fetched again unless it is purged with "
               "--forget.";
    if (walk->has_record)
        return "Readers get 410: it is no longer kept, and `refetch` allows no second fetch (too "
               "few mailboxes asked for it); with the reader's consent it is fetched again.";
    return "Readers get 410: its mail was delivered longer than `fetch_window` ago and it was "
           "never fetched.";
}

static const char *why_wait(const struct walk *walk)
{
    return walk->queued ? "Readers get a placeholder until the scheduled fetch is done; opening "
                          "the mail does not hasten it."
                        : "Readers get a placeholder: its mail was delivered, but it does not "
                          "stand in the queue, so nothing will fetch it without the reader's "
                          "consent.";
}

static const char *what_then(const struct walk *walk, enum plan plan)
{
    switch (plan) {
    case PLAN_SERVE:
        return walk->record.pixel ? "Readers get the blank." : "Readers get the picture.";
    case PLAN_FETCH:
        return "The next request of a reader has it fetched.";
    case PLAN_WAIT:
        return why_wait(walk);
    case PLAN_REQUEUE:
        return "The next request of a reader puts it into the queue once more; until it is "
               "fetched, readers get a placeholder.";
    case PLAN_LATER:
        return "Readers get a placeholder until a try succeeds; opening the mail causes none.";
    case PLAN_MISSING:
        return "Readers get a placeholder, and that is final.";
    default:
        return why_gone(walk);
    }
}

static void tell_plan(struct walk *walk)
{
    const struct plan_ask ask = {
        .who = PLAN_READER, .options = walk->options, .now_s = walk->now_s};
    enum plan plan = plan_decide(walk->env->plan, &ask, walk->has_record ? &walk->record : NULL,
                                 walk->have_picture);
    walk->told->shown = plan == PLAN_SERVE && !walk->record.pixel;
    say(walk, "plan", plan_name(plan), "%s", what_then(walk, plan));
}

void request_explain(const struct request_env *env, const struct explain_ask *ask,
                     struct explanation *ret)
{
    struct walk walk = {
        .env = env,
        .told = ret,
        .now_s = clock_wall_s(),
        .options = SHOJI_URL_OPTIONS_NONE,
    };
    *ret = (struct explanation){0};
    if (!verify(&walk, ask) || !pass_policy(&walk))
        return;
    cache_key_of_url(env->cache, walk.url, walk.url_len, &walk.key);
    look_at_queue(&walk);
    if (!look_at_record(&walk))
        return;
    look_at_picture(&walk);
    tell_plan(&walk);
}
