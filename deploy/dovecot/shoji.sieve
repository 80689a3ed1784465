# Rewrite at delivery. Before the users' own scripts (sieve_before): what they file is protected.
# "filter" must stand in a test: as an action it lets the original through when it fails.
require ["vnd.dovecot.filter", "fileinto", "imap4flags", "mailbox"];

if not filter "shoji-rewrite" {
    if not filter "shoji-text" {
        # The original: whatever opens it loads what its sender wants. The one folder that is not
        # protected; when it has come into being, look into the log.
        fileinto :create "Unprotected";
        stop;
    }
}

# A keyword for mail with trackers, for whoever wants to see or sort them.
if allof (exists "X-Shoji", not header :contains "X-Shoji" "trackers=0;") {
    addflag "$Trackers";
}
