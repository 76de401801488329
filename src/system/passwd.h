/* The user database, as far as more than one needs it. */
#pragma once

#include <sys/types.h>

/*
 * A static program would load the C library's modules for other databases than the files, and these load the C library of
 * this machine beside its own: crashes, unless both are of the same version. To be called before each look-up.
 */
void passwd_leave_out_modules(void);

/* The home directory of a user, which the caller frees; NULL: there is no such user. */
char *passwd_home(uid_t uid);
