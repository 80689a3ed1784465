/* Listening sockets by their text form. Opened close-on-exec and non-blocking. */
#ifndef SERVE_LISTENER_H
#define SERVE_LISTENER_H

#include "base/err.h"

#include <stddef.h>
#include <sys/types.h>

#define LISTENER_TEXT 200 /* bytes of an address as text */

/*
 * Opens `count` sockets for one address ("127.0.0.1:8080", "[::1]:8080", "unix:/path"), so that
 * each thread has its own queue (SO_REUSEPORT; for a Unix socket, duplicates of one). Port 0: the
 * kernel chooses one for all. `ret_text` (LISTENER_TEXT bytes) is the address with its real port.
 * 0; -EINVAL when the text is no address; -errno. A stale Unix socket is replaced, one in use is
 * not.
 */
MUST_CHECK int listener_open(const char *text, size_t count, int *ret_fds, char *ret_text);

/*
 * A socket that somebody else opened and listens on: made non-blocking, and given what ours have.
 * `ret_text` (LISTENER_TEXT bytes) is its address, "unix:/path" for a Unix socket. 0; -EINVAL: it
 * does not listen, or not on one of these; -errno.
 */
MUST_CHECK int listener_adopt(int fd, char *ret_text);

/* One Unix socket, with a mode of its own (listener_open gives 0660). 0 or -errno. */
MUST_CHECK int listener_open_unix(const char *path, mode_t mode, int *ret);

#endif
