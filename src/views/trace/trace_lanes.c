/* Prints spans as async trace events, on as few lanes as tests that ran at once */
#include "views/trace/trace_lanes.h"

#include "views/account_words.h"

/* Bounds the cost of a made-up report: each span compares itself with all lanes. */
#define LANES_MAX 256
#define DEPTH_MAX 16

struct interval {
	const struct report_span *span;
	uint64_t start_ns, end_ns;
	size_t order;
};

/*
 * Events with one id nest like brackets. So a span fits a lane if it begins after the last span of
 * the lane ended, or ends before it. A separate id for each span would also be valid, but viewers
 * show each id as a line: thousands of lines with one span each.
 */
struct lane {
	uint64_t id;
	const char *worker;
	struct interval open[DEPTH_MAX];
	size_t depth;
};

struct lanes {
	struct trace *t;
	struct lane list[LANES_MAX];
	size_t count;
	uint64_t end_ns;
};

static int compare_intervals(const void *a, const void *b)
{
	const struct interval *x = a, *y = b;

	if (x->start_ns != y->start_ns)
		return x->start_ns < y->start_ns ? -1 : 1;
	if (x->end_ns != y->end_ns)
		return x->end_ns < y->end_ns ? 1 : -1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static size_t find_intervals(struct trace *t, struct interval **ret)
{
	size_t n = 0;
	struct interval *list = xcalloc(t->report->spans.count + 1, sizeof(*list));

	for (size_t i = 0; i < t->report->spans.count; i++) {
		const struct report_span *span = &t->report->spans.list[i];
		/* A span that did not end lasts as long as the run. */
		uint64_t end_ns = span->end_ns.known ? span->end_ns.value : t->end_ns;

		if (!span->start_ns.known)
			continue;
		list[n++] = (struct interval){
			.span = span,
			.start_ns = span->start_ns.value,
			.end_ns = MAX(end_ns, span->start_ns.value),
			.order = i,
		};
	}
	qsort(list, n, sizeof(*list), compare_intervals);
	*ret = list;
	return n;
}

/* -- Events ---------------------------------------------------------------------------------------- */

static void print_end(struct lanes *lanes, const struct lane *lane, const struct interval *of)
{
	struct trace *t = lanes->t;

	trace_begin(t, 'e', "span", of->span->name, of->end_ns);
	trace_where(t, trace_machine(t), trace_machine(t));
	trace_id(t, lane->id);
	trace_end(t);
}

static void print_begin(struct lanes *lanes, const struct lane *lane, const struct interval *of)
{
	struct trace *t = lanes->t;
	const char *answer = of->span->answer.text;

	trace_begin(t, 'b', "span", of->span->name, of->start_ns);
	trace_where(t, trace_machine(t), trace_machine(t));
	trace_id(t, lane->id);
	json_open_object(&t->json, "args");
	json_put_text(&t->json, "answer", answer ? answer : "");
	trace_fields(t, &span_fields, of->span);
	trace_end(t);
}

/* The outermost event is the lane itself: viewers name the line after the first event. */
static void print_lane(struct lanes *lanes, const struct lane *lane, char phase)
{
	_cleanup_free_ char *name = xasprintf("tests%s%s", lane->worker ? " of " : "",
					      lane->worker ? lane->worker : "");
	struct trace *t = lanes->t;

	trace_begin(t, phase, "span", name, phase == 'b' ? 0 : lanes->end_ns);
	trace_where(t, trace_machine(t), trace_machine(t));
	trace_id(t, lane->id);
	trace_end(t);
}

/* -- Paths ----------------------------------------------------------------------------------------- */

/* "waited for a CPU that another program had" */
static char *step_title(const struct report_account_step *step)
{
	enum account_part part = (enum account_part)step->part.value;

	if (step->part.value < 0)
		return xstrdup(step->part.text);
	return xasprintf("%s %s", account_verb(part), part_catalog[part].words);
}

static void print_step(struct trace *t, uint64_t id, const struct report_account_step *step)
{
	_cleanup_free_ char *title = step_title(step);
	const struct report_account_thread *who = step->who;

	trace_begin(t, 'b', "path", title, step->start_ns);
	trace_where(t, trace_machine(t), trace_machine(t));
	trace_id(t, id);
	json_open_object(&t->json, "args");
	json_put_text(&t->json, "part", step->part.text);
	if (who) {
		_cleanup_free_ char *thread = view_task(
			who->comm, (struct optional_u64){.known = true, .value = who->pid},
			&trace_style);

		json_put_text(&t->json, "thread", thread);
		json_put_u64(&t->json, "tid", who->tid);
		json_put_bool(&t->json, "outside", who->outside);
	}
	json_put_u64(&t->json, "wakeups_from_test", step->depth);
	trace_end(t);

	trace_begin(t, 'e', "path", title, view_sum(step->start_ns, step->duration_ns));
	trace_where(t, trace_machine(t), trace_machine(t));
	trace_id(t, id);
	trace_end(t);
}

/* The critical path of a failed test: a line of its own, within a bracket that names it. */
static void print_path(struct trace *t, const struct report_span *span)
{
	const struct report_account *account = span->account;
	_cleanup_free_ char *title = xasprintf("path of %s", span->name);
	uint64_t id, start_ns = span->start_ns.value, end_ns = start_ns;

	if (!account || !account->path.count)
		return;
	id = trace_new_id(t);
	for (size_t i = 0; i < account->path.count; i++)
		end_ns = MAX(end_ns, view_sum(account->path.list[i].start_ns,
					      account->path.list[i].duration_ns));
	trace_begin(t, 'b', "path", title, MIN(start_ns, account->path.list[0].start_ns));
	trace_where(t, trace_machine(t), trace_machine(t));
	trace_id(t, id);
	json_open_object(&t->json, "args");
	json_put_text(&t->json, "answer", span->answer.text);
	json_put_text(&t->json, "evidence", span->evidence);
	trace_end(t);
	for (size_t i = 0; i < account->path.count; i++)
		print_step(t, id, &account->path.list[i]);
	trace_begin(t, 'e', "path", title, end_ns);
	trace_where(t, trace_machine(t), trace_machine(t));
	trace_id(t, id);
	trace_end(t);
}

/* -- Lanes ----------------------------------------------------------------------------------------- */

static void end_until(struct lanes *lanes, struct lane *lane, uint64_t now_ns)
{
	while (lane->depth > 0 && lane->open[lane->depth - 1].end_ns <= now_ns)
		print_end(lanes, lane, &lane->open[--lane->depth]);
}

static bool fits(const struct lane *lane, const struct interval *interval)
{
	size_t depth = lane->depth;

	while (depth > 0 && lane->open[depth - 1].end_ns <= interval->start_ns)
		depth--;
	return depth == 0 ||
	       (depth < DEPTH_MAX && lane->open[depth - 1].end_ns >= interval->end_ns);
}

static bool same_worker(const char *a, const char *b)
{
	return (!a && !b) || (a && b && streq(a, b));
}

static struct lane *choose_lane(struct lanes *lanes, const struct interval *interval)
{
	const char *worker = interval->span->worker;
	struct lane *lane;

	for (size_t i = 0; i < lanes->count; i++)
		if (same_worker(lanes->list[i].worker, worker) && fits(&lanes->list[i], interval))
			return &lanes->list[i];
	if (lanes->count == LANES_MAX)
		return NULL;
	lane = &lanes->list[lanes->count++];
	*lane = (struct lane){.id = trace_new_id(lanes->t), .worker = worker};
	print_lane(lanes, lane, 'b');
	return lane;
}

void trace_print_spans(struct trace *t)
{
	_cleanup_free_ struct interval *list = NULL;
	_cleanup_free_ struct lanes *lanes = xcalloc(1, sizeof(*lanes));
	size_t n = find_intervals(t, &list);

	lanes->t = t;
	lanes->end_ns = t->end_ns;
	for (size_t i = 0; i < n; i++)
		lanes->end_ns = MAX(lanes->end_ns, list[i].end_ns);
	for (size_t i = 0; i < n; i++) {
		struct lane *lane = choose_lane(lanes, &list[i]);
		struct lane own = {0};

		if (!lane) {
			/* All lanes are in use: the span gets a line of its own. */
			own.id = trace_new_id(t);
			print_begin(lanes, &own, &list[i]);
			print_end(lanes, &own, &list[i]);
			continue;
		}
		/* Viewers sort by time and keep the order of equal times: print ends first. */
		end_until(lanes, lane, list[i].start_ns);
		print_begin(lanes, lane, &list[i]);
		lane->open[lane->depth++] = list[i];
	}
	for (size_t i = 0; i < lanes->count; i++) {
		end_until(lanes, &lanes->list[i], UINT64_MAX);
		print_lane(lanes, &lanes->list[i], 'e');
	}
	for (size_t i = 0; i < n; i++)
		print_path(t, list[i].span);
}
