/*
 * One foreign picture in, one of ours out: libvips, and the only code that touches foreign pixels.
 *
 *     load -> orient -> colour -> scale -> save
 *
 * and shorter ways without libvips for what needs only to be coded anew, which is most of mail:
 * png_straight.c, jpeg_straight.c.
 *
 * All ceilings are checked against the header before a pixel is decoded. What comes out is upright,
 * sRGB or grey, 8 bits a channel, and carries no metadata: no EXIF, XMP, ICC profile, comment or
 * text. Of an animation, frames, delays and loop count stay; one with more frames or pixels than
 * allowed is reduced to its first frame. Any damage in the input refuses it: half a picture is not
 * worth the risk of showing what was in memory before (CVE-2019-6976).
 *
 * compat: SVG gives PNG; JPEG gives JPEG; PNG gives PNG; GIF gives GIF; WebP gives GIF if animated,
 * PNG if lossless or with an alpha channel, else JPEG. webp: everything gives WebP.
 *
 * The same bytes and limits give the same result, on the same libraries. One picture at a time a
 * process; needs VIPS_NOVECTOR=1 (without it the output depends on the CPU, and code is written
 * into memory), and VIPS_DISC_THRESHOLD above any allowed picture (no file can be opened).
 */
#ifndef WORKER_TRANSFORM_H
#define WORKER_TRANSFORM_H

#include "worker/trade.h"

int transform_start(void);
int transform_warm(enum wire_class class);
void transform_run(const struct wire_job *job, const void *bytes, struct worked *ret);
void transform_release(struct worked *worked);

#endif
