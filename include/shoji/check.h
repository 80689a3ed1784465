/*
 * The second opinion on rewritten mail: everything in it that a client could load and that is
 * neither a URL of ours with a valid MAC, nor `cid:`, nor a base64 raster `data:` image.
 *
 * It shares no code with the rewriter and reads like the sloppiest client: what stands in comments,
 * in raw text or between two decodings counts as markup too. So it is meant for output of the
 * rewriter, where it finds nothing; of other mail it says more than any one client would do.
 * Click targets (`href` of `a` and `area`) are no loads, unless they run code or open a file.
 *
 * Any bytes are legal input. Time is linear in the input: what is nested or repeated too much to be
 * judged is a finding. No network, no global state, never writes to its input; any thread.
 */
#ifndef SHOJI_CHECK_H
#define SHOJI_CHECK_H

#include <shoji/keys.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SHOJI_CHECK_FOUND 1

/* Borrowed for the length of the call that gets it. Texts are the sender's: any bytes. */
struct shoji_finding {
    const char *where;     /* "line 3", "part 2 line 3", "part 1 header" */
    const char *construct; /* "img src", "td style url()", "@import", ... */
    const char *reference; /* as far as LIMIT_CHECK_SHOWN bytes; not terminated */
    size_t reference_len;
};

struct shoji_check {
    const struct shoji_keys *keys; /* those that our URLs must be signed with */
    const char *base_url;          /* scheme, host, port; no path, no trailing slash */
    const char *suffix;            /* "" or e.g. ".png" */
    const char *accept_base;       /* older base URLs, parted by blanks or commas; may be NULL */

    /* Called for each finding, up to LIMIT_CHECK_FINDINGS; NULL: the first one ends the check. */
    void (*found)(void *ctx, const struct shoji_finding *finding);
    void *found_ctx;
};

/* 0: nothing found; SHOJI_CHECK_FOUND; -ENOMEM. */
int shoji_check_html(const struct shoji_check *how, const char *in, size_t len);
int shoji_check_mail(const struct shoji_check *how, const char *in, size_t len);

#ifdef __cplusplus
}
#endif

#endif
