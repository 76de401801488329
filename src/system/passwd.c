/* Look up users, also from a static program */
#include "system/passwd.h"

#include <nss.h>
#include <pwd.h>

#include "base/util.h"

#define ENTRY_BYTES 65536

void passwd_leave_out_modules(void)
{
#ifdef LATWRAP_STATIC
	__nss_configure_lookup("passwd", "files");
	__nss_configure_lookup("group", "files");
	__nss_configure_lookup("initgroups", "files");
#endif
}

char *passwd_home(uid_t uid)
{
	_cleanup_free_ char *buffer = xmalloc(ENTRY_BYTES);
	struct passwd entry, *found = NULL;

	passwd_leave_out_modules();
	if (getpwuid_r(uid, &entry, buffer, ENTRY_BYTES, &found) || !found)
		return NULL;
	return xstrdup(entry.pw_dir);
}
