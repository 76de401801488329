/* The wrappers (wrappers/), which the program carries with it, unpacked once where they stay for ever. */
#pragma once

#include <stdbool.h>

/*
 * What is in the directory PATH:
 *
 *     latwrap            a copy of this program, which may itself be in a place that others can write to
 *     path/TOOL/TOOL     the same file: called by that name it is a shim (cli/shim.c)
 *     pytest/... bats/... prove/... node/... automake/...   from wrappers/
 *
 * Its name has the program's build ID, so that its content never changes. No run takes it away: build trees may have
 * stored a path into it, and what a run has left running has it in its environment.
 */
struct runner_files {
	char *path; /* owned; NULL: there is none */
	bool is_executable; /* its programs are: what is mounted noexec is good for plugins only */
};

/*
 * Unpacks what is not there yet, or is damaged. Returns 0, or -errno with the reasons, for a person, in
 * ret_complaint, which the caller frees. Ended with runner_files_done().
 */
int runner_files_make(struct runner_files *ret, char **ret_complaint);
void runner_files_done(struct runner_files *files);
