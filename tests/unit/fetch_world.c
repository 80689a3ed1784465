#include "test.h"

#include "fetch_world.h"

struct run {
    struct loop *loop;
    size_t left;
    int ended;
};

struct ctx {
    struct run *run;
    struct got *got;
};

struct fetch_conf world_conf(const struct scripted_dns *dns)
{
    return (struct fetch_conf){
        .user_agent = "Screen/1",
        .resolvers = scripted_dns_address(dns),
        .allow_private = "127.0.0.0/8",
        .ports = "any",
        .timeout_ms = 5000,
        .connect_timeout_ms = 2000,
        .max_bytes = 100000,
        .per_host = 6,
        .total = 100,
    };
}

struct fetch_target world_target(const char *url)
{
    struct fetch_target target = {.url = url, .https = strncmp(url, "https", 5) == 0};
    target.host = strstr(url, "://") + 3;
    target.host_len =
        target.host[0] == '[' ? strcspn(target.host, "]") + 1 : strcspn(target.host, ":/");
    target.port = target.https ? 443 : 80;
    if (target.host[target.host_len] == ':')
        target.port = (unsigned)strtoul(target.host + target.host_len + 1, NULL, 10);
    return target;
}

static void done(void *ctx, struct fetch_result *result)
{
    struct ctx *self = ctx;
    struct got *got = self->got;
    assert_false(got->inside_start);
    got->calls++;
    got->outcome = result->outcome;
    got->status = result->status;
    got->asked = result->asked;
    got->order = ++self->run->ended;
    assert_true((result->body != NULL) == (result->outcome == FETCH_OK));
    assert_true((result->location != NULL) == (result->outcome == FETCH_REDIRECT));
    if (result->body)
        got->body = buf_steal(result->body, &got->body_len);
    if (result->location)
        snprintf(got->location, sizeof(got->location), "%s", result->location);
    if (--self->run->left == 0)
        loop_stop(self->run->loop);
}

void world_fetch(const struct fetch_conf *conf, const char *const *urls, size_t count,
                 struct got *ret)
{
    struct run run = {.left = count};
    struct ctx ctxs[64];
    struct fetcher *fetcher;
    struct fetch *fetch;
    char why[256] = "";
    assert_true(count <= 64);
    assert_int_equal(loop_new(&run.loop), 0);
    if (fetcher_new(run.loop, conf, why, &fetcher) < 0)
        fail_msg("fetcher_new: %s", why);
    for (size_t i = 0; i < count; i++) {
        struct fetch_target target = world_target(urls[i]);
        ret[i] = (struct got){.inside_start = true};
        ctxs[i] = (struct ctx){&run, &ret[i]};
        assert_int_equal(fetch_start(fetcher, &target, done, &ctxs[i], &fetch), 0);
        ret[i].inside_start = false;
    }
    assert_int_equal(loop_run(run.loop), 0);
    fetcher_free(fetcher);
    loop_free(run.loop);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(ret[i].calls, 1);
}

struct got world_fetch_one(const struct fetch_conf *conf, const char *url)
{
    struct got got;
    world_fetch(conf, &url, 1, &got);
    return got;
}
