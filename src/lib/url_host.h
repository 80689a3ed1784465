/*
 * Hosts of http and https URLs, as the WHATWG URL standard parses them (section 3.5):
 * percent-decoded, then a name by UTS 46 or an address. ASCII names never touch ICU. ICU's object
 * is opened at the first international name and stays for the life of the process. Any thread.
 */
#ifndef LIB_URL_HOST_H
#define LIB_URL_HOST_H

#include "lib/url_text.h"

/*
 * Appends the canonical spelling of `host` (as it stands in the input: not empty, between the user
 * and the port). 0, SHOJI_URL_INVALID, or SHOJI_URL_TOO_LONG. `out` is rubbish after a failure.
 */
int url_host_add(struct span host, struct url_writer *out);

#endif
