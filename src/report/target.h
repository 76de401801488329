/* Where a report goes: a file in one piece or not at all, or a stream */
#pragma once

#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/util.h"

/*
 * A regular file is written beside its place and then renamed: a reader sees the old file or the
 * new one, never a part. After a failure the old file is still there, and no other. A symbolic link
 * in the place of the file is replaced, not followed. "-", /dev/stdout, /dev/fd/N, a FIFO and a
 * character device (/dev/null) are written directly if they existed when the target was opened; one
 * that appears later is replaced. A directory, a block device and a socket are refused.
 *
 * uid and gid (-1: none) are those of the user who gets the file (--user). The file is written with
 * that user's rights to files (setfsuid(2)): nothing that the command does to its directories can
 * then make latwrap write where only root may, and it works in a home directory on NFS. In a
 * directory where the user may not write (root's, named by whoever started latwrap), the caller
 * writes the file and gives it to the user. That directory is pinned when the target is opened; if
 * a symbolic link leads to it, the file stays the caller's. A file of a third user there is
 * refused.
 *
 * Open the target before the command starts. A directory that does not exist yet causes only a
 * warning: the command may create it.
 */
struct report_target;
struct growing_file;

/* Logs the reason of a failure and returns -errno. Copies path. */
int report_target_open(const char *path, uid_t uid, gid_t gid, struct report_target **ret);
struct report_target *report_target_close(struct report_target *target);
DEFINE_CLEANUP(struct report_target *, report_target_close);

/*
 * Creates or empties a file that grows during the run, for others to follow. The rules about owners
 * and rights are the same, but the file is written in its place. The caller closes *ret. Logs the
 * reason of a failure.
 */
int report_growing_open(const char *path, uid_t uid, gid_t gid, struct growing_file **ret_file,
			FILE **ret, struct stat *ret_st);

/* Whether the target is a stream, where nothing can be replaced: then a checkpoint must not be written. */
bool report_target_is_stream(const struct report_target *target);

/*
 * Writes what fill() prints. Passes on a failure of fill() without a message; logs any other
 * failure with the path, unless the last attempt failed in the same way. Returns 0 or -errno. May
 * be repeated. Changes the thread's fsuid, fsgid and SIGPIPE only during the call.
 */
int report_target_write(struct report_target *target, int (*fill)(FILE *out, void *userdata),
			void *userdata);

/*
 * Call before the last attempt: its failure is logged even if an earlier one was. hurry: do not
 * wait for a reader of a stream that does not read; a reader of a FIFO is never waited for
 * (base/outlet.h).
 */
void report_target_last_time(struct report_target *target, bool hurry);
