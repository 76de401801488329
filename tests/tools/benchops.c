/* Small workloads that measure themselves: ns per operation on their own clock, and CPU time of all. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "run/gauge_loop.h"
#include "tool.h"

/*
 * benchops [-d DIRECTORY] [-g NS] DURATION|COUNTx WORKLOAD...: each in a process of its own, one JSON line each. For
 * a duration the work is done in short slices. The lower quartile counts of those in which the core was not shared
 * ("calm"): the gauge says before and after each how fast it was, and -g how fast it can be. Too few of them, and it
 * goes on for a while. "1000x" is that many operations, once.
 */
#define SLICE_NS      NS_PER_MS
#define GAUGE_SLACK   1.04 /* slower than this is a core that is shared */
#define CALM_WANTED   16
#define PATIENCE      5 /* durations */
#define BURSTS_LONGER 4
#define SLICES_MAX    4096
#define MAX_NS        (60 * NS_PER_S)
#define FILES         500
#define BLOCK_BYTES   4096
#define GROUPS        2
#define FANOUT        4
#define MEMBERS       (2 * GROUPS * FANOUT)
#define MESSAGE       100

extern char **environ;
static const char *directory = ".";
static int last_cpu, to_partner[2], from_partner[2], fd = -1;
static pid_t partner;
static char block[BLOCK_BYTES];
static double best_gauge_ns = 1e9;
static uint64_t beyond; /* operations that a slice did on top of its count */

/* -- (a) round trips between two processes, on one CPU and on two ---------------------------------- */

static void start_partner(int cpu)
{
	char c;

	if (pipe2(to_partner, O_CLOEXEC) < 0 || pipe2(from_partner, O_CLOEXEC) < 0)
		die("pipe");
	partner = fork();
	if (partner < 0)
		die("fork");
	if (partner > 0) {
		close(to_partner[0]);
		close(from_partner[1]);
		return;
	}
	pin_to_cpu(cpu);
	close(to_partner[1]);
	while (read(to_partner[0], &c, 1) == 1)
		if (write(from_partner[1], &c, 1) != 1)
			break;
	_exit(0);
}

static void pipe_same_start(void)
{
	pin_to_cpu(last_cpu);
	start_partner(last_cpu);
}

static void pipe_two_start(void)
{
	start_partner(0);
	pin_to_cpu(last_cpu);
}

static void pipe_run(uint64_t count)
{
	char c = 'x';

	for (uint64_t i = 0; i < count; i++)
		if (write(to_partner[1], &c, 1) != 1 || read(from_partner[0], &c, 1) != 1)
			die("round trip");
}

static void pipe_end(void)
{
	close(to_partner[1]);
	waitpid(partner, NULL, 0);
}

/* -- (b) many to many, as hackbench does it --------------------------------------------------------- */

static struct {
	_Atomic uint64_t received;
} * shared;
static pid_t members[MEMBERS];

static void receive_for_ever(int from)
{
	char message[MESSAGE];

	while (recv(from, message, sizeof(message), 0) > 0)
		shared->received++;
	_exit(0);
}

static void send_for_ever(int sockets[FANOUT][2])
{
	char message[MESSAGE] = {0};

	for (;;)
		for (int i = 0; i < FANOUT; i++)
			if (send(sockets[i][0], message, sizeof(message), 0) < 0)
				_exit(0);
}

static void many_start(void)
{
	size_t at = 0;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED)
		die("mmap");
	for (int group = 0; group < GROUPS; group++) {
		int sockets[FANOUT][2];

		for (int i = 0; i < FANOUT; i++)
			if (socketpair(AF_UNIX, SOCK_DGRAM, 0, sockets[i]) < 0)
				die("socketpair");
		for (int i = 0; i < 2 * FANOUT; i++) {
			members[at] = fork();
			if (members[at] < 0)
				die("fork");
			if (members[at] == 0 && i < FANOUT)
				receive_for_ever(sockets[i][1]);
			if (members[at] == 0)
				send_for_ever(sockets);
			at++;
		}
	}
}

static void many_run(uint64_t count)
{
	uint64_t from = shared->received;

	while (shared->received < from + count)
		sleep_until(now_ns() + NS_PER_MS / 4);
	beyond = shared->received - from - count;
}

static void many_end(void)
{
	for (size_t i = 0; i < MEMBERS; i++)
		kill(members[i], SIGKILL);
	for (size_t i = 0; i < MEMBERS; i++)
		waitpid(members[i], NULL, 0);
}

/* -- (c), (g) reads from the cache, writes to the disk ---------------------------------------------- */

static void open_scratch(void)
{
	pin_to_cpu(last_cpu);
	fd = openat(AT_FDCWD, directory, O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
	if (fd < 0 || pwrite(fd, block, sizeof(block), 0) != sizeof(block))
		die("a file in %s", directory);
}

static void pread_run(uint64_t count)
{
	char bytes[64];

	for (uint64_t i = 0; i < count; i++)
		if (pread(fd, bytes, sizeof(bytes), 0) != sizeof(bytes))
			die("pread");
}

static void fsync_run(uint64_t count)
{
	for (uint64_t i = 0; i < count; i++)
		if (pwrite(fd, block, sizeof(block), 0) != sizeof(block) || fsync(fd) < 0)
			die("write and fsync");
}

static void close_scratch(void)
{
	close(fd);
}

/* -- (d) calls that are no file I/O, and such that could be ----------------------------------------- */

static void pin(void)
{
	pin_to_cpu(last_cpu);
}

static void getppid_run(uint64_t count)
{
	for (uint64_t i = 0; i < count; i++)
		syscall(SYS_getppid);
}

static void self_pipe_start(void)
{
	pin_to_cpu(last_cpu);
	if (pipe2(to_partner, O_CLOEXEC) < 0)
		die("pipe");
}

static void self_pipe_run(uint64_t count)
{
	char c = 'x';

	for (uint64_t i = 0; i < count; i++)
		if (write(to_partner[1], &c, 1) != 1 || read(to_partner[0], &c, 1) != 1)
			die("pipe to itself");
}

/* -- Memory that is touched for the first time ------------------------------------------------------ */

#define PAGES      512
#define PAGE_BYTES 4096
static volatile char *pages;

static void fault_start(void)
{
	pin_to_cpu(last_cpu);
	pages = mmap(NULL, PAGES * PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		     -1, 0);
	if (pages == MAP_FAILED || madvise((void *)pages, PAGES * PAGE_BYTES, MADV_NOHUGEPAGE) < 0)
		die("memory");
}

static void fault_run(uint64_t count)
{
	static size_t at;

	for (uint64_t i = 0; i < count; i++) {
		pages[at++ * PAGE_BYTES] = 1;
		if (at < PAGES)
			continue;
		at = 0;
		if (madvise((void *)pages, PAGES * PAGE_BYTES, MADV_DONTNEED) < 0)
			die("give memory back");
	}
}

static void fault_end(void)
{
	munmap((void *)pages, PAGES * PAGE_BYTES);
}

/* -- (e) open, stat, close of many files ------------------------------------------------------------ */

static char files_path[4096];

static void files_start(void)
{
	pin_to_cpu(last_cpu);
	snprintf(files_path, sizeof(files_path), "%s/benchops.XXXXXX", directory);
	if (!mkdtemp(files_path) || chdir(files_path) < 0)
		die("a directory in %s", directory);
	for (int i = 0; i < FILES; i++) {
		char name[16];

		snprintf(name, sizeof(name), "%d", i);
		fd = open(name, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
		if (fd < 0)
			die("create %s", name);
		close(fd);
	}
}

static void files_run(uint64_t count)
{
	static int at;
	struct stat status;

	for (uint64_t i = 0; i < count; i++) {
		char name[16];

		snprintf(name, sizeof(name), "%d", at++ % FILES);
		fd = open(name, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || fstat(fd, &status) < 0)
			die("open %s", name);
		close(fd);
	}
}

static void files_end(void)
{
	for (int i = 0; i < FILES; i++) {
		char name[16];

		snprintf(name, sizeof(name), "%d", i);
		unlink(name);
	}
	if (chdir("/") < 0 || rmdir(files_path) < 0)
		die("remove %s", files_path);
}

/* -- (f) processes and threads ---------------------------------------------------------------------- */

static void spawn_run(uint64_t count)
{
	char *arguments[] = {"true", NULL};
	pid_t pid;

	for (uint64_t i = 0; i < count; i++) {
		if (posix_spawn(&pid, "/bin/true", NULL, NULL, arguments, environ) != 0)
			die("spawn /bin/true");
		waitpid(pid, NULL, 0);
	}
}

static void fork_run(uint64_t count)
{
	for (uint64_t i = 0; i < count; i++) {
		pid_t pid = fork();

		if (pid < 0)
			die("fork");
		if (pid == 0)
			_exit(0);
		waitpid(pid, NULL, 0);
	}
}

static pthread_barrier_t all_there;

static void *meet(void *arg)
{
	pthread_barrier_wait(&all_there);
	return arg;
}

/* All of them alive at once. */
static void threads_run(uint64_t count)
{
	pthread_t *threads = calloc(count, sizeof(*threads));
	pthread_attr_t small;

	if (!threads || pthread_attr_init(&small) || pthread_attr_setstacksize(&small, 65536) ||
	    pthread_barrier_init(&all_there, NULL, (unsigned)count + 1))
		die("threads");
	for (uint64_t i = 0; i < count; i++)
		if (pthread_create(&threads[i], &small, meet, NULL))
			die("thread %llu", (unsigned long long)i);
	pthread_barrier_wait(&all_there);
	for (uint64_t i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&all_there);
	free(threads);
}

/* Nothing but the gauge, which each slice has anyway. */
static void gauge_run(uint64_t count)
{
	for (uint64_t i = 0; i < count; i++)
		gauge_time_ns();
}

static void sleep_run(uint64_t count)
{
	sleep_until(now_ns() + count * NS_PER_MS);
}

/* -- All of them ------------------------------------------------------------------------------------ */

static const struct workload {
	const char *name;
	void (*start)(void);
	void (*run)(uint64_t count);
	void (*end)(void);
} workloads[] = {
	{"pipe", pipe_same_start, pipe_run, pipe_end},
	{"pipe2", pipe_two_start, pipe_run, pipe_end},
	{"many", many_start, many_run, many_end},
	{"pread", open_scratch, pread_run, close_scratch},
	{"getppid", pin, getppid_run, NULL},
	{"selfpipe", self_pipe_start, self_pipe_run, NULL},
	{"fault", fault_start, fault_run, fault_end},
	{"files", files_start, files_run, files_end},
	{"spawn", pin, spawn_run, NULL},
	{"fork", pin, fork_run, NULL},
	{"threads", NULL, threads_run, NULL},
	{"sleep", NULL, sleep_run, NULL},
	{"gauge", pin, gauge_run, NULL},
	{"fsync", open_scratch, fsync_run, close_scratch},
};

/* Of several slices only the sum means something: who runs in which is chance. */
static bool has_bursts(const struct workload *workload)
{
	return workload->run == many_run || workload->start == pipe_two_start;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double clock_of(pid_t pid)
{
	struct timespec time = {0};
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) == 0)
		clock_gettime(clock, &time);
	return (double)time.tv_sec * NS_PER_S + (double)time.tv_nsec;
}

/* Of this process, of what it has waited for, and of those that work with it. */
static double cpu_ns(void)
{
	struct rusage ended;
	double sum;

	getrusage(RUSAGE_CHILDREN, &ended);
	sum = (double)(ended.ru_utime.tv_sec + ended.ru_stime.tv_sec) * NS_PER_S +
	      (double)(ended.ru_utime.tv_usec + ended.ru_stime.tv_usec) * 1000 + clock_of(0);
	if (partner)
		sum += clock_of(partner);
	for (size_t i = 0; i < MEMBERS && members[i]; i++)
		sum += clock_of(members[i]);
	return sum;
}

struct slice {
	double wall_ns, cpu_ns; /* for one operation */
	double gauge_ns; /* the slower of before and after */
	uint64_t count;
};

static struct slice run_slice(const struct workload *workload, uint64_t count)
{
	double before = (double)gauge_time_ns(), after, cpu_from = cpu_ns();
	uint64_t from = now_ns();
	struct slice slice;

	beyond = 0;
	workload->run(count);
	slice.count = count + beyond;
	slice.wall_ns = (double)(now_ns() - from) / (double)slice.count;
	slice.cpu_ns = (cpu_ns() - cpu_from) / (double)slice.count;
	after = (double)gauge_time_ns();
	slice.gauge_ns = before > after ? before : after;
	best_gauge_ns = before < best_gauge_ns ? before : best_gauge_ns;
	best_gauge_ns = after < best_gauge_ns ? after : best_gauge_ns;
	return slice;
}

static bool is_calm(const struct slice *slice)
{
	return slice->gauge_ns <= best_gauge_ns * GAUGE_SLACK;
}

static size_t count_calm(const struct slice *slices, size_t count)
{
	size_t calm = 0;

	for (size_t i = 0; i < count; i++)
		calm += is_calm(&slices[i]);
	return calm;
}

/* As many operations as a slice takes; that also warms the caches. */
static uint64_t calibrate(const struct workload *workload, uint64_t *ret_total)
{
	uint64_t batch = 1;

	for (double each = 0; each * (double)batch < SLICE_NS; *ret_total += batch) {
		if (each > 0)
			batch *= 2;
		each = run_slice(workload, batch).wall_ns;
	}
	return batch;
}

static void report(const struct workload *workload, const struct slice *slices, size_t done,
		   uint64_t before)
{
	static double wall[SLICES_MAX], cpu[SLICES_MAX];
	size_t calm = count_calm(slices, done), used = 0;
	double wall_ns = 0, all_cpu_ns = 0;
	uint64_t measured = 0;

	for (size_t i = 0; i < done; i++) {
		measured += slices[i].count;
		wall_ns += slices[i].wall_ns * (double)slices[i].count;
		all_cpu_ns += slices[i].cpu_ns * (double)slices[i].count;
		if (calm && !is_calm(&slices[i]))
			continue;
		wall[used] = slices[i].wall_ns;
		cpu[used++] = slices[i].cpu_ns;
	}
	qsort(wall, used, sizeof(wall[0]), compare);
	qsort(cpu, used, sizeof(cpu[0]), compare);
	emit("{\"workload\": \"%s\", \"ns_per_op\": %.2f, \"cpu_ns_per_op\": %.2f, \"operations\": %llu, "
	     "\"slices\": %zu, \"calm\": %zu, \"gauge_ns\": %.0f}",
	     workload->name, has_bursts(workload) ? wall_ns / (double)measured : wall[used / 4],
	     has_bursts(workload) ? all_cpu_ns / (double)measured : cpu[used / 4],
	     (unsigned long long)(before + measured), done, has_bursts(workload) ? done : calm,
	     best_gauge_ns);
}

static void measure(const struct workload *workload, uint64_t duration_ns, uint64_t count)
{
	static struct slice slices[SLICES_MAX];
	uint64_t batch, total = 0, begin, past_ns;
	size_t done = 0;

	if (workload->start)
		workload->start();
	if (has_bursts(workload))
		duration_ns *= BURSTS_LONGER;
	batch = count ? count : calibrate(workload, &total);
	begin = now_ns();
	do {
		slices[done++] = run_slice(workload, batch);
		past_ns = now_ns() - begin;
	} while (!count && done < SLICES_MAX &&
		 (past_ns < duration_ns ||
		  (past_ns < PATIENCE * duration_ns && !has_bursts(workload) &&
		   count_calm(slices, done) < CALM_WANTED)));
	if (workload->end)
		workload->end();
	report(workload, slices, done, total);
}

static void run_one(const char *name, uint64_t duration_ns, uint64_t count)
{
	int status;
	pid_t pid;

	for (size_t i = 0; i < sizeof(workloads) / sizeof(workloads[0]); i++) {
		if (strcmp(workloads[i].name, name) != 0)
			continue;
		pid = fork();
		if (pid < 0)
			die("fork");
		if (pid == 0) {
			measure(&workloads[i], duration_ns, count);
			_exit(0);
		}
		if (waitpid(pid, &status, 0) < 0 || status != 0)
			die("%s failed", name);
		return;
	}
	die("no such workload: %s", name);
}

int main(int argc, char **argv)
{
	uint64_t duration_ns = 0, count;
	char *unit;
	int option;

	while ((option = getopt(argc, argv, "+d:g:")) == 'd' || option == 'g') {
		if (option == 'd')
			directory = optarg;
		else
			best_gauge_ns = strtod(optarg, NULL);
	}
	directory = realpath(directory, NULL);
	if (option != -1 || argc - optind < 2 || !directory)
		die("usage: benchops [-d DIRECTORY] [-g NS] DURATION|COUNTx WORKLOAD...");
	count = strtoull(argv[optind], &unit, 10);
	if (strcmp(unit, "x") != 0) {
		count = 0;
		duration_ns = parse_ns(argv[optind]);
		if (duration_ns > MAX_NS)
			die("too long: %s", argv[optind]);
	}
	last_cpu = (int)sysconf(_SC_NPROCESSORS_ONLN) - 1;
	for (int i = optind + 1; i < argc; i++)
		run_one(argv[i], duration_ns, count);
	return 0;
}
