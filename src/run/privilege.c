/* Hide and drop privileges that the recorder has and its caller or the command has not */
#include "run/privilege.h"

#include <linux/capability.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/util.h"

/* Values of linux/capability.h since Linux 5.8: older headers lack them. */
#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#define CAP_BPF     39
#endif

static const int kept[] = {
	CAP_BPF,
	CAP_PERFMON, /* tables and iterators */
	CAP_KILL, /* --timeout and passed-on signals, if -u gave the command another user */
	CAP_SYS_PTRACE, /* /proc of such processes, for example their executables */
	/*
	 * To move leftovers to other CPUs; Linux 6.1 needs it to move them at all
	 * (cpuset_can_attach())
	 */
	CAP_SYS_NICE,
	CAP_SETUID,
	CAP_SETGID, /* to become that user, for the command and for the file of the report */
	CAP_CHOWN, /* to make that user the owner of the report */
	CAP_DAC_OVERRIDE, /* the report, and cgroups, in directories that do not belong to root */
	CAP_DAC_READ_SEARCH,
};

/* Some kernels have not done this at exec. A program that is executed later is dumpable again. */
void privilege_hide(void)
{
	if (getauxval(AT_SECURE))
		prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

void privilege_drop(bool counts_cost)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	uint32_t keep[_LINUX_CAPABILITY_U32S_3] = {0};

	if (getuid() != 0 || geteuid() != 0 || syscall(SYS_capget, &header, data) < 0)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
		keep[kept[i] / 32] |= 1u << kept[i] % 32;
	/* Without these two, CAP_SYS_ADMIN grants the same, as before Linux 5.8. */
	if (counts_cost || !(data[1].permitted & CAP_TO_MASK(CAP_BPF)) ||
	    !(data[1].permitted & CAP_TO_MASK(CAP_PERFMON)))
		keep[0] |= CAP_TO_MASK(CAP_SYS_ADMIN);
	for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		data[i].permitted &= keep[i];
		data[i].effective &= keep[i];
	}
	syscall(SYS_capset, &header, data);
}
