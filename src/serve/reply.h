/*
 * Every answer that the public listener gives, and the only place that knows HTTP statuses.
 *
 * A struct reply is ready-made, immutable and counted: any thread may send it any number of times,
 * and it may be queued on many connections at once. reply_ref and reply_unref take and give a
 * reference; constants take part like all others. An image's bytes live as long as a reply or a
 * connection uses them.
 */
#ifndef SERVE_REPLY_H
#define SERVE_REPLY_H

#include "base/err.h"
#include "base/image.h"
#include "store/cache.h"

#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

struct reply;

enum reply_constant {
    REPLY_BLANK,    /* 200: the constant transparent GIF, for trackers */
    REPLY_MISSING,  /* 404: the placeholder; nothing more will come */
    REPLY_LATER,    /* 404: the placeholder; a later try may come */
    REPLY_GONE,     /* 410: the placeholder; was here once */
    REPLY_REFUSED,  /* 403 */
    REPLY_METHOD,   /* 405 */
    REPLY_BAD,      /* 400, and the connection closes */
    REPLY_OVERLOAD, /* 503 with Retry-After */
    REPLY_CONSTANTS
};

/* Makes the constants: once, before any other call here. 0 or -ENOMEM. */
MUST_CHECK int reply_setup(void);
void reply_teardown(void);

/* Borrowed; lives until reply_teardown. */
struct reply *reply_constant(enum reply_constant which);

/* A 200 with its entity tag from `content` (a hash of the bytes). Takes `bytes` over (malloc'ed),
 * also on failure. 0 or -ENOMEM. */
MUST_CHECK int reply_image(enum image_type type, void *bytes, size_t len, const uint8_t content[32],
                           struct reply **ret);

/* The picture of a record that says STORED, or the blank where it was a tracking pixel; a reference
 * of the caller's. 0; CACHE_NONE when its bytes are gone; -errno when they could not be read now.
 */
MUST_CHECK int reply_stored(const struct cache *cache, const struct cache_record *record,
                            struct reply **ret);

/* The same, as `want` says: CACHE_AWAY when it would have to wait for the disk, and was not to. */
MUST_CHECK int reply_wanted(const struct cache *cache, struct cache_want *want, struct reply **ret);

/* The bytes of all images that replies and connections hold. Any thread. */
size_t reply_held_bytes(void);

struct reply *reply_ref(struct reply *reply);
void reply_unref(struct reply *reply); /* takes NULL */

/* 200: an image, or the blank. */
bool reply_is_picture(const struct reply *reply);

/* The hash of an image reply's bytes, borrowed from it; NULL for the others. */
const uint8_t *reply_content(const struct reply *reply);

/* The bytes of an image reply, borrowed from it; 0 for the others. */
size_t reply_bytes(const struct reply *reply, const void **ret);
enum image_type reply_type(const struct reply *reply);

/* Answers `connection`, as a whole. */
enum MHD_Result reply_send(struct MHD_Connection *connection, struct reply *reply);

/* The same for a GET or HEAD that carries If-None-Match, If-Range or Range: 304, 206 or 416 where
 * they apply (RFC 9110, sections 13 and 14); several ranges are answered by the whole. */
enum MHD_Result reply_send_conditional(struct MHD_Connection *connection, struct reply *reply,
                                       bool head, unsigned *ret_status);

/* What reply_send answers with. */
unsigned reply_status(const struct reply *reply);

#endif
