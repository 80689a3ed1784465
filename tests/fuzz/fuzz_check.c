/*
 * The checker on any bytes, as a document and as a message: with all findings told and with the
 * first one only, it says the same; what is told are texts that can be shown.
 */
#include "base/err.h"

#include <shoji/check.h>

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static const char key_file[] = "k1  AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=  sign\n";

static void note(void *ctx, const struct shoji_finding *finding)
{
    size_t *count = ctx;
    must(finding->where[0] != '\0' && finding->construct[0] != '\0');
    must(finding->reference_len == 0 || finding->reference);
    ++*count;
}

static void check(int (*check_text)(const struct shoji_check *, const char *, size_t),
                  struct shoji_check how, const char *text, size_t len)
{
    size_t count = 0;
    int first = check_text(&how, text, len);
    how.found = note;
    how.found_ctx = &count;
    int all = check_text(&how, text, len);
    must(all == 0 || all == SHOJI_CHECK_FOUND);
    must(first == all && (count > 0) == (all == SHOJI_CHECK_FOUND));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static struct shoji_keys *keys;
    char why[SHOJI_WHY_SIZE];
    if (!keys)
        must(shoji_keys_parse(key_file, strlen(key_file), "fuzz", why, &keys) == 0);
    struct shoji_check how = {.keys = keys, .base_url = "https://img.example.org", .suffix = ""};
    check(shoji_check_html, how, (const char *)bytes, len);
    check(shoji_check_mail, how, (const char *)bytes, len);
    return 0;
}
