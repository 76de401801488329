/* The programs of a run in two objects with the same maps, which two CPUs load at the same time. */
#include "trace/trace_halves.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>

#include "abi.h"
#include "base/util.h"
#include "latwrap.skel.h"
#include "trace/trace.h"
#include "trace/trace_kernel.h"

#define PROGRAMS_MAX       64
#define DESCRIPTORS_NEEDED 512
#define DESCRIPTORS_ROOM   256
/* In instructions, of which a program has some hundred: what each costs beside them, and what a second object does. */
#define EACH_PROGRAM       150
#define OPENING_IT         700

struct halves {
	struct latwrap *first, *second;
	struct trace_kernel *kernel;
	bool by_copies;
	const char *faults;
	const char *moved[PROGRAMS_MAX]; /* names of the second's programs */
	size_t moved_count;
	pthread_t thread;
	bool is_started;
	int result; /* the thread's */
};

bool trace_halves_pay(const char *faults)
{
	struct rlimit descriptors;
	cpu_set_t cpus;

	/* With more CPUs than fit into the set it fails, and they are enough. */
	if (sched_getaffinity(0, sizeof(cpus), &cpus) == 0 && CPU_COUNT(&cpus) < 2)
		return false;
	/* A second object has descriptors of its own for all maps. */
	return getrlimit(RLIMIT_NOFILE, &descriptors) == 0 &&
	       descriptors.rlim_cur >= DESCRIPTORS_NEEDED &&
	       !trace_has_fault(faults, "no-second-thread", "");
}

/* -- Which goes where ---------------------------------------------------------------------------- */

static int by_length(const void *one, const void *other)
{
	size_t a = bpf_program__insn_cnt(*(struct bpf_program *const *)one);
	size_t b = bpf_program__insn_cnt(*(struct bpf_program *const *)other);

	return (a < b) - (a > b);
}

/* The longest first, each to where there is less so far. */
static void split(struct halves *halves)
{
	struct bpf_program *programs[PROGRAMS_MAX] = {0}, *program;
	size_t count = 0, in_first = 0, in_second = OPENING_IT;

	bpf_object__for_each_program(program, halves->first->obj)
		if (bpf_program__autoload(program) && count < PROGRAMS_MAX)
			programs[count++] = program;
	qsort(programs, count, sizeof(programs[0]), by_length);
	for (size_t i = 0; i < count; i++) {
		bool moves = in_second < in_first;

		*(moves ? &in_second : &in_first) +=
			bpf_program__insn_cnt(programs[i]) + EACH_PROGRAM;
		if (!moves)
			continue;
		halves->moved[halves->moved_count++] = bpf_program__name(programs[i]);
		bpf_program__set_autoload(programs[i], false);
	}
}

/* -- The second ---------------------------------------------------------------------------------- */

static int share_maps(const struct halves *halves)
{
	struct bpf_map *map, *shared = NULL;
	int r = 0;

	bpf_object__for_each_map(map, halves->second->obj) {
		shared = bpf_object__next_map(halves->first->obj, shared);
		if (r == 0)
			r = bpf_map__reuse_fd(map, bpf_map__fd(shared));
	}
	return r;
}

static int load_second(struct halves *halves)
{
	int r;

	halves->second = trace_kernel_open(halves->kernel, halves->by_copies);
	if (!halves->second)
		return -errno;
	for (size_t i = 0; i < halves->moved_count; i++)
		bpf_program__set_autoload(bpf_object__find_program_by_name(halves->second->obj,
									   halves->moved[i]),
					  true);
	r = share_maps(halves);
	if (r == 0)
		r = latwrap__load(halves->second);
	return r == 0 && trace_has_fault(halves->faults, "no-second-half", "") ? -ENOMEM : r;
}

static void *run_thread(void *context)
{
	struct halves *halves = context;

	halves->result = load_second(halves);
	return NULL;
}

/*
 * Room for all descriptors of a run: where threads share it, the kernel makes more only after a grace period of RCU
 * (expand_fdtable() in fs/file.c), which takes longer than what the second thread saves.
 */
static void make_room_for_descriptors(int map_fd)
{
	int fd = fcntl(map_fd, F_DUPFD_CLOEXEC, DESCRIPTORS_ROOM - 1);

	close_fd(fd);
}

/* Called when the maps are there. All signals are for the first thread. */
static void start_thread(void *context)
{
	struct halves *halves = context;
	sigset_t all, before;

	make_room_for_descriptors(bpf_map__fd(halves->first->maps.records));
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	halves->is_started = pthread_create(&halves->thread, NULL, run_thread, halves) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

int trace_halves_load(struct latwrap *first, struct trace_kernel *kernel, bool by_copies,
		      const char *faults, struct latwrap **ret_second)
{
	struct halves halves = {
		.first = first,
		.kernel = kernel,
		.by_copies = by_copies,
		.faults = faults,
		.result = -EAGAIN,
	};
	int r;

	split(&halves);
	trace_kernel_when_maps_are_there(kernel, start_thread, &halves);
	r = latwrap__load(first);
	if (halves.is_started)
		pthread_join(halves.thread, NULL);
	trace_kernel_when_maps_are_there(kernel, NULL, NULL);
	if (r == 0)
		r = halves.result;
	if (r < 0) {
		latwrap__destroy(halves.second);
		return r;
	}
	*ret_second = halves.second;
	return 0;
}

struct bpf_program *trace_halves_program(const struct latwrap *first, const struct latwrap *second,
					 const char *name)
{
	struct bpf_program *program = second ? bpf_object__find_program_by_name(second->obj, name)
					     : NULL;

	return program && bpf_program__autoload(program)
		       ? program
		       : bpf_object__find_program_by_name(first->obj, name);
}
