/* Look up users, also from a static program */
#pragma once

#include <sys/types.h>

/*
 * Call this before each lookup of a user or group. For databases other than the files, a static
 * program loads modules of the C library, and these load the C library of this machine beside the
 * one linked in: unless both have the same version, the program crashes.
 */
void passwd_leave_out_modules(void);

/* Returns the home directory of a user, or NULL if there is no such user. The caller frees it. */
char *passwd_home(uid_t uid);
