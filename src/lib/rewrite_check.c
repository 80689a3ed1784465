#include "lib/rewrite_check.h"

#include <shoji/check.h>

static struct shoji_check check_of(const struct shoji_rewrite *how)
{
    return (struct shoji_check){.keys = how->keys,
                                .base_url = how->signer.base_url,
                                .suffix = how->signer.suffix,
                                .accept_base = how->accept_base};
}

static bool is_wanted(const struct shoji_rewrite *how)
{
    return !how->unchecked && how->keys;
}

int rewrite_check_html(const struct shoji_rewrite *how, struct span made)
{
    struct shoji_check check = check_of(how);
    return is_wanted(how) ? shoji_check_html(&check, made.ptr, made.len) : 0;
}

int rewrite_check_mail(const struct shoji_rewrite *how, struct span made)
{
    struct shoji_check check = check_of(how);
    return is_wanted(how) ? shoji_check_mail(&check, made.ptr, made.len) : 0;
}
