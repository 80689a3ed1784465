# Prefetch at delivery, rewrite at view: the message is stored as it came, and its images are here
# before it is opened. For a webmail that rewrites what it shows.
require ["vnd.dovecot.execute", "imap4flags"];

if not execute :pipe "shoji-prefetch" {
    # The mail is kept. A webmail that takes it for prefetched shows its images only after
    # `shoji prefetch` has had it once more: this says which mail that is.
    addflag "$NotPrefetched";
    keep;
}
