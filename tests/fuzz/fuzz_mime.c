/* Rewriting a rewritten message changes nothing, the second scanner finds nothing, every offset of
 * the scan is in its place, and a signer is a name. */
#include "base/err.h"
#include "base/limits.h"
#include "lib/mime_scan.h"
#include "lib/mime_sender.h"
#include "lib/mime_signed.h"

#include <shoji/check.h>
#include <shoji/rewrite.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static const char key_file[] = "k1  AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=  sign\n";

static void check_sender(struct span message, const struct mime_part *top)
{
    struct rules_sender sender;
    mime_sender_read(message, top, "mx.example.org", &sender);
    must(sender.count <= RULES_SENDER_DOMAINS);
    for (size_t i = 0; i < sender.count; i++)
        must(sender.domains[i][0] && strlen(sender.domains[i]) <= 253);
}

static void check_scan(struct span message)
{
    struct mime_scan scan = {0};
    int answer = mime_scan(message, &scan);
    must(answer >= 0 && scan.count > 0);
    for (size_t i = 0; answer == 0 && i < scan.count; i++) {
        const struct mime_part *part = &scan.parts[i];
        must(part->delim <= part->header && part->header <= part->header_end);
        must(part->header_end <= part->body && part->body <= part->end);
        must(part->end <= part->after && part->after <= message.len);
        must(i == 0 ? part->parent == MIME_NO_PARENT : part->parent < i);
        must(i == 0 || part->delim >= scan.parts[i - 1].body);
    }
    check_sender(message, &scan.parts[0]);
    mime_scan_free(&scan);
}

static void check_rewrite(const struct shoji_rewrite *how, struct span message)
{
    char *once = NULL, *twice = NULL;
    size_t once_len = 0, twice_len = 0;
    must(shoji_rewrite_mail(how, message.ptr, message.len, &once, &once_len, NULL) == 0);
    must(shoji_rewrite_mail(how, once, once_len, &twice, &twice_len, NULL) == 0);
    struct shoji_check check = {
        .keys = how->keys, .base_url = how->signer.base_url, .suffix = how->signer.suffix};
    struct buf rest = BUF_INIT(once_len); /* without what `keep` leaves alone */
    bool kept = how->signed_mail == SHOJI_SIGNED_KEEP &&
                mime_signed_cut((struct span){once, once_len}, &rest) == 0;
    must(shoji_check_mail(&check, kept ? rest.ptr : once, kept ? rest.len : once_len) == 0);
    buf_free(&rest);
    must(once_len == twice_len && memcmp(once, twice, once_len) == 0);
    free(once);
    free(twice);
}

/* No URL of ours is in there, so nothing changes on the way back. */
static void check_back(const struct shoji_rewrite *how, struct span message)
{
    char *back = NULL;
    size_t len = 0;
    must(shoji_unrewrite_mail(how, message.ptr, message.len, &back, &len) == 0);
    must(len == message.len && memcmp(back, message.ptr, len) == 0);
    free(back);
    must(shoji_unrewrite_html(how, message.ptr, message.len, &back, &len) == 0);
    must(len == message.len && memcmp(back, message.ptr, len) == 0);
    free(back);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static struct shoji_keys *keys;
    char why[SHOJI_WHY_SIZE];
    if (!keys)
        must(shoji_keys_parse(key_file, strlen(key_file), "fuzz", why, &keys) == 0);
    struct shoji_rewrite how = {
        .signer = {.key = shoji_keys_signer(keys, NULL),
                   .base_url = "https://img.example.org",
                   .suffix = ""},
        .keys = keys,
        .options = SHOJI_URL_OPTIONS_NONE,
    };
    struct span message = {(const char *)bytes, len};
    check_scan(message);
    /* One way an input; the fuzzer finds the length that asks for another. */
    how.mode = (enum shoji_mode)(len % 3);
    how.signed_mail = (enum shoji_signed)(len / 3 % 3);
    how.spam_header = "Subject: spam";
    check_rewrite(&how, message);
    check_back(&how, message);
    return 0;
}
