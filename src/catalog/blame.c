/* Whose fault stalls can be, in words, and what one can do about it */
#include "catalog/blame.h"

#include <stddef.h>

const struct blamed_facts blamed_catalog[BLAMED_COUNT] = {
	[BLAMED_SELF] = {"self", "the run's own threads held the CPUs",
			 "Run fewer jobs at a time: it has more runnable threads than CPUs."},
	[BLAMED_NEIGHBOUR] =
		{"neighbour", "other programs held the CPUs",
		 "Give the run CPUs of its own (taskset, cpuset), or move the other program away."},
	[BLAMED_KERNEL] = {"kernel", "the kernel's own threads held the CPUs", NULL},
	[BLAMED_HYPERVISOR] =
		{"hypervisor", "the hypervisor ran something else",
		 "Use a runner with dedicated CPUs: nothing inside this machine can help."},
	[BLAMED_QUOTA] =
		{"quota", "the CPU quota was used up",
		 "Raise the CPU limit (cpu.max, --cpus, resources.limits.cpu), or run fewer jobs."},
	[BLAMED_BUDGET] =
		{"budget", "real-time threads of the run had used up their own budget",
		 "Give them more (chrt --sched-runtime, kernel.sched_rt_runtime_us), or let them sleep."},
	[BLAMED_INTERRUPTS] = {"interrupts", "interrupts took the CPUs", NULL},
	[BLAMED_DISK] =
		{"disk", "waiting for the disk and its file system",
		 "Put the files on tmpfs or a faster disk, or avoid fsync in tests (eatmydata)."},
	[BLAMED_DISK_SELF] =
		{"disk_self", "the run's own requests kept the disk busy",
		 "Run fewer jobs at a time, put the files on tmpfs, or avoid fsync in tests (eatmydata)."},
	[BLAMED_DISK_NEIGHBOUR] =
		{"disk_neighbour", "other programs kept the disk busy",
		 "Give the run a disk of its own or tmpfs, or move the other program away."},
	[BLAMED_DISK_QUOTA] =
		{"disk_quota", "a limit of I/O held the run's requests back",
		 "Raise the limit (io.max, io.latency, io.cost, --device-read-bps), or put the files on tmpfs."},
	[BLAMED_MEMORY] = {"memory", "memory had to be freed, or read back from swap, first",
			   "Give the run more memory, or run fewer jobs at a time."},
	[BLAMED_REMOTE] =
		{"remote", "a network or user-space file system was slow to answer",
		 "Look at the server behind it, or copy what the tests need to a local disk."},
	[BLAMED_LOCK] = {"lock", "somebody else held a lock",
			 "Let its holder let go earlier, or let the tests use files of their own."},
	[BLAMED_UNEXPLAINED] = {"unexplained", "no cause could be told", NULL},
};
