/* Where a report goes: a file in one piece or not at all, or a stream */
#pragma once

#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/util.h"

/*
 * A regular file is written beside its place and renamed into it: a reader sees the old file or
 * the new one, never a part, and after a failure the old one is still there and nothing else. A
 * symbolic link in its place is replaced, not followed. "-", /dev/stdout, /dev/fd/N, a FIFO and a
 * character device (/dev/null) are written directly, if they were there when the target was opened:
 * one that comes later is replaced, too. A directory, block device or socket is refused.
 *
 * uid and gid (-1: nobody in particular) are those of the user to whom the file shall belong
 * (--user). It is written with that user's own rights to files (setfsuid(2)), so that nothing
 * which the command does to its directories can turn this into writing where only root may; it
 * also is what works on a home directory over NFS. In a directory where the user may not write
 * (root's own, named by whoever started latwrap) the caller writes and gives the file to the user.
 * That directory is pinned when the target is opened; if a symbolic link leads to it, the file
 * stays the caller's. A file of a third user there is refused.
 *
 * Open it before the command starts. A directory that is not there yet is a warning only: the
 * command may be about to make it.
 */
struct report_target;
struct growing_file;

/* Logs the reason of a failure and returns -errno. path is copied. */
int report_target_open(const char *path, uid_t uid, gid_t gid, struct report_target **ret);
struct report_target *report_target_close(struct report_target *target);
DEFINE_CLEANUP(struct report_target *, report_target_close);

/*
 * A file that grows while the run goes on, for others to follow: made or emptied here, by the same rules as to whose it
 * is and with whose rights, but written in its place. The caller closes *ret. Logs the reason of a failure.
 */
int report_growing_open(const char *path, uid_t uid, gid_t gid, struct growing_file **ret_file,
			FILE **ret, struct stat *ret_st);

/* What is written is appended for good, so that a checkpoint must not be. */
bool report_target_is_stream(const struct report_target *target);

/*
 * Writes what fill() prints. A failure of fill() is passed on without a message; any other is
 * logged with the path, unless it is the one of the last attempt. Returns 0 or -errno. May be repeated. The thread's fsuid and fsgid, and
 * what SIGPIPE does, are changed for no longer than the call.
 */
int report_target_write(struct report_target *target, int (*fill)(FILE *out, void *userdata),
			void *userdata);

/* For the last attempt: its failure is logged, whatever was before. hurry: a reader of a stream who does not read is
 * not waited for, as one of a FIFO never is (base/outlet.h). */
void report_target_last_time(struct report_target *target, bool hurry);
