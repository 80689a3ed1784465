#include "cli/setup.h"

#include "base/err.h"
#include "sys/data.h"

#include <errno.h>
#include <string.h>

#define DEFAULT_CONFIG "/etc/shoji/shoji.conf"

int setup_conf(const struct cmd_common *common, struct setup *ret)
{
    char why[CONF_WHY_SIZE] = "out of memory";
    struct setup setup = {0};
    int r = conf_load(common->config ? common->config : DEFAULT_CONFIG, why, &setup.conf);
    if (r == -ENOENT && !common->config)
        r = conf_defaults(&setup.conf);
    if (r < 0) {
        cmd_say("%s", why);
        return CMD_TROUBLE;
    }
    const struct conf *conf = &setup.conf;
    setup.base_url = common->base_url ? common->base_url : conf->server.base_url;
    setup.suffix = conf->server.url_suffix ? conf->server.url_suffix : "";
    *ret = setup;
    return CMD_DONE;
}

int setup_keys(const struct cmd_common *common, struct setup *ret)
{
    CLEANUP(setup_free) struct setup setup = {0};
    int exit_code = setup_conf(common, &setup);
    if (exit_code != CMD_DONE)
        return exit_code;
    const char *path = common->keys ? common->keys : setup.conf.server.keys;
    if (!path) {
        cmd_say("no key file: give --keys FILE, or set keys under [server] in the configuration");
        return CMD_TROUBLE;
    }
    char why[SHOJI_WHY_SIZE];
    if (shoji_keys_load(path, why, &setup.keys) < 0) {
        cmd_say("%s", why);
        return CMD_TROUBLE;
    }
    *ret = setup;
    setup = (struct setup){0};
    return CMD_DONE;
}

int setup_base(const struct setup *setup)
{
    if (!setup->base_url) {
        cmd_say("no base URL: give --base URL, or set base_url under [server] in the "
                "configuration");
        return CMD_TROUBLE;
    }
    if (!shoji_base_url_valid(setup->base_url)) {
        cmd_say("%s: not a base URL (http or https, a host and perhaps a port, nothing behind "
                "them, as in https://img.example.org)",
                setup->base_url);
        return CMD_TROUBLE;
    }
    return CMD_DONE;
}

int setup_signer(const struct setup *setup, struct shoji_signer *ret)
{
    int exit_code = setup_base(setup);
    if (exit_code != CMD_DONE)
        return exit_code;
    const struct shoji_key *key = shoji_keys_signer(setup->keys, NULL);
    if (!key) {
        cmd_say("no key of the key file signs: it needs a line with the state `sign` and without "
                "a tenant (shoji keygen --keys FILE appends one)");
        return CMD_TROUBLE;
    }
    *ret = (struct shoji_signer){
        .key = key, .form = SHOJI_SEALED, .base_url = setup->base_url, .suffix = setup->suffix};
    return CMD_DONE;
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
static int load_rules(struct setup *setup)
{
    char why[SHOJI_RULES_WHY_SIZE], room[4096];
    const struct conf *conf = &setup->conf;
    const struct shoji_rules_source source = {
        .files = conf->trackers.rules ? conf->trackers.rules
                                      : data_path("trackers.rules", room, sizeof(room)),
        .allow = conf->trackers.allow,
        .authserv_id = conf->trackers.authserv_id,
    };
    if (shoji_rules_load(&source, why, &setup->rules) == 0)
        return CMD_DONE;
    cmd_say("%s", why);
    return CMD_TROUBLE;
}

int setup_rewrite(const struct cmd_common *common, struct setup *ret_setup,
                  struct shoji_rewrite *ret_how)
{
    CLEANUP(setup_free) struct setup setup = {0};
    struct shoji_rewrite how = {.options = SHOJI_URL_OPTIONS_NONE};
    int exit_code = setup_keys(common, &setup);
    if (exit_code == CMD_DONE)
        exit_code = setup_signer(&setup, &how.signer);
    if (exit_code != CMD_DONE)
        return exit_code;
    exit_code = load_rules(&setup);
    if (exit_code != CMD_DONE)
        return exit_code;
    const struct conf *conf = &setup.conf;
    how.keys = setup.keys;
    how.rules = setup.rules;
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
    *ret_setup = setup;
    *ret_how = how;
    setup = (struct setup){0};
    return CMD_DONE;
}

void setup_free(struct setup *setup)
{
    shoji_keys_free(setup->keys);
    shoji_rules_free(setup->rules);
    conf_free(&setup->conf);
    *setup = (struct setup){0};
}
