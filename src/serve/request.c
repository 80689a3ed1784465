#include "serve/request.h"

#include "sys/clock.h"

#include <errno.h>

/*
 *  hot ── the same path as before: nothing to verify again ─────────► reply
 *   │
 * known ── verified lately, and the picture is in memory ───────────► reply, and hot
 *   │
 *   └► the table, from top to bottom, until a step answers:
 */
#define REQUEST_STEPS(STEP)                                                                            \
    STEP(verify, verify) /* bad signature ► refused */                                               \
    STEP(policy, policy) /* tracker ► blank */                                                       \
    STEP(lookup, lookup) /* what do we know of it? */                                                  \
    STEP(read, lookup) /* have it ► reply, and hot; not in memory ► park, a reader thread reads */ \
    STEP(plan, lookup) /* failed or gone for good ► says so */                                       \
    STEP(join, join)   /* park; the back thread claims, fetches, decodes, stores (flight) */

enum step_result {
    STEP_NEXT,
    STEP_REPLY, /* request->reply is the answer */
    STEP_PARKED,
};

struct request {
    struct waiter waiter; /* of the flight; back thread */
    struct loop_task to_back;
    struct readers_job to_reader;
    struct front *front;
    struct MHD_Connection *connection;
    struct reply *reply; /* the answer, a reference of ours */
    uint64_t stamp;      /* of the front, before anything was asked */
    size_t at;           /* the next step */
    enum tally_step by;  /* the last one, as it is counted */
    int read;            /* what the reader thread found */
    bool parked;
    bool conditional;
    bool has_record;
    struct cache_key key;
    struct cache_record record;
    struct cache_want want; /* of its picture */
    uint16_t sharer;
    uint16_t tenant;
    struct shoji_opened opened; /* its key is not used after verify */
};

/* Of keys, rules and purges: each only grows, so their sum changes when one of them does. */
static uint64_t stamp_of(const struct request_env *env)
{
    return (uint64_t)keyring_generation(env->keyring) + ruleset_generation(env->blocked) +
           cache_purges(env->cache);
}

int front_init(struct front *front, struct request_env *env)
{
    *front = (struct front){.env = env, .stamp = stamp_of(env)};
    int r = known_new(&front->known);
    return r < 0 ? r : hot_new(atomic_load(&env->hot_memory), &front->hot);
}

void front_finish(struct front *front)
{
    hot_free(front->hot);
    known_free(front->known);
    front->hot = NULL;
    front->known = NULL;
}

void request_forget(struct request *request)
{
    if (!request)
        return;
    if (request->parked) /* resumed, but the reader had gone: nobody came to fetch the answer */
        atomic_fetch_sub(&request->front->parked, 1);
    reply_unref(request->reply);
    free(request);
}

static enum step_result answer(struct request *request, enum reply_constant which)
{
    request->reply = reply_ref(reply_constant(which));
    return STEP_REPLY;
}

static void keep_hot(const struct request *request, const char *path)
{
    hot_put(request->front->hot, path, strlen(path), request->stamp, request->reply);
}

/* False: too many are parked, or the server is about to end. */
static bool park(struct request *request)
{
    struct front *front = request->front;
    /* Counted before the flag is read: whoever drains first sets the flag, then waits for zero. */
    unsigned parked = atomic_fetch_add(&front->parked, 1);
    request->parked = !atomic_load(&front->env->draining) && parked < LIMIT_PARKED;
    if (!request->parked)
        atomic_fetch_sub(&front->parked, 1);
    return request->parked;
}

/* ---- the steps ---- */

static enum step_result step_verify(struct request *request, const char *path)
{
    struct request_env *env = request->front->env;
    struct keyset *set = keyring_get(env->keyring);
    int r = shoji_url_open(keyset_keys(set), env->url_suffix, path, strlen(path), &request->opened);
    if (r == 0 && request->opened.options.mailbox[0])
        request->sharer =
            plan_sharer(shoji_key_kid(request->opened.key), request->opened.options.mailbox);
    if (r == 0)
        request->tenant = keyring_tenant(env->cache, request->opened.key);
    keyring_put(set);
    if (r == SHOJI_OPEN_REFUSED)
        return answer(request, REPLY_REFUSED);
    if (r != 0)
        return answer(request, REPLY_MISSING);
    cache_key_of_url(env->cache, request->opened.url, request->opened.url_len, &request->key);
    return STEP_NEXT;
}

/* Also one that was signed before the rules knew it, or under another policy. */
static enum step_result step_policy(struct request *request, const char *path)
{
    const struct shoji_opened *opened = &request->opened;
    if (!ruleset_blocks(request->front->env->blocked, opened->url, opened->url_len))
        return STEP_NEXT;
    answer(request, REPLY_BLANK);
    keep_hot(request, path);
    return STEP_REPLY;
}

static bool shares_already(const struct request *request)
{
    if (!request->opened.options.mailbox[0])
        return true;
    if (request->record.sharers_count >= CACHE_SHARERS)
        return true;
    for (unsigned i = 0; i < request->record.sharers_count; i++)
        if (request->record.sharers[i] == request->sharer)
            return true;
    return false;
}

/* Who else asks is noted once; everybody after him only reads. */
static void note_reader(struct request *request)
{
    bool shares = shares_already(request);
    if (shares && !cache_tenant_is_news(&request->record, request->tenant))
        return;
    struct cache_write *write = calloc(1, sizeof(*write));
    if (!write)
        return;
    *write = (struct cache_write){.op = shares ? CACHE_NOTE : CACHE_SHARER, .key = request->key};
    write->record.tenant = request->tenant;
    write->record.sharers[0] = request->sharer;
    write->record.sharers_count = 1;
    cache_write_start(request->front->env->cache, write);
}

static enum step_result step_lookup(struct request *request, const char *path)
{
    (void)path;
    int r = cache_lookup(request->front->env->cache, &request->key, &request->record);
    if (r < 0)
        return answer(request, REPLY_OVERLOAD);
    request->has_record = r == 0;
    if (request->has_record)
        note_reader(request);
    return STEP_NEXT;
}

/* `r` says how reading the picture went. */
static enum step_result after_read(struct request *request, const char *path, int r)
{
    if (r == CACHE_NONE)
        return STEP_NEXT;
    if (r < 0)
        return answer(request, REPLY_OVERLOAD);
    if (!request->record.pixel)
        known_put(request->front->known, path, strlen(path), request->stamp, &request->want);
    keep_hot(request, path);
    return STEP_REPLY;
}

/* Reader thread. */
static void on_reader(struct readers_job *job)
{
    struct request *request = container_of(job, struct request, to_reader);
    request->want.resident = false;
    request->read = reply_wanted(request->front->env->cache, &request->want, &request->reply);
    MHD_resume_connection(request->connection);
}

/* The picture is on the disk, which nobody else of this front shall wait for. */
static enum step_result read_from_disk(struct request *request, const char *path)
{
    struct request_env *env = request->front->env;
    if (!readers_reserve(env->readers))
        return answer(request, REPLY_OVERLOAD);
    if (!park(request)) {
        readers_release(env->readers);
        if (!atomic_load(&env->draining))
            return answer(request, REPLY_OVERLOAD);
        /* Nothing is parked any more, but hits go on. */
        request->want.resident = false;
        return after_read(request, path, reply_wanted(env->cache, &request->want, &request->reply));
    }
    MHD_suspend_connection(request->connection); /* before anyone can resume it */
    request->to_reader.run = on_reader;
    readers_post(env->readers, &request->to_reader);
    return STEP_PARKED;
}

/* Slow readers of large pictures must not take all memory: each reads a copy. What is hot is
 * shared, and goes on. */
static bool has_room(const struct request_env *env)
{
    return reply_held_bytes() < atomic_load_explicit(&env->most_held, memory_order_relaxed);
}

/* 0 when the picture is in memory, ours (then `want` has no place) or the kernel's; else as
 * reply_wanted. */
static int read_from_memory(struct front *front, struct cache_want *want, struct reply **ret)
{
    struct reply *same = hot_find(front->hot, want->record->content);
    if (!same && !has_room(front->env))
        return -ENOBUFS;
    if (!same)
        return reply_wanted(front->env->cache, want, ret);
    want->place = (struct cache_place){0};
    *ret = reply_ref(same);
    return 0;
}

static enum step_result step_read(struct request *request, const char *path)
{
    if (!request->has_record || request->record.state != CACHE_STORED)
        return STEP_NEXT;
    request->want = (struct cache_want){.record = &request->record, .resident = true};
    int r = read_from_memory(request->front, &request->want, &request->reply);
    return r == CACHE_AWAY ? read_from_disk(request, path) : after_read(request, path, r);
}

static enum step_result step_plan(struct request *request, const char *path)
{
    (void)path;
    const struct plan_ask ask = {
        .who = PLAN_READER,
        .options = request->opened.options,
        .now_s = clock_wall_s(),
    };
    switch (plan_decide(request->front->env->plan, &ask,
                        request->has_record ? &request->record : NULL, false)) {
    case PLAN_MISSING:
        return answer(request, REPLY_MISSING);
    case PLAN_GONE:
        return answer(request, REPLY_GONE);
    case PLAN_LATER:
        /* Claimed means under way: that flight may still be joined. */
        return request->record.state == CACHE_CLAIMED ? STEP_NEXT : answer(request, REPLY_LATER);
    default:
        return STEP_NEXT;
    }
}

/* Back thread. */
static void on_answer(struct waiter *waiter, const struct flight_answer *flight_answer)
{
    struct request *request = container_of(waiter, struct request, waiter);
    request->reply = reply_ref(flight_answer->reply);
    request->record = flight_answer->record ? *flight_answer->record : (struct cache_record){0};
    request->has_record = flight_answer->record != NULL;
    MHD_resume_connection(request->connection);
}

/* Back thread. */
static void on_back(struct loop_task *task)
{
    struct request *request = container_of(task, struct request, to_back);
    struct request_env *env = request->front->env;
    const struct flight_ask ask = {
        .plan = {.who = PLAN_READER, .options = request->opened.options},
        .key = request->key,
        .url = request->opened.url,
        .url_len = request->opened.url_len,
        .tenant = request->tenant,
        .wait_ms = atomic_load(&env->wait_ms),
    };
    request->waiter.answer = on_answer;
    flight_join(env->flights, &ask, &request->waiter);
}

static enum step_result step_join(struct request *request, const char *path)
{
    (void)path;
    if (!park(request))
        return answer(request, REPLY_OVERLOAD);
    MHD_suspend_connection(request->connection); /* before anyone can resume it */
    request->to_back.run = on_back;
    loop_post(request->front->env->back, &request->to_back);
    return STEP_PARKED;
}

static const struct {
    const char *name;
    enum tally_step tally;
    enum step_result (*run)(struct request *request, const char *path);
} steps[] = {
#define STEP(name_, tally_) {#name_, TALLY_##tally_, step_##name_},
    REQUEST_STEPS(STEP)
#undef STEP
};

/* ---- the engine ---- */

static enum MHD_Result send_reply(struct front *front, enum tally_step by,
                                  struct MHD_Connection *connection,
                                  const struct request_line *line, struct reply *reply)
{
    unsigned status = reply_status(reply);
    enum MHD_Result result = line->conditional
                                 ? reply_send_conditional(connection, reply, line->head, &status)
                                 : reply_send(connection, reply);
    tally_add(&front->tally, by, status);
    return result;
}

static enum step_result run_steps(struct request *request, const char *path)
{
    enum step_result result = STEP_NEXT;
    while (result == STEP_NEXT) {
        must(request->at < sizeof(steps) / sizeof(steps[0]));
        request->by = steps[request->at].tally;
        result = steps[request->at++].run(request, path);
    }
    return result;
}

/* A reader thread has read the picture, or found that it is gone. */
static enum step_result after_disk(struct request *request, const char *path)
{
    if (request->stamp != request->front->stamp) {
        /* Something changed meanwhile: all over again. What was read is in memory now. */
        reply_unref(take(request->reply));
        request->stamp = request->front->stamp;
        request->at = 0;
        return run_steps(request, path);
    }
    request->by = TALLY_read;
    enum step_result result = after_read(request, path, request->read);
    return result == STEP_NEXT ? run_steps(request, path) : result;
}

/* Something changed while the answer was on its way. False: it is not what stands there now, and
 * another answer is in its place. */
static bool holds_still(struct request *request)
{
    const uint8_t *content = reply_content(request->reply);
    int r = cache_lookup(request->front->env->cache, &request->key, &request->record);
    request->has_record = r == 0;
    if (r == 0 && request->record.state == CACHE_STORED && !request->record.purged &&
        (!content || memcmp(content, request->record.content, 32) == 0))
        return true;
    reply_unref(request->reply);
    answer(request, r < 0                              ? REPLY_OVERLOAD
                    : r == 0 && request->record.purged ? REPLY_GONE
                                                       : REPLY_LATER);
    return false;
}

/* The back thread has left the answer in the request. */
static void after_flight(struct request *request, const char *path)
{
    struct reply *answered = request->reply;
    if (request->stamp != request->front->stamp) {
        /* Is it still one of ours, no tracker, and there? */
        request->stamp = request->front->stamp;
        if (step_verify(request, path) != STEP_NEXT || step_policy(request, path) != STEP_NEXT) {
            reply_unref(answered);
            return;
        }
        if (reply_is_picture(answered) && !holds_still(request))
            return;
    }
    keep_hot(request, path);
    if (request->has_record)
        note_reader(request);
}

static enum step_result resume(struct request *request, const char *path)
{
    request->parked = false;
    atomic_fetch_sub(&request->front->parked, 1);
    if (request->at < sizeof(steps) / sizeof(steps[0])) /* not from the last one, join */
        return after_disk(request, path);
    after_flight(request, path);
    return STEP_REPLY;
}

static enum MHD_Result finish(struct request *request, struct MHD_Connection *connection,
                              const struct request_line *line)
{
    struct front *front = request->front;
    if (!reply_is_picture(request->reply)) /* what was verified before, and is void */
        hot_drop(front->hot, line->path, strlen(line->path));
    tally_set_hot_bytes(&front->tally, hot_bytes(front->hot));
    return send_reply(front, request->by, connection, line, request->reply);
}

static enum MHD_Result start(struct front *front, struct MHD_Connection *connection,
                             const struct request_line *line, struct request **state)
{
    struct request *request = calloc(1, sizeof(*request));
    if (!request)
        return send_reply(front, TALLY_join, connection, line, reply_constant(REPLY_OVERLOAD));
    request->front = front;
    request->connection = connection;
    request->conditional = line->conditional;
    request->stamp = front->stamp;
    if (run_steps(request, line->path) == STEP_PARKED) {
        *state = request;
        return MHD_YES;
    }
    enum MHD_Result sent = finish(request, connection, line);
    request_forget(request);
    return sent;
}

/* It will be read in a moment: a word to the processor that this begins here, and in the next
 * pages, before the first of which it cannot look ahead. Should nothing be there any more, no harm
 * is done. */
static void expect(const struct cache_place *place)
{
    enum { PAGE = 4096, LINE = 64, LINES = 4, PAGES = 4 };
    const char *at = place->at;
    if (!at)
        return;
    for (size_t i = 0; i < LINES; i++)
        __builtin_prefetch(at + i * LINE);
    for (size_t i = 1; i < PAGES && i * PAGE < place->len; i++)
        __builtin_prefetch(at + i * PAGE);
}

/* A path that was verified lately, if its picture is in memory: a reference of the caller's. What
 * stands in the way of that, the steps find out. */
static struct reply *find_known(struct front *front, const char *path)
{
    struct known_picture picture;
    struct reply *reply = NULL;
    size_t len = strlen(path);
    if (!known_get(front->known, path, len, front->stamp, &picture))
        return NULL;
    expect(&picture.place);
    struct cache_want want = {&picture.record, picture.place, !picture.lately};
    if (read_from_memory(front, &want, &reply) != 0)
        return NULL;
    known_follow(&picture, &want);
    hot_put(front->hot, path, len, front->stamp, reply);
    tally_set_hot_bytes(&front->tally, hot_bytes(front->hot));
    return reply;
}

enum MHD_Result request_handle(struct front *front, struct MHD_Connection *connection,
                               const struct request_line *line, struct request **state)
{
    /* Before anything is looked up: what changes meanwhile goes with the next request. */
    front->stamp = stamp_of(front->env);
    hot_resize(front->hot, atomic_load_explicit(&front->env->hot_memory, memory_order_relaxed));
    struct request *request = *state;
    if (request) {
        struct request_line same = *line; /* the mark that said so gave way to the request */
        same.conditional = request->conditional;
        if (request->parked && resume(request, line->path) == STEP_PARKED)
            return MHD_YES;
        return finish(request, connection, &same);
    }
    struct reply *hot = hot_get(front->hot, line->path, strlen(line->path), front->stamp);
    if (hot)
        return send_reply(front, TALLY_hot, connection, line, hot);
    struct reply *warm = find_known(front, line->path);
    if (warm) {
        enum MHD_Result result = send_reply(front, TALLY_lookup, connection, line, warm);
        reply_unref(warm);
        return result;
    }
    return start(front, connection, line, state);
}
