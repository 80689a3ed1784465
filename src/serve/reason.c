#include "serve/reason.h"

#include "decode/pool.h"
#include "net/fetch.h"
#include "store/cache.h"

struct reason {
    uint8_t number;
    uint8_t class; /* enum reason_class */
    const char *text;
};

static const struct reason reasons[] = {
    {FETCH_OK, REASON_CLASS_ANSWERED, "The sender's server answered with a picture"},
    {FETCH_REDIRECT, REASON_CLASS_ANSWERED, "The sender's server answered with a redirect"},
    {FETCH_REFUSED, REASON_CLASS_REFUSED,
     "The address, name or port is one that this server does not connect to (a private or special "
     "address, a denied host, a port that is not allowed)"},
    {FETCH_NO_NAME, REASON_CLASS_GONE, "The name of the sender's server does not exist"},
    {FETCH_DNS, REASON_CLASS_DNS, "The name of the sender's server could not be resolved"},
    {FETCH_UNREACHABLE, REASON_CLASS_DOWN, "The sender's server could not be reached"},
    {FETCH_TLS, REASON_CLASS_TLS, "The sender's server has no valid certificate, or TLS failed"},
    {FETCH_TIMEOUT, REASON_CLASS_TIMEOUT, "The sender's server did not answer in time"},
    {FETCH_GONE, REASON_CLASS_GONE,
     "The sender's server answered that there is no such picture (404 or another 4xx)"},
    {FETCH_ORIGIN_ERROR, REASON_CLASS_DOWN,
     "The sender's server answered with an error (5xx, or too many requests)"},
    {FETCH_TOO_LARGE, REASON_CLASS_NOT_IMAGE, "The answer of the sender's server is too large"},
    {FETCH_BROKEN, REASON_CLASS_BROKEN, "The sender's server sent a cut-off or malformed answer"},
    {FETCH_NO_MEMORY, REASON_CLASS_OURS, "This server had no memory left for the answer"},
    {FETCH_LATER, REASON_CLASS_PACED, "It redirects to a picture that waits for its turn"},
    {FETCH_EGRESS, REASON_CLASS_OURS,
     "The egress of this server failed while it was being fetched"},
    {REASON_DECODE + DECODE_NOT_IMAGE, REASON_CLASS_NOT_IMAGE,
     "What the sender's server sent is no picture of a known kind"},
    {REASON_DECODE + DECODE_TOO_LARGE, REASON_CLASS_NOT_IMAGE,
     "The picture has too many pixels or frames"},
    {REASON_DECODE + DECODE_BROKEN, REASON_CLASS_NOT_IMAGE,
     "The picture is damaged and could not be decoded"},
    {REASON_DECODE + DECODE_CRASHED, REASON_CLASS_NOT_IMAGE, "The picture crashed the decoder"},
    {REASON_DECODE + DECODE_TIMEOUT, REASON_CLASS_NOT_IMAGE, "The picture took too long to decode"},
    {REASON_DECODE + DECODE_NO_MEMORY, REASON_CLASS_OURS,
     "This server had no memory left to decode the picture"},
    {REASON_REDIRECTS, REASON_CLASS_REDIRECTS,
     "The sender's server redirects too often, or in a circle"},
    {REASON_PACED, REASON_CLASS_PACED,
     "It waits for its turn: many pictures lie on servers of the same network"},
    {REASON_EGRESS, REASON_CLASS_OURS, "No egress of this server works"},
    {CACHE_REASON_CRASHED, REASON_CLASS_OURS, "This server ended while it was being fetched"},
};

static const struct reason *find(unsigned number)
{
    static const struct reason unknown = {0, REASON_CLASS_OURS,
                                          "It failed for a reason that this version does not know"};
    for (unsigned i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
        if (reasons[i].number == number)
            return &reasons[i];
    return &unknown;
}

enum reason_class reason_class(unsigned reason)
{
    return find(reason)->class;
}

const char *reason_class_name(enum reason_class which)
{
    static const char *const names[REASON_CLASSES] = {
        "answered", "refused", "gone",     "dns",       "down",      "tls",
        "timeout",  "broken",  "no_image", "redirects", "postponed", "ours",
    };
    return names[which];
}

const char *reason_text(unsigned reason)
{
    return find(reason)->text;
}
