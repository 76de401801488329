/* Find directories that only root or only the user can write to, for files the command uses */
#pragma once

enum own_place_kind {
	OWN_PLACE_LASTING, /* stays, if possible also over a reboot */
	OWN_PLACE_RUNTIME, /* for sockets; in memory if possible */
};

/*
 * Calls use(context, fd, path) for each usable candidate, best first, until it returns 0. path is a
 * directory, made if it was missing, and fd is open on it. Each of its parent directories belongs
 * to root or to the caller and nobody else can write to it: so nobody else can ever replace the
 * directory. If latwrap has more privileges than its caller, the environment names no candidates
 * (secure_getenv(3)). Returns 0 or -errno; then *ret_complaint says why, in words for the user, and
 * the caller frees it.
 */
int own_place_find(enum own_place_kind kind, int (*use)(void *context, int fd, const char *path),
		   void *context, char **ret_complaint);

/*
 * Opens the directory name below dir_fd. It must belong to the caller, and nobody else may be able
 * to write to it. Returns a descriptor or -errno.
 */
int own_place_open_below(int dir_fd, const char *name);
