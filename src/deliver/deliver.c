#include "deliver/deliver.h"

#include "base/limits.h"
#include "sys/clock.h"

size_t deliver_room(const struct config *config)
{
    return (size_t)config->conf.rewrite.max_message + LIMIT_MESSAGE_GROWTH + 1;
}

const char *deliver_prefetched_name(enum deliver_prefetched prefetched)
{
    static const char *const names[] = {
        [DELIVER_NOT_ASKED] = NULL,  [DELIVER_QUEUED] = "queued", [DELIVER_SPOOLED] = "spooled",
        [DELIVER_FAILED] = "failed", [DELIVER_OFF] = "off",
    };
    return names[prefetched];
}

void delivered_free(struct delivered *delivered)
{
    free(delivered->text);
    shoji_report_free(&delivered->report);
    *delivered = (struct delivered){0};
}

/* Takes the place of what an earlier pass left in `ret`. */
static int rewrite_once(const struct shoji_rewrite *how, bool html, struct span in,
                        struct delivered *ret)
{
    char *text = NULL;
    size_t len = 0;
    struct shoji_report report = {0};
    int r =
        (html ? shoji_rewrite_html : shoji_rewrite_mail)(how, in.ptr, in.len, &text, &len, &report);
    if (r < 0)
        return r;
    free(ret->text);
    shoji_report_free(&ret->report);
    ret->text = text;
    ret->len = len;
    ret->report = report;
    return 0;
}

static int hand_over(const struct deliver_job *job, int32_t delivered,
                     const struct handover_list *list, struct delivered *ret)
{
    const struct conf *conf = &job->config->conf;
    const struct handover to = {.submit = conf->server.submit,
                                .spool = conf->prefetch.spool,
                                .signer = &job->how.signer,
                                .delivered = delivered,
                                .off = !conf->prefetch.enabled,
                                .why = ret->why};
    int answer = handover_urls(&to, list);
    if (answer < 0)
        return answer;
    ret->prefetched = answer == 0                  ? DELIVER_QUEUED
                      : answer == HANDOVER_SPOOLED ? DELIVER_SPOOLED
                      : answer == HANDOVER_OFF     ? DELIVER_OFF
                                                   : DELIVER_FAILED;
    return 0;
}

/* Which images there are is known after a pass; whether their URLs may say that they were handed
 * over, only after they were. Nearly always they are, so the first pass says so, and a second one
 * takes it back. */
static int rewrite_and_hand_over(const struct deliver_job *job, struct span in,
                                 struct delivered *ret)
{
    CLEANUP(handover_free) struct handover_list list = {0};
    struct shoji_rewrite how = job->how;
    int32_t delivered = job->delivered != SHOJI_NOT_DELIVERED ? job->delivered : clock_day();
    how.options.delivered = delivered;
    how.emitted = handover_add;
    how.emitted_ctx = &list;
    int r = rewrite_once(&how, job->html, in, ret);
    if (r < 0)
        return r;
    r = hand_over(job, delivered, &list, ret);
    if (r < 0)
        return r;
    bool handed_over = ret->prefetched == DELIVER_QUEUED || ret->prefetched == DELIVER_SPOOLED;
    if (handed_over || list.count == 0)
        return 0;
    how.emitted = NULL;
    how.options.delivered = SHOJI_NOT_DELIVERED;
    return rewrite_once(&how, job->html, in, ret);
}

int deliver_rewrite(const struct deliver_job *job, struct span in, struct delivered *ret)
{
    CLEANUP(delivered_free) struct delivered delivered = {0};
    int r;
    if (job->prefetch) {
        r = rewrite_and_hand_over(job, in, &delivered);
    } else {
        struct shoji_rewrite how = job->how;
        how.options.delivered = job->delivered;
        r = rewrite_once(&how, job->html, in, &delivered);
    }
    if (r < 0)
        return r;
    *ret = delivered;
    delivered = (struct delivered){0};
    return 0;
}

int deliver_prefetch(const struct deliver_job *job, struct span in, struct delivered *ret)
{
    CLEANUP(delivered_free) struct delivered delivered = {0};
    CLEANUP(handover_free) struct handover_list list = {0};
    struct shoji_rewrite how = job->how;
    how.options.delivered = SHOJI_NOT_DELIVERED;
    how.emitted = handover_add;
    how.emitted_ctx = &list;
    int r = rewrite_once(&how, job->html, in, &delivered);
    if (r == 0)
        r = hand_over(job, job->delivered, &list, &delivered);
    if (r < 0)
        return r;
    free(delivered.text);
    delivered.text = NULL;
    delivered.len = 0;
    *ret = delivered;
    delivered = (struct delivered){0};
    return 0;
}
