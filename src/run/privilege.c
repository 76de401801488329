/* What a recorder with more privilege than its caller, or its command, keeps from them and gives up. */
#include "run/privilege.h"

#include <linux/capability.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/util.h"

/* From linux/capability.h of Linux 5.8: older headers lack them. */
#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#define CAP_BPF     39
#endif

static const int kept[] = {
	CAP_BPF,
	CAP_PERFMON, /* tables and iterators */
	CAP_KILL, /* --timeout, and signals that are passed on, where -u made the command another user's */
	CAP_SYS_PTRACE, /* what /proc tells of such processes, their executables among it */
	CAP_SYS_NICE, /* to move what is left to other CPUs; in Linux 6.1 to move it (cpuset_can_attach()) */
	CAP_SETUID,
	CAP_SETGID, /* to become that user: for the command, and for the report's file */
	CAP_CHOWN, /* to give the report to that user */
	CAP_DAC_OVERRIDE, /* the report, and cgroups, in directories that are not root's */
	CAP_DAC_READ_SEARCH,
};

/* Not every kernel has done that by itself by now. A program that is executed is as any other again. */
void privilege_hide(void)
{
	if (getauxval(AT_SECURE))
		prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

void privilege_drop(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	uint32_t keep[_LINUX_CAPABILITY_U32S_3] = {0};

	if (getuid() != 0 || geteuid() != 0 || syscall(SYS_capget, &header, data) < 0)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		keep[kept[i] / 32] |= 1u << kept[i] % 32;
	/* Without them CAP_SYS_ADMIN is what stands for them, as before Linux 5.8. */
	if (!(data[1].permitted & CAP_TO_MASK(CAP_BPF)) ||
	    !(data[1].permitted & CAP_TO_MASK(CAP_PERFMON)))
		keep[0] |= CAP_TO_MASK(CAP_SYS_ADMIN);
	for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		data[i].permitted &= keep[i];
		data[i].effective &= keep[i];
	}
	syscall(SYS_capset, &header, data);
}
