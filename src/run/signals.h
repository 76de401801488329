/* Block the signals that latwrap handles, and read them from a descriptor */
#pragma once

#include <signal.h>
#include <stdbool.h>

/* Linux has signals 1 to 64 on x86 and arm64 (_NSIG in the kernel). */
#define SIGNAL_COUNT 64

/*
 * Blocks each signal that would end or stop latwrap. Returns a descriptor to read the signals that
 * can be passed on, or -errno. SIGKILL and SIGSTOP cannot be blocked, SIGCONT need not be blocked,
 * and the stop signals of the terminal are blocked but not read (run/jobctl.h). A fault of latwrap
 * itself (SIGSEGV) and abort() still end it, because the kernel and the C library unblock those
 * signals. Dispositions do not change: the command inherits what it would inherit bare. A write to
 * a closed pipe fails with EPIPE, and a write beyond RLIMIT_FSIZE with EFBIG.
 */
int signals_take(sigset_t *ret_old_mask);
/*
 * Blocks the same signals again: pthread_create(3) unblocks the two signals that the C library
 * reserves.
 */
void signals_block(void);
/* Opens another such descriptor. The signals must be blocked already. */
int signals_open(void);
/* Opens a descriptor only for signals that ask to end. */
int signals_open_ending(void);
/*
 * Sets the mask of all 64 signals: sigprocmask(3) ignores the two that the C library reserves.
 * Async-signal-safe.
 */
void signals_set_mask(const sigset_t *mask);

/*
 * Returns whether the signal asks latwrap and the run to end, as opposed to a message to the
 * command. False if the caller had the signal ignored, as nohup(1) does.
 */
bool signals_asks_to_end(int number);
/* Returns the first pending signal that asks to end, or 0. */
int signals_pending_end(void);
