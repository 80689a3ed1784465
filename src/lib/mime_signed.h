/*
 * Signed mail (RFC 1847): a signed HTML part loads as much as any other, so under the policies
 * `protect` and `text` it is changed like any other. What is left of the signature would then only
 * frighten the reader: the container becomes multipart/mixed, the signature an octet stream, and
 * under `protect` the message as it was travels along, as bytes that no client shows by itself.
 * Writes splices into the pass's plan, nothing else.
 */
#ifndef LIB_MIME_SIGNED_H
#define LIB_MIME_SIGNED_H

#include "lib/mime_leaf.h"

/* The multipart/signed that part `index` is inside of, the outermost; MIME_NO_PARENT without. */
size_t mime_signed_around(const struct mime_scan *scan, size_t index);

/* Is this part, under the policy `keep`, not to be touched? */
bool mime_signed_is_kept(const struct mime_pass *pass, size_t index);

/*
 * Appends `message` without what `keep` leaves as it is, the containers standing empty: what is
 * left is answered for like any other mail. 0, -ENOMEM; MIME_SIGNED_NONE: there is none, and
 * nothing was appended; MIME_SIGNED_UNCLEAR: its structure cannot be told.
 */
enum mime_signed_answer { MIME_SIGNED_NONE = 1, MIME_SIGNED_UNCLEAR = 2 };
int mime_signed_cut(struct span message, struct buf *out);

/* Is this the signature of something that has been changed? To be asked after its siblings. */
bool mime_signed_is_void(const struct mime_pass *pass, const struct mime_part *part,
                         const struct mime_content *content);

/*
 * Under the policy `text`: the alternative that the HTML part `index` belongs to, if a text/plain
 * stands beside it, so that all of it can go; MIME_NO_PARENT where the part's own text is needed.
 */
size_t mime_signed_alternative(const struct mime_pass *pass, size_t index);

/* If something in `part`, which is inside a multipart/signed, is changed: will the original be put
 * behind it? Not where it is so large that with it the next pass would find the message too large.
 */
bool mime_signed_has_original(const struct mime_pass *pass, const struct mime_part *part);

/* Plans the header of the multipart/signed `index`, and the original. After all the parts inside.
 * `clean`: as in struct mime_change. */
int mime_signed_finish(struct mime_pass *pass, size_t index, bool clean);

#endif
