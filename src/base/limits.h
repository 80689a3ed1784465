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
#define LIMIT_URL      4096      /* bytes of an original URL: the contract's figure */
#define LIMIT_KEY_FILE (1 * MiB) /* some 15,000 keys; a larger one is a mistake */
#define LIMIT_IDN_HOST                                                                             \
    1024                    /* bytes of UTF-8: DNS has no name that needs more, and punycode       \
                             * takes time in the square of it */
#define LIMIT_URL_SUFFIX 16 /* bytes of url_suffix; CDNs go by endings like .png */

/* ---- rewriting (lib/) ---- */
#define LIMIT_MESSAGE (50 * MiB) /* twice what large providers accept */
#define LIMIT_MESSAGE_GROWTH                                                                       \
    (4 * MiB) /* by being rewritten, without becoming too large for a second pass; the text that   \
               * stands for a message is below it */
#define LIMIT_IMAGES        200       /* remote images a message: the contract's figure */
#define LIMIT_MIME_PARTS    1000      /* real mail stays below 200 */
#define LIMIT_MIME_DEPTH    100       /* real mail stays below 10 */
#define LIMIT_HEADER_BLOCK  (1 * MiB) /* of one part; real ones stay below 64 KiB */
#define LIMIT_FIELD_VALUE   (4 * KiB) /* of a Content-* field; what is cut counts as ambiguous */
#define LIMIT_FIELD_PARAM   512       /* seven times the longest boundary of RFC 2046 */
#define LIMIT_FALLBACK_TEXT (1 * MiB) /* visible text kept of a message beyond the limits */
#define LIMIT_ATTRIBUTES    512       /* a tag; the rest is dropped */
#define LIMIT_CSS_DEPTH     32        /* nested blocks and functions; deeper is dropped */
#define LIMIT_OUTPUT_FACTOR 8         /* output bytes an input byte, plus LIMIT_OUTPUT_EXTRA */
#define LIMIT_OUTPUT_EXTRA  (4 * MiB) /* 200 images of 8 KiB signed URL, and head room */

/* ---- checking what was rewritten (lib/) ---- */
#define LIMIT_CHECK_FACTOR     24        /* looks at a byte; output of ours takes up to five */
#define LIMIT_CHECK_EXTRA      (1 * MiB) /* of such looks: for small texts with many names */
#define LIMIT_CHECK_FINDINGS   1000      /* told one by one: more says nothing new */
#define LIMIT_CHECK_SHOWN      2048      /* bytes of a reference that are told */
#define LIMIT_CHECK_DEPTH      8         /* encoded documents and messages within one another */
#define LIMIT_CHECK_BOUNDARIES 2000      /* twice as many as LIMIT_MIME_PARTS */

/* ---- tracker rules (lib/) ---- */
#define LIMIT_RULES          500000     /* all published lists together have some 150,000 */
#define LIMIT_RULES_WORDLESS 256        /* found by no word: each is tried with every URL */
#define LIMIT_RULES_FILE     (32 * MiB) /* the largest published list has 6 */
#define LIMIT_RULES_TEXT     (64 * MiB) /* of hosts and patterns, of all files */
#define LIMIT_RULE_LENGTH    500        /* bytes of a host or pattern; longest published: 300 */
#define LIMIT_UNWRAPS        3          /* redirectors around one target; more is left alone */

/* ---- HTTP (serve/) ---- */
#define LIMIT_SOCKETS 64 /* handed over for readers: more than cores are of no use */
#define LIMIT_CONNECTION_POOL                                                                      \
    (8 * KiB)             /* a longest path and 1,300 bytes of headers; wiped for each request */
#define LIMIT_IDLE_S   15 /* keep-alive without a request */
#define LIMIT_HEADER_S 20 /* for a header as a whole: that, and five seconds to dribble it */
#define LIMIT_ANSWER_S 30 /* for handing an answer to the kernel, and a second for each ... */
#define LIMIT_ANSWER_RATE                                                                          \
    (16 * KiB) /* ... so many bytes: at half of that, 480 KiB still get through */
#define LIMIT_ANSWERS_HELD                                                                         \
    (256 * MiB) /* images on their way to readers, beyond hot memory: then 503; not tuned */
#define LIMIT_UNACKED_MS    30000 /* a reader that acknowledges nothing for so long is gone */
#define LIMIT_WATCH_TICK_MS 1000  /* how late a slow reader goes; each looks at all connections */
#define LIMIT_PARKED        4000  /* suspended requests a front thread: resuming walks them all */
#define LIMIT_DRAIN_IDLE_MS                                                                        \
    1000 /* at the end, for a kept connection to bring a request; to learn that it ends so */
#define LIMIT_DRAIN_MS    10000 /* at the end, for answers under way; not tuned */
#define LIMIT_KNOWN_PATHS 16384 /* verified lately, a front: 1.5 MiB; not tuned */
#define LIMIT_RESIDENT_S  2     /* what was read so lately is in memory still; asking takes 1 us */
#define LIMIT_READERS     8     /* threads that wait for the disk; not tuned */
#define LIMIT_READS       1024 /* requests that wait for one of them: some seconds of a slow disk */

/* ---- fetching (net/, serve/) ---- */
#define LIMIT_ORIGIN_BYTES     (10 * MiB)
#define LIMIT_ORIGIN_HEADERS   (64 * KiB)
#define LIMIT_READ_BUFFER      (8 * KiB)  /* a pending fetch; half of it takes 6 % more CPU */
#define LIMIT_SEND_BUFFER      (16 * KiB) /* one a TLS connection: libcurl has no smaller */
#define LIMIT_WIRE_FACTOR      2 /* bytes received a byte of max_bytes: chunks and TLS records ... */
#define LIMIT_WIRE_EXTRA       (256 * KiB) /* ... and head and handshake */
#define LIMIT_LOCATION         (8 * KiB)   /* of a redirect: twice what may become a URL of ours */
#define LIMIT_INTERIM          8    /* 1xx answers before the real one; browsers see one or two */
#define LIMIT_CONNECT_TRIES    3    /* addresses of one host: two IPv4 and one IPv6, or so */
#define LIMIT_NAME_ADDRESSES   24   /* a family; hosts of large providers have up to 16 */
#define LIMIT_DNS_TRY_MS       2000 /* a question, doubled with each round */
#define LIMIT_DNS_TRIES        2    /* rounds over all servers */
#define LIMIT_DNS_TCP_MS       6000 /* both answers through a proxy: as long as two rounds */
#define LIMIT_LOOKUPS          256  /* at once, of all egresses: 75 KB each; the default of total */
#define LIMIT_LOOKUPS_SITE     4    /* one domain has a part in so many of them; not tuned */
#define LIMIT_LOOKUPS_IDLE     16   /* c-ares channels kept for the next ones: 1.2 MB */
#define LIMIT_SLOW_BYTES       1000 /* bytes a second: what stays below this ... */
#define LIMIT_SLOW_S           8    /* ... for so long is dripping */
#define LIMIT_CA_CACHE_S       3600 /* how late a change of the system's certificates counts */
#define LIMIT_BODIES_HELD      (512 * MiB) /* all originals not yet decoded together; not tuned */
#define LIMIT_BODIES_BEGIN     (256 * MiB) /* no fetch begins while so much is held; not tuned */
#define LIMIT_FETCH_WAIT_MS    600000      /* for a turn: longer, and a host is hogged on purpose */
#define LIMIT_OWN_ADDRESSES_MS 30000       /* how old the list of our own addresses may be */
#define LIMIT_FLIGHTS          5000        /* originals pending at once */
#define LIMIT_FLIGHTS_DOMAIN   312         /* of them for readers of one domain: a sixteenth */
#define LIMIT_FLIGHTS_QUEUE    312         /* beyond them, for the queue: it has 192 by default */

/* ---- egresses (net/) ---- */
#define LIMIT_EGRESSES             16     /* a fetch may try each once */
#define LIMIT_EGRESS_NAME          32     /* characters */
#define LIMIT_PROXY_HEAD           4096   /* bytes of a proxy's answer; real ones have 300 */
#define LIMIT_EGRESS_PAUSE_MS      2000   /* a dead egress is left alone so long, then twice, ... */
#define LIMIT_EGRESS_PAUSE_MOST_MS 300000 /* ... and at most so long; not tuned */

/* ---- the prefetch queue (serve/) ---- */
#define LIMIT_PACED_SITES                                                                          \
    16384 /* domains, and networks, that budgets are kept for: those of 80 s at 200 a second */
#define LIMIT_QUEUE_STEPS 512 /* groups looked at in one turn of the loop: a millisecond or so */
#define LIMIT_SPOOL_FILE  (16 * MiB) /* what 8 MiB of URLs become when they are sealed */

/* ---- bytes that the decoder dies of (serve/) ---- */
#define LIMIT_POISON 64 /* remembered; each met twice: a campaign has a few pictures; not tuned */

/* ---- the record of pixels (serve/) ---- */
#define LIMIT_PIXEL_DOMAINS                                                                        \
    4096                        /* registrable ones: ten times what the rules name; 1 MB at worst */
#define LIMIT_PIXEL_HOST    253 /* bytes of a name, by DNS */
#define LIMIT_PIXEL_SAVE_MS 60000 /* how much of it a crash may cost; each time is one flush */

/* ---- decoding (decode/, worker/) ---- */
#define LIMIT_PIXELS       (40UL * 1000 * 1000)  /* one frame */
#define LIMIT_TOTAL_PIXELS (120UL * 1000 * 1000) /* all frames of an animation */
#define LIMIT_FRAMES       300
#define LIMIT_WEBP_SIDE    16383 /* pixels: the format has 14 bits for a side */
#define LIMIT_WEBP_FRAMES                                                                          \
    10000 /* more are not even looked at: libwebp's demuxer takes the square of it, here 0.5 s */
#define LIMIT_DECODED_BYTES (16 * MiB) /* what a worker may hand back */
#define LIMIT_WORKER_FDS    16 /* a worker holds 7: three null, its socket, two memfds, spare */
#define LIMIT_WORKER_THREADS                                                                       \
    2048 /* of all that its user runs, other services' too: few beside what a machine can have */
#define LIMIT_WORKER_IMAGES 500 /* then it is replaced: what one exploit could see of others */
#define LIMIT_WORKER_RSS                                                                           \
    (256 * MiB) /* replaced beyond: a large picture's heap is not given back                       \
                 */
#define LIMIT_WORKER_START                                                                         \
    10000 /* ms until a worker stands; 20 is usual, a loaded machine is slow: so long, ... */
#define LIMIT_WORKER_STARTS                                                                        \
    30 /* ... so many times: then what lives but says nothing has come to a stop; not tuned */
#define LIMIT_JPEG_WARNINGS 100 /* of libjpeg: damage that it can pass over; libvips' figure */
#define LIMIT_JPEG_SCANS    100 /* of a progressive picture: cameras and programs write ten or so */
#define LIMIT_GIF_EXACT_PIXELS                                                                     \
    (16UL * 1000 * 1000) /* of all frames, held as 64 MB: 89 frames of 600 by 300 */
#define LIMIT_JPEG_OPTIMISED                                                                       \
    (16UL * 1000 * 1000) /* pixels: the best codes take up to 6 bytes each until the end */
#define LIMIT_PNG_STRAIGHT_PIXELS                                                                  \
    (4UL * 1000 * 1000) /* of a PNG held whole, three times over: 48 MB; libvips takes larger ones \
                         * row by row */
#define LIMIT_SNIFF_SVG                                                                            \
    (4 * KiB) /* of a document, up to its <svg: drawing programs write a comment and a document    \
                 type */
#define LIMIT_SVG_WORKERS                                                                          \
    2 /* at once: while one draws until its deadline, the other goes on; mail has few SVGs */
#define LIMIT_SVG_MEMORY                                                                           \
    (512 * MiB) /* of a worker: 40 megapixels take 160 MiB, and what takes more is a bomb */
#define LIMIT_SVG_SIDE      32767 /* pixels: cairo's own */
#define LIMIT_SVG_IDLE_MS   60000 /* then their processes are ended; not tuned */
#define LIMIT_SPACER_PIXELS 65536 /* larger pictures are not examined for being all transparent */

/* ---- the store (store/) ---- */
#define LIMIT_SEGMENTS       32 /* a bad disk block costs one of them, and two are not full */
#define LIMIT_SEGMENT_MIN    (4 * MiB)  /* small caches have fewer segments, at least three */
#define LIMIT_SEGMENTS_FOUND 64         /* on disk, after a change of sizes */
#define LIMIT_WANTED         65536      /* pictures remembered as read lately: 512 KiB */
#define LIMIT_SLOTS_FILL     2048       /* keys made at once: 64 KiB and one flush */
#define LIMIT_SHREDS         4096       /* keys written over between two commits: 64 KiB */
#define LIMIT_STORE_READERS  256        /* read transactions at once; each is one copy long */
#define LIMIT_BATCH_WRITES   256        /* a commit: its cost is one flush however many */
#define LIMIT_BATCH_BYTES    (32 * MiB) /* of pictures a commit: the memory LMDB holds for it */
#define LIMIT_INDEX_MIN      (1 * MiB)  /* some thousand records; for tests */
#define LIMIT_PURGES         64   /* under way at once: every lookup compares with each of them */
#define LIMIT_PURGE_TURN     1024 /* records between two commits: some milliseconds */
#define LIMIT_SWEEP_TURN     1024 /* likewise */
#define LIMIT_SWEEP_SAMPLE   4096 /* records by which "the oldest" is judged, within 0.4 % */
#define LIMIT_MEMO           (2 * MiB) /* of sealed text: LIMIT_PIXEL_DOMAINS of the longest names */

/* ---- the admin socket (admin/) ---- */
#define LIMIT_BACK_TURN_MS   5000 /* for the back loop to answer: a turn takes some milliseconds */
#define LIMIT_ADMIN_CLIENTS  64   /* connections, a thread each; operators need a few */
#define LIMIT_ADMIN_PEER     16   /* of them from one address, over TCP: a stranger's part */
#define LIMIT_PURGES_AWAITED 12   /* of those: one who purges can still ask for health */
#define LIMIT_PURGE_WAIT_S   600  /* then a purge goes on unwatched; not tuned */

/* ---- both sockets for programs (admin/); LIMIT_HEADER_S and LIMIT_ANSWER_S hold here, too ---- */
#define LIMIT_SUBMIT_CLIENTS 64 /* connections, a thread each; further ones wait */
#define LIMIT_PROGRAM_IDLE_S 60 /* without a byte, in the middle of a body or an answer */
#define LIMIT_PROGRAM_RATE                                                                         \
    (256 * KiB) /* bytes a second of a body or an answer, at least: programs are near; not tuned   \
                 */

/* ---- mail between an MTA and a store (lmtp/); times are those of RFC 5321, 4.5.3.2 ---- */
#define LIMIT_LMTP_LINE        2048       /* bytes of a command: 512, and 1 KiB of extensions */
#define LIMIT_LMTP_BLOCK       (16 * KiB) /* read at once */
#define LIMIT_LMTP_REPLY       (16 * KiB) /* of the store, all its lines; real ones have 100 bytes */
#define LIMIT_LMTP_RECIPIENTS  1000       /* a transaction; 100 is the least that RFC 5321 allows */
#define LIMIT_LMTP_CONNECTIONS 64         /* a thread each; further ones wait */
#define LIMIT_LMTP_HELD        (512 * MiB) /* of messages in memory, of all connections; not tuned */
#define LIMIT_LMTP_CONNECT_MS  30000       /* the store is near; not tuned */
#define LIMIT_LMTP_COMMAND_MS  300000      /* a greeting, a command, an answer to one */
#define LIMIT_LMTP_DATA_MS     120000      /* the answer to DATA */
#define LIMIT_LMTP_BLOCK_MS    180000      /* a piece of a message */
#define LIMIT_LMTP_END_MS      600000      /* the answer to a message */
#define LIMIT_LMTP_STOP_MS     30000       /* at the end, for messages under way; not tuned */

#endif
