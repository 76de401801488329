/* Unpack the wrappers (wrappers/), which are part of the program, once into a lasting directory */
#pragma once

#include <stdbool.h>

/*
 * The directory PATH contains:
 *
 *     latwrap            a copy of this program, whose own directory others may be able to write to
 *     path/TOOL/TOOL     the same file: called by this name it is a shim (cli/shim.c)
 *     pytest/... bats/... prove/... node/... automake/...   from wrappers/
 *
 * The name of the directory depends on the build ID of the program, so its content never changes.
 * No run removes it: build trees may have stored a path into it, and leftovers of a run have it in
 * their environment.
 */
struct runner_files {
	char *path; /* owned; NULL if there is none */
	/* Its programs can be executed; a noexec mount can serve only plugins */
	bool is_executable;
};

/*
 * Unpacks the wrappers if they are missing or damaged. Returns 0, or -errno with the reasons for
 * the user in *ret_complaint, which the caller frees. Free *ret with runner_files_done().
 */
int runner_files_make(struct runner_files *ret, char **ret_complaint);
void runner_files_done(struct runner_files *files);
