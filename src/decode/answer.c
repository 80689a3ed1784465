#include "decode/answer.h"

#include "base/limits.h"
#include "decode/sniff.h"
#include "sys/fd.h"

static void free_bytes(void **bytes)
{
    free(*bytes);
}

static int copy(int fd, size_t len, void **ret)
{
    CLEANUP(free_bytes) void *bytes = malloc(len);
    if (!bytes)
        return -ENOMEM;
    size_t at = 0;
    while (at < len) {
        ssize_t n = pread(fd, (char *)bytes + at, len - at, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return ANSWER_FALSE;
        at += (size_t)n;
    }
    *ret = take(bytes);
    return 0;
}

static bool type_is_due(const struct wire_job *job, const struct wire_done *done)
{
    uint32_t type = done->type;
    if (job->webp && type == IMAGE_WEBP)
        return true;
    if (job->webp && done->width <= LIMIT_WEBP_SIDE && done->height <= LIMIT_WEBP_SIDE)
        return false;
    if (job->type == IMAGE_WEBP)
        return type == IMAGE_JPEG || type == IMAGE_PNG || type == IMAGE_GIF;
    if (job->type == IMAGE_SVG || job->type == IMAGE_BMP || job->type == IMAGE_ICO)
        return type == IMAGE_PNG;
    return type == job->type;
}

static bool figures_are_possible(const struct wire_job *job, const struct wire_done *done)
{
    return type_is_due(job, done) && done->out_len > 0 && done->out_len <= job->out_max &&
           done->width > 0 && done->height > 0 &&
           (uint64_t)done->width * done->height <= job->max_pixels && done->frames > 0 &&
           done->frames <= (job->max_frames > 0 ? job->max_frames : 1) && done->transparent <= 1;
}

/* The result is as large as the original, or scaled down to the side that was asked for. */
static bool size_is_due(const struct wire_job *job, const struct wire_done *done,
                        const uint32_t size[2])
{
    uint32_t side = job->max_side;
    if (side == 0 || (done->width <= side && done->height <= side))
        return size[0] == done->width && size[1] == done->height;
    return size[0] <= side && size[1] <= side;
}

int answer_take(const struct wire_job *job, const struct wire_done *done, int out_fd,
                struct decode_result *ret)
{
    if (done->kind != WIRE_DONE || done->id != job->id)
        return ANSWER_FALSE;
    if (done->outcome == DECODE_TOO_LARGE || done->outcome == DECODE_BROKEN) {
        *ret = (struct decode_result){.outcome = (enum decode_outcome)done->outcome};
        return 0;
    }
    if (done->outcome != DECODE_OK || !figures_are_possible(job, done))
        return ANSWER_FALSE;
    enum image_type type = (enum image_type)done->type;
    CLEANUP(free_bytes) void *bytes = NULL;
    uint32_t size[2];
    int r = copy(out_fd, done->out_len, &bytes);
    if (r != 0)
        return r;
    if (sniff_size(type, bytes, done->out_len, size) != 0 || !size_is_due(job, done, size))
        return ANSWER_FALSE;
    *ret = (struct decode_result){
        .outcome = DECODE_OK,
        .type = type,
        .width = done->width,
        .height = done->height,
        .frames = done->frames,
        .transparent = done->transparent,
        .bytes = take(bytes),
        .len = done->out_len,
    };
    return 0;
}
