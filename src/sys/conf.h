/*
 * The configuration: one INI file, one struct. Every key that this version knows stands in one
 * table in conf.c, with its default and what is allowed; anything else stops the start, by file,
 * line and name: a setting that is ignored would be a promise that is not kept.
 *
 * A struct conf owns its strings; conf_free takes a zeroed one. Immutable after loading, so any
 * thread may read it.
 */
#ifndef SYS_CONF_H
#define SYS_CONF_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

#define CONF_PATH "/etc/shoji/shoji.conf" /* where nobody says otherwise */

#define CONF_WHY_SIZE 512 /* bytes: room for file, line and a sentence */

enum conf_refetch { CONF_REFETCH_SHARED, CONF_REFETCH_NEVER, CONF_REFETCH_ALWAYS };
enum conf_output { CONF_OUTPUT_COMPAT, CONF_OUTPUT_WEBP };
enum conf_mode { CONF_MODE_PROXY, CONF_MODE_HOLD, CONF_MODE_STRIP };
enum conf_policy { CONF_POLICY_BLOCK, CONF_POLICY_PROXY };
enum conf_links { CONF_LINKS_KEEP, CONF_LINKS_CLEAN };
enum conf_deliver { CONF_DELIVER_REWRITE, CONF_DELIVER_PREFETCH, CONF_DELIVER_UNREWRITE };
enum conf_signed { CONF_SIGNED_PROTECT, CONF_SIGNED_KEEP, CONF_SIGNED_TEXT };

enum conf_egress_type { CONF_EGRESS_DIRECT, CONF_EGRESS_SOCKS5, CONF_EGRESS_HTTP };

/* A section [egress NAME]. */
struct conf_egress {
    char *name;
    char *where;   /* "file:line" of the section; NULL: not from a file */
    uint64_t type; /* enum conf_egress_type */
    char *address;
    char *interface;
    char *resolvers;
    uint64_t weight;
};

/* Sizes in bytes, times in milliseconds. Texts are NULL where the default is "none". */
struct conf {
    struct {
        char *listen; /* comma-separated: address:port, [v6]:port or unix:/path */
        char *submit; /* path of a Unix socket */
        char *admin;  /* the same, or address:port */
        char *admin_token_file;
        char *base_url;
        char *url_suffix;
        char *keys;
        char *state;
        uint64_t threads; /* 0: one a core */
        uint64_t max_connections;
    } server;
    struct {
        uint64_t size;
        uint64_t index_size;
        uint64_t hot_memory;
        uint64_t retention;
        uint64_t refetch; /* enum conf_refetch */
        uint64_t shared_by;
        uint64_t encrypt;
    } cache;
    struct {
        char *user_agent;
        uint64_t timeout;
        uint64_t max_bytes;
        uint64_t max_redirects;
        char *ports;
        char *allow_private;
        char *deny_hosts;
        char *resolvers;
        uint64_t per_host;
        uint64_t total;
        uint64_t https_only;
        uint64_t fetch_window;
        uint64_t wait;
    } fetch;
    struct {
        uint64_t workers; /* 0: one a core */
        uint64_t deadline;
        uint64_t memory;
        uint64_t max_pixels;
        uint64_t max_frames;
        uint64_t max_side; /* 0: never scaled down */
        uint64_t output;   /* enum conf_output */
    } decode;
    struct {
        uint64_t enabled;
        uint64_t delay;
        uint64_t jitter;
        uint64_t rate;       /* fetches a second; 0: without limit */
        uint64_t per_domain; /* of them; 0: without limit */
        uint64_t bandwidth;  /* bytes a second; 0: without limit */
        char *spool;         /* a directory */
    } prefetch;
    struct {
        char *rules;     /* comma-separated paths; NULL: the file that is installed */
        uint64_t policy; /* enum conf_policy */
        char *allow;
        char *authserv_id; /* a list of names */
        uint64_t geometry;
    } trackers;
    struct {
        uint64_t mode;        /* enum conf_mode */
        uint64_t links;       /* enum conf_links */
        uint64_t signed_mail; /* enum conf_signed */
        uint64_t receipts_keep;
        char *recipient_delimiter; /* each of its characters is one */
        char *spam_header;         /* "Name: value" */
        char *accept_base;         /* a list of base URLs */
        uint64_t max_message;
        uint64_t max_images;
    } rewrite;
    struct {
        char *listen;     /* libmilter's form: unix:/path, inet:port@address */
        uint64_t deliver; /* enum conf_deliver */
        char *domains;    /* a list; NULL: as the MTA routes */
        char *mailers;    /* a list */
    } milter;
    struct conf_egress *egresses;
    size_t egresses_count;
};

/* All defaults. 0 or -ENOMEM. */
MUST_CHECK int conf_defaults(struct conf *ret);

/* Defaults, then the file at `path`. 0; -EINVAL or the errno of opening it, with a sentence in
 * `why` (CONF_WHY_SIZE bytes). The caller frees *ret. */
MUST_CHECK int conf_load(const char *path, char *why, struct conf *ret);

/* One value as it would stand in the file, over what is there: for command lines and tests. */
MUST_CHECK int conf_set(struct conf *conf, const char *section, const char *name, const char *value,
                        char *why);

/* One line a key: section, name, default and what is allowed. For --help and the man page. */
void conf_describe(FILE *to);

void conf_free(struct conf *conf);

#endif
