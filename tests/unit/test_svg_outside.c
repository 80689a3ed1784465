/*
 * What an SVG document refers to outside itself, through the decoder's own code in one process,
 * under the system calls of the ordinary workers: among these, a file asked for by name is death.
 * So a picture that comes out proves that nobody asked. (Only gdk-pixbuf asks, for its loaders.)
 */
#include "test.h"

#include "base/image.h"
#include "base/limits.h"
#include "worker/syscalls.h"
#include "worker/transform.h"

#include "svg_documents.h"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOT_SET_UP = 100, KILLED = 200 };

static const struct wire_job job_for_all = {
    .type = IMAGE_SVG,
    .max_pixels = LIMIT_PIXELS,
    .max_total_pixels = LIMIT_TOTAL_PIXELS,
    .max_frames = 1,
    .out_max = LIMIT_DECODED_BYTES,
};

static enum worked_outcome run(const char *document)
{
    struct worked worked = {.outcome = WORKED_BROKEN};
    struct wire_job job = job_for_all;
    job.in_len = strlen(document);
    transform_run(&job, document, &worked);
    transform_release(&worked);
    return worked.outcome;
}

/* As decode/decoder.c sets them. */
static void set_environment(void)
{
    setenv("VIPSHOME", "/nonexistent", 1);
    setenv("VIPS_NOVECTOR", "1", 1);
    setenv("RAYON_NUM_THREADS", "1", 1);
    setenv("GDK_PIXBUF_MODULE_FILE", "/dev/null", 1);
    setenv("MALLOC_ARENA_MAX", "1", 1);
}

/* In a process of its own. Ends with the outcome. */
static void alone(const char *document, enum wire_class class, bool opens)
{
    set_environment();
    if (transform_start() < 0 || transform_warm(WIRE_CLASS_SVG) < 0 ||
        prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || syscalls_restrict(class) < 0)
        _exit(NOT_SET_UP);
    if (opens)
        (void)!access("/etc/hostname", R_OK);
    _exit((int)run(document));
}

static int outcome_alone(const char *document, enum wire_class class, bool opens)
{
    int status = 0;
    pid_t child = fork();
    if (child == 0)
        alone(document, class, opens);
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : KILLED;
}

static void test_nothing_is_asked_for(void **state)
{
    (void)state;
#ifdef __SANITIZE_ADDRESS__
    skip();
#endif
    for (size_t i = 0; i < SVG_REFERENCES; i++) {
        const struct svg_reference *r = &svg_references[i];
        enum wire_class class = r->embedded ? WIRE_CLASS_SVG : WIRE_CLASS_RASTER;
        int outcome = outcome_alone(r->document, class, false);
        if (outcome != WORKED_OK && !(r->may_be_refused && outcome == WORKED_BROKEN))
            fail_msg("%s: %d", r->name, outcome);
    }
}

/* The proof can fail. */
static void test_asking_is_death(void **state)
{
    (void)state;
#ifdef __SANITIZE_ADDRESS__
    skip();
#endif
    assert_int_equal(outcome_alone(SVG_BODY(""), WIRE_CLASS_RASTER, false), WORKED_OK);
    assert_int_equal(outcome_alone(SVG_BODY(""), WIRE_CLASS_RASTER, true), KILLED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_asking_is_death),
        cmocka_unit_test(test_nothing_is_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
