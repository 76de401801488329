/* The runs of latwrap shake: one after the other, each disturbed as the search wants */
#include "cli/shake_runs.h"

#include <inttypes.h>
#include <sys/random.h>

#include "answer/verdict.h"
#include "base/duration.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "base/utf8.h"
#include "cli/input.h"
#include "model/record.h"
#include "report/build.h"
#include "report/fill.h"
#include "report/load.h"
#include "run/session.h"
#include "run/signals.h"
#include "shake/replay.h"
#include "spans/span.h"
#include "system/rlimits.h"

/* Of a run without --timeout */
#define TIMEOUT_RUNS 10
#define TIMEOUT_NS   (60 * NSEC_PER_SEC)

struct shaking {
	const struct shake_options *options;
	struct search *search;
	struct session_options session;
	uint64_t deadline_ns; /* CLOCK_MONOTONIC */
	const struct run_facts *facts; /* of the current run */
	uint64_t runs;
	int signal; /* that asked to end; 0: none */
	bool is_parallel; /* a test began while another one was disturbed */
	const char *stopped; /* why the search is not complete; NULL: it is */
};

/* -- While a run lasts ----------------------------------------------------------------------------- */

static uint32_t begun(void *context, const struct span *span, bool may_disturb,
		      struct disturb_steps *ret)
{
	struct shaking *shaking = context;
	_cleanup_free_ char *name = NULL;
	struct test_key key = {0};
	uint32_t test;

	if (span) {
		name = utf8_sanitize(span->name.data, span->name.size, NULL);
		key = (struct test_key){name, span->file, span->runner};
	}
	test = search_test_begun(shaking->search, &key, may_disturb, ret);
	shaking->is_parallel |= test && !may_disturb;
	return test;
}

static void done(void *context, const struct disturb_done *of)
{
	struct shaking *shaking = context;

	search_disturbed(shaking->search, of->order.test,
			 &(struct search_disturbance){
				 .start_ns =
					 offset_ns(of->times.start_ns, shaking->facts->start_ns),
				 .end_ns = offset_ns(of->times.end_ns, shaking->facts->start_ns),
				 .asked_ns = of->order.length_ns,
				 .done_ns = of->times.done_ns,
			 });
}

/* -- One run --------------------------------------------------------------------------------------- */

/* Returns whether the run may take as long as it needs; otherwise the time of the search ends it. */
static bool set_timeout(struct shaking *shaking, uint64_t left_ns)
{
	uint64_t usual_ns = search_duration_ns(shaking->search);
	uint64_t timeout_ns = shaking->options->run.session.timeout_ns;

	if (!timeout_ns && usual_ns)
		timeout_ns =
			TIMEOUT_RUNS * usual_ns + TIMEOUT_NS + search_planned_ns(shaking->search);
	shaking->session.timeout_ns = timeout_ns ? MIN(timeout_ns, left_ns) : left_ns;
	return timeout_ns && timeout_ns < left_ns;
}

static struct report *build(const struct model *model, const struct run_facts *facts, int status)
{
	struct verdict verdict;
	struct report *report;

	verdict_reach(model, facts, &verdict);
	report = report_build(&(struct report_source){model, facts, &verdict, true, status});
	verdict_done(&verdict);
	return report;
}

/* Returns 0, or an exit status: the search ends without a result. */
static int judge(struct shaking *shaking, const struct model *model, const struct run_facts *facts,
		 int status, bool has_time)
{
	_cleanup_report_ struct report *report = NULL;

	if (facts->not_run)
		return status;
	shaking->signal = facts->exit.told_to_end ? facts->exit.told_to_end : signals_pending_end();
	if (shaking->signal)
		shaking->stopped = "stopped by a signal";
	else if (facts->exit.timed_out && !has_time)
		shaking->stopped = "stopped when --time was over";
	if (shaking->stopped) {
		search_drop_run(shaking->search);
		return 0;
	}
	report = build(model, facts, status);
	search_take_run(shaking->search, report,
			facts->exit.timed_out ? offset_ns(facts->exit.told_ns, facts->start_ns)
					      : 0);
	return 0;
}

static void say_what_happens(const struct shaking *shaking, enum search_step step)
{
	char planned[DURATION_FORMAT_BYTES];

	if (step == SEARCH_UNDISTURBED)
		log_info("shake: run %" PRIu64 ", undisturbed", shaking->runs);
	else
		log_info("shake: run %" PRIu64 ", disturbed for %s in all", shaking->runs,
			 duration_format(planned, search_planned_ns(shaking->search)));
}

/* Returns like judge(). */
static int make_run(struct shaking *shaking, uint64_t left_ns)
{
	bool has_time = set_timeout(shaking, left_ns);
	struct run_facts facts = {0};
	struct model *model = NULL;
	int status;

	shaking->facts = &facts;
	status = session_run(&shaking->session, &facts, &model);
	if (model) {
		status = judge(shaking, model, &facts, status, has_time);
		model_free(model);
	}
	shaking->facts = NULL;
	run_facts_done(&facts);
	return status;
}

/* -- All of them ----------------------------------------------------------------------------------- */

static int make_runs(struct shaking *shaking)
{
	const struct shake_options *options = shaking->options;
	off_t position = input_position();
	int status = 0;

	while (status == 0 && !shaking->stopped) {
		enum search_step step = search_next(shaking->search);
		uint64_t now = now_ns(CLOCK_MONOTONIC);

		if (step == SEARCH_DONE)
			break;
		if (shaking->runs == options->most_runs)
			shaking->stopped = "stopped after --runs";
		else if (now >= shaking->deadline_ns)
			shaking->stopped = "stopped when --time was over";
		if (shaking->stopped)
			break;
		shaking->runs++;
		say_what_happens(shaking, step);
		input_rewind(position);
		status = make_run(shaking, shaking->deadline_ns - now);
	}
	return status;
}

static void add_note(struct shake *shake, const char *note)
{
	shake->notes.list[shake->notes.count++] = note;
}

static void describe(const struct shaking *shaking, const struct timespec *started_at,
		     uint64_t started_ns, struct shake *ret)
{
	const struct shake_options *options = shaking->options;
	char *const *argv = options->run.session.argv;
	char time[JSON_TIME_BYTES];
	size_t words = 0;

	while (argv[words])
		words++;
	ret->shake_version = SHAKE_VERSION;
	ret->tool = (struct report_tool){"latwrap", LATWRAP_VERSION};
	ret->complete = !shaking->stopped;
	ret->started_at = fill_text(&ret->memory, json_time(time, started_at));
	ret->duration_ns = now_ns(CLOCK_MONOTONIC) - started_ns;
	ret->command.list = arena_alloc(&ret->memory, words, sizeof(*ret->command.list));
	for (; ret->command.count < words; ret->command.count++)
		ret->command.list[ret->command.count] =
			fill_text(&ret->memory, argv[ret->command.count]);
	if (options->replay)
		ret->replayed = fill_text(&ret->memory, options->replay_path);
	ret->disturbance = word_of(disturbance_names, (int)options->disturbance);
	ret->longest_ns = options->length_ns ? options->length_ns : options->longest_ns;
	ret->tries = options->tries;
	ret->notes.list = arena_alloc(&ret->memory, 2, sizeof(*ret->notes.list));
	if (shaking->stopped)
		add_note(ret, shaking->stopped);
	if (shaking->is_parallel)
		add_note(ret, "tests ran at the same time: a disturbance holds up all of them, so "
			      "only one of them counts in a run");
}

static uint32_t choose_seed(const struct shake_options *options)
{
	uint32_t seed;

	if (options->has_seed)
		return (uint32_t)options->seed;
	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != sizeof(seed))
		seed = (uint32_t)now_ns(CLOCK_REALTIME);
	return seed;
}

int shake_runs(const struct shake_options *options, struct shake *ret, int *ret_signal)
{
	const uint64_t started_ns = now_ns(CLOCK_MONOTONIC);
	const struct search_options wanted = {
		.seed = choose_seed(options),
		.longest_ns = options->length_ns ? options->length_ns : options->longest_ns,
		.exact_ns = options->fail_below_ns,
		.is_search = !options->length_ns && !options->replay,
		.tries = (unsigned)options->tries,
		.undisturbed = (unsigned)options->undisturbed,
		.is_machine = options->disturbance == DISTURB_STARVE ||
			      options->disturbance == DISTURB_FILES,
		.has_offset = options->has_at,
		.offset_ns = options->at_ns,
		.names = options->names,
	};
	_cleanup_(search_freep) struct search *search = search_new(&wanted);
	struct shaking shaking = {
		.options = options,
		.search = search,
		.session = options->run.session,
		.deadline_ns = started_ns + MIN(options->time_ns, UINT64_MAX - started_ns),
	};
	const struct disturb_plan plan = {options->disturbance,
					  options->run.watched,
					  options->run.watched_count,
					  begun,
					  done,
					  &shaking};
	struct timespec started_at;
	struct rlimits limits;
	sigset_t mask;
	int status;

	if (options->replay && !replay_plan(options->replay, options->disturbance, search)) {
		log_error("--replay '%s': no test failed in it that has a %s: nothing to replay",
			  options->replay_path,
			  options->disturbance == DISTURB_FILES ? "slow file operation" : "stall");
		return EXIT_LATWRAP;
	}
	clock_gettime(CLOCK_REALTIME, &started_at);
	sigprocmask(SIG_SETMASK, NULL, &mask);
	rlimits_raise(&limits);
	shaking.session.sigmask = &mask;
	shaking.session.limits = &limits;
	shaking.session.disturb = &plan;
	shaking.session.watched_count = 0;
	log_info("shake: seed %" PRIu32, wanted.seed);
	status = make_runs(&shaking);
	*ret_signal = shaking.signal;
	ret->seed = wanted.seed;
	describe(&shaking, &started_at, started_ns, ret);
	search_result(search, ret);
	return status;
}
