/* Which signals latwrap takes from a descriptor while the command runs. */
#pragma once

#include <signal.h>
#include <stdbool.h>

/*
 * Blocks them and returns a descriptor to read them from, or -errno. Dispositions stay as they are, so that
 * the command inherits what it would have inherited bare. A write to a closed pipe fails with EPIPE,
 * one beyond RLIMIT_FSIZE with EFBIG.
 */
int signals_take(sigset_t *ret_old_mask);

/* Somebody wants latwrap and all that it runs to end, rather than to tell the command something. */
bool signals_asks_to_end(int number);
/* The first such signal that waits to be read; 0: none. */
int signals_pending_end(void);
