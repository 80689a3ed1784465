/*
 * The decoder's own code without processes and jail, for valgrind and for a debugger: pictures from
 * files in, what becomes of them out, one line each. Under memcheck every byte of a result is asked
 * whether it is defined: what is not was in memory before, and somebody else's (CVE-2019-6976).
 *
 * usage: decode_alone [--webp] FILE...     exit 1 when a result is not wholly defined.
 * A FILE that is a directory stands for all files in it. Needs the environment of
 * decode/decoder.c. For tests only.
 */
#include "base/err.h"
#include "base/image.h"
#include "base/limits.h"
#include "decode/pool.h"
#include "decode/sniff.h"
#include "sys/fd.h"
#include "worker/transform.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

#ifdef HAVE_VALGRIND
#include <valgrind/memcheck.h>
#else
#define VALGRIND_CHECK_MEM_IS_DEFINED(bytes, len) ((void)(bytes), (void)(len), 0UL)
#define VALGRIND_COUNT_ERRORS                     0U
#define VALGRIND_GET_VBITS(bytes, bits, len)      ((void)(bytes), (void)(bits), (void)(len), 0U)
#define RUNNING_ON_VALGRIND                       0U
#define VALGRIND_DISABLE_ERROR_REPORTING          ((void)0)
#define VALGRIND_ENABLE_ERROR_REPORTING           ((void)0)
#endif

static const char *const outcomes[] = {"shown", "not an image", "too large", "broken"};

static bool webp;
static unsigned pictures;
static unsigned undefined;

static void read_picture(const char *path, char **ret, size_t *ret_len)
{
    CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fd_read_all(fd, LIMIT_ORIGIN_BYTES, ret, ret_len) < 0) {
        fprintf(stderr, "decode_alone: %s cannot be read\n", path);
        exit(2);
    }
}

static void decode(const char *path)
{
    char *bytes = NULL;
    size_t len = 0;
    read_picture(path, &bytes, &len);
    struct wire_job job = {
        .type = (uint32_t)sniff_type(bytes, len),
        .webp = webp,
        .in_len = len,
        .max_pixels = LIMIT_PIXELS,
        .max_total_pixels = LIMIT_TOTAL_PIXELS,
        .max_frames = LIMIT_FRAMES,
    };
    struct worked worked = {.outcome = (enum worked_outcome)DECODE_NOT_IMAGE};
    unsigned before = VALGRIND_COUNT_ERRORS;
    if (job.type != IMAGE_NONE)
        transform_run(&job, bytes, &worked);
    printf("%s: %s, %zu bytes", path, outcomes[worked.outcome], worked.len);
    if (worked.outcome == WORKED_OK && VALGRIND_CHECK_MEM_IS_DEFINED(worked.bytes, worked.len)) {
        undefined++;
        printf(", not all of them defined");
    }
    if (VALGRIND_COUNT_ERRORS != before)
        printf(", errors");
    printf("\n");
    if (job.type != IMAGE_NONE && worked.outcome == WORKED_OK)
        transform_release(&worked);
    free(bytes);
    pictures++;
}

static void decode_all(const char *path)
{
    struct stat st;
    if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode)) {
        decode(path);
        return;
    }
    struct dirent **entries = NULL;
    int count = scandir(path, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        char inner[4096];
        snprintf(inner, sizeof(inner), "%s/%s", path, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.')
            decode(inner);
        free(entries[i]);
    }
    free(entries);
}

/* Shown a byte that nobody wrote, memcheck must say so, or all its silence means nothing. */
static bool sees_undefined(void)
{
    unsigned char *byte = malloc(1);
    unsigned char bits = 0;
    bool sees = byte && VALGRIND_GET_VBITS(byte, &bits, 1) == 1 && bits == 0xff;
    free(byte);
    return sees;
}

int main(int argc, char **argv)
{
    int first = 1;
    if (argc > 1 && strcmp(argv[1], "--webp") == 0) {
        webp = true;
        first++;
    }
    if (RUNNING_ON_VALGRIND && !sees_undefined()) {
        fprintf(stderr, "decode_alone: memcheck is blind\n");
        return 2;
    }
    /* What the warm-up draws nobody is shown. */
    VALGRIND_DISABLE_ERROR_REPORTING;
    int r = transform_start();
    if (r == 0)
        r = transform_warm(WIRE_CLASS_SVG);
    VALGRIND_ENABLE_ERROR_REPORTING;
    if (r < 0) {
        fprintf(stderr, "decode_alone: libvips does not start\n");
        return 2;
    }
    for (int i = first; i < argc; i++)
        decode_all(argv[i]);
    printf("%u pictures, %u not defined\n", pictures, undefined);
    return undefined ? 1 : 0;
}
