/* Directories that only root (for root) or only the user can write to: where what the command's environment names lives. */
#pragma once

enum own_place_kind {
	OWN_PLACE_LASTING, /* stays for ever, where that is possible also over a reboot */
	OWN_PLACE_RUNTIME, /* for sockets: in memory, where that is possible */
};

/*
 * Calls use(context, fd, path) for each candidate that can be had, best first, until it returns 0: fd is open on a
 * directory, made where it was missing, which is path. Each directory on the way belongs to root or to the caller, and
 * nobody else can write to it: so nobody else can ever put another one in its place. For a latwrap with more rights than
 * its caller the environment does not name any. Returns 0, or -errno with the reasons, for a person, in ret_complaint,
 * which the caller frees.
 */
int own_place_find(enum own_place_kind kind, int (*use)(void *context, int fd, const char *path),
		   void *context, char **ret_complaint);

/* A directory below one, as a descriptor, if it is the caller's and nobody else can write to it; or -errno. */
int own_place_open_below(int dir_fd, const char *name);
