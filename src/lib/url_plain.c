#include "lib/url_plain.h"

#include "lib/b64url.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>

/* Canonical base64url of eight bytes: the last character has two bits that must be 0. */
static bool plain_is_salt(struct span text)
{
    unsigned char bytes[8];
    size_t len;
    return text.len == SHOJI_SALT_LEN && b64url_decode(text, bytes, sizeof(bytes), &len) &&
           len == sizeof(bytes);
}

/* A canonical URL is printable ASCII; anything else here was not made by shoji_url_canonical. */
static bool plain_is_url(struct span url)
{
    for (size_t i = 0; i < url.len; i++)
        if (url.ptr[i] <= ' ' || url.ptr[i] > '~')
            return false;
    return url.len >= 1 && url.len <= SHOJI_URL_MAX;
}

int url_plain_write(struct span url, const struct shoji_url_options *options,
                    char ret[URL_PLAIN_MAX], size_t *ret_len)
{
    struct span salt = {options->mailbox, strnlen(options->mailbox, sizeof(options->mailbox))};
    if (!plain_is_url(url) || options->delivered < SHOJI_NOT_DELIVERED ||
        (salt.len > 0 && !plain_is_salt(salt)))
        return -EINVAL;
    memcpy(ret, url.ptr, url.len);
    size_t len = url.len;

    char text[URL_PLAIN_MAX - SHOJI_URL_MAX + 1];
    int options_len = 0;
    if (options->consent)
        options_len += snprintf(text, sizeof(text), "\nc=1");
    if (options->delivered != SHOJI_NOT_DELIVERED)
        options_len += snprintf(text + options_len, sizeof(text) - (size_t)options_len, "\nd=%d",
                                options->delivered);
    if (salt.len > 0)
        options_len += snprintf(text + options_len, sizeof(text) - (size_t)options_len, "\nm=%.*s",
                                (int)salt.len, salt.ptr);
    memcpy(ret + len, text, (size_t)options_len);
    *ret_len = len + (size_t)options_len;
    return 0;
}

static bool plain_read_days(struct span text, int32_t *ret)
{
    int64_t days = 0;
    if (text.len == 0 || text.len > 10 || (text.len > 1 && text.ptr[0] == '0'))
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
        days = days * 10 + (text.ptr[i] - '0');
    }
    if (days > INT32_MAX)
        return false;
    *ret = (int32_t)days;
    return true;
}

static bool plain_read_option(char name, struct span value, struct shoji_url_options *options)
{
    switch (name) {
    case 'c':
        options->consent = true;
        return span_equal(value, SPAN("1"));
    case 'd':
        return plain_read_days(value, &options->delivered);
    case 'm':
        if (!plain_is_salt(value))
            return false;
        memcpy(options->mailbox, value.ptr, SHOJI_SALT_LEN);
        return true;
    default:
        return false;
    }
}

bool url_plain_read(struct span plain, struct span *ret_url, struct shoji_url_options *ret_options)
{
    struct shoji_url_options options = SHOJI_URL_OPTIONS_NONE;
    size_t end = 0;
    while (end < plain.len && plain.ptr[end] != '\n')
        end++;
    struct span url = span_part(plain, 0, end);
    char last = '\0';
    while (end < plain.len) {
        size_t from = end + 1;
        for (end = from; end < plain.len && plain.ptr[end] != '\n';)
            end++;
        struct span option = span_part(plain, from, end - from);
        if (option.len < 2 || option.ptr[1] != '=' || option.ptr[0] <= last)
            return false;
        last = option.ptr[0];
        if (!plain_read_option(last, span_part(option, 2, option.len), &options))
            return false;
    }
    *ret_url = url;
    *ret_options = options;
    return true;
}
