/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Linux AIO: requests from the return of io_submit(2) until io_getevents(2) hands over their results. */
#ifndef LATWRAP_AIO_H
#define LATWRAP_AIO_H

#include "io_stall.h"

/* The system calls with the numbers that IOCB_CMD_* have in include/uapi/linux/aio_abi.h. */
const volatile u16 aio_calls[AIO_TABLE_SIZE] = {};

/* What a call of `current` was given. */
struct aio_array {
	u64 address;
	u32 count;
	u32 is_compat;
};

/* `current` enters io_submit(2). Global, as those below, so that the verifier checks it once, and not for each caller. */
int begin_submission(struct arguments *arguments);
/* It returns: the kernel has accepted the first of the requests. */
int end_submission(struct arguments *arguments, s64 accepted);

/* `current` enters io_getevents(2) or io_pgetevents(2), and returns. */
int begin_reaping(struct thread_state *state);
int end_reaping(struct arguments *arguments, s64 count);

#endif
