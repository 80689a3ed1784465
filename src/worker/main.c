/* shoji-decode: started by shojid with one socket, turns foreign pictures into ours. */
#include "worker/transform.h"
#include "worker/zygote.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static const char usage[] =
    "usage: shoji-decode\n"
    "The image decoder of shojid, which starts it with a socket as descriptor 3.\n"
    "Not a command for people; --help and --version are all it takes.\n";

static const struct trade pictures = {
    .start = transform_start,
    .warm = transform_warm,
    .work = transform_run,
    .release = transform_release,
};

static int is_our_socket(int fd)
{
    int type = 0;
    socklen_t len = sizeof(type);
    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_SEQPACKET;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        fputs(usage, stdout);
        return 0;
    }
    if (argc == 2 && strcmp(argv[1], "--version") == 0) {
        puts("shoji-decode " SHOJI_VERSION);
        return 0;
    }
    if (argc != 1 || !is_our_socket(WIRE_CONTROL_FD)) {
        fputs(usage, stderr);
        return 2;
    }
    zygote_run(WIRE_CONTROL_FD, &pictures);
}
