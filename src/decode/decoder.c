#include "decode/decoder.h"

#include "decode/wire.h"
#include "sys/fd.h"

#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>

/* Nothing of ours is inherited. */
static char *const environment[] = {
    (char[]){"LC_ALL=C"},
    (char[]){"TZ=UTC0"},                      /* or lcms looks for /etc/localtime */
    (char[]){"VIPSHOME=/nonexistent"},        /* no loadable modules: no HEIF, no ImageMagick */
    (char[]){"VIPS_NOVECTOR=1"},              /* no generated code; the same result everywhere */
    (char[]){"VIPS_DISC_THRESHOLD=1000000m"}, /* never a temporary file */
    (char[]){"G_SLICE=always-malloc"},        /* freed memory goes back */
    (char[]){"MALLOC_ARENA_MAX=1"},           /* shrinking a second one asks /proc for the policy */
    (char[]){"OMP_NUM_THREADS=1"},            /* libimagequant's */
    (char[]){"RAYON_NUM_THREADS=1"},          /* librsvg's; it would ask /sys for the number */
    (char[]){"GDK_PIXBUF_MODULE_FILE=/dev/null"}, /* pictures in SVGs: PNG and JPEG only */
    (char[]){"XDG_DATA_DIRS=/nonexistent"},       /* no tables of file types for them, either */
    (char[]){"XDG_DATA_HOME=/nonexistent"},
    NULL,
};

static int describe(posix_spawn_file_actions_t *actions, int socket)
{
    int r = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDWR, 0);
    if (r == 0)
        r = posix_spawn_file_actions_adddup2(actions, STDIN_FILENO, STDOUT_FILENO);
    if (r == 0)
        r = posix_spawn_file_actions_adddup2(actions, socket, WIRE_CONTROL_FD);
    if (r == 0)
        r = posix_spawn_file_actions_addclosefrom_np(actions, WIRE_CONTROL_FD + 1);
    return r;
}

/* Our blocked signals and handlers are not its own. */
static int reset_signals(posix_spawnattr_t *attributes)
{
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    int r = posix_spawnattr_setsigmask(attributes, &none);
    if (r == 0)
        r = posix_spawnattr_setsigdefault(attributes, &all);
    if (r == 0)
        r = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    return r;
}

static int spawn(const char *program, int socket, pid_t *ret)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int r = posix_spawn_file_actions_init(&actions);
    if (r != 0)
        return -r;
    r = posix_spawnattr_init(&attributes);
    if (r == 0) {
        char *const argv[] = {(char[]){"shoji-decode"}, NULL};
        r = describe(&actions, socket);
        if (r == 0)
            r = reset_signals(&attributes);
        if (r == 0)
            r = posix_spawn(ret, program, &actions, &attributes, argv, environment);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return -r;
}

/* No parent-death signal: it would follow the thread that started the process. The closing of the
 * control socket tells the zygote as surely. */
int decoder_start(const char *program, struct decoder *ret)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return -errno;
    CLEANUP_FD int ours = pair[0];
    CLEANUP_FD int theirs = pair[1];
    if (fcntl(ours, F_SETFL, O_NONBLOCK) < 0)
        return -errno;
    pid_t pid;
    int r = spawn(program, theirs, &pid);
    if (r < 0)
        return r;
    *ret = (struct decoder){.pid = pid, .control = fd_take(&ours)};
    return 0;
}

bool decoder_gone(const struct decoder *decoder)
{
    struct pollfd polled = {.fd = decoder->control};
    return !decoder_running(decoder) || (poll(&polled, 1, 0) > 0 && (polled.revents & POLLHUP));
}

void decoder_stop(struct decoder *decoder)
{
    if (!decoder_running(decoder))
        return;
    fd_close(&decoder->control);
    kill(decoder->pid, SIGKILL); /* not reaped yet, so the number is still its own */
    while (waitpid(decoder->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    *decoder = DECODER_INIT;
}
