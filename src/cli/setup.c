#include "cli/setup.h"

struct config_source setup_source(const struct cmd_common *common)
{
    return (struct config_source){
        .file = common->config, .base_url = common->base_url, .keys = common->keys};
}

static int say(int r, const char *why)
{
    if (r == 0)
        return CMD_DONE;
    cmd_say("%s", why);
    return CMD_TROUBLE;
}

int setup_conf(const struct cmd_common *common, struct config *ret)
{
    char why[CONFIG_WHY_SIZE];
    const struct config_source source = setup_source(common);
    return say(config_read(&source, why, ret), why);
}

int setup_keys(const struct cmd_common *common, struct config *ret)
{
    char why[CONFIG_WHY_SIZE];
    const struct config_source source = setup_source(common);
    return say(config_read_keys(&source, why, ret), why);
}

int setup_base(const struct config *config)
{
    char why[CONFIG_WHY_SIZE];
    return say(config_base(config, why), why);
}

int setup_signer(const struct config *config, struct shoji_signer *ret)
{
    char why[CONFIG_WHY_SIZE];
    return say(config_signer(config, why, ret), why);
}

int setup_mailbox(const struct config *config, const struct shoji_key *key, const char *address,
                  char ret[SHOJI_SALT_LEN + 1])
{
    const char *delimiters = config->conf.rewrite.recipient_delimiter;
    return say(shoji_address_salt(key, address, delimiters, ret), "out of memory");
}

int setup_rewrite(const struct cmd_common *common, struct config *ret_config,
                  struct shoji_rewrite *ret_how)
{
    char why[CONFIG_WHY_SIZE];
    const struct config_source source = setup_source(common);
    return say(config_read_rewriting(&source, why, ret_config, ret_how), why);
}
