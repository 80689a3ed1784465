#include "daemon/death.h"

#include "base/limits.h"
#include "store/cache.h"

#include <signal.h>
#include <stddef.h>

#define STACK (64 * KiB) /* many times of what unlink takes; not tuned */

/* The default is set behind the word, and not with SA_RESETHAND before it: two threads that die of
 * the same page would else have the second end the process before the first has spoken. */
static void on_death(int number, siginfo_t *info, void *context)
{
    (void)context;
    cache_distrust();
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigaction(number, &action, NULL);
    if (info->si_code <= 0) /* sent, not met: else it comes again when this returns */
        raise(number);
}

void death_watch(void)
{
    static const int numbers[] = {SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE};
    static char stack[STACK];
    const stack_t other = {.ss_sp = stack, .ss_size = sizeof(stack)};
    stack_t before = {0};
    if (sigaltstack(NULL, &before) == 0 && (before.ss_flags & SS_DISABLE))
        sigaltstack(&other, NULL);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        struct sigaction action;
        if (sigaction(numbers[i], NULL, &action) < 0 || action.sa_handler != SIG_DFL)
            continue;
        action = (struct sigaction){.sa_sigaction = on_death, .sa_flags = SA_SIGINFO | SA_ONSTACK};
        sigaction(numbers[i], &action, NULL);
    }
}
