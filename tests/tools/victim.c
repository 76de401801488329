/* A pinned thread that has to wait for its CPU, in one of six ways, and measures how long. */
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "tool.h"

/*
 * Rounds are driven by lines on stdin; each round answers with one JSON line. What holds strictly:
 * the wait begins between before_ns and after_ns, and ends before ran_ns.
 */
#define MAX_FIFO_NS (2 * NS_PER_S)

static int other_cpu(int cpu)
{
	return cpu == 0 ? 1 : 0;
}

/* False at end of input. Reads byte by byte: lines that follow belong to the next round. */
static int read_command(uint64_t *ret_number)
{
	char line[64] = "", c;

	for (size_t n = 0; n < sizeof(line) - 1;) {
		if (read(STDIN_FILENO, &c, 1) != 1)
			return 0;
		if (c == '\n')
			break;
		line[n++] = c;
	}
	*ret_number = strncmp(line, "go ", 3) == 0 ? strtoull(line + 3, NULL, 10) : 0;
	return 1;
}

static int read_line(void)
{
	uint64_t ignored;

	return read_command(&ignored);
}

static int input_pending(void)
{
	struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};

	return poll(&p, 1, 0) != 0;
}

static void emit_round(uint64_t before_ns, uint64_t after_ns, uint64_t ran_ns, int pid)
{
	emit("{\"before_ns\": %llu, \"after_ns\": %llu, \"ran_ns\": %llu, \"pid\": %d}",
	     (unsigned long long)before_ns, (unsigned long long)after_ns,
	     (unsigned long long)ran_ns, pid);
}

/* The sleeper: woken through a pipe, answers with the time at which it ran. */
static void __attribute__((noreturn)) sleeper(int cpu, int wake_fd, int answer_fd)
{
	uint64_t ran_ns = 0;
	char c;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "victim");
	pin_to_cpu(cpu);
	if (write(answer_fd, &ran_ns, sizeof(ran_ns)) != sizeof(ran_ns))
		_exit(1);
	while (read(wake_fd, &c, 1) == 1) {
		ran_ns = now_ns();
		if (write(answer_fd, &ran_ns, sizeof(ran_ns)) != sizeof(ran_ns))
			break;
	}
	_exit(0);
}

static char state_of(pid_t pid)
{
	char path[64], text[256], *end;
	FILE *f;
	size_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "re");
	n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;
	text[n] = '\0';
	end = strrchr(text, ')');
	if (!f || !end)
		die("cannot read %s", path);
	fclose(f);
	return end[2];
}

struct partner {
	pid_t pid;
	int wake_fd, answer_fd;
};

static uint64_t read_answer(const struct partner *partner)
{
	uint64_t ran_ns;

	if (read(partner->answer_fd, &ran_ns, sizeof(ran_ns)) != sizeof(ran_ns))
		die("the sleeper is gone");
	return ran_ns;
}

static struct partner start_sleeper(int cpu)
{
	struct partner partner;
	int wake[2], answer[2];

	if (pipe(wake) < 0 || pipe(answer) < 0)
		die("pipe");
	partner.pid = fork();
	if (partner.pid < 0)
		die("fork");
	if (partner.pid == 0) {
		close(wake[1]);
		close(answer[0]);
		sleeper(cpu, wake[0], answer[1]);
	}
	close(wake[0]);
	close(answer[1]);
	partner.wake_fd = wake[1];
	partner.answer_fd = answer[0];
	prctl(PR_SET_NAME, "waker");
	pin_to_cpu(other_cpu(cpu));
	/* A wait that began before its wakeup would be longer than the bounds tell. */
	read_answer(&partner);
	while (state_of(partner.pid) != 'S')
		sched_yield();
	emit("{\"pid\": %d, \"waker\": %d}", partner.pid, getpid());
	return partner;
}

static void wake(const struct partner *partner)
{
	if (write(partner->wake_fd, "x", 1) != 1)
		die("wake");
}

static void run_pipe(int cpu)
{
	struct partner partner = start_sleeper(cpu);

	while (read_line()) {
		uint64_t before_ns, after_ns, ran_ns;

		before_ns = now_ns();
		wake(&partner);
		after_ns = now_ns();
		ran_ns = read_answer(&partner);
		emit_round(before_ns, after_ns, ran_ns, partner.pid);
	}
	close(partner.wake_fd);
	waitpid(partner.pid, NULL, 0);
}

/*
 * "go T": at T the sleeper is woken, 80 ms later moved to the other CPU, ours. We stay above the
 * spinners that hold both.
 */
static void run_move(int cpu)
{
	struct partner partner = start_sleeper(cpu);
	uint64_t at_ns;

	set_fifo(60, SCHED_RESET_ON_FORK);
	while (read_command(&at_ns)) {
		uint64_t before_ns, after_ns, moved_ns, ran_ns;
		cpu_set_t set;

		CPU_ZERO(&set);
		CPU_SET(other_cpu(cpu), &set);
		sleep_until(at_ns);
		before_ns = now_ns();
		wake(&partner);
		after_ns = now_ns();
		sleep_until(after_ns + 80 * NS_PER_MS);
		if (sched_setaffinity(partner.pid, sizeof(set), &set) < 0)
			die("cannot move the sleeper");
		moved_ns = now_ns();
		ran_ns = read_answer(&partner);
		emit("{\"before_ns\": %llu, \"after_ns\": %llu, \"moved_ns\": %llu, \"ran_ns\": %llu,"
		     " \"pid\": %d}",
		     (unsigned long long)before_ns, (unsigned long long)after_ns,
		     (unsigned long long)moved_ns, (unsigned long long)ran_ns, partner.pid);
	}
	close(partner.wake_fd);
	waitpid(partner.pid, NULL, 0);
}

/* Sleeps for a millisecond again and again until a line arrives; answers with the latest wakeup. */
static void run_timer(int cpu)
{
	uint64_t worst_due_ns = 0, worst_ran_ns = 0;

	prctl(PR_SET_NAME, "victim");
	pin_to_cpu(cpu);
	emit("{\"pid\": %d}", getpid());
	do {
		uint64_t due_ns = now_ns() + NS_PER_MS, ran_ns;

		sleep_until(due_ns);
		ran_ns = now_ns();
		if (ran_ns - due_ns > worst_ran_ns - worst_due_ns) {
			worst_due_ns = due_ns;
			worst_ran_ns = ran_ns;
		}
	} while (!input_pending());
	emit_round(worst_due_ns, worst_due_ns, worst_ran_ns, getpid());
}

static long preemptions(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_nivcsw;
}

/*
 * Never sleeps; answers with the longest gap between two readings of the clock, and with how often it was preempted in that gap
 * and in the few microseconds before.
 */
static void run_busy(int cpu, int yield)
{
	uint64_t begin_ns, last_ns, worst_from_ns = 0, worst_to_ns = 0;
	long preempted, worst_preempted = 0;

	prctl(PR_SET_NAME, "victim");
	pin_to_cpu(cpu);
	emit("{\"pid\": %d}", getpid());
	if (yield && !read_line())
		return;
	if (yield)
		set_fifo(50, 0);
	preempted = preemptions();
	begin_ns = last_ns = now_ns();
	for (unsigned int i = 0;; i++) {
		uint64_t t;

		if (yield)
			sched_yield();
		t = now_ns();
		if (t - last_ns > worst_to_ns - worst_from_ns) {
			worst_from_ns = last_ns;
			worst_to_ns = t;
			worst_preempted = preemptions() - preempted;
		}
		last_ns = t;
		if (i % 256 == 0 && input_pending())
			break;
		if (i % 256 == 0)
			preempted = preemptions();
		if (yield && t - begin_ns > MAX_FIFO_NS)
			break;
	}
	emit("{\"before_ns\": %llu, \"after_ns\": %llu, \"ran_ns\": %llu, \"pid\": %d, \"preempted\": %ld}",
	     (unsigned long long)worst_from_ns, (unsigned long long)worst_from_ns,
	     (unsigned long long)worst_to_ns, getpid(), worst_preempted);
}

/*
 * The child inherits the pinning, so its parent must be able to run beside the spinner on the same
 * CPU: SCHED_FIFO above it, with the child reset to SCHED_OTHER.
 */
static void run_fork(int cpu)
{
	int answer[2];

	if (pipe(answer) < 0)
		die("pipe");
	prctl(PR_SET_NAME, "forker");
	set_fifo(60, SCHED_RESET_ON_FORK);
	pin_to_cpu(cpu);
	emit("{\"pid\": %d}", getpid());
	while (read_line()) {
		uint64_t before_ns, after_ns, ran_ns;
		pid_t pid;

		before_ns = now_ns();
		pid = fork();
		if (pid == 0) {
			ran_ns = now_ns();
			prctl(PR_SET_NAME, "victim");
			_exit(write(answer[1], &ran_ns, sizeof(ran_ns)) != sizeof(ran_ns));
		}
		after_ns = now_ns();
		if (pid < 0 || read(answer[0], &ran_ns, sizeof(ran_ns)) != sizeof(ran_ns))
			die("fork");
		waitpid(pid, NULL, 0);
		emit_round(before_ns, after_ns, ran_ns, pid);
	}
}

int main(int argc, char **argv)
{
	int cpu;

	if (argc != 3)
		die("usage: victim pipe|move|timer|busy|yield|fork CPU");
	cpu = atoi(argv[2]);
	if (strcmp(argv[1], "pipe") == 0)
		run_pipe(cpu);
	else if (strcmp(argv[1], "move") == 0)
		run_move(cpu);
	else if (strcmp(argv[1], "timer") == 0)
		run_timer(cpu);
	else if (strcmp(argv[1], "busy") == 0)
		run_busy(cpu, 0);
	else if (strcmp(argv[1], "yield") == 0)
		run_busy(cpu, 1);
	else if (strcmp(argv[1], "fork") == 0)
		run_fork(cpu);
	else
		die("unknown way to wait: %s", argv[1]);
	return 0;
}
