/* Small tests with deadlines, such as real suites have; `make demo` runs them under latwrap. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_MS   UINT64_C(1000000)
#define NS_PER_S    (1000 * NS_PER_MS)
#define DEADLINE_NS (20 * NS_PER_MS)
#define PERIOD_NS   (5 * NS_PER_MS)
#define EVENTS      60

/* Makes the heartbeat slow by its own fault: no machine is to blame, and no report should. */
static bool with_bug;

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static void sleep_until(uint64_t ns)
{
	const struct timespec until = {(time_t)(ns / NS_PER_S), (long)(ns % NS_PER_S)};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
		;
}

static void check(bool ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(2);
}

/* -- Heartbeat: another process answers each beat through a pipe ----------------------------------- */

static int beat_fd, answer_fd;

static void answer_beats(int from, int to)
{
	char beat;

	prctl(PR_SET_NAME, "heartbeat");
	for (unsigned count = 1; read(from, &beat, 1) == 1; count++) {
		if (with_bug && count % 20 == 0)
			sleep_until(now_ns() + 35 * NS_PER_MS);
		check(write(to, &beat, 1) == 1, "answer");
	}
	_exit(0);
}

static void heartbeat(void)
{
	char beat = '.';

	check(write(beat_fd, &beat, 1) == 1 && read(answer_fd, &beat, 1) == 1, "heartbeat");
}

static void start_heartbeat(void)
{
	int beats[2], answers[2];
	pid_t pid;

	check(pipe2(beats, O_CLOEXEC) == 0 && pipe2(answers, O_CLOEXEC) == 0, "pipe");
	pid = fork();
	check(pid >= 0, "fork");
	if (pid == 0) {
		close(beats[1]);
		answer_beats(beats[0], answers[1]);
	}
	close(beats[0]);
	close(answers[1]);
	beat_fd = beats[1];
	answer_fd = answers[0];
}

static void stop_heartbeat(void)
{
	close(beat_fd);
	wait(NULL);
}

/* -- Timer: nothing to do but to be there in time -------------------------------------------------- */

static void timer(void)
{
}

/* -- Worker: a thread computes what it is given ---------------------------------------------------- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static pthread_t worker_thread;
static enum { IDLE, JOB, DONE, STOP } worker_state;

static void compute(void)
{
	volatile uint32_t sum = 0;

	for (uint32_t i = 0; i < 200000; i++)
		sum += sum * 31 + i;
}

static void *work(void *unused)
{
	(void)unused;
	prctl(PR_SET_NAME, "worker");
	pthread_mutex_lock(&lock);
	while (worker_state != STOP) {
		if (worker_state == JOB) {
			compute();
			worker_state = DONE;
			pthread_cond_broadcast(&changed);
		}
		pthread_cond_wait(&changed, &lock);
	}
	pthread_mutex_unlock(&lock);
	return NULL;
}

static void worker(void)
{
	pthread_mutex_lock(&lock);
	worker_state = JOB;
	pthread_cond_broadcast(&changed);
	while (worker_state != DONE)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
}

static void start_worker(void)
{
	check(pthread_create(&worker_thread, NULL, work, NULL) == 0, "pthread_create");
}

static void stop_worker(void)
{
	pthread_mutex_lock(&lock);
	worker_state = STOP;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	pthread_join(worker_thread, NULL);
}

/* -- Save: a document is written, put in place, and read back -------------------------------------- */

static char document[64];

static void save(void)
{
	static const char text[] = "all of it\n";
	char temporary[80], back[sizeof(text)] = "";
	int fd;

	snprintf(temporary, sizeof(temporary), "%s.new", document);
	fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	check(fd >= 0 && write(fd, text, sizeof(text)) == sizeof(text) && close(fd) == 0,
	      temporary);
	check(rename(temporary, document) == 0, document);
	fd = open(document, O_RDONLY | O_CLOEXEC);
	check(fd >= 0 && read(fd, back, sizeof(back)) == sizeof(back) && close(fd) == 0, document);
	check(memcmp(text, back, sizeof(text)) == 0, "what was read back");
}

/* In memory if that is to be had: a busy disk is not what the neighbour is to show. */
static void start_save(void)
{
	const char *directory = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";

	snprintf(document, sizeof(document), "%s/deadline-tests-%d", directory, (int)getpid());
}

static void stop_save(void)
{
	unlink(document);
}

/* -- Service: a daemon that somebody else started answers over a socket ----------------------------- */

static const char *service_path;
static int service_fd;

static void service(void)
{
	char byte = '?';

	check(send(service_fd, &byte, 1, 0) == 1 && recv(service_fd, &byte, 1, 0) == 1, "service");
}

static void start_service(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	check(strlen(service_path) < sizeof(address.sun_path), service_path);
	strcpy(address.sun_path, service_path);
	service_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	check(service_fd >= 0 &&
		      connect(service_fd, (struct sockaddr *)&address, sizeof(address)) == 0,
	      service_path);
}

static void stop_service(void)
{
	close(service_fd);
}

/* -- All of them ----------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	void (*start)(void);
	void (*event)(void);
	void (*stop)(void);
} tests[] = {
	{"heartbeat", start_heartbeat, heartbeat, stop_heartbeat},
	{"timer", NULL, timer, NULL},
	{"worker", start_worker, worker, stop_worker},
	{"save", start_save, save, stop_save},
	{"service", start_service, service, stop_service},
};

#define TESTS        (sizeof(tests) / sizeof(tests[0]))
#define SERVICE_TEST (TESTS - 1) /* only with --ask, and then alone */

/* An event has its time. What keeps us from beginning with it counts as much as what holds it up. */
static bool run(size_t number)
{
	uint64_t due_ns, worst_ns = 0;
	unsigned late = 0;

	if (tests[number].start)
		tests[number].start();
	due_ns = now_ns() + PERIOD_NS;
	for (unsigned i = 0; i < EVENTS; i++) {
		uint64_t done_ns;

		sleep_until(due_ns);
		tests[number].event();
		done_ns = now_ns();
		late += done_ns - due_ns > DEADLINE_NS;
		if (done_ns - due_ns > worst_ns)
			worst_ns = done_ns - due_ns;
		due_ns = (done_ns > due_ns + PERIOD_NS ? done_ns : due_ns) + PERIOD_NS;
	}
	if (tests[number].stop)
		tests[number].stop();
	printf("%s %zu %-9s  %u of %d events late, worst %.1f ms, deadline %" PRIu64 " ms\n",
	       late ? "not ok" : "ok    ", number + 1, tests[number].name, late, EVENTS,
	       (double)worst_ns / NS_PER_MS, DEADLINE_NS / NS_PER_MS);
	return !late;
}

int main(int argc, char **argv)
{
	bool passed = true;

	with_bug = argc == 2 && strcmp(argv[1], "--with-bug") == 0;
	if (argc == 3 && strcmp(argv[1], "--ask") == 0)
		service_path = argv[2];
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (service_path)
		return run(SERVICE_TEST) ? 0 : 1;
	for (size_t i = 0; i < SERVICE_TEST; i++)
		passed &= run(i);
	return passed ? 0 : 1;
}
