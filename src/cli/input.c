#include "cli/input.h"

#include "cli/cmd.h"

#include <errno.h>
#include <unistd.h>

int input_read(struct buf *ret)
{
    for (;;) {
        char *room = buf_reserve(ret, 64 * KiB);
        if (!room) {
            cmd_say("stdin: %s", strerror(-buf_error(ret)));
            return CMD_TROUBLE;
        }
        ssize_t got = read(STDIN_FILENO, room, 64 * KiB);
        if (got == 0)
            return CMD_DONE;
        if (got < 0 && errno != EINTR) {
            cmd_say("stdin: %s", strerror(errno));
            return CMD_TROUBLE;
        }
        if (got > 0)
            buf_commit(ret, (size_t)got);
    }
}
