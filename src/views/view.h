/* What every view says about a report: who, what, when and why, in words */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/util.h"
#include "catalog/report.h"

/*
 * All strings in a report are hostile until a view has escaped them for its own format. The
 * functions here build sentences of trusted words around names, so they take the view's way to
 * make a name safe; what they return is safe for that format as it stands and begins with a word
 * of ours, never with a name, unless said otherwise. The caller frees all returned strings.
 */
struct view_style {
	/* text, safe, and shortened to about max_columns characters (0: not at all). */
	char *(*escape)(const char *text, size_t max_columns);
	size_t name_columns; /* a comm, a kernel function */
	size_t path_columns; /* a path or a cgroup */
};

/* The escape of the text view: for a terminal or a CI system's log. No control characters, and
 * no "##[" or "##vso[", which some CI systems obey anywhere in a line. */
char *view_escape_terminal(const char *text, size_t max_columns);

/* Characters in valid UTF-8: code points, a wide one too counts as one. */
size_t view_columns(const char *utf8);

/* Valid UTF-8 shortened to max_columns characters by taking out of the middle ("/usr/.../file"). */
char *view_shorten(const char *utf8, size_t max_columns);

/* "1,234,567". Returns buf. */
#define VIEW_COUNT_BYTES 32
const char *view_count(char buf[VIEW_COUNT_BYTES], uint64_t n);

/* "+12.345s", an offset from the start of the run. Returns buf. */
const char *view_offset(char buf[VIEW_COUNT_BYTES], uint64_t ns);

/* The places of the n_ret rows whose member, a uint64_t, is the largest, largest first, equal ones in
 * the order of the list. Returns how many there were. */
#define view_worst(rows, member, ret, n_ret)                             \
	view_worst_rows((rows).list, (rows).count, sizeof(*(rows).list), \
			offsetof(__typeof__(*(rows).list), member), (ret), (n_ret))
size_t view_worst_rows(const void *list, size_t count, size_t row_bytes, size_t offset, size_t *ret,
		       size_t n_ret);

/* Never more than UINT64_MAX. */
uint64_t view_sum(uint64_t a, uint64_t b);

#define VIEW_EVIDENCE_CHARS 400 /* of the evidence for an answer */

/* Bucket i counts what took [2^i, 2^(i+1)) ns; 0 ns is in bucket 0. */
#define VIEW_BUCKETS 64
void view_histogram(const struct report_bucket *histogram, size_t count,
		    uint64_t ret_counts[VIEW_BUCKETS]);
unsigned int view_bucket(uint64_t ns);

/* "tests failed", "passed": how the run ended, for a reader who knows nothing of stalls. */
const char *view_end(const struct report *report);

/* "exit status 1", "killed by SIGSEGV (core dumped)", "timed out, killed by SIGTERM", "still
 * running" (a checkpoint). */
char *view_exit(const struct report *report, const struct view_style *style);

/* What the shell would report for the command, were it not for latwrap; -1 if unknown. */
int view_exit_status(const struct report *report);

/* The first line of every view: what the machine cost the run, then the verdict. The caller frees it and escapes it. */
char *view_headline(const struct report *report);
/* "the machine: it lost 2s ...": whose fault it was that a command failed without a failed test. NULL: no such answer.
 * The caller frees it. It begins with a word of ours. */
char *view_run_answer(const struct report *report, const struct view_style *style);
uint64_t view_gates_breached(const struct report *report);
/* Whether a breached gate changed the exit status. */
bool view_gates_decide(const struct report *report);
/* Whether the run ended well: no test failed, and no gate decided. There is little to tell then. */
bool view_is_green(const struct report *report);

/* The stalls of all kinds. */
struct view_stall_sum {
	uint64_t count, total_ns, max_ns;
};
struct view_stall_sum view_stall_sum(const struct report_totals *totals);
/* What a gate was, with its unit; NULL: not measured. */
char *view_gate_actual(const struct report_gate *gate);

/* Pressure by resource. */
struct view_pressure {
	const char *name;
	const struct report_pressure_pair *of; /* NULL: unknown */
};
#define VIEW_PRESSURE(all)                              \
	{                                               \
		{"cpu", (all)->cpu}, {"io", (all)->io}, \
		{                                       \
			"memory", (all)->memory         \
		}                                       \
	}

/* As view_worst(), the files with the longest calls, but only calls that were stalls. */
size_t view_stalled_files(const struct report *report, size_t *ret, size_t n_ret);

/* Losses of all kinds. */
uint64_t view_lost(const struct report *report);

/* The command line of the run, quoted for a shell. It begins with a name. */
char *view_command(const struct report *report, const struct view_style *style, size_t max_columns);

/* "pytest[4242]", or the name alone. It begins with a name. */
char *view_task(const char *comm, struct optional_u64 pid, const struct view_style *style);

/* "pytest[4242]" or "python3[4242, thread 4250]"; NULL for a stall of no thread. It begins with a
 * name. */
char *view_stall_who(const struct report_stall *stall, const struct view_style *style);

/* "waited 48.2ms for CPU 1 (preempted)", "fsync of /path took 52ms (51ms blocked)". */
char *view_stall_what(const struct report_stall *stall, const struct view_style *style);

/* A share of a stall: "31ms behind cc1plus[900] (outside, /user.slice)". */
struct view_part {
	uint64_t ns;
	char *text; /* "behind cc1plus[900] ...", without the time */
};

#define VIEW_PARTS 8

struct view_why {
	struct view_part parts[VIEW_PARTS]; /* the largest first */
	size_t n_parts;
	uint64_t other_ns; /* what had no place in parts */
};

/* Empty when the report does not know. Parts below 1 % of the stall
 * are left to other_ns. */
void view_stall_why(const struct report_stall *stall, const struct view_style *style,
		    struct view_why *ret);
void view_why_clear(struct view_why *why);

/* A cause in words ("stolen by the hypervisor"), for a name of shares or by_cause, with or without
 * "_ns". */
char *view_cause(const char *cause, const struct view_style *style);
