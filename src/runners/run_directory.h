/* A run's directory, for its socket: the first free one of those that are numbered, where only its owner can write. */
#pragma once

/*
 * /run/latwrap/0, .../1 and so on, or the user's own (system/own_place.h). The numbers begin anew with each run: what
 * hashes its environment would otherwise do all its work again. The directory stays when the run is over.
 */
struct run_directory {
	int fd; /* locked (flock(2)) as long as the run lives; -1: there is none */
	char *path; /* owned; for the command, which may enter the directory, but not list it */
};

#define RUN_DIRECTORY_NONE ((struct run_directory){.fd = -1})

/*
 * What a killed run has left in it is gone. Returns 0, or -errno with the reasons, for a person, in ret_complaint, which
 * the caller frees. The caller ends it with run_directory_remove().
 */
int run_directory_make(struct run_directory *ret, char **ret_complaint);

/* Its content, also what others have put there. */
void run_directory_remove(struct run_directory *directory);
