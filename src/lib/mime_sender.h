/*
 * Who has signed a message, as far as the border that took it in has checked and says so: the
 * Authentication-Results field (RFC 8601). Nothing is verified here; what is believed is the word
 * of whoever is configured as authserv-id.
 *
 * A sender can write such a field himself, so the border must take away those that carry its own
 * name when a message comes in (RFC 8601 section 5). Against a border that does not, one field
 * alone is believed: the topmost of that name that speaks of DKIM, and none that stands below
 * another of that name with a Received field in between. A border that always states a DKIM result
 * is then never overruled from below. A field that cannot be read to its end vouches for nobody.
 *
 * Fields in attached messages are not looked at, and what this one says does not hold for them:
 * their header is anybody's, and the signature is not theirs. Pure; any thread.
 */
#ifndef LIB_MIME_SENDER_H
#define LIB_MIME_SENDER_H

#include "lib/mime_scan.h"
#include "lib/rules.h"

/*
 * The domains whose DKIM signature passed, of the message whose first part is `top`; at most
 * RULES_SENDER_DOMAINS of them, each as header.d names it, or header.i where there is no header.d.
 * `authserv_ids`: names parted by blanks or commas; NULL or empty: nobody is believed.
 */
void mime_sender_read(struct span message, const struct mime_part *top, const char *authserv_ids,
                      struct rules_sender *ret);

/* Does it hold for the part `index`? Not inside of an attached message. */
bool mime_sender_covers(const struct mime_scan *scan, size_t index);

#endif
