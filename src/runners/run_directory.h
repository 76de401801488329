/* A run's directory below the temporary directory, for its socket and what test runners load; taken away by fd. */
#pragma once

/*
 * Everything in it is reached by its descriptor, never by its name: the directory that it is in may belong
 * to the command's user, who could exchange it, under a latwrap that is root, for a link to anything.
 */
struct run_directory {
	int fd; /* locked (flock(2)) as long as the run lives; -1: there is none */
	int parent_fd; /* O_PATH */
	char *path; /* owned; for the command, which may enter the directory, but not list it */
};

#define RUN_DIRECTORY_NONE ((struct run_directory){.fd = -1, .parent_fd = -1})

/*
 * Below $TMPDIR if it can be, or else where there is room. Takes away first what killed runs have left
 * there. Returns 0 or -errno; the caller ends it with run_directory_remove().
 */
int run_directory_make(struct run_directory *ret);

/* With all that is in it, also what others have put there. */
void run_directory_remove(struct run_directory *directory);
