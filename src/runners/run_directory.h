/* Claim the directory of a run, for its socket: the lowest free number in a private directory */
#pragma once

/*
 * /run/latwrap/0, /run/latwrap/1 and so on, or the same below a directory of the user
 * (system/own_place.h). Each run takes the lowest free number, so that the path is usually the
 * same: a tool that hashes its environment would otherwise repeat all its work. The directory stays
 * when the run is over.
 */
struct run_directory {
	int fd; /* locked (flock(2)) during the run; -1 if there is none */
	char *path; /* owned; the command may enter the directory, but not list it */
};

#define RUN_DIRECTORY_NONE ((struct run_directory){.fd = -1})

/*
 * Claims a directory and removes what a killed run left in it. Returns 0, or -errno with the
 * reasons for the user in *ret_complaint, which the caller frees. The caller ends it with
 * run_directory_remove().
 */
int run_directory_make(struct run_directory *ret, char **ret_complaint);

/* Removes the content of the directory, including files of others. */
void run_directory_remove(struct run_directory *directory);
