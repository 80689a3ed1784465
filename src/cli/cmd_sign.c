#include "cli/setup.h"

#include "base/date.h"
#include "base/err.h"

#include <errno.h>
#include <getopt.h>
#include <string.h>

struct sign {
    struct shoji_signer signer;
    struct shoji_url_options options;
    const char *mailbox;
};

static int sign_one(void *ctx, const char *url, size_t len)
{
    const struct sign *sign = ctx;
    char canonical[SHOJI_URL_MAX + 1];
    size_t canonical_len;
    switch (shoji_url_canonical(url, len, NULL, canonical, &canonical_len)) {
    case 0:
        break;
    case SHOJI_URL_TOO_LONG:
        cmd_say("refused, longer than %d bytes: %.100s...", SHOJI_URL_MAX, url);
        return CMD_NO;
    default:
        cmd_say("refused, not an http or https URL: %s", url);
        return CMD_NO;
    }
    char text[SHOJI_SIGNED_MAX + 1];
    size_t text_len;
    int r =
        shoji_url_sign(&sign->signer, canonical, canonical_len, &sign->options, text, &text_len);
    if (r == -EINVAL) { /* everything else was looked at before */
        cmd_say("cannot sign: url_suffix must be a dot and letters or digits, as .png, not %s",
                sign->signer.suffix);
        return CMD_TROUBLE;
    }
    if (r < 0) {
        cmd_say("cannot sign: %s", strerror(-r));
        return CMD_TROUBLE;
    }
    puts(text);
    return CMD_DONE;
}

static int read_option(int option, char **argv, struct sign *sign)
{
    switch (option) {
    case 'f':
        if (strcmp(optarg, "sealed") != 0 && strcmp(optarg, "signed") != 0) {
            cmd_say("sign: --form is sealed or signed, not %s", optarg);
            return CMD_USAGE;
        }
        sign->signer.form = strcmp(optarg, "signed") == 0 ? SHOJI_SIGNED : SHOJI_SEALED;
        return CMD_DONE;
    case 'm':
        sign->mailbox = optarg;
        return CMD_DONE;
    case 'd':
        if (!date_days(optarg, &sign->options.delivered)) {
            cmd_say("sign: --delivered is a date from 1970-01-01 on, as YYYY-MM-DD, not %s",
                    optarg);
            return CMD_USAGE;
        }
        return CMD_DONE;
    case 'c':
        sign->options.consent = true;
        return CMD_DONE;
    default:
        return cmd_bad_option(option, argv);
    }
}

static int read_options(int argc, char **argv, struct sign *sign)
{
    static const struct option options[] = {
        {"consent", no_argument, NULL, 'c'},
        {"delivered", required_argument, NULL, 'd'},
        {"form", required_argument, NULL, 'f'},
        {"mailbox", required_argument, NULL, 'm'},
        {0},
    };
    int option;
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        int exit_code = read_option(option, argv, sign);
        if (exit_code != CMD_DONE)
            return exit_code;
    }
    if (optind == argc) {
        cmd_say("sign: no URL given");
        return CMD_USAGE;
    }
    return CMD_DONE;
}

int cmd_sign(const struct cmd_common *common, int argc, char **argv)
{
    struct sign sign = {.options = SHOJI_URL_OPTIONS_NONE};
    CLEANUP(config_free) struct config config = {0};
    int exit_code = read_options(argc, argv, &sign);
    if (exit_code == CMD_DONE)
        exit_code = setup_keys(common, &config);
    enum shoji_form form = sign.signer.form;
    if (exit_code == CMD_DONE)
        exit_code = setup_signer(&config, &sign.signer);
    if (exit_code != CMD_DONE)
        return exit_code;
    sign.signer.form = form;
    if (sign.mailbox)
        shoji_mailbox_salt(sign.signer.key, sign.mailbox, sign.options.mailbox);
    return cmd_each_url(argc - optind, argv + optind, sign_one, &sign);
}
