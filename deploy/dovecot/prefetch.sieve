# Prefetch at delivery, rewrite at view: the message is stored as it came, and its images are here
# before it is opened. For a webmail that rewrites what it shows.
require ["vnd.dovecot.execute"];

if not execute :pipe "shoji-prefetch" {
    # Nothing is lost: its images are fetched when the reader asks for them.
    keep;
}
