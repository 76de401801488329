/* What every view says about a report: who, what, when and why, in words */
#include "views/view.h"

#include <inttypes.h>
#include <stdbool.h>

#include "base/duration.h"
#include "base/quote.h"
#include "base/utf8.h"
#include "catalog/causes.h"
#include "report/load.h"

/* Longer than anything a kernel gives us (PATH_MAX is 4096); bounds what a made-up report costs. */
#define NAME_BYTES_MAX 16384

/* -- Names and numbers --------------------------------------------------------------------------- */

static bool starts_character(char byte)
{
	return ((unsigned char)byte & 0xc0) != 0x80;
}

size_t view_columns(const char *utf8)
{
	size_t n = 0;

	for (; *utf8; utf8++)
		n += starts_character(*utf8);
	return n;
}

static const char *skip_characters(const char *utf8, size_t n)
{
	while (*utf8) {
		if (starts_character(*utf8) && n-- == 0)
			break;
		utf8++;
	}
	return utf8;
}

char *view_shorten(const char *utf8, size_t max_columns)
{
	size_t columns = view_columns(utf8), head, tail;

	if (max_columns == 0 || columns <= max_columns)
		return xstrdup(utf8);
	/* The end of a path tells more than its beginning. */
	head = max_columns > 3 ? (max_columns - 3) / 3 : 0;
	tail = max_columns > 3 ? max_columns - 3 - head : 0;
	return xasprintf("%.*s...%s", (int)(skip_characters(utf8, head) - utf8), utf8,
			 skip_characters(utf8, columns - tail));
}

char *view_escape_terminal(const char *text, size_t max_columns)
{
	_cleanup_free_ char *clean = utf8_sanitize(text, strnlen(text, NAME_BYTES_MAX), NULL);
	_cleanup_free_ char *escaped = terminal_escape(clean);
	_cleanup_free_ char *shortened = view_shorten(escaped, max_columns);

	/* Last, so that shortening cannot bring two of them together. */
	return log_command_escape(shortened);
}

const char *view_count(char buf[VIEW_COUNT_BYTES], uint64_t n)
{
	char digits[VIEW_COUNT_BYTES];
	int length = snprintf(digits, sizeof(digits), "%" PRIu64, n);
	char *to = buf;

	for (int i = 0; i < length; i++) {
		if (i > 0 && (length - i) % 3 == 0)
			*to++ = ',';
		*to++ = digits[i];
	}
	*to = '\0';
	return buf;
}

const char *view_offset(char buf[VIEW_COUNT_BYTES], uint64_t ns)
{
	uint64_t ms = ns / NSEC_PER_MSEC;

	snprintf(buf, VIEW_COUNT_BYTES, "+%" PRIu64 ".%03" PRIu64 "s", ms / 1000, ms % 1000);
	return buf;
}

size_t view_worst(const cJSON *rows, const char *field, const cJSON **ret, size_t n_ret)
{
	size_t n = 0;
	const cJSON *row;

	if (n_ret == 0)
		return 0;
	cJSON_ArrayForEach(row, rows) {
		uint64_t value = report_u64(row, field, 0);
		size_t at = n;

		while (at > 0 && report_u64(ret[at - 1], field, 0) < value)
			at--;
		if (at == n_ret)
			continue;
		n = MIN(n + 1, n_ret);
		memmove(ret + at + 1, ret + at, (n - at - 1) * sizeof(*ret));
		ret[at] = row;
	}
	return n;
}

unsigned int view_bucket(uint64_t ns)
{
	return ns ? 63 - (unsigned int)__builtin_clzll(ns) : 0;
}

void view_histogram(const cJSON *histogram, uint64_t ret_counts[VIEW_BUCKETS])
{
	const cJSON *pair;

	memset(ret_counts, 0, VIEW_BUCKETS * sizeof(*ret_counts));
	cJSON_ArrayForEach(pair, histogram) {
		const cJSON *lower = cJSON_IsArray(pair) ? pair->child : NULL;
		uint64_t count = report_u64(lower ? lower->next : NULL, "", 0);
		uint64_t *bucket = &ret_counts[view_bucket(report_u64(lower, "", 0))];

		if (__builtin_add_overflow(*bucket, count, bucket))
			*bucket = UINT64_MAX;
	}
}

/* -- The command --------------------------------------------------------------------------------- */

int view_exit_status(const cJSON *report)
{
	const cJSON *status = report_object(report, "run.exit");
	int64_t signal = report_i64(status, "signal", 0);
	int64_t code = report_i64(status, "code", -1);

	if (report_bool(status, "timed_out", false))
		return 124;
	if (signal > 0 && signal < 128)
		return 128 + (int)signal;
	return code >= 0 && code <= 255 ? (int)code : -1;
}

char *view_exit(const cJSON *report, const struct view_style *style)
{
	const cJSON *status = report_object(report, "run.exit");
	bool timed_out = report_bool(status, "timed_out", false);
	const char *dumped = report_bool(status, "core_dumped", false) ? " (core dumped)" : "";
	_cleanup_free_ char *signal = NULL;

	if (report_known(status, "signal_name"))
		signal = style->escape(report_string(status, "signal_name", "a signal"),
				       style->name_columns);
	else if (report_known(status, "signal"))
		signal = xasprintf("signal %" PRIi64, report_i64(status, "signal", 0));

	if (timed_out && signal)
		return xasprintf("timed out, killed by %s%s", signal, dumped);
	if (timed_out)
		return xasprintf("timed out");
	if (signal)
		return xasprintf("killed by %s%s", signal, dumped);
	if (report_known(status, "code"))
		return xasprintf("exit status %" PRIi64, report_i64(status, "code", 0));
	return xstrdup(report_bool(report, "complete", true) ? "unknown exit status"
							     : "still running");
}

/* As a shell needs it; the caller escapes. */
char *view_command(const cJSON *report, const struct view_style *style, size_t max_columns)
{
	_cleanup_free_ char *line = NULL;
	size_t size;
	FILE *out = open_memstream(&line, &size);
	const cJSON *words = report_array(report, "run.command"), *word;

	if (out) {
		cJSON_ArrayForEach(word, words) {
			if (word != words->child)
				putc(' ', out);
			quote_for_shell(report_string(word, "", "?"), out);
		}
		fclose(out);
	}
	return style->escape(line && *line ? line : "?", max_columns);
}

/* -- Who ----------------------------------------------------------------------------------------- */

static char *format_task(const cJSON *task, const struct view_style *style)
{
	_cleanup_free_ char *comm =
		style->escape(report_string(task, "comm", "?"), style->name_columns);

	if (!report_known(task, "pid"))
		return steal_ptr(comm);
	return xasprintf("%s[%" PRIi64 "]", comm, report_i64(task, "pid", 0));
}

char *view_stall_who(const cJSON *stall, const struct view_style *style)
{
	int64_t pid = report_i64(stall, "pid", -1);
	int64_t tid = report_i64(stall, "tid", pid);
	_cleanup_free_ char *comm = NULL;

	if (!report_known(stall, "pid") && !report_known(stall, "comm"))
		return NULL;
	if (pid == tid)
		return format_task(stall, style);
	comm = style->escape(report_string(stall, "comm", "?"), style->name_columns);
	return xasprintf("%s[%" PRIi64 ", thread %" PRIi64 "]", comm, pid, tid);
}

/* -- What ---------------------------------------------------------------------------------------- */

/* " (woken by kworker/1:1[33])", or nothing */
static char *format_reason(const cJSON *stall, const struct view_style *style)
{
	const char *reason = report_string(stall, "reason", "");
	_cleanup_free_ char *waker = NULL;

	if (streq(reason, "preempted"))
		return xstrdup(" (preempted)");
	if (streq(reason, "fork"))
		return xstrdup(" (newly created)");
	if (streq(reason, "yield"))
		return xstrdup(" (had yielded)");
	if (report_bool(stall, "waker.interrupt", false))
		return xstrdup(" (woken by an interrupt)");
	if (!report_known(stall, "waker.comm"))
		return xstrdup("");
	waker = format_task(report_object(stall, "waker"), style);
	return xasprintf(" (woken by %s)", waker);
}

static char *format_cpu(const cJSON *stall)
{
	return report_known(stall, "cpu") ? xasprintf("CPU %" PRIi64, report_i64(stall, "cpu", 0))
					  : xstrdup("a CPU");
}

static char *format_cpu_what(const cJSON *stall, const struct view_style *style)
{
	uint64_t duration_ns = report_u64(stall, "duration_ns", 0);
	uint64_t delivery_ns = report_u64(stall, "delivery_ns", 0);
	_cleanup_free_ char *cpu = format_cpu(stall), *reason = format_reason(stall, style);
	_cleanup_free_ char *late = NULL;
	char buf[DURATION_FORMAT_BYTES], late_buf[DURATION_FORMAT_BYTES];

	/* With shares it is one of them. */
	if (delivery_ns && delivery_ns >= duration_ns / 10 && !report_object(stall, "shares"))
		late = xasprintf(", %s of it before the wakeup reached that CPU",
				 duration_format(late_buf, delivery_ns));
	duration_format(buf, duration_ns);
	if (!report_bool(stall, "finished", true))
		return xasprintf("was still waiting for %s after %s%s%s", cpu, buf, reason,
				 late ? late : "");
	return xasprintf("waited %s for %s%s%s", buf, cpu, reason, late ? late : "");
}

/* "fsync of /path", "rename of /a to /b" */
static char *format_call(const cJSON *stall, const struct view_style *style)
{
	const char *operation = report_string(stall, "operation", "a file operation");
	const char *path = report_string(stall, "path", NULL);
	const char *path2 = report_string(stall, "path2", NULL);
	_cleanup_free_ char *name = NULL, *file = NULL, *target = NULL;

	/* Our own word, but in a file that anybody can write. */
	name = streq(operation, "page-fault") ? xstrdup("page fault")
					      : style->escape(operation, style->name_columns);
	if (path)
		file = style->escape(path, style->path_columns);
	else if (report_known(stall, "fd"))
		file = xasprintf("descriptor %" PRIi64, report_i64(stall, "fd", 0));
	if (path2)
		target = style->escape(path2, style->path_columns);
	return xasprintf("%s%s%s%s%s%s", name, file ? " of " : "", file ? file : "",
			 report_bool(stall, "path_deleted", false) ? " (deleted)" : "",
			 target ? " to " : "", target ? target : "");
}

/* " (51ms blocked, 1ms waiting for a CPU)", unless there are shares, which say it better */
static char *format_breakdown(const cJSON *stall)
{
	static const struct {
		const char *field, *words;
	} parts[] = {
		{"blocked_ns", "blocked"},
		{"runqueue_ns", "waiting for a CPU"},
		{"running_ns", "running"},
	};
	uint64_t duration_ns = report_u64(stall, "duration_ns", 0);
	_cleanup_free_ char *list = xstrdup("");

	for (size_t i = 0; i < ARRAY_SIZE(parts) && !report_object(stall, "shares"); i++) {
		uint64_t ns = report_u64(stall, parts[i].field, 0);
		char buf[DURATION_FORMAT_BYTES], *longer;

		if (ns == 0 || ns < duration_ns / 100)
			continue;
		longer = xasprintf("%s%s%s %s", list, *list ? ", " : "", duration_format(buf, ns),
				   parts[i].words);
		free(list);
		list = longer;
	}
	return *list ? xasprintf(" (%s)", list) : xstrdup("");
}

static char *format_io_what(const cJSON *stall, const struct view_style *style)
{
	_cleanup_free_ char *call = format_call(stall, style), *error = NULL, *where = NULL;
	_cleanup_free_ char *breakdown = format_breakdown(stall);
	const char *symbol = report_string(stall, "errno", NULL);
	const char *function = report_string(stall, "kernel_function", NULL);
	char buf[DURATION_FORMAT_BYTES];

	duration_format(buf, report_u64(stall, "duration_ns", 0));
	if (function)
		where = style->escape(function, style->name_columns);
	if (symbol)
		error = style->escape(symbol, style->name_columns);
	if (!report_bool(stall, "finished", true))
		return xasprintf("%s had not returned after %s%s%s%s", call, buf, breakdown,
				 where ? ", blocked in " : "", where ? where : "");
	return xasprintf("%s took %s%s%s%s%s%s", call, buf, error ? " to fail with " : "",
			 error ? error : "", breakdown, where ? ", blocked in " : "",
			 where ? where : "");
}

static char *format_hiccup_what(const cJSON *stall)
{
	char buf[DURATION_FORMAT_BYTES], steal_buf[DURATION_FORMAT_BYTES];
	_cleanup_free_ char *cpu = format_cpu(stall), *steal = NULL, *hit = NULL;
	uint64_t threads = report_u64(stall, "threads_hit", 0);

	/* With shares it is one of them. */
	if (report_known(stall, "steal_ns") && !report_object(stall, "shares"))
		steal = xasprintf(" (%s stolen by the hypervisor)",
				  duration_format(steal_buf, report_u64(stall, "steal_ns", 0)));
	if (report_known(stall, "threads_hit"))
		hit = xasprintf(", %" PRIu64 " thread%s of the run waited", threads,
				threads == 1 ? "" : "s");
	return xasprintf("%s stood still for %s%s%s", cpu,
			 duration_format(buf, report_u64(stall, "duration_ns", 0)),
			 steal ? steal : "", hit ? hit : "");
}

char *view_stall_what(const cJSON *stall, const struct view_style *style)
{
	const char *kind = report_string(stall, "kind", "");
	_cleanup_free_ char *name = NULL;
	char buf[DURATION_FORMAT_BYTES];

	if (streq(kind, "cpu"))
		return format_cpu_what(stall, style);
	if (streq(kind, "io"))
		return format_io_what(stall, style);
	if (streq(kind, "hiccup"))
		return format_hiccup_what(stall);
	/* Kinds may be added within a schema version. */
	name = style->escape(kind, style->name_columns);
	return xasprintf("stalled for %s (%s)",
			 duration_format(buf, report_u64(stall, "duration_ns", 0)), name);
}

/* -- Why ----------------------------------------------------------------------------------------- */

char *view_cause(const char *cause, const struct view_style *style)
{
	_cleanup_free_ char *key = xstrdup(cause), *name = NULL;
	size_t n = strlen(key);

	if (n > 3 && streq(key + n - 3, "_ns"))
		key[n - 3] = '\0';
	for (enum cause known = 0; known < CAUSES; known++)
		if (streq(key, cause_catalog[known].name))
			return xstrdup(cause_catalog[known].words);
	name = style->escape(key, style->name_columns);
	return xasprintf("for '%s'", name);
}

static uint64_t add_saturating(uint64_t a, uint64_t b)
{
	uint64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

/* Takes text over. */
static void add_part(struct view_why *why, uint64_t ns, char *text)
{
	size_t at = why->n_parts;

	while (at > 0 && why->parts[at - 1].ns < ns)
		at--;
	if (why->n_parts == VIEW_PARTS) {
		struct view_part last = why->parts[VIEW_PARTS - 1];

		if (at == VIEW_PARTS) {
			why->other_ns = add_saturating(why->other_ns, ns);
			free(text);
			return;
		}
		why->other_ns = add_saturating(why->other_ns, last.ns);
		free(last.text);
		why->n_parts--;
	}
	memmove(why->parts + at + 1, why->parts + at, (why->n_parts - at) * sizeof(why->parts[0]));
	why->parts[at] = (struct view_part){.ns = ns, .text = text};
	why->n_parts++;
}

/* "behind spin[900] (outside, real-time fifo, /user.slice)" */
static char *format_culprit(const cJSON *culprit, const struct view_style *style)
{
	const char *where = report_string(culprit, "where", "");
	const char *policy = report_string(culprit, "policy", "");
	const char *cgroup = report_string(culprit, "cgroup", NULL);
	_cleanup_free_ char *task = format_task(culprit, style), *path = NULL;
	bool outside = streq(where, "outside");

	where = streq(where, "inside")   ? "this run"
		: outside                ? "outside"
		: streq(where, "kernel") ? "kernel"
					 : "?";
	policy = streq(policy, "fifo")       ? ", real-time fifo"
		 : streq(policy, "rr")       ? ", real-time rr"
		 : streq(policy, "deadline") ? ", deadline"
					     : "";
	/* The root cgroup says no more than "outside". */
	if (outside && cgroup && !streq(cgroup, "/"))
		path = style->escape(cgroup, style->path_columns);
	return xasprintf("behind %s (%s%s%s%s)", task, where, policy, path ? ", " : "",
			 path ? path : "");
}

/* Names the culprits one by one and returns, per place, how much of a share they make up. */
static void add_culprits(const cJSON *stall, const struct view_style *style, uint64_t min_ns,
			 struct view_why *why, const char *const *places, size_t n_places,
			 uint64_t *ret_named_ns)
{
	const cJSON *worst[VIEW_PARTS];
	size_t n = view_worst(report_array(stall, "culprits"), "ns", worst, VIEW_PARTS);

	for (size_t i = 0; i < n; i++) {
		uint64_t ns = report_u64(worst[i], "ns", 0);
		const char *where = report_string(worst[i], "where", "");

		if (ns == 0 || ns < min_ns)
			break;
		add_part(why, ns, format_culprit(worst[i], style));
		for (size_t k = 0; k < n_places; k++)
			if (streq(where, places[k]))
				ret_named_ns[k] = add_saturating(ret_named_ns[k], ns);
	}
}

/* "Unexplained" alone explains nothing. */
static bool is_unexplained(const struct view_why *why, const cJSON *shares)
{
	return why->n_parts == 1 && why->parts[0].ns == report_u64(shares, "unknown_ns", 0);
}

void view_stall_why(const cJSON *stall, const struct view_style *style, struct view_why *ret)
{
	static const char *const places[] = {"inside", "outside", "kernel"};
	uint64_t named_ns[ARRAY_SIZE(places)] = {0};
	uint64_t min_ns = report_u64(stall, "duration_ns", 0) / 100;
	const cJSON *shares = report_object(stall, "shares"), *share;

	*ret = (struct view_why){0};
	add_culprits(stall, style, min_ns, ret, places, ARRAY_SIZE(places), named_ns);

	cJSON_ArrayForEach(share, shares) {
		const char *key = share->string ? share->string : "";
		uint64_t ns = report_u64(share, "", 0);

		for (size_t k = 0; k < ARRAY_SIZE(places); k++) {
			const char *rest = startswith(key, places[k]);

			if (rest && streq(rest, "_ns"))
				ns -= MIN(ns, named_ns[k]);
		}
		if (ns == 0 || ns < min_ns)
			ret->other_ns = add_saturating(ret->other_ns, ns);
		else
			add_part(ret, ns, view_cause(key, style));
	}
	if (is_unexplained(ret, shares))
		view_why_clear(ret);
}

void view_why_clear(struct view_why *why)
{
	for (size_t i = 0; i < why->n_parts; i++)
		free(why->parts[i].text);
	*why = (struct view_why){0};
}
