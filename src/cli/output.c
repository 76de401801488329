/* Write the result of a command to standard output or to --output=FILE */
#include "cli/output.h"

#include <errno.h>
#include <unistd.h>

#include "base/log.h"
#include "base/util.h"
#include "report/target.h"

int output_fd(const char *path)
{
	return !path || streq(path, "-") ? STDOUT_FILENO : -1;
}

int output_flush_stdout(void)
{
	if (fflush(stdout) == EOF || ferror(stdout))
		return log_errno(errno, "cannot write to standard output");
	return 0;
}

int output_write(const char *path, int (*print)(FILE *out, void *userdata), void *userdata)
{
	_cleanup_(report_target_closep) struct report_target *target = NULL;
	int r;

	if (output_fd(path) >= 0) {
		r = print(stdout, userdata);
		return r < 0 ? r : output_flush_stdout();
	}
	r = report_target_open(path, (uid_t)-1, (gid_t)-1, &target);
	return r < 0 ? r : report_target_write(target, print, userdata);
}
