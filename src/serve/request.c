#include "serve/request.h"

#include "sys/clock.h"

#include <errno.h>

/*
 *  hot ── the same path as before: nothing to verify again ─────────► reply
 *   │
 *   └► the table, from top to bottom, until a step answers:
 */
#define REQUEST_STEPS(STEP)                                                                        \
    STEP(verify) /* bad signature ► refused */                                                   \
    STEP(policy) /* tracker ► blank */                                                           \
    STEP(lookup) /* have it ► reply, and hot; failed or gone for good ► says so */             \
    STEP(join)   /* park; the back thread claims, fetches, decodes, stores (serve/flight) */

enum step_result {
    STEP_NEXT,
    STEP_REPLY, /* request->reply is the answer */
    STEP_PARKED,
};

struct request {
    struct waiter waiter; /* of the flight; back thread */
    struct loop_task to_back;
    struct front *front;
    struct MHD_Connection *connection;
    struct reply *reply; /* the answer, a reference of ours */
    unsigned generation; /* of keys and rules before they were asked */
    uint64_t purges;     /* before the cache was asked */
    bool parked;
    bool conditional;
    bool has_record;
    struct cache_key key;
    struct cache_record record;
    uint16_t sharer;
    uint16_t tenant;
    struct shoji_opened opened; /* its key is not used after verify */
};

/* Of keys and rules: either only grows. */
static unsigned generation_of(const struct request_env *env)
{
    return keyring_generation(env->keyring) + ruleset_generation(env->blocked);
}

int front_init(struct front *front, struct request_env *env, size_t hot_bytes)
{
    *front = (struct front){
        .env = env, .generation = generation_of(env), .purges = cache_purges(env->cache)};
    return hot_new(hot_bytes, &front->hot);
}

void front_finish(struct front *front)
{
    hot_free(front->hot);
    front->hot = NULL;
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
    hot_put(request->front->hot, path, strlen(path), request->reply);
    return STEP_REPLY;
}

static enum step_result reply_picture(struct request *request, const char *path)
{
    int r = reply_stored(request->front->env->cache, &request->record, &request->reply);
    if (r == CACHE_NONE)
        return STEP_NEXT;
    if (r < 0)
        return answer(request, REPLY_OVERLOAD);
    hot_put(request->front->hot, path, strlen(path), request->reply);
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
    struct request_env *env = request->front->env;
    int r = cache_lookup(env->cache, &request->key, &request->record);
    if (r < 0)
        return answer(request, REPLY_OVERLOAD);
    request->has_record = r == 0;
    if (request->has_record)
        note_reader(request);
    if (request->has_record && request->record.state == CACHE_STORED) {
        enum step_result result = reply_picture(request, path);
        if (result != STEP_NEXT)
            return result;
    }
    const struct plan_ask ask = {
        .who = PLAN_READER,
        .options = request->opened.options,
        .now_s = clock_wall_s(),
    };
    switch (plan_decide(&env->plan, &ask, request->has_record ? &request->record : NULL, false)) {
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
        .wait_ms = env->wait_ms,
    };
    request->waiter.answer = on_answer;
    flight_join(env->flights, &ask, &request->waiter);
}

static enum step_result step_join(struct request *request, const char *path)
{
    (void)path;
    struct front *front = request->front;
    /* Counted before the flag is read: whoever drains first sets the flag, then waits for zero. */
    unsigned parked = atomic_fetch_add(&front->parked, 1);
    if (atomic_load(&front->env->draining) || parked >= LIMIT_PARKED) {
        atomic_fetch_sub(&front->parked, 1);
        return answer(request, REPLY_OVERLOAD);
    }
    request->parked = true;
    /* Before anyone can resume it. */
    MHD_suspend_connection(request->connection);
    request->to_back.run = on_back;
    loop_post(front->env->back, &request->to_back);
    return STEP_PARKED;
}

static const struct {
    const char *name;
    enum tally_step tally;
    enum step_result (*run)(struct request *request, const char *path);
} steps[] = {
#define STEP(name_) {#name_, TALLY_##name_, step_##name_},
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

/* Read before anything is looked up: what is put there meanwhile goes with the next request. */
static void forget_void(struct front *front)
{
    unsigned generation = generation_of(front->env);
    uint64_t purges = cache_purges(front->env->cache);
    if (generation == front->generation && purges == front->purges)
        return;
    front->generation = generation;
    front->purges = purges;
    hot_clear(front->hot);
}

/* Something was purged while the answer was on its way. False: it may have been this, and another
 * answer is in its place. */
static bool holds_still(struct request *request)
{
    int r = cache_lookup(request->front->env->cache, &request->key, &request->record);
    request->has_record = r == 0;
    if (r == 0 && request->record.state == CACHE_STORED && !request->record.purged)
        return true;
    reply_unref(request->reply);
    answer(request, r < 0                              ? REPLY_OVERLOAD
                    : r == 0 && request->record.purged ? REPLY_GONE
                                                       : REPLY_LATER);
    return false;
}

/* Resumed: the back thread has left the answer in the request. */
static void unpark(struct request *request, const char *path)
{
    struct front *front = request->front;
    request->parked = false;
    atomic_fetch_sub(&front->parked, 1);
    struct reply *answered = request->reply;
    /* Keys or rules changed while it waited: is it still one of ours, and no tracker? */
    if (request->generation != front->generation &&
        (step_verify(request, path) != STEP_NEXT || step_policy(request, path) != STEP_NEXT)) {
        reply_unref(answered);
        return;
    }
    if (request->purges != front->purges && reply_is_picture(answered) && !holds_still(request))
        return;
    hot_put(front->hot, path, strlen(path), answered);
    if (request->has_record)
        note_reader(request);
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
    request->generation = front->generation;
    request->purges = front->purges;
    enum step_result result = STEP_NEXT;
    size_t i;
    for (i = 0; result == STEP_NEXT; i++) {
        must(i < sizeof(steps) / sizeof(steps[0]));
        result = steps[i].run(request, line->path);
    }
    if (result == STEP_PARKED) {
        *state = request;
        return MHD_YES;
    }
    tally_set_hot_bytes(&front->tally, hot_bytes(front->hot));
    enum MHD_Result sent = send_reply(front, steps[i - 1].tally, connection, line, request->reply);
    request_forget(request);
    return sent;
}

enum MHD_Result request_handle(struct front *front, struct MHD_Connection *connection,
                               const struct request_line *line, struct request **state)
{
    forget_void(front);
    struct request *request = *state;
    if (request) {
        if (request->parked)
            unpark(request, line->path);
        tally_set_hot_bytes(&front->tally, hot_bytes(front->hot));
        struct request_line same = *line; /* the mark that said so gave way to the request */
        same.conditional = request->conditional;
        return send_reply(front, TALLY_join, connection, &same, request->reply);
    }
    struct reply *hot = hot_get(front->hot, line->path, strlen(line->path));
    if (hot)
        return send_reply(front, TALLY_hot, connection, line, hot);
    return start(front, connection, line, state);
}
