// SPDX-License-Identifier: MIT
/* Explains errors of libbpf: keeps its first message, and makes the reason and the advice from it. */
#include "trace/trace_complaint.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>

#include "base/util.h"
#include "system/procfs.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* objects load at the same time */
static char first_complaint[512]; /* later messages are only consequences */

static int __attribute__((format(printf, 2, 0)))
keep_complaint(enum libbpf_print_level level, const char *format, va_list arguments)
{
	pthread_mutex_lock(&lock);
	/* A failure to raise this limit is not the cause; libbpf just tries that first. */
	if (level == LIBBPF_WARN && !first_complaint[0] && !strstr(format, "RLIMIT_MEMLOCK"))
		vsnprintf(first_complaint, sizeof(first_complaint), format, arguments);
	pthread_mutex_unlock(&lock);
	return 0;
}

void trace_forget_complaints(void)
{
	first_complaint[0] = '\0';
	libbpf_set_print(keep_complaint);
}

const char *trace_first_complaint(void)
{
	return first_complaint;
}

int trace_explain(int err, const char *doing, struct trace_problem *ret)
{
	size_t length = strcspn(first_complaint, "\n");

	if (length)
		ret->reason = xasprintf("%s: %s (%.*s)", doing, strerror(-err), (int)length,
					first_complaint);
	else
		ret->reason = xasprintf("%s: %s", doing, strerror(-err));
	if (err == -EPERM && !procfs_in_first_user_namespace())
		ret->advice = xstrdup("Run it outside of the user namespace: BPF does not count "
				      "its capabilities, and rootless containers have one.");
	else if (err == -EPERM || err == -EACCES)
		ret->advice = xstrdup(
			"Run it as root, keeping the command's user: sudo latwrap -u \"$USER\" -- "
			"COMMAND. In a container, give it CAP_BPF and CAP_PERFMON or --privileged.");
	else if (err == -EMFILE)
		ret->advice = xstrdup("Allow more open files: ulimit -n 1024");
	else
		ret->advice = xstrdup("Run `latwrap doctor` to see what this kernel lacks.");
	return err;
}

void trace_problem_done(struct trace_problem *problem)
{
	free(problem->reason);
	free(problem->advice);
	*problem = (struct trace_problem){0};
}
