#include "admin/submit_call.h"

/* A key that signs is not needed to go back: keys that only verify will do. */
enum MHD_Result submit_unrewrite(struct call *call)
{
    bool mail = call_has_type(call, "message/rfc822");
    if (!mail && !call_has_type(call, "text/html"))
        return call_send_error(call, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE,
                               "Content-Type is text/html or message/rfc822");
    struct keyset *set = keyring_get(submit_env(call)->keyring);
    const struct shoji_rewrite how = {
        .signer = submit_signer(call, NULL),
        .keys = keyset_keys(set),
        .accept_base = submit_env(call)->conf->rewrite.accept_base,
        .options = SHOJI_URL_OPTIONS_NONE,
    };
    struct span in = buf_span(&call->body);
    char *out = NULL;
    size_t len = 0;
    int r = mail ? shoji_unrewrite_mail(&how, in.ptr, in.len, &out, &len)
                 : shoji_unrewrite_html(&how, in.ptr, in.len, &out, &len);
    keyring_put(set);
    if (r < 0)
        return call_send_error(call, MHD_HTTP_INTERNAL_SERVER_ERROR, "out of memory");
    return call_send(call, mail ? "message/rfc822" : "text/html", out, len);
}
