/* What the small test tools share: clocks, durations, pinning, and one way to fail. */
#ifndef LATWRAP_TESTS_TOOL_H
#define LATWRAP_TESTS_TOOL_H

#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_MS   1000000ULL
#define NS_PER_S    1000000000ULL
#define TOOL_UNUSED __attribute__((unused))

/* A tool that cannot do its job must not look like one that found nothing. */
static void __attribute__((noreturn, format(printf, 1, 2))) TOOL_UNUSED die(const char *fmt, ...)
{
	int saved = errno;
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, " (errno: %s)\n", strerror(saved));
	exit(100);
}

static uint64_t TOOL_UNUSED now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

static struct timespec TOOL_UNUSED to_timespec(uint64_t ns)
{
	return (struct timespec){
		.tv_sec = (time_t)(ns / NS_PER_S),
		.tv_nsec = (long)(ns % NS_PER_S),
	};
}

static void TOOL_UNUSED sleep_until(uint64_t monotonic_ns)
{
	struct timespec ts = to_timespec(monotonic_ns);

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
		;
}

/* "200ms", "50us", "1s", "1000ns" */
static uint64_t TOOL_UNUSED parse_ns(const char *text)
{
	char *unit;
	uint64_t value = strtoull(text, &unit, 10);

	if (unit == text)
		die("not a duration: %s", text);
	if (strcmp(unit, "ns") == 0)
		return value;
	if (strcmp(unit, "us") == 0)
		return value * 1000;
	if (strcmp(unit, "ms") == 0)
		return value * NS_PER_MS;
	if (strcmp(unit, "s") == 0)
		return value * NS_PER_S;
	die("not a duration: %s", text);
}

static void TOOL_UNUSED pin_to_cpu(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) < 0)
		die("cannot pin to cpu %d", cpu);
}

/* flags: 0 or SCHED_RESET_ON_FORK */
static void TOOL_UNUSED set_fifo(int priority, int flags)
{
	struct sched_param param = {.sched_priority = priority};

	if (sched_setscheduler(0, SCHED_FIFO | flags, &param) < 0)
		die("cannot become SCHED_FIFO %d", priority);
}

/* One whole line in one write, so that lines of several writers do not mix. */
static void __attribute__((format(printf, 1, 2))) TOOL_UNUSED emit(const char *fmt, ...)
{
	char line[8192];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line) - 1, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(line) - 1)
		die("line too long");
	line[n++] = '\n';
	if (write(STDOUT_FILENO, line, (size_t)n) != n)
		die("cannot write to stdout");
}

#endif
