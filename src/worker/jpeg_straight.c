#include "worker/jpeg_straight.h"

#include "base/image.h"
#include "base/limits.h"
#include "worker/icc.h"
#include "worker/jpeg_head.h"
#include "worker/jpeg_sink.h"
#include "worker/save.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#define CHANNELS 3
#define ROWS     (2 * DCTSIZE) /* of a channel, a turn: sampling factors are 1 or 2 */

/* What libjpeg longjmps over lives here, in memory: its locals would be indeterminate. */
struct recoder {
    struct jpeg_decompress_struct in;
    struct jpeg_compress_struct out;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    struct jpeg_sink sink;
    jmp_buf failed;
    const struct wire_job *job;
    unsigned char *planes[CHANNELS];
    JSAMPROW rows[CHANNELS][ROWS];
    JOCTET *profile;
    bool progressive; /* wanted of the result */
};

/* ---- libjpeg's hooks ---- */

__attribute__((noreturn)) static void fail(j_common_ptr info)
{
    struct recoder *r = info->client_data;
    longjmp(r->failed, 1);
}

/* As libvips: some damage is shown by every browser, a hundred times of it is an attack. */
static void count_warning(j_common_ptr info, int level)
{
    if (level < 0 && ++info->err->num_warnings > LIMIT_JPEG_WARNINGS)
        fail(info);
}

static void say_nothing(j_common_ptr info)
{
    (void)info;
}

/* Each scan of a progressive picture goes through all of it: a small file may hold thousands. */
static void count_scans(j_common_ptr info)
{
    struct recoder *r = info->client_data;
    if (info->is_decompressor && r->in.input_scan_number > LIMIT_JPEG_SCANS)
        fail(info);
}

/* libjpeg would make up the end of a file. */
static boolean ends_early(j_decompress_ptr in)
{
    fail((j_common_ptr)in);
}

/* ---- is it for us? ---- */

static bool is_sampled_plainly(const struct jpeg_decompress_struct *in)
{
    const jpeg_component_info *c = in->comp_info;
    if (in->num_components == 1)
        return c[0].h_samp_factor == 1 && c[0].v_samp_factor == 1;
    return c[0].h_samp_factor <= 2 && c[0].v_samp_factor <= 2 && c[1].h_samp_factor == 1 &&
           c[1].v_samp_factor == 1 && c[2].h_samp_factor == 1 && c[2].v_samp_factor == 1;
}

static bool has_usual_colours(struct recoder *r)
{
    unsigned len;
    if (!jpeg_read_icc_profile(&r->in, &r->profile, &len))
        return true;
    return r->in.num_components == 3 && icc_is_srgb(r->profile, len);
}

static bool is_for_us(struct recoder *r)
{
    const struct jpeg_decompress_struct *in = &r->in;
    uint32_t side = r->job->max_side;
    if ((uint64_t)in->image_width * in->image_height > r->job->max_pixels ||
        (side && (in->image_width > side || in->image_height > side)))
        return false;
    if (!(in->num_components == 3 && in->jpeg_color_space == JCS_YCbCr) &&
        !(in->num_components == 1 && in->jpeg_color_space == JCS_GRAYSCALE))
        return false;
    return in->data_precision == 8 && is_sampled_plainly(in) && has_usual_colours(r);
}

/* ---- rows ---- */

/* Rows of whole blocks, which is more than what is shown. */
static bool make_rows(struct recoder *r)
{
    for (int c = 0; c < r->in.num_components; c++) {
        const jpeg_component_info *info = &r->in.comp_info[c];
        size_t width = ((size_t)info->width_in_blocks + 2) * DCTSIZE;
        r->planes[c] = calloc(ROWS, width);
        if (!r->planes[c])
            return false;
        for (size_t y = 0; y < ROWS; y++)
            r->rows[c][y] = r->planes[c] + y * width;
    }
    return true;
}

/* What is coded beyond the edge is not theirs to fill; repeating the edge costs least. */
static void repeat_edges(struct recoder *r, JDIMENSION first_line)
{
    for (int c = 0; c < r->in.num_components; c++) {
        const jpeg_component_info *info = &r->in.comp_info[c];
        size_t shown = info->downsampled_width;
        size_t coded = (size_t)info->width_in_blocks * DCTSIZE;
        JDIMENSION first =
            first_line / (JDIMENSION)r->in.max_v_samp_factor * (JDIMENSION)info->v_samp_factor;
        JDIMENSION count = (JDIMENSION)info->v_samp_factor * DCTSIZE;
        JDIMENSION left = info->downsampled_height - first;
        for (JDIMENSION y = 0; y < count && y < left; y++)
            memset(r->rows[c][y] + shown, r->rows[c][y][shown - 1], coded - shown);
        for (JDIMENSION y = left; y < count; y++)
            memcpy(r->rows[c][y], r->rows[c][left - 1], coded);
    }
}

/* ---- the way through ---- */

static void set_up_output(struct recoder *r)
{
    const struct jpeg_decompress_struct *in = &r->in;
    struct jpeg_compress_struct *out = &r->out;
    out->image_width = in->image_width;
    out->image_height = in->image_height;
    out->input_components = in->num_components;
    out->in_color_space = in->jpeg_color_space;
    jpeg_set_defaults(out);
    out->optimize_coding = (uint64_t)in->image_width * in->image_height <= LIMIT_JPEG_OPTIMISED;
    out->raw_data_in = TRUE;
    for (int c = 0; c < in->num_components; c++) {
        out->comp_info[c].h_samp_factor = in->comp_info[c].h_samp_factor;
        out->comp_info[c].v_samp_factor = in->comp_info[c].v_samp_factor;
    }
    if (r->progressive)
        jpeg_simple_progression(out);
}

static void pass_rows(struct recoder *r)
{
    JSAMPARRAY channels[CHANNELS] = {r->rows[0], r->rows[1], r->rows[2]};
    JDIMENSION lines = (JDIMENSION)r->in.max_v_samp_factor * DCTSIZE;
    while (r->in.output_scanline < r->in.output_height) {
        JDIMENSION first_line = r->in.output_scanline;
        jpeg_read_raw_data(&r->in, channels, lines);
        repeat_edges(r, first_line);
        jpeg_write_raw_data(&r->out, channels, lines);
    }
}

enum { NOT_FOR_US = 1, BROKEN = 2 };

static int recode_guarded(struct recoder *r, const void *bytes)
{
    if (setjmp(r->failed))
        return BROKEN;
    jpeg_create_decompress(&r->in);
    jpeg_create_compress(&r->out);
    jpeg_mem_src(&r->in, bytes, r->job->in_len);
    r->in.src->fill_input_buffer = ends_early;
    jpeg_save_markers(&r->in, JPEG_APP0 + 2, 0xffff); /* profiles */
    jpeg_read_header(&r->in, TRUE);
    if (!is_for_us(r))
        return NOT_FOR_US;
    r->in.progress = &r->progress;
    r->in.raw_data_out = TRUE;
    r->in.out_color_space = r->in.jpeg_color_space;
    jpeg_start_decompress(&r->in);
    if (!make_rows(r))
        return BROKEN;
    set_up_output(r);
    jpeg_set_quality(&r->out, save_jpeg_quality(bytes, r->job->in_len), TRUE);
    jpeg_sink_set(&r->out, &r->sink);
    jpeg_start_compress(&r->out, TRUE);
    pass_rows(r);
    jpeg_finish_compress(&r->out);
    return 0;
}

static int recode(const struct wire_job *job, const void *bytes, bool progressive,
                  struct worked *ret)
{
    struct recoder r = {.job = job, .progressive = progressive};
    r.in.err = r.out.err = jpeg_std_error(&r.errors);
    r.errors.error_exit = fail;
    r.errors.emit_message = count_warning;
    r.errors.output_message = say_nothing;
    r.in.client_data = r.out.client_data = &r;
    r.progress.progress_monitor = count_scans;
    int result = recode_guarded(&r, bytes);
    if (result == 0) {
        ret->width = r.in.image_width;
        ret->height = r.in.image_height;
        ret->len = r.sink.len;
        ret->bytes = take(r.sink.bytes);
    }
    jpeg_destroy_decompress(&r.in);
    jpeg_destroy_compress(&r.out);
    for (int c = 0; c < CHANNELS; c++)
        free(r.planes[c]);
    free(r.profile);
    free(r.sink.bytes);
    return result;
}

/* One that came progressive, which packs better, may grow by becoming baseline. A few percent are
 * not worth twice the time. */
static void try_progressive(const struct wire_job *job, const void *bytes, struct worked *kept)
{
    struct worked other = {0};
    if ((uint64_t)kept->width * kept->height > LIMIT_JPEG_OPTIMISED ||
        kept->len <= job->in_len + job->in_len / 50 + 64 || recode(job, bytes, true, &other) != 0)
        return;
    if (other.len < kept->len) {
        void *larger = kept->bytes;
        kept->bytes = other.bytes;
        kept->len = other.len;
        other.bytes = larger;
    }
    free(other.bytes);
}

bool jpeg_straight(const struct wire_job *job, const void *bytes, struct worked *ret)
{
    struct worked out = {.type = IMAGE_JPEG, .frames = 1};
    if (job->type != IMAGE_JPEG || job->webp || !jpeg_is_usual(bytes, job->in_len) ||
        jpeg_orientation(bytes, job->in_len) != 1)
        return false;
    int r = recode(job, bytes, false, &out);
    if (r == NOT_FOR_US)
        return false;
    out.outcome = r == 0 ? WORKED_OK : WORKED_BROKEN;
    if (r == 0)
        try_progressive(job, bytes, &out);
    *ret = out;
    return true;
}
