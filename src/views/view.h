/* Put the rows of a report into words, for all views: who, what, when and why */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/util.h"
#include "catalog/report.h"

/*
 * All strings in a report are hostile until a view escapes them for its format. The functions below build sentences around
 * names, so the view passes its escape function. What they return is safe for that format. Unless the comment says
 * otherwise, it begins with a fixed word, never with a name. The caller frees all returned strings.
 */
struct view_style {
	/* Returns text escaped, and shortened to about max_columns characters (0: not shortened). */
	char *(*escape)(const char *text, size_t max_columns);
	size_t name_columns; /* a comm, a kernel function */
	size_t path_columns; /* a path or a cgroup */
};

/*
 * Escapes for a terminal and the log of a CI system: no control characters, and no "##[" or "##vso[", which some CI
 * systems take for commands anywhere in a line.
 */
char *view_escape_terminal(const char *text, size_t max_columns);

/* The number of code points in valid UTF-8. A wide character counts as one, too. */
size_t view_columns(const char *utf8);

/* Shortens valid UTF-8 to max_columns characters. Cuts out of the middle: "/usr/.../file". */
char *view_shorten(const char *utf8, size_t max_columns);

/* "1,234,567". Returns buf. */
#define VIEW_COUNT_BYTES 32
const char *view_count(char buf[VIEW_COUNT_BYTES], uint64_t n);

/* "+12.345s", an offset from the start of the run. Returns buf. */
const char *view_offset(char buf[VIEW_COUNT_BYTES], uint64_t ns);

/*
 * Finds the n_ret rows with the largest `member`, a uint64_t. ret gets their indexes, the largest first, equal ones in the
 * order of the list. Returns how many were found.
 */
#define view_worst(rows, member, ret, n_ret)                             \
	view_worst_rows((rows).list, (rows).count, sizeof(*(rows).list), \
			offsetof(__typeof__(*(rows).list), member), (ret), (n_ret))
size_t view_worst_rows(const void *list, size_t count, size_t row_bytes, size_t offset, size_t *ret,
		       size_t n_ret);

/* a + b, at most UINT64_MAX. */
uint64_t view_sum(uint64_t a, uint64_t b);

#define VIEW_EVIDENCE_CHARS 400 /* of the evidence for an answer */

/* Bucket i counts values in [2^i, 2^(i+1)) ns; bucket 0 also has 0 ns. */
#define VIEW_BUCKETS 64
void view_histogram(const struct report_bucket *histogram, size_t count,
		    uint64_t ret_counts[VIEW_BUCKETS]);
unsigned int view_bucket(uint64_t ns);

/* "tests failed", "passed": how the run ended, for a reader who does not know latwrap. */
const char *view_end(const struct report *report);

/* How the command ended: "exit status 1", "killed by SIGSEGV (core dumped)", "still running" (in a checkpoint). */
char *view_exit(const struct report *report, const struct view_style *style);

/* Whether no command was run, but the steps of a job were measured (latwrap start). */
bool view_is_job(const struct report *report);

/* The exit status that a shell would show for the command without latwrap; -1: unknown. 0: a job that has ended. */
int view_exit_status(const struct report *report);

/* The first line of each view: what the machine cost the run, then the verdict. Not escaped. */
char *view_headline(const struct report *report);
/* "the machine: it lost 2s ...": the answer for a command that failed without a failed test; NULL: there is none. */
char *view_run_answer(const struct report *report, const struct view_style *style);
uint64_t view_gates_breached(const struct report *report);
/* Whether a breached gate changed the exit status. */
bool view_gates_decide(const struct report *report);
/* Whether no test failed and no gate changed the exit status. Views of such a run are short. */
bool view_is_green(const struct report *report);

/* Sums the stalls of all kinds. */
struct view_stall_sum {
	uint64_t count, total_ns, max_ns;
};
struct view_stall_sum view_stall_sum(const struct report_totals *totals);
/* The value that a gate was compared with, with its unit; NULL: not measured. */
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

/* As view_worst(): the files with the longest file operations that were stalls. */
size_t view_stalled_files(const struct report *report, size_t *ret, size_t n_ret);

/* Sums the losses of all kinds. */
uint64_t view_lost(const struct report *report);

/* The command line of the run, quoted for a shell. It begins with a name. */
char *view_command(const struct report *report, const struct view_style *style, size_t max_columns);

/* "pytest[4242]", or the name alone. It begins with a name. */
char *view_task(const char *comm, struct optional_u64 pid, const struct view_style *style);

/* "pytest[4242]" or "python3[4242, thread 4250]"; NULL if the stall has no thread. It begins with a name. */
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
	uint64_t other_ns; /* the sum of the parts that did not fit */
};

/* Lists the parts of a stall, without those below 1 % of it (other_ns has them). Empty if the report has no shares. */
void view_stall_why(const struct report_stall *stall, const struct view_style *style,
		    struct view_why *ret);
void view_why_clear(struct view_why *why);

/* The words for a cause: "stolen by the hypervisor". name is that of a share or in by_cause, with or without "_ns". */
char *view_cause(const char *cause, const struct view_style *style);
