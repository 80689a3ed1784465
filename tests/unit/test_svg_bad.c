/*
 * SVG documents meant to harm, through the real decoder: what refers to something outside, what
 * grows beyond measure, and what never ends. Each is drawn without it or refused within the
 * deadline, and the next picture comes out right.
 */
#include "decoding.h"

#include "base/buf.h"
#include "base/image.h"
#include "base/list.h"
#include "sys/clock.h"

#include <png.h>
#include <stdio.h>
#include <unistd.h>

#include "svg_documents.h"

#define DEADLINE_MS 1500
#define START_MS    10000 /* a worker that died is replaced before the next picture */

static const char gif[] = "GIF89a\x02\0\x01\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x02\0\x01\0\0"
                          "\x02\x02\x44\x0a\0;";

static struct decoding pool;

static struct pool_conf conf_of(void)
{
    return decoding_conf(getenv("SHOJI_DECODE"));
}

static int open_pool(void **state)
{
    (void)state;
    struct pool_conf conf = conf_of();
    decoding_open(&pool, &conf);
    return 0;
}

static int close_pool(void **state)
{
    (void)state;
    decoding_close(&pool);
    return 0;
}

/* ---- what is outside ---- */

/* SVG_BODY: red left, nothing right. */
static void expect_left_half(const char *name, const struct decode_result *result)
{
    png_image png = {.version = PNG_IMAGE_VERSION};
    unsigned char rgba[8 * 4 * 4];
    assert_true(png_image_begin_read_from_memory(&png, result->bytes, result->len));
    png.format = PNG_FORMAT_RGBA;
    assert_int_equal(PNG_IMAGE_SIZE(png), sizeof(rgba));
    assert_true(png_image_finish_read(&png, NULL, rgba, 0, NULL));
    for (unsigned i = 0; i < 8 * 4; i++) {
        static const unsigned char due[2][4] = {{255, 0, 0, 255}, {0, 0, 0, 0}};
        if (memcmp(rgba + (size_t)4 * i, due[i % 8 >= 4], 4) != 0)
            fail_msg("%s: pixel %u,%u", name, i % 8, i / 8);
    }
}

static void test_references_are_dead(void **state)
{
    (void)state;
    for (size_t i = 0; i < SVG_REFERENCES; i++) {
        const struct svg_reference *r = &svg_references[i];
        struct came came = decoding_one(&pool, r->document, strlen(r->document));
        if (came.result.outcome == DECODE_OK)
            expect_left_half(r->name, &came.result);
        else if (!r->may_be_refused || came.result.outcome != DECODE_BROKEN)
            fail_msg("%s: outcome %d", r->name, came.result.outcome);
        free(came.result.bytes);
    }
}

/* ---- bombs ---- */

static void repeat(struct buf *buf, const char *text, size_t times)
{
    for (size_t i = 0; i < times; i++)
        buf_add_text(buf, text);
}

static void open_svg(struct buf *buf, const char *prolog, const char *size)
{
    buf_add_format(buf, "%s<svg " SVG_NS " %s>", prolog, size);
}

static void laughs(struct buf *buf)
{
    buf_add_text(buf, "<!DOCTYPE svg [<!ENTITY a0 'ha'>");
    for (int i = 1; i < 10; i++) {
        buf_add_format(buf, "<!ENTITY a%d '", i);
        for (int k = 0; k < 10; k++)
            buf_add_format(buf, "&a%d;", i - 1);
        buf_add_text(buf, "'>");
    }
    open_svg(buf, "]>", "width='9' height='9'");
    buf_add_text(buf, "<text>&a9;</text></svg>");
}

static void quadratic(struct buf *buf)
{
    buf_add_text(buf, "<!DOCTYPE svg [<!ENTITY a '");
    repeat(buf, "x", 3000); /* it must stand before <svg> */
    open_svg(buf, "'>]>", "width='9' height='9'");
    buf_add_text(buf, "<desc>");
    repeat(buf, "&a;", 300000);
    buf_add_text(buf, "</desc></svg>");
}

static void uses(struct buf *buf)
{
    open_svg(buf, "", "width='40' height='30'");
    buf_add_text(buf, "<defs><rect id='u0' width='40' height='30'/>");
    for (int i = 1; i < 12; i++) {
        buf_add_format(buf, "<g id='u%d'>", i);
        for (int k = 0; k < 10; k++)
            buf_add_format(buf, "<use xlink:href='#u%d'/>", i - 1);
        buf_add_text(buf, "</g>");
    }
    buf_add_text(buf, "</defs><use xlink:href='#u11'/></svg>");
}

static void million(struct buf *buf)
{
    open_svg(buf, "", "width='9' height='9'");
    repeat(buf, "<g/>", 1100000);
    buf_add_text(buf, "</svg>");
}

static void deep(struct buf *buf)
{
    open_svg(buf, "", "width='9' height='9'");
    repeat(buf, "<g>", 100000);
    repeat(buf, "</g>", 100000);
    buf_add_text(buf, "</svg>");
}

static void blur(struct buf *buf)
{
    open_svg(buf, "", "width='4000' height='4000'");
    buf_add_text(buf, "<filter id='f' x='-100' y='-100' width='300' height='300'>"
                      "<feGaussianBlur stdDeviation='1000000'/></filter>"
                      "<rect width='6000' height='6000' filter='url(#f)'/></svg>");
}

static void filters(struct buf *buf)
{
    open_svg(buf, "", "width='3000' height='3000'");
    buf_add_text(buf, "<filter id='f'>");
    repeat(buf, "<feTurbulence baseFrequency='.01' numOctaves='100'/><feMorphology radius='500'/>",
           50);
    buf_add_text(buf, "</filter><rect width='3000' height='3000' filter='url(#f)'/></svg>");
}

static void patterns(struct buf *buf)
{
    open_svg(buf, "", "width='1000' height='1000'");
    for (int i = 1; i < 30; i++)
        buf_add_format(buf,
                       "<pattern id='p%d' width='2' height='2' patternUnits='userSpaceOnUse'>"
                       "<rect width='40' height='40' fill='url(#p%d)'/></pattern>",
                       i, i - 1);
    buf_add_text(buf, "<rect width='1000' height='1000' fill='url(#p29)'/></svg>");
}

static void dashes(struct buf *buf)
{
    open_svg(buf, "", "width='1000' height='1000'");
    buf_add_text(buf, "<path d='M0 0L1e9 1e9' stroke='red' stroke-dasharray='.000001'/></svg>");
}

static void wide(struct buf *buf)
{
    open_svg(buf, "", "width='1000000' height='1000000'");
    buf_add_text(buf, "</svg>");
}

static void flat(struct buf *buf)
{
    open_svg(buf, "", "width='2000000000' height='0.001'");
    buf_add_text(buf, "</svg>");
}

static void box(struct buf *buf)
{
    open_svg(buf, "", "viewBox='0 0 1e30 1e30'");
    buf_add_text(buf, "</svg>");
}

static void cut(struct buf *buf)
{
    open_svg(buf, "", "width='9' height='9'");
    buf_add_text(buf, "<g><rect width='9' height='9'/>");
}

static void html(struct buf *buf)
{
    buf_add_text(buf, "<svg><p>text<br>");
}

/* ISO 3309, as PNG's annex D has it. */
static uint32_t crc_of(const unsigned char *bytes, size_t len)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < len; i++) {
        crc ^= bytes[i];
        for (int k = 0; k < 8; k++)
            crc = crc & 1 ? crc >> 1 ^ 0xedb88320U : crc >> 1;
    }
    return ~crc;
}

/* A picture inside that says it has 400 million pixels, four bytes each. */
static void inside(struct buf *buf)
{
    unsigned char png[] =
        "\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\x4e\x20\0\0\x4e\x20\x08\x06\0\0\0....\0\0\1\0"
        "IDAT\x78\x9c\xed\xc1\1\1\0\0\0\x80\x90\xfe";
    uint32_t crc = crc_of(png + 12, 17);
    for (int i = 0; i < 4; i++)
        png[29 + i] = (unsigned char)(crc >> (24 - 8 * i));
    open_svg(buf, "", "width='9' height='9'");
    buf_add_text(buf, "<image width='9' height='9' href='data:image/png,");
    for (size_t i = 0; i < sizeof(png) - 1; i++)
        buf_add_format(buf, "%%%02x", png[i]);
    buf_add_text(buf, "'/></svg>");
}

#define BIT(outcome) (1U << (outcome))
#define ANY                                                                                        \
    (BIT(DECODE_OK) | BIT(DECODE_BROKEN) | BIT(DECODE_TOO_LARGE) | BIT(DECODE_TIMEOUT) |           \
     BIT(DECODE_CRASHED))

static const struct {
    const char *name;
    void (*write)(struct buf *buf);
    unsigned due; /* BIT of each outcome that is right */
} bombs[] = {
    {"laughs", laughs, BIT(DECODE_BROKEN)},
    /* libxml2's ceilings, the memory limit or the deadline: whichever comes first */
    {"quadratic", quadratic, ANY & ~BIT(DECODE_OK)},
    {"uses", uses, BIT(DECODE_BROKEN) | BIT(DECODE_TIMEOUT)},
    {"million", million, ANY & ~BIT(DECODE_OK)},
    {"deep", deep, BIT(DECODE_BROKEN)},
    {"blur", blur, ANY},
    {"filters", filters, ANY & ~BIT(DECODE_OK)},
    {"patterns", patterns, ANY},
    {"dashes", dashes, ANY},
    {"inside", inside, ANY},
    {"wide", wide, BIT(DECODE_TOO_LARGE)},
    {"flat", flat, BIT(DECODE_TOO_LARGE)},
    {"box", box, BIT(DECODE_TOO_LARGE)},
    {"cut", cut, BIT(DECODE_BROKEN)},
    {"html", html, BIT(DECODE_BROKEN)},
};

static void expect_good(struct decoding *d)
{
    static const char good[] = SVG_BODY("");
    struct came came = decoding_one(d, good, sizeof(good) - 1);
    assert_int_equal(came.result.outcome, DECODE_OK);
    expect_left_half("the next", &came.result);
    free(came.result.bytes);
}

static void test_bombs_end(void **state)
{
    (void)state;
    struct decoding d;
    struct pool_conf conf = conf_of();
    conf.deadline_ms = DEADLINE_MS;
    decoding_open(&d, &conf);
    expect_good(&d);
    for (size_t i = 0; i < sizeof(bombs) / sizeof(bombs[0]); i++) {
        CLEANUP(buf_free) struct buf text = BUF_INIT(LIMIT_ORIGIN_BYTES);
        bombs[i].write(&text);
        assert_non_null(text.ptr);
        int64_t begin_ms = clock_ms();
        struct came came = decoding_one(&d, text.ptr, text.len);
        int64_t took_ms = clock_ms() - begin_ms;
        print_message("# %s: outcome %u after %d ms\n", bombs[i].name, came.result.outcome,
                      (int)took_ms);
        if (!(BIT(came.result.outcome) & bombs[i].due))
            fail_msg("%s: outcome %d", bombs[i].name, came.result.outcome);
        assert_true(took_ms < DEADLINE_MS + START_MS);
        free(came.result.bytes);
        expect_good(&d);
    }
    decoding_close(&d);
}

/* ---- a class of its own ---- */

struct turn {
    struct came came;
    unsigned place; /* in the order of answers, from 1 */
};

static unsigned answers;

static void note_turn(void *ctx, struct decode_result *result)
{
    struct turn *turn = ctx;
    turn->place = ++answers;
    decoding_done(&turn->came, result);
}

static void start_turn(struct turn *turn, const char *bytes, size_t len)
{
    turn->came = (struct came){.decoding = &pool};
    pool.pending++;
    assert_int_equal(decode_start(pool.pool, bytes, len, note_turn, turn, &turn->came.decode), 0);
}

/* One worker a class, and one document at it until the deadline. */
static void test_others_do_not_wait(void **state)
{
    (void)state;
    enum { COUNT = 50 };
    static struct turn turns[COUNT];
    struct turn hog;
    struct turn next;
    struct pool_conf conf = conf_of();
    conf.deadline_ms = DEADLINE_MS;
    decoding_close(&pool);
    decoding_open(&pool, &conf);
    CLEANUP(buf_free) struct buf text = BUF_INIT(LIMIT_ORIGIN_BYTES);
    filters(&text);
    expect_good(&pool);
    answers = 0;
    start_turn(&hog, text.ptr, text.len);
    start_turn(&next, SVG_BODY(""), strlen(SVG_BODY("")));
    for (int i = 0; i < COUNT; i++)
        start_turn(&turns[i], gif, sizeof(gif) - 1);
    decoding_wait(&pool);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(turns[i].came.result.outcome, DECODE_OK);
        assert_true(turns[i].place <= COUNT);
        free(turns[i].came.result.bytes);
    }
    assert_int_equal(hog.came.result.outcome, DECODE_TIMEOUT);
    assert_int_equal(hog.place, COUNT + 1);
    assert_int_equal(next.came.result.outcome, DECODE_OK);
    free(next.came.result.bytes);
}

struct census {
    struct loop_timer timer;
    struct decoding *decoding;
    unsigned wanted;
};

static unsigned alive(struct decoding *d)
{
    struct pool_figures figures;
    pool_figures(d->pool, &figures);
    return figures.workers_alive;
}

static void take_census(struct loop_timer *timer)
{
    struct census *census = container_of(timer, struct census, timer);
    if (alive(census->decoding) == census->wanted)
        loop_stop(census->decoding->loop);
    else
        assert_int_equal(loop_timer_set(census->decoding->loop, timer, 5), 0);
}

static void wait_for_workers(struct decoding *d, unsigned count)
{
    struct census census = {.timer.fire = take_census, .decoding = d, .wanted = count};
    assert_int_equal(loop_timer_set(d->loop, &census.timer, 0), 0);
    decoding_wait(d);
}

/* As the kernel lists them: the zygotes. */
static unsigned children(void)
{
    char path[64];
    char text[256] = "";
    unsigned count = 0;
    snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    if (fgets(text, sizeof(text), file))
        for (const char *p = text; *p; p++)
            count += *p == ' ';
    fclose(file);
    return count;
}

static void test_processes_come_and_go(void **state)
{
    (void)state;
    struct decoding d;
    struct pool_conf conf = conf_of();
    unsigned before = children();
    conf.svg_idle_ms = 200;
    decoding_open(&d, &conf);
    struct came came = decoding_one(&d, gif, sizeof(gif) - 1);
    free(came.result.bytes);
    assert_int_equal(alive(&d), 1);
    assert_int_equal(children(), before + 1);
    for (int round = 0; round < 2; round++) {
        expect_good(&d);
        assert_int_equal(alive(&d), 2);
        assert_int_equal(children(), before + 2);
        wait_for_workers(&d, 1);
        assert_int_equal(children(), before + 1);
    }
    came = decoding_one(&d, gif, sizeof(gif) - 1);
    assert_int_equal(came.result.outcome, DECODE_OK);
    free(came.result.bytes);
    decoding_close(&d);
    assert_int_equal(children(), before);
}

static void never(void *ctx, struct decode_result *result)
{
    (void)ctx, (void)result;
    fail_msg("a cancelled decode called back");
}

/* Before its processes stand, and while they draw. */
static void test_cancelled_is_silent(void **state)
{
    (void)state;
    struct decoding d;
    struct decode *decode;
    struct pool_conf conf = conf_of();
    conf.svg_idle_ms = 50;
    decoding_open(&d, &conf);
    CLEANUP(buf_free) struct buf text = BUF_INIT(LIMIT_ORIGIN_BYTES);
    filters(&text);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(decode_start(d.pool, text.ptr, text.len, never, NULL, &decode), 0);
        decode_cancel(decode);
        expect_good(&d);
        assert_int_equal(decode_start(d.pool, text.ptr, text.len, never, NULL, &decode), 0);
        decode_cancel(decode); /* whoever has it is ended with the others */
        wait_for_workers(&d, 1);
    }
    assert_int_equal(decode_start(d.pool, text.ptr, text.len, never, NULL, &decode), 0);
    decoding_close(&d);
}

static void test_same_bytes_again(void **state)
{
    (void)state;
    static const char document[] =
        "<svg " SVG_NS " width='60' height='40'><filter id='f'><feTurbulence "
        "baseFrequency='.1'/><feGaussianBlur stdDeviation='2'/></filter><linearGradient id='g'>"
        "<stop stop-color='red'/><stop offset='1' stop-color='blue' stop-opacity='.3'/>"
        "</linearGradient><rect width='30' height='40' filter='url(#f)'/><circle cx='40' cy='20' "
        "r='15' fill='url(#g)'/></svg>";
    struct came first = decoding_one(&pool, document, sizeof(document) - 1);
    assert_int_equal(first.result.outcome, DECODE_OK);
    for (int i = 0; i < 4; i++) {
        if (i % 2) /* by a fresh worker */
            assert_int_equal(decoding_one(&pool, "<svg>", 5).result.outcome, DECODE_BROKEN);
        struct came again = decoding_one(&pool, document, sizeof(document) - 1);
        assert_int_equal(again.result.len, first.result.len);
        assert_memory_equal(again.result.bytes, first.result.bytes, first.result.len);
        free(again.result.bytes);
    }
    free(first.result.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_references_are_dead),   cmocka_unit_test(test_same_bytes_again),
        cmocka_unit_test(test_processes_come_and_go), cmocka_unit_test(test_cancelled_is_silent),
        cmocka_unit_test(test_others_do_not_wait),    cmocka_unit_test(test_bombs_end),
    };
    return cmocka_run_group_tests(tests, open_pool, close_pool);
}
