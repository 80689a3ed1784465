#include "deliver/config.h"

#include "sys/data.h"

#include <errno.h>
#include <string.h>

static int fail(char *why, const char *sentence)
{
    snprintf(why, CONFIG_WHY_SIZE, "%s", sentence);
    return -EINVAL;
}

int config_read(const struct config_source *source, char *why, struct config *ret)
{
    struct config config = {0};
    snprintf(why, CONFIG_WHY_SIZE, "out of memory");
    int r = conf_load(source->file ? source->file : CONF_PATH, why, &config.conf);
    if (r == -ENOENT && !source->file)
        r = conf_defaults(&config.conf);
    if (r < 0)
        return r;
    const struct conf *conf = &config.conf;
    config.base_url = source->base_url ? source->base_url : conf->server.base_url;
    config.suffix = conf->server.url_suffix ? conf->server.url_suffix : "";
    *ret = config;
    return 0;
}

int config_read_keys(const struct config_source *source, char *why, struct config *ret)
{
    CLEANUP(config_free) struct config config = {0};
    int r = config_read(source, why, &config);
    if (r < 0)
        return r;
    const char *path = source->keys ? source->keys : config.conf.server.keys;
    if (!path)
        return fail(why, "no key file: give --keys FILE, or set keys under [server] in the "
                         "configuration");
    r = shoji_keys_load(path, why, &config.keys);
    if (r < 0)
        return r;
    *ret = config;
    config = (struct config){0};
    return 0;
}

int config_base(const struct config *config, char *why)
{
    if (!config->base_url)
        return fail(why, "no base URL: give --base URL, or set base_url under [server] in the "
                         "configuration");
    if (shoji_base_url_valid(config->base_url))
        return 0;
    snprintf(why, CONFIG_WHY_SIZE,
             "%s: not a base URL (http or https, a host and perhaps a port, nothing behind them, "
             "as in https://img.example.org)",
             config->base_url);
    return -EINVAL;
}

int config_signer(const struct config *config, char *why, struct shoji_signer *ret)
{
    int r = config_base(config, why);
    if (r < 0)
        return r;
    const struct shoji_key *key = shoji_keys_signer(config->keys, NULL);
    if (!key)
        return fail(why, "no key of the key file signs: it needs a line with the state `sign` and "
                         "without a tenant (shoji keygen --keys FILE appends one)");
    *ret = (struct shoji_signer){
        .key = key, .form = SHOJI_SEALED, .base_url = config->base_url, .suffix = config->suffix};
    return 0;
}

static enum shoji_mode conf_mode(uint64_t mode)
{
    return mode == CONF_MODE_HOLD    ? SHOJI_HOLD
           : mode == CONF_MODE_STRIP ? SHOJI_STRIP
                                     : SHOJI_PROXY;
}

static enum shoji_signed conf_signed(uint64_t policy)
{
    return policy == CONF_SIGNED_KEEP   ? SHOJI_SIGNED_KEEP
           : policy == CONF_SIGNED_TEXT ? SHOJI_SIGNED_TEXT
                                        : SHOJI_SIGNED_PROTECT;
}

/* The rules that are configured, or those that were installed; none where nothing was. */
static int load_rules(struct config *config, char *why)
{
    char room[4096];
    const struct conf *conf = &config->conf;
    const struct shoji_rules_source source = {
        .files = conf->trackers.rules ? conf->trackers.rules
                                      : data_path("trackers.rules", room, sizeof(room)),
        .allow = conf->trackers.allow,
        .authserv_id = conf->trackers.authserv_id,
    };
    return shoji_rules_load(&source, why, &config->rules);
}

int config_read_rewriting(const struct config_source *source, char *why, struct config *ret_config,
                          struct shoji_rewrite *ret_how)
{
    CLEANUP(config_free) struct config config = {0};
    struct shoji_rewrite how = {.options = SHOJI_URL_OPTIONS_NONE};
    int r = config_read_keys(source, why, &config);
    if (r == 0)
        r = config_signer(&config, why, &how.signer);
    if (r == 0)
        r = load_rules(&config, why);
    if (r < 0)
        return r;
    const struct conf *conf = &config.conf;
    how.keys = config.keys;
    how.rules = config.rules;
    how.trackers =
        conf->trackers.policy == CONF_POLICY_BLOCK ? SHOJI_TRACKERS_BLOCK : SHOJI_TRACKERS_PROXY;
    how.ignore_geometry = !conf->trackers.geometry;
    how.mode = conf_mode(conf->rewrite.mode);
    how.links = conf->rewrite.links == CONF_LINKS_CLEAN ? SHOJI_LINKS_CLEAN : SHOJI_LINKS_KEEP;
    how.signed_mail = conf_signed(conf->rewrite.signed_mail);
    how.spam_header = conf->rewrite.spam_header;
    how.accept_base = conf->rewrite.accept_base;
    how.keep_receipts = conf->rewrite.receipts_keep;
    how.max_images = conf->rewrite.max_images;
    how.max_message = conf->rewrite.max_message;
    *ret_config = config;
    *ret_how = how;
    config = (struct config){0};
    return 0;
}

void config_free(struct config *config)
{
    shoji_keys_free(config->keys);
    shoji_rules_free(config->rules);
    conf_free(&config->conf);
    *config = (struct config){0};
}
