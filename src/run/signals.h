/* Which signals latwrap takes from a descriptor while the command runs. */
#pragma once

#include <signal.h>
#include <stdbool.h>

/* Linux has signals 1 to 64 (x86, arm64: _NSIG in the kernel). */
#define SIGNAL_COUNT 64

/*
 * Blocks every signal that would end or stop latwrap, and returns a descriptor to read from those that can
 * be passed on, or -errno. SIGKILL and SIGSTOP cannot be blocked, SIGCONT need not be, and the stop signals of the
 * terminal are blocked but not read (run/jobctl.h). A fault of latwrap's own (SIGSEGV) and abort() still end it:
 * the kernel and the C library unblock those. Dispositions stay as they are, so that the command inherits
 * what it would have inherited bare. A write to a closed pipe fails with EPIPE, one beyond RLIMIT_FSIZE
 * with EFBIG.
 */
int signals_take(sigset_t *ret_old_mask);
/* Blocks them again: pthread_create(3) unblocks the two signals that the C library keeps for itself. */
void signals_block(void);
/* The same descriptor again, with the signals blocked already. */
int signals_open(void);
/* The same for those only that ask to end. */
int signals_open_ending(void);
/* For all 64: sigprocmask(3) leaves those two out. Async-signal-safe. */
void signals_set_mask(const sigset_t *mask);

/* Somebody wants latwrap and all that it runs to end, rather than to tell the command something. False where
 * the caller had the signal ignored, as nohup(1) does. */
bool signals_asks_to_end(int number);
/* The first such signal that waits to be read; 0: none. */
int signals_pending_end(void);
