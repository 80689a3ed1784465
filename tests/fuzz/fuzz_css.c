/* CSS in, CSS out that loads only what it may, is not much longer, and stays as it is when done
 * again. */
#include "fuzz_rewrite.h"

#include "lib/css_rewrite.h"
#include "lib/html_input.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void rewrite(bool sheet, struct span in, struct buf *out)
{
    struct shoji_rewrite how = fuzz_how(SHOJI_PROXY);
    struct rewrite_pass *pass = calloc(1, sizeof(*pass));
    must(pass);
    pass->how = &how;
    pass->images_left = LIMIT_IMAGES;
    struct css_job job = {.images = {.pass = pass, .base = "http://b/"}};
    must((sheet ? css_rewrite_sheet(&job, in, out) : css_rewrite_style(&job, in, out)) == 0);
    free(pass);
}

static void check(bool sheet, struct span in)
{
    CLEANUP(buf_free)
    struct buf first = BUF_INIT(in.len * LIMIT_OUTPUT_FACTOR + LIMIT_OUTPUT_EXTRA);
    CLEANUP(buf_free) struct buf second = BUF_INIT(SIZE_MAX / 2);
    rewrite(sheet, in, &first);
    fuzz_check_css(buf_span(&first));
    rewrite(sheet, buf_span(&first), &second);
    must(span_equal(buf_span(&first), buf_span(&second)));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    CLEANUP(buf_free) struct buf copy = BUF_INIT(SIZE_MAX / 2);
    struct span in;
    must(html_input((struct span){(const char *)bytes, len}, &copy, &in) == 0);
    check(true, in);
    check(false, in);
    return 0;
}
