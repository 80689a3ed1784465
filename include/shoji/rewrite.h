/*
 * The rewriter: mail in, the same mail out, in which nothing remote can load but our signed images.
 *
 * Any bytes are legal input. It fails closed: a part that cannot be rewritten (limit, malformed,
 * out of memory) comes out as escaped text, and the report says why; original markup never does. No
 * network, no running server, no global state; one call uses memory in proportion to its input.
 * A struct shoji_rewrite may be shared by any number of threads while nobody changes it.
 */
#ifndef SHOJI_REWRITE_H
#define SHOJI_REWRITE_H

#include <shoji/keys.h>
#include <shoji/report.h>
#include <shoji/rules.h>
#include <shoji/url.h>

#ifdef __cplusplus
extern "C" {
#endif

enum shoji_mode {
    SHOJI_PROXY, /* images are signed and shown */
    SHOJI_HOLD,  /* signed URLs wait in data-shoji-src, styles in data-shoji-style */
    SHOJI_STRIP, /* no remote image at all */
};

enum shoji_links { SHOJI_LINKS_KEEP, SHOJI_LINKS_CLEAN };

enum shoji_trackers {
    SHOJI_TRACKERS_PROXY, /* named in the report, and shown like other images */
    SHOJI_TRACKERS_BLOCK, /* a blank stands in their place, and nobody hears of them */
};

/* What becomes of a multipart/signed whose content would have to change. */
enum shoji_signed {
    SHOJI_SIGNED_PROTECT, /* rewritten; the original travels along as original.eml */
    SHOJI_SIGNED_KEEP,    /* not touched: what it loads, it loads */
    SHOJI_SIGNED_TEXT,    /* only its text is shown */
};

struct shoji_rewrite {
    struct shoji_signer signer;
    const struct shoji_keys *keys; /* for telling URLs of ours from forged ones; NULL: none are,
                                    * and `unchecked` holds */
    enum shoji_mode mode;
    enum shoji_links links;
    struct shoji_url_options options; /* goes into every URL that is signed */
    size_t max_images;                /* remote images a message; 0: the default of 200 */
    size_t max_message;               /* bytes; 0: the default of 50 MiB */
    bool keep_receipts;               /* leave read-receipt headers in place */
    bool unchecked;                   /* do not let the second scanner (check.h) read the output */
    enum shoji_signed signed_mail;

    const struct shoji_rules *rules; /* of trackers and links; NULL: sizes alone say what is one */
    enum shoji_trackers trackers;
    bool ignore_geometry; /* an image drawn one pixel large is like any other */

    /* "Name: value": a message with that header, its value beginning so, is spam. It is held (or
     * stripped, if that is the mode), its URLs carry c=1 and no d, and `emitted` hears of none of
     * them. NULL or empty: there is no such header. */
    const char *spam_header;

    /* Base URLs that were in use before this one, parted by blanks or commas: a URL under one of
     * them is ours, if its signature holds. May be NULL. */
    const char *accept_base;

    /* Called for every remote image URL that is emitted, canonical, terminated, at least once in a
     * message; may be NULL. */
    void (*emitted)(void *ctx, const char *url, size_t len);
    void *emitted_ctx;
};

/*
 * Rewrites an HTML document (UTF-8 or labelled in itself) or a whole RFC 5322 message. 0, also when
 * the result is the text fallback; -ENOMEM. On 0, *ret_body is the caller's to free(), and
 * *ret_report to shoji_report_free(). `ret_report` may be NULL.
 */
int shoji_rewrite_html(const struct shoji_rewrite *how, const char *in, size_t len, char **ret_body,
                       size_t *ret_len, struct shoji_report *ret_report);
int shoji_rewrite_mail(const struct shoji_rewrite *how, const char *in, size_t len, char **ret_body,
                       size_t *ret_len, struct shoji_report *ret_report);

/*
 * The way back, for mail that leaves the house: URLs of ours whose signature holds become the
 * originals in src, srcset, href, styles and what was held; every other byte stays. So does a part
 * that is signed, in a charset in which ASCII is not ASCII, or beyond a limit. Of `how`, the keys,
 * the base URLs and the suffix are used. 0 or -ENOMEM; *ret_body is the caller's to free().
 */
int shoji_unrewrite_html(const struct shoji_rewrite *how, const char *in, size_t len,
                         char **ret_body, size_t *ret_len);
int shoji_unrewrite_mail(const struct shoji_rewrite *how, const char *in, size_t len,
                         char **ret_body, size_t *ret_len);

#ifdef __cplusplus
}
#endif

#endif
