/* Put the rows of a report into words, for all views: who, what, when and why */
#include "views/view.h"

#include <inttypes.h>
#include <stdbool.h>

#include "base/duration.h"
#include "base/quote.h"
#include "base/utf8.h"
#include "catalog/answers.h"
#include "catalog/causes.h"
#include "catalog/fields.h"
#include "catalog/words.h"

/* Longer than any text from the kernel (PATH_MAX is 4096). Limits what a forged report costs. */
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
	/* The end of a path says more than its beginning: keep more of it. */
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

	/* After shortening, which could bring two '#' together. */
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

size_t view_worst_rows(const void *list, size_t count, size_t row_bytes, size_t offset, size_t *ret,
		       size_t n_ret)
{
	const char *rows = list;
	size_t n = 0;

	for (size_t i = 0; i < count && n_ret; i++) {
		const uint64_t *value = (const uint64_t *)(rows + i * row_bytes + offset);
		size_t at = n;

		while (at > 0 &&
		       *(const uint64_t *)(rows + ret[at - 1] * row_bytes + offset) < *value)
			at--;
		if (at == n_ret)
			continue;
		n = MIN(n + 1, n_ret);
		memmove(ret + at + 1, ret + at, (n - at - 1) * sizeof(*ret));
		ret[at] = i;
	}
	return n;
}

uint64_t view_sum(uint64_t a, uint64_t b)
{
	return b > UINT64_MAX - a ? UINT64_MAX : a + b;
}

unsigned int view_bucket(uint64_t ns)
{
	return ns ? 63 - (unsigned int)__builtin_clzll(ns) : 0;
}

void view_histogram(const struct report_bucket *histogram, size_t count,
		    uint64_t ret_counts[VIEW_BUCKETS])
{
	memset(ret_counts, 0, VIEW_BUCKETS * sizeof(*ret_counts));
	for (size_t i = 0; i < count; i++) {
		uint64_t *bucket = &ret_counts[view_bucket(histogram[i].lower_ns)];

		*bucket = view_sum(*bucket, histogram[i].count);
	}
}

struct view_stall_sum view_stall_sum(const struct report_totals *totals)
{
	struct view_stall_sum all = {0};

	for (enum stall_kind kind = 0; kind < STALL_KINDS; kind++) {
		const struct report_stall_sum *of = totals->of[kind];

		if (!of)
			continue;
		all.count = view_sum(all.count, of->count);
		all.total_ns = view_sum(all.total_ns, of->total_ns);
		all.max_ns = MAX(all.max_ns, of->max_ns.value);
	}
	return all;
}

char *view_gate_actual(const struct report_gate *gate)
{
	char buf[MAX(DURATION_FORMAT_BYTES, VIEW_COUNT_BYTES)];

	if (!gate->actual.known)
		return NULL;
	if (streq(gate->unit.text, "ppm"))
		return xasprintf("%.1f %%", (double)gate->actual.value / 1e4);
	return xstrdup(streq(gate->unit.text, "ns") ? duration_format(buf, gate->actual.value)
						    : view_count(buf, gate->actual.value));
}

size_t view_stalled_files(const struct report *report, size_t *ret, size_t n_ret)
{
	size_t n = view_worst(report->files, max_ns, ret, n_ret);

	while (n > 0 &&
	       report->files.list[ret[n - 1]].max_ns < report->thresholds.ns[STALL_IO].value)
		n--;
	return n;
}

uint64_t view_lost(const struct report *report)
{
	uint64_t lost = 0;

	for (size_t i = 0; i < report->tracing.loss.count; i++)
		lost = view_sum(lost, report->tracing.loss.list[i].count);
	return lost;
}

/* -- The command --------------------------------------------------------------------------------- */

bool view_is_job(const struct report *report)
{
	return !report->run.pid.known;
}

int view_exit_status(const struct report *report)
{
	const struct report_exit *status = &report->run.exit;

	if (view_is_job(report))
		return report->complete ? 0 : -1;
	if (status->timed_out)
		return 124;
	if (status->signal.value > 0 && status->signal.value < 128)
		return 128 + (int)status->signal.value;
	return status->code.known ? (int)status->code.value : -1;
}

/* " No cgroup matched --include=PATTERN.": something that the user wanted measured was not. Empty: each pattern matched. */
static char *unmatched(const struct report *report)
{
	for (size_t i = 0; i < report->included.count && report->complete; i++) {
		const struct report_included *included = &report->included.list[i];

		if (included->count.known && !included->count.value)
			return xasprintf(" No cgroup matched --include=%s.", included->pattern);
	}
	return xstrdup("");
}

char *view_headline(const struct report *report)
{
	const struct report_verdict *verdict = &report->verdict;
	_cleanup_free_ char *lacking = unmatched(report);

	/* A view needs a heading that is not blank. */
	if (!verdict->sentence[strspn(verdict->sentence, " ")])
		return xstrdup(verdict->status.text);
	return xasprintf("%s%s%s%s", verdict->cost ? verdict->cost->sentence : "",
			 verdict->cost ? ". " : "", verdict->sentence, lacking);
}

char *view_run_answer(const struct report *report, const struct view_style *style)
{
	const struct report_verdict *verdict = &report->verdict;
	_cleanup_free_ char *evidence = NULL;

	if (!verdict->answer.text)
		return NULL;
	if (verdict->evidence)
		evidence = style->escape(verdict->evidence, VIEW_EVIDENCE_CHARS);
	return xasprintf("%s%s%s", answer_catalog[verdict->answer.value].words,
			 evidence ? ": " : "", evidence ? evidence : "");
}

uint64_t view_gates_breached(const struct report *report)
{
	uint64_t count = 0;

	for (size_t i = 0; i < report->verdict.gates.count; i++)
		count += report->verdict.gates.list[i].breached;
	return count;
}

bool view_gates_decide(const struct report *report)
{
	const struct optional_u64 *status = &report->run.exit_status;

	return view_gates_breached(report) && status->known && status->value != 0;
}

bool view_is_green(const struct report *report)
{
	const struct report_test_counts *tests = &report->verdict.tests;

	return report->complete && report->run.exit_status.known &&
	       report->run.exit_status.value == 0 && view_exit_status(report) == 0 &&
	       !tests->failed && !tests->error && !tests->answered[ANSWER_INTERRUPTED];
}

const char *view_end(const struct report *report)
{
	const struct report_test_counts *tests = &report->verdict.tests;

	if (tests->failed || tests->error || tests->answered[ANSWER_INTERRUPTED])
		return "tests failed";
	if (view_exit_status(report) > 0)
		return "the command failed";
	if (view_gates_decide(report))
		return "a gate was breached";
	return view_is_green(report) && report->verdict.status.value != VERDICT_UNMEASURED
		       ? "passed"
		       : report->verdict.status.text;
}

char *view_exit(const struct report *report, const struct view_style *style)
{
	const struct report_exit *status = &report->run.exit;
	const char *dumped = status->core_dumped ? " (core dumped)" : "";
	_cleanup_free_ char *signal = NULL;

	if (status->signal_name)
		signal = style->escape(status->signal_name, style->name_columns);
	else if (status->signal.known)
		signal = xasprintf("signal %" PRIu64, status->signal.value);

	if (status->timed_out && signal)
		return xasprintf("timed out, killed by %s%s", signal, dumped);
	if (status->timed_out)
		return xasprintf("timed out");
	if (signal)
		return xasprintf("killed by %s%s", signal, dumped);
	if (status->code.known)
		return xasprintf("exit status %" PRIu64, status->code.value);
	if (view_is_job(report) && report->complete)
		return xstrdup("stopped");
	return xstrdup(report->complete ? "unknown exit status" : "still running");
}

/* Quotes for a shell; the caller escapes for its format. */
char *view_command(const struct report *report, const struct view_style *style, size_t max_columns)
{
	const struct texts *words = &report->run.command;
	_cleanup_free_ char *line = NULL;
	size_t size;
	FILE *out = open_memstream(&line, &size);

	if (out) {
		for (size_t i = 0; i < words->count; i++) {
			if (i)
				putc(' ', out);
			quote_for_shell(words->list[i], out);
		}
		fclose(out);
	}
	return style->escape(line && *line ? line : "?", max_columns);
}

/* -- Who ----------------------------------------------------------------------------------------- */

char *view_task(const char *comm, struct optional_u64 pid, const struct view_style *style)
{
	_cleanup_free_ char *name = style->escape(comm ? comm : "?", style->name_columns);

	return pid.known ? xasprintf("%s[%" PRIu64 "]", name, pid.value) : steal_ptr(name);
}

char *view_stall_who(const struct report_stall *stall, const struct view_style *style)
{
	_cleanup_free_ char *comm = NULL;

	if (!stall->pid.known && !stall->comm)
		return NULL;
	if (!stall->tid.known || stall->pid.value == stall->tid.value)
		return view_task(stall->comm, stall->pid, style);
	comm = style->escape(stall->comm ? stall->comm : "?", style->name_columns);
	if (!stall->pid.known)
		return xasprintf("%s[thread %" PRIu64 "]", comm, stall->tid.value);
	return xasprintf("%s[%" PRIu64 ", thread %" PRIu64 "]", comm, stall->pid.value,
			 stall->tid.value);
}

/* -- What ---------------------------------------------------------------------------------------- */

/* " (woken by kworker/1:1[33])", or nothing */
static char *format_reason(const struct report_stall *stall, const struct view_style *style)
{
	static const char *const words[WAIT_REASONS] = {
		[REASON_FORK] = " (newly created)",
		[REASON_PREEMPTED] = " (preempted)",
		[REASON_YIELD] = " (had yielded)",
	};
	_cleanup_free_ char *waker = NULL;

	if (stall->reason.value >= 0 && words[stall->reason.value])
		return xstrdup(words[stall->reason.value]);
	if (stall->waker && stall->waker->interrupt)
		return xstrdup(" (woken by an interrupt)");
	if (!stall->waker || !stall->waker->comm)
		return xstrdup("");
	waker = view_task(stall->waker->comm, stall->waker->pid, style);
	return xasprintf(" (woken by %s)", waker);
}

static char *format_cpu(const struct report_stall *stall)
{
	return stall->cpu.known ? xasprintf("CPU %" PRIu64, stall->cpu.value) : xstrdup("a CPU");
}

static bool is_unfinished(const struct report_stall *stall)
{
	return stall->finished.known && !stall->finished.value;
}

static char *format_cpu_what(const struct report_stall *stall, const struct view_style *style)
{
	uint64_t delivery_ns = stall->delivery_ns.value;
	_cleanup_free_ char *cpu = format_cpu(stall), *reason = format_reason(stall, style);
	_cleanup_free_ char *late = NULL;
	char buf[DURATION_FORMAT_BYTES], late_buf[DURATION_FORMAT_BYTES];

	/* The shares, if known, already have the delivery. */
	if (delivery_ns && delivery_ns >= stall->duration_ns / 10 && !stall->shares.list)
		late = xasprintf(", %s of it before the wakeup reached that CPU",
				 duration_format(late_buf, delivery_ns));
	duration_format(buf, stall->duration_ns);
	if (is_unfinished(stall))
		return xasprintf("was still waiting for %s after %s%s%s", cpu, buf, reason,
				 late ? late : "");
	return xasprintf("waited %s for %s%s%s", buf, cpu, reason, late ? late : "");
}

static const char *format_request(const struct report_stall *stall)
{
	if (!stall->request.text)
		return "";
	return stall->request.value == REQUEST_AIO ? " by Linux AIO" : " by io_uring";
}

/* "fsync of /path", "rename of /a to /b" */
static char *format_call(const struct report_stall *stall, const struct view_style *style)
{
	const char *operation = stall->operation ? stall->operation : "a file operation";
	_cleanup_free_ char *name = NULL, *file = NULL, *target = NULL;

	/* latwrap writes this word, but anybody can forge a report: escape it. */
	name = streq(operation, "page-fault") ? xstrdup("page fault")
					      : style->escape(operation, style->name_columns);
	if (stall->path)
		file = style->escape(stall->path, style->path_columns);
	else if (stall->fd.known)
		file = xasprintf("descriptor %" PRIi64, stall->fd.value);
	if (stall->path2)
		target = style->escape(stall->path2, style->path_columns);
	return xasprintf("%s%s%s%s%s%s%s", name, file ? " of " : "", file ? file : "",
			 stall->path_deleted.value ? " (deleted)" : "", target ? " to " : "",
			 target ? target : "", format_request(stall));
}

/* " (51ms blocked, 1ms waiting for a CPU)"; empty if the report has shares, which say more */
static char *format_breakdown(const struct report_stall *stall)
{
	const struct {
		uint64_t ns;
		const char *words;
	} parts[] = {
		{stall->blocked_ns.value, "blocked"},
		{stall->runqueue_ns.value, "waiting for a CPU"},
		{stall->running_ns.value, "running"},
	};
	_cleanup_free_ char *list = xstrdup("");

	for (size_t i = 0; i < ARRAY_SIZE(parts) && !stall->shares.list; i++) {
		char buf[DURATION_FORMAT_BYTES], *longer;

		if (parts[i].ns == 0 || parts[i].ns < stall->duration_ns / 100)
			continue;
		longer = xasprintf("%s%s%s %s", list, *list ? ", " : "",
				   duration_format(buf, parts[i].ns), parts[i].words);
		free(list);
		list = longer;
	}
	return *list ? xasprintf(" (%s)", list) : xstrdup("");
}

static char *format_io_what(const struct report_stall *stall, const struct view_style *style)
{
	_cleanup_free_ char *call = format_call(stall, style), *error = NULL, *where = NULL;
	_cleanup_free_ char *breakdown = format_breakdown(stall);
	char buf[DURATION_FORMAT_BYTES];

	duration_format(buf, stall->duration_ns);
	if (stall->kernel_function)
		where = style->escape(stall->kernel_function, style->name_columns);
	if (stall->errno_name)
		error = style->escape(stall->errno_name, style->name_columns);
	if (is_unfinished(stall))
		return xasprintf("%s had not returned after %s%s%s%s", call, buf, breakdown,
				 where ? ", blocked in " : "", where ? where : "");
	return xasprintf("%s took %s%s%s%s%s%s", call, buf, error ? " to fail with " : "",
			 error ? error : "", breakdown, where ? ", blocked in " : "",
			 where ? where : "");
}

static char *format_hiccup_what(const struct report_stall *stall)
{
	char buf[DURATION_FORMAT_BYTES], steal_buf[DURATION_FORMAT_BYTES];
	_cleanup_free_ char *cpu = format_cpu(stall), *steal = NULL, *hit = NULL;

	/* The shares, if known, already have the steal. */
	if (stall->steal_ns.known && !stall->shares.list)
		steal = xasprintf(" (%s stolen by the hypervisor)",
				  duration_format(steal_buf, stall->steal_ns.value));
	if (stall->threads_hit.known)
		hit = xasprintf(", %" PRIu64 " thread%s of the run waited",
				stall->threads_hit.value, stall->threads_hit.value == 1 ? "" : "s");
	return xasprintf("%s took no interrupt for %s%s%s", cpu,
			 duration_format(buf, stall->duration_ns), steal ? steal : "",
			 hit ? hit : "");
}

/* Appends ", 3ms behind processes that nobody could name" for each field with words_behind. Takes ownership of text. */
static char *append_words(const struct report_stall *stall, char *text)
{
	for (size_t i = 0; i < stall_fields.count; i++) {
		const struct field *field = &stall_fields.list[i];
		const struct optional_u64 *ns =
			(const struct optional_u64 *)((const char *)stall + field->offset);
		char buf[DURATION_FORMAT_BYTES], *longer;

		if (!field->words_behind || field->type != FIELD_OPTIONAL_U64 || !ns->value)
			continue;
		longer = xasprintf("%s, %s %s", text, duration_format(buf, ns->value),
				   field->words_behind);
		free(text);
		text = longer;
	}
	return text;
}

static char *format_what(const struct report_stall *stall, const struct view_style *style)
{
	_cleanup_free_ char *name = NULL;
	char buf[DURATION_FORMAT_BYTES];

	switch (stall->kind.value) {
	case STALL_CPU:
		return format_cpu_what(stall, style);
	case STALL_IO:
		return format_io_what(stall, style);
	case STALL_HICCUP:
		return format_hiccup_what(stall);
	default:
		/* A later version of latwrap may have more kinds in the same schema version. */
		name = style->escape(stall->kind.text, style->name_columns);
		return xasprintf("stalled for %s (%s)", duration_format(buf, stall->duration_ns),
				 name);
	}
}

char *view_stall_what(const struct report_stall *stall, const struct view_style *style)
{
	return append_words(stall, format_what(stall, style));
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

/* Takes ownership of text. */
static void add_part(struct view_why *why, uint64_t ns, char *text)
{
	size_t at = why->n_parts;

	while (at > 0 && why->parts[at - 1].ns < ns)
		at--;
	if (why->n_parts == VIEW_PARTS) {
		struct view_part last = why->parts[VIEW_PARTS - 1];

		if (at == VIEW_PARTS) {
			why->other_ns = view_sum(why->other_ns, ns);
			free(text);
			return;
		}
		why->other_ns = view_sum(why->other_ns, last.ns);
		free(last.text);
		why->n_parts--;
	}
	memmove(why->parts + at + 1, why->parts + at, (why->n_parts - at) * sizeof(why->parts[0]));
	why->parts[at] = (struct view_part){.ns = ns, .text = text};
	why->n_parts++;
}

/* Adds ", wrote 212MiB" to the text. */
static void add_traffic(char **text, const char *verb, struct optional_u64 bytes)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
	uint64_t number = bytes.value;
	size_t unit = 0;
	char *longer;

	if (!bytes.known || !number)
		return;
	for (; number >= 10240 && unit + 1 < ARRAY_SIZE(units); unit++)
		number /= 1024;
	longer = xasprintf("%s, %s %" PRIu64 "%s", *text, verb, number, units[unit]);
	free(*text);
	*text = longer;
}

/*
 * "behind spin[900] (outside, real-time fifo, /user.slice)", "behind dd[901] (outside, wrote 212MiB)", "for a lock that
 * apt-get[902] (outside) held"
 */
static char *format_culprit(const struct report_culprit *culprit, const struct view_style *style)
{
	static const char *const places[] = {
		[CULPRIT_INSIDE] = "this run",
		[CULPRIT_OUTSIDE] = "outside",
		[CULPRIT_KERNEL] = "kernel",
	};
	static const char *const policies[POLICIES] = {
		[POLICY_FIFO] = ", real-time fifo",
		[POLICY_RR] = ", real-time rr",
		[POLICY_DEADLINE] = ", deadline",
	};
	const char *policy = culprit->policy.value >= 0 ? policies[culprit->policy.value] : NULL;
	_cleanup_free_ char *task = view_task(culprit->comm, culprit->pid, style), *path = NULL;
	_cleanup_free_ char *place = NULL;
	bool is_lock = culprit->held.value == HELD_LOCK;

	/* The root cgroup says no more than "outside": leave it out. */
	if (culprit->where.value == CULPRIT_OUTSIDE && culprit->cgroup &&
	    !streq(culprit->cgroup, "/"))
		path = style->escape(culprit->cgroup, style->path_columns);
	place = xasprintf("%s%s", places[culprit->where.value], policy ? policy : "");
	add_traffic(&place, "read", culprit->bytes_read);
	add_traffic(&place, "wrote", culprit->bytes_written);
	return xasprintf("%s %s (%s%s%s)%s", is_lock ? "for a lock that" : "behind", task, place,
			 path ? ", " : "", path ? path : "", is_lock ? " held" : "");
}

static bool is_share(const struct report_share *share, const char *cause)
{
	const char *rest = startswith(share->cause, cause);

	return rest && streq(rest, "_ns");
}

/* The cause whose share has the culprit's time. */
static enum cause cause_of_culprit(const struct report_culprit *culprit)
{
	static const enum cause causes[CULPRIT_HELDS][CULPRIT_WHERES] = {
		[HELD_CPU] = {CAUSE_INSIDE, CAUSE_OUTSIDE, CAUSE_KERNEL},
		[HELD_DEVICE] = {CAUSE_DEVICE_INSIDE, CAUSE_DEVICE_OUTSIDE, CAUSE_DEVICE},
		[HELD_LOCK] = {CAUSE_LOCK, CAUSE_LOCK, CAUSE_LOCK},
	};

	return causes[culprit->held.value][culprit->where.value];
}

/* Adds a part for each culprit. ret_named_ns gets the sum of these parts for each cause. */
static void add_culprits(const struct report_stall *stall, const struct view_style *style,
			 uint64_t min_ns, struct view_why *why, uint64_t ret_named_ns[CAUSES])
{
	size_t worst[VIEW_PARTS], n = view_worst(stall->culprits, ns, worst, VIEW_PARTS);

	for (size_t i = 0; i < n; i++) {
		const struct report_culprit *culprit = &stall->culprits.list[worst[i]];
		uint64_t *named_ns = &ret_named_ns[cause_of_culprit(culprit)];

		if (culprit->ns == 0 || culprit->ns < min_ns)
			break;
		add_part(why, culprit->ns, format_culprit(culprit, style));
		*named_ns = view_sum(*named_ns, culprit->ns);
	}
}

/* Do not show "unexplained" alone: it explains nothing. */
static bool is_unexplained(const struct view_why *why, const struct report_stall *stall)
{
	uint64_t unknown_ns = 0;

	for (size_t i = 0; i < stall->shares.count; i++)
		if (is_share(&stall->shares.list[i], cause_catalog[CAUSE_UNKNOWN].name))
			unknown_ns = stall->shares.list[i].ns;
	return why->n_parts == 1 && why->parts[0].ns == unknown_ns;
}

void view_stall_why(const struct report_stall *stall, const struct view_style *style,
		    struct view_why *ret)
{
	uint64_t named_ns[CAUSES] = {0};
	uint64_t min_ns = stall->duration_ns / 100;

	*ret = (struct view_why){0};
	add_culprits(stall, style, min_ns, ret, named_ns);
	for (size_t i = 0; i < stall->shares.count; i++) {
		const struct report_share *share = &stall->shares.list[i];
		uint64_t ns = share->ns;

		for (enum cause cause = 0; cause < CAUSES; cause++)
			if (is_share(share, cause_catalog[cause].name))
				ns -= MIN(ns, named_ns[cause]);
		if (ns == 0 || ns < min_ns)
			ret->other_ns = view_sum(ret->other_ns, ns);
		else
			add_part(ret, ns, view_cause(share->cause, style));
	}
	if (is_unexplained(ret, stall))
		view_why_clear(ret);
}

void view_why_clear(struct view_why *why)
{
	for (size_t i = 0; i < why->n_parts; i++)
		free(why->parts[i].text);
	*why = (struct view_why){0};
}
