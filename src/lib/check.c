#include "lib/check.h"

#include "base/limits.h"

#include <errno.h>

bool check_over(const struct check_run *run)
{
    if (run->error || run->work_left == 0)
        return true;
    return run->found >= (run->how->found ? LIMIT_CHECK_FINDINGS : 1);
}

bool check_pay(struct check_run *run, size_t bytes)
{
    if (check_over(run))
        return false;
    if (bytes < run->work_left) {
        run->work_left -= bytes;
        return true;
    }
    check_found(run, &(struct check_spot){0}, "too deep to judge", SPAN(""));
    run->work_left = 0;
    return false;
}

void check_begin(struct check_run *run, struct span text)
{
    run->text = text;
    run->counted = 0;
    run->line = 1;
}

/* Lines are counted on from the finding before, which is mostly the nearest. */
static size_t line_of(struct check_run *run, const char *at)
{
    size_t offset = (size_t)(at - run->text.ptr);
    if (offset < run->counted)
        check_begin(run, run->text);
    for (const char *p = run->text.ptr + run->counted;
         p < at && (p = memchr(p, '\n', (size_t)(at - p))); p++)
        run->line++;
    run->counted = offset;
    return run->line;
}

static void say_where(struct check_run *run, const struct check_spot *spot, char *ret, size_t size)
{
    int len = run->part ? snprintf(ret, size, "part %zu", run->part) : 0;
    bool within =
        spot->at && spot->at >= run->text.ptr && spot->at <= run->text.ptr + run->text.len;
    if (within)
        snprintf(ret + len, size - (size_t)len, "%sline %zu", len ? " " : "",
                 line_of(run, spot->at));
    else if (run->depth > 0 || !run->part)
        snprintf(ret + len, size - (size_t)len, "%sdocument", len ? " " : "");
    else
        snprintf(ret + len, size - (size_t)len, " header");
}

#define NAME_SHOWN 40

static int shown(struct span name)
{
    return name.len < NAME_SHOWN ? (int)name.len : NAME_SHOWN;
}

void check_found(struct check_run *run, const struct check_spot *spot, const char *what,
                 struct span reference)
{
    if (check_over(run))
        return;
    run->found++;
    if (!run->how->found)
        return;
    char where[80];
    char construct[3 * NAME_SHOWN];
    say_where(run, spot, where, sizeof(where));
    snprintf(construct, sizeof(construct), "%.*s%s%.*s%s%s", shown(spot->element),
             spot->element.ptr ? spot->element.ptr : "",
             spot->element.len && spot->attribute.len ? " " : "", shown(spot->attribute),
             spot->attribute.ptr ? spot->attribute.ptr : "",
             (spot->element.len || spot->attribute.len) && what ? " " : "", what ? what : "");
    reference = span_part(span_trim(reference), 0, LIMIT_CHECK_SHOWN);
    struct shoji_finding finding = {where, construct, reference.ptr, reference.len};
    run->how->found(run->how->found_ctx, &finding);
}

static struct check_run run_of(const struct shoji_check *how, size_t len)
{
    return (struct check_run){.how = how,
                              .work_left = len * LIMIT_CHECK_FACTOR + LIMIT_CHECK_EXTRA,
                              .text = SPAN(""),
                              .line = 1};
}

static int answer(const struct check_run *run)
{
    if (run->error)
        return run->error;
    return run->found ? SHOJI_CHECK_FOUND : 0;
}

int shoji_check_html(const struct shoji_check *how, const char *in, size_t len)
{
    struct check_run run = run_of(how, len);
    check_document(&run, (struct span){in, len}, SPAN(""));
    return answer(&run);
}

int shoji_check_mail(const struct shoji_check *how, const char *in, size_t len)
{
    struct check_run run = run_of(how, len);
    check_mail(&run, (struct span){in, len});
    return answer(&run);
}
