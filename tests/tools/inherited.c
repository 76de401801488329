/* Prints all that a program inherits through exec, as JSON, to compare it bare and wrapped. */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <termios.h>

#include "tool.h"

static void print_hex(const char *bytes)
{
	putchar('"');
	for (; *bytes; bytes++)
		printf("%02x", (unsigned char)*bytes);
	putchar('"');
}

static void print_hex_list(const char *name, char **list)
{
	printf("\"%s\": [", name);
	for (char **item = list; *item; item++) {
		fputs(item == list ? "" : ", ", stdout);
		print_hex(*item);
	}
	puts("],");
}

static void print_signals(void)
{
	printf("\"signals\": {");
	for (int n = 1; n < NSIG; n++) {
		struct sigaction action;
		const char *what = "default";

		/* 32 and 33 are the C library's own */
		if (sigaction(n, NULL, &action) < 0)
			continue;
		if (action.sa_handler == SIG_IGN)
			what = "ignored";
		else if (action.sa_handler != SIG_DFL)
			what = "handled";
		printf("%s\"%d\": \"%s\"", n == 1 ? "" : ", ", n, what);
	}
	puts("},");
}

static void print_limits(void)
{
	printf("\"limits\": [");
	for (int i = 0; i < RLIM_NLIMITS; i++) {
		struct rlimit limit = {0};

		getrlimit(i, &limit);
		printf("%s[%llu, %llu]", i ? ", " : "", (unsigned long long)limit.rlim_cur,
		       (unsigned long long)limit.rlim_max);
	}
	puts("],");
}

static void print_fd(int fd)
{
	char name[64], target[4096];
	ssize_t n;

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	n = readlink(name, target, sizeof(target) - 1);
	target[n < 0 ? 0 : n] = '\0';
	printf("{\"fd\": %d, \"status_flags\": %d, \"fd_flags\": %d, \"target\": ", fd,
	       fcntl(fd, F_GETFL), fcntl(fd, F_GETFD));
	print_hex(target);
	putchar('}');
}

static void print_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;
	int first = 1;

	if (!dir)
		die("cannot list /proc/self/fd");
	printf("\"fds\": [");
	while ((entry = readdir(dir))) {
		int fd = atoi(entry->d_name);

		if (entry->d_name[0] == '.' || fd == dirfd(dir))
			continue;
		fputs(first ? "" : ", ", stdout);
		print_fd(fd);
		first = 0;
	}
	puts("],");
	closedir(dir);
}

/* Whole small files of /proc, as hex, and of /proc/self/status only what is inherited. */
static void print_proc(void)
{
	static const char *const names[] = {
		"oom_score_adj", "personality", "timerslack_ns", "coredump_filter",
		"loginuid",      "uid_map",     "setgroups",     "gid_map",
		"comm",          "autogroup",   "sessionid",     "attr/current",
	};
	static const char *const fields[] = {
		"Umask:",           "Uid:",          "Gid:",         "Groups:",
		"SigPnd:",          "ShdPnd:",       "SigBlk:",      "SigIgn:",
		"SigCgt:",          "CapInh:",       "CapPrm:",      "CapEff:",
		"CapBnd:",          "CapAmb:",       "NoNewPrivs:",  "Seccomp:",
		"Cpus_allowed:",    "Mems_allowed:", "THP_enabled:", "Threads:",
		"TracerPid:",

		"Seccomp_filters:", "CoreDumping:",  "untag_mask:",  "Speculation_Store_Bypass:",
	};
	char line[1024];
	FILE *f;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(line, sizeof(line), "/proc/self/%s", names[i]);
		f = fopen(line, "re");
		printf("\"%s\": ", names[i]);
		print_hex(f && fgets(line, sizeof(line), f) ? line : "");
		puts(",");
		if (f)
			fclose(f);
	}
	f = fopen("/proc/self/status", "re");
	while (f && fgets(line, sizeof(line), f))
		for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
			if (strncmp(line, fields[i], strlen(fields[i])) == 0) {
				printf("\"%.*s\": ", (int)strlen(fields[i]) - 1, fields[i]);
				print_hex(line);
				puts(",");
			}
	if (f)
		fclose(f);
}

static void print_namespaces(void)
{
	static const char *const names[] = {"mnt", "pid",  "net",    "ipc",
					    "uts", "user", "cgroup", "time"};
	char path[64], target[64];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		ssize_t n;

		snprintf(path, sizeof(path), "/proc/self/ns/%s", names[i]);
		n = readlink(path, target, sizeof(target) - 1);
		target[n < 0 ? 0 : n] = '\0';
		printf("\"ns_%s\": \"%s\",\n", names[i], target);
	}
}

/* Whether each runs, and its interval: what is left of it differs from run to run. */
static void print_timers(void)
{
	printf("\"timers\": [");
	for (int i = ITIMER_REAL; i <= ITIMER_PROF; i++) {
		struct itimerval timer = {0};

		getitimer(i, &timer);
		printf("%s[%d, %ld]", i ? ", " : "",
		       timer.it_value.tv_sec != 0 || timer.it_value.tv_usec != 0,
		       timer.it_interval.tv_sec);
	}
	puts("],");
}

/* Where its memory is to come from: the policy, and nodes. */
static void print_memory_policy(void)
{
	unsigned long nodes[16] = {0};
	int policy = -1;

	syscall(SYS_get_mempolicy, &policy, nodes, sizeof(nodes) * 8, NULL, 0);
	printf("\"memory_policy\": [%d, %lu], \"secure\": %lu,\n", policy, nodes[0],
	       getauxval(AT_SECURE));
}

/* Who it is in its session, and to its parent: relations, as the numbers differ. */
static void print_relations(void)
{
	printf("\"leads_group\": %d, \"parent_in_session\": %d, \"parent_in_group\": %d,\n",
	       getpgrp() == getpid(), getsid(getppid()) == getsid(0),
	       getpgid(getppid()) == getpgrp());
}

static void print_process(void)
{
	struct sched_param param = {0};
	int death_signal = 0, subreaper = 0, tsc = 0;
	char cwd[4096] = "";

	sched_getparam(0, &param);
	prctl(PR_GET_PDEATHSIG, &death_signal);
	prctl(PR_GET_CHILD_SUBREAPER, &subreaper);
	printf("\"sid\": %d, \"pgrp\": %d, \"leads_session\": %d,\n", getsid(0), getpgrp(),
	       getsid(0) == getpid());
	printf("\"policy\": %d, \"priority\": %d, \"nice\": %d, \"ioprio\": %ld,\n",
	       sched_getscheduler(0), param.sched_priority, getpriority(PRIO_PROCESS, 0),
	       syscall(SYS_ioprio_get, 1, 0));
	printf("\"death_signal\": %d, \"subreaper\": %d, \"dumpable\": %d, \"keepcaps\": %d,"
	       " \"securebits\": %d,\n",
	       death_signal, subreaper, prctl(PR_GET_DUMPABLE), prctl(PR_GET_KEEPCAPS),
	       prctl(PR_GET_SECUREBITS));
	print_timers();
	printf("\"thp_disable\": %d, \"timerslack\": %d, \"io_flusher\": %d, \"tsc\": %d, \"mce_kill\": %d,"
	       " \"speculation\": [%d, %d, %d], \"cwd\": ",
	       prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0), prctl(PR_GET_TIMERSLACK),
	       prctl(PR_GET_IO_FLUSHER, 0, 0, 0, 0), prctl(PR_GET_TSC, &tsc),
	       prctl(PR_MCE_KILL_GET, 0, 0, 0, 0), prctl(PR_GET_SPECULATION_CTRL, 0, 0, 0, 0),
	       prctl(PR_GET_SPECULATION_CTRL, 1, 0, 0, 0),
	       prctl(PR_GET_SPECULATION_CTRL, 2, 0, 0, 0));
	print_hex(getcwd(cwd, sizeof(cwd)) ? cwd : "");
	puts(",");
}

static void print_terminal(void)
{
	int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct termios t = {0};
	struct winsize w = {0};

	if (fd < 0) {
		printf("\"terminal\": null");
		return;
	}
	tcgetattr(fd, &t);
	ioctl(fd, TIOCGWINSZ, &w);
	printf("\"terminal\": {\"foreground\": %d, \"iflag\": %u, \"oflag\": %u, \"cflag\": %u,"
	       " \"lflag\": %u, \"rows\": %u, \"columns\": %u, \"ttys\": [%d, %d, %d]}",
	       tcgetpgrp(fd) == getpgrp(), t.c_iflag, t.c_oflag, t.c_cflag, t.c_lflag, w.ws_row,
	       w.ws_col, isatty(0), isatty(1), isatty(2));
	close(fd);
}

int main(int argc, char **argv)
{
	int has_children = waitpid(-1, NULL, WNOHANG) >= 0 || errno != ECHILD;

	(void)argc;
	puts("{");
	print_hex_list("argv", argv);
	print_hex_list("environment", environ);
	print_signals();
	print_limits();
	print_fds();
	print_proc();
	print_namespaces();
	print_process();
	print_memory_policy();
	print_relations();
	printf("\"has_children\": %d,\n", has_children);
	print_terminal();
	puts("}");
	return 0;
}
