/*
 * Every ceiling of the program, with its reason. What an operator may change has its default here
 * too; the man page of shojid names the key.
 */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

#define KiB (1024UL)
#define MiB (1024UL * KiB)
#define GiB (1024UL * MiB)

/* ---- signed URLs (lib/) ---- */
#define LIMIT_URL         4096      /* bytes of an original URL: the contract's figure */
#define LIMIT_SIGNED_PATH 8192      /* base64url of 24 + 4096 + options, kid and suffix fit */
#define LIMIT_KEY_FILE    (1 * MiB) /* some 15,000 keys; a larger one is a mistake */
#define LIMIT_URL_SUFFIX  16        /* bytes of url_suffix; CDNs go by endings like .png */

/* ---- rewriting (lib/) ---- */
#define LIMIT_MESSAGE       (50 * MiB) /* twice what large providers accept */
#define LIMIT_IMAGES        200        /* remote images a message: the contract's figure */
#define LIMIT_MIME_PARTS    1000       /* real mail stays below 200 */
#define LIMIT_MIME_DEPTH    100        /* real mail stays below 10 */
#define LIMIT_HEADER_BLOCK  (1 * MiB)  /* of one part; real ones stay below 64 KiB */
#define LIMIT_ATTRIBUTES    512        /* a tag; the rest is dropped */
#define LIMIT_CSS_DEPTH     32         /* nested blocks and functions; deeper is dropped */
#define LIMIT_OUTPUT_FACTOR 8          /* output bytes an input byte, plus LIMIT_OUTPUT_EXTRA */
#define LIMIT_OUTPUT_EXTRA  (4 * MiB)  /* 200 images of 8 KiB signed URL, and head room */

/* ---- HTTP (serve/) ---- */
#define LIMIT_CONNECTIONS     10000      /* all front threads together */
#define LIMIT_CONNECTION_POOL (12 * KiB) /* holds a longest path and a browser's headers */
#define LIMIT_IDLE_S          15         /* keep-alive without a request */
#define LIMIT_PARKED          4000 /* suspended requests a front thread: resuming walks them all */

/* ---- fetching (net/, serve/) ---- */
#define LIMIT_ORIGIN_BYTES   (10 * MiB)
#define LIMIT_ORIGIN_HEADERS (64 * KiB)
#define LIMIT_REDIRECTS      5
#define LIMIT_FLIGHTS        5000 /* originals pending at once */

/* ---- decoding (decode/, worker/) ---- */
#define LIMIT_PIXELS        (40UL * 1000 * 1000)  /* one frame */
#define LIMIT_TOTAL_PIXELS  (120UL * 1000 * 1000) /* all frames of an animation */
#define LIMIT_FRAMES        300
#define LIMIT_DECODED_BYTES (16 * MiB) /* what a worker may hand back */

#endif
