/*
 * milter_pass ADDRESS: a milter that is told everything of a message and changes nothing; the floor
 * that bench/milter.py measures with. Prints "ready" when it listens.
 */
#include <libmilter/mfapi.h>

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>

static sfsistat on_negotiate(SMFICTX *ctx, unsigned long actions, unsigned long steps,
                             unsigned long unused1, unsigned long unused2,
                             unsigned long *ret_actions, unsigned long *ret_steps,
                             unsigned long *ret_unused1, unsigned long *ret_unused2)
{
    (void)ctx, (void)unused1, (void)unused2;
    *ret_actions = actions & (SMFIF_CHGBODY | SMFIF_CHGHDRS | SMFIF_ADDHDRS);
    *ret_steps = steps & (SMFIP_HDR_LEADSPC | SMFIP_NR_HDR | SMFIP_NOHELO | SMFIP_NOUNKNOWN |
                          SMFIP_NOCONNECT | SMFIP_NODATA);
    *ret_unused1 = 0;
    *ret_unused2 = 0;
    return SMFIS_CONTINUE;
}

static sfsistat on_address(SMFICTX *ctx, char **arguments)
{
    (void)ctx, (void)arguments;
    return SMFIS_CONTINUE;
}

static sfsistat on_field(SMFICTX *ctx, char *name, char *value)
{
    (void)ctx, (void)name, (void)value;
    return SMFIS_NOREPLY;
}

static sfsistat on_body(SMFICTX *ctx, unsigned char *bytes, size_t len)
{
    (void)ctx, (void)bytes, (void)len;
    return SMFIS_CONTINUE;
}

static sfsistat on_step(SMFICTX *ctx)
{
    (void)ctx;
    return SMFIS_CONTINUE;
}

int main(int argc, char **argv)
{
    char name[] = "milter_pass";
    const struct smfiDesc description = {
        .xxfi_name = name,
        .xxfi_version = SMFI_VERSION,
        .xxfi_flags = SMFIF_CHGBODY | SMFIF_CHGHDRS | SMFIF_ADDHDRS,
        .xxfi_envfrom = on_address,
        .xxfi_envrcpt = on_address,
        .xxfi_header = on_field,
        .xxfi_eoh = on_step,
        .xxfi_body = on_body,
        .xxfi_eom = on_step,
        .xxfi_negotiate = on_negotiate,
    };
    signal(SIGPIPE, SIG_IGN);
    if (argc != 2 || smfi_register(description) != MI_SUCCESS ||
        smfi_setconn(argv[1]) != MI_SUCCESS || smfi_opensocket(true) != MI_SUCCESS) {
        fprintf(stderr, "usage: milter_pass ADDRESS\n");
        return 3;
    }
    puts("ready");
    fflush(stdout);
    return smfi_main() == MI_SUCCESS ? 0 : 3;
}
