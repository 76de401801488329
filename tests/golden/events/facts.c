/* The lines of an event list that say what a run was, and the facts that every golden report shares. */
#include "base/util.h"
#include "events.h"
#include "model/record.h"

/* -- The same in all ------------------------------------------------------------------------------- */

void replay_begin(struct replay *replay)
{
	struct run_facts *facts = &replay->facts;

	memset(replay, 0, sizeof(*replay));
	replay->limits = (struct model_limits){
		.stalls = 1000, .processes = 2000, .files = 1000, .commands = 1000};
	replay->command = bytes_copy("true", sizeof("true"));
	facts->id = xstrdup("0123456789abcdef");
	facts->started_at = (struct timespec){.tv_sec = 1709208000, .tv_nsec = 12345678};
	facts->start_ns = RUN_START_NS;
	facts->end_ns = RUN_START_NS + NSEC_PER_SEC;
	facts->cwd = xstrdup("/home/dev/project");
	facts->user_name = xstrdup("dev");
	facts->cgroup = xstrdup("/user.slice/latwrap-10");
	facts->uid = facts->gid = 1000;
	facts->pid = 10;
	facts->exit.ended = true;
	facts->exit.rusage = (struct rusage){
		.ru_utime = {0, 250000},
		.ru_stime = {0, 50000},
		.ru_maxrss = 4096,
		.ru_minflt = 500,
		.ru_majflt = 5,
		.ru_nvcsw = 40,
		.ru_nivcsw = 4,
	};
	facts->leftovers_action = "leave";
	facts->host = (struct host_facts){
		.hostname = xstrdup("build-7"),
		.kernel = xstrdup("6.1.0-18-amd64"),
		.architecture = xstrdup("x86_64"),
		.cpu_model = xstrdup("Model of a CPU"),
		.cpus_online = 4,
		.cpus_allowed = 2,
		.memory_bytes = UINT64_C(8) << 30,
	};
	facts->trace = (struct trace_facts){
		.status = TRACE_FULL,
		.cpu = true,
		.io = true,
		.load_ns = 400 * NSEC_PER_MSEC,
		.latwrap_user_ns = 20 * NSEC_PER_MSEC,
		.latwrap_system_ns = 30 * NSEC_PER_MSEC,
	};
	facts->gates = replay->gates;
}

static void free_names(struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->list[i].name);
}

void replay_end(struct replay *replay)
{
	for (size_t i = 0; i < replay->facts.gate_count; i++)
		gate_done(&replay->gates[i]);
	free_names(&replay->cgroups);
	free_names(&replay->mappings);
	free_names(&replay->functions);
	free((void *)replay->facts.argv);
	bytes_done(&replay->command);
	run_facts_done(&replay->facts);
	model_free(replay->model);
	if (replay->stream)
		fclose(replay->stream);
}

/* -- What differs ---------------------------------------------------------------------------------- */

static void set_string(struct line *line, const char *key, char **string_place)
{
	char *value = string(line, key);

	if (!value)
		return;
	free(*string_place);
	*string_place = value;
}

static void set_argv(struct replay *replay, struct line *line)
{
	struct bytes command = words(line, "command");
	size_t count = 0;
	char **argv;

	if (command.data) {
		bytes_done(&replay->command);
		replay->command = command;
	}
	for (size_t i = 0; i < replay->command.size; i++)
		count += replay->command.data[i] == '\0';
	argv = xcalloc(count + 1, sizeof(*argv));
	for (size_t i = 0, at = 0; i < count; i++, at += strlen(replay->command.data + at) + 1)
		argv[i] = replay->command.data + at;
	free((void *)replay->facts.argv);
	replay->facts.argv = argv;
}

static void take_run(struct replay *replay, struct line *line)
{
	struct run_facts *facts = &replay->facts;
	struct exit_facts *ended = &facts->exit;

	set_argv(replay, line);
	set_string(line, "cwd", &facts->cwd);
	set_string(line, "user", &facts->user_name);
	set_string(line, "cgroup", &facts->cgroup);
	set_string(line, "not-run", &facts->not_run);
	facts->end_ns = RUN_START_NS + length(line, "end");
	replay->checkpoint = flag(line, "checkpoint");
	ended->ended = !replay->checkpoint;
	ended->signal = (int)number(line, "signal", 0);
	ended->code = ended->signal ? -1 : (int)number(line, "exit", 0);
	ended->timed_out = flag(line, "timed-out");
	ended->core_dumped = flag(line, "core-dumped");
	replay->exit_status =
		(int)number(line, "status", ended->signal ? 128 + ended->signal : ended->code);
}

static void take_limits(struct replay *replay, struct line *line)
{
	struct model_limits *limits = &replay->limits;

	if (replay->model)
		bad_line(line, "too late for", line->name);
	limits->stalls = (size_t)number(line, "stalls", (int64_t)limits->stalls);
	limits->processes = (size_t)number(line, "processes", (int64_t)limits->processes);
	limits->files = (size_t)number(line, "files", (int64_t)limits->files);
	limits->commands = (size_t)number(line, "commands", (int64_t)limits->commands);
}

static void take_gate(struct replay *replay, struct line *line)
{
	_cleanup_free_ char *expression = string(line, "expression"), *message = NULL;
	size_t *count = &replay->facts.gate_count;

	if (*count == ARRAY_SIZE(replay->gates) || !expression ||
	    gate_parse(expression, &replay->gates[*count], &message) < 0)
		bad_line(line, "no such gate:", message ? message : "");
	(*count)++;
}

static void take_host(struct replay *replay, struct line *line)
{
	set_string(line, "name", &replay->facts.host.hostname);
	set_string(line, "cpu-model", &replay->facts.host.cpu_model);
	set_string(line, "virtualization", &replay->facts.host.virtualization);
}

static void take_ci(struct replay *replay, struct line *line)
{
	struct ci_facts *ci = &replay->facts.ci;

	set_string(line, "provider", &ci->provider);
	set_string(line, "repository", &ci->repository);
	set_string(line, "sha", &ci->sha);
	set_string(line, "branch", &ci->branch);
	set_string(line, "job", &ci->job);
	set_string(line, "run", &ci->run);
	set_string(line, "attempt", &ci->attempt);
	set_string(line, "url", &ci->url);
}

static void take_trace(struct replay *replay, struct line *line)
{
	struct trace_facts *trace = &replay->facts.trace;

	trace->status =
		(enum trace_status)choice(line, "status", trace_status_names, TRACE_FULL + 1);
	trace->cpu = !flag(line, "no-cpu");
	trace->io = !flag(line, "no-io");
	set_string(line, "reason", &trace->reason);
	set_string(line, "advice", &trace->advice);
}

static void take_program(struct replay *replay, struct line *line)
{
	struct trace_facts *trace = &replay->facts.trace;

	trace->programs =
		xreallocarray(trace->programs, trace->program_count + 1, sizeof(*trace->programs));
	trace->programs[trace->program_count++] = (struct program_facts){
		.name = string(line, "name"),
		.error = string(line, "error"),
		.attached = !flag(line, "not-attached"),
		.missed = (uint64_t)number(line, "missed", 0),
	};
}

static void take_limit(struct replay *replay, struct line *line)
{
	struct trace_facts *trace = &replay->facts.trace;

	trace->limits = xreallocarray(trace->limits, trace->limit_count + 1, sizeof(char *));
	trace->limits[trace->limit_count++] = string(line, "sentence");
}

static void take_loss(struct replay *replay, struct line *line)
{
	static const char *const kinds[LOSS_KINDS] = {
		[LOSS_RINGBUF_STALL] = "stall",     [LOSS_RINGBUF_PROCESS] = "process",
		[LOSS_RINGBUF_FILE] = "file-name",  [LOSS_THREAD_STORAGE] = "storage",
		[LOSS_THREAD_UNKNOWN] = "unknown",  [LOSS_FILE_TABLE] = "file-table",
		[LOSS_COMPAT_CALL] = "compat-call", [LOSS_SWITCH_UNSEEN] = "unseen-switch",
		[LOSS_THREAD_UNENDED] = "unended",  [LOSS_CALLS_UNSAVED] = "unsaved",
	};

	replay->facts.trace.losses[choice(line, "of", kinds, LOSS_KINDS)] = (struct loss_counter){
		.count = (u64)number(line, "count", 1),
		.first_ns = time_at(line, "first"),
		.last_ns = time_at(line, "last"),
	};
}

static void take_leftover(struct replay *replay, struct line *line)
{
	static const char *const actions[] = {"leave", "kill", "wait"};
	struct run_facts *facts = &replay->facts;

	facts->leftovers_action = actions[choice(line, "action", actions, ARRAY_SIZE(actions))];
	facts->leftovers = xreallocarray(facts->leftovers, facts->leftover_count + 1,
					 sizeof(*facts->leftovers));
	facts->leftovers[facts->leftover_count++] = (struct leftover){
		.pid = (uint32_t)number(line, "pid", 0),
		.comm = string(line, "comm"),
	};
}

static void take_pressure(struct replay *replay, struct line *line)
{
	static const char *const names[] = {"cpu", "io", "memory"};
	struct pressure_facts *pressure = &replay->facts.pressure;
	struct pressure_pair *pairs[] = {&pressure->cpu, &pressure->io, &pressure->memory};
	struct pressure_pair *pair = pairs[choice(line, "of", names, ARRAY_SIZE(names))];

	pair->known = true;
	pair->some_ns = length(line, "some");
	pair->full_ns = length(line, "full");
	pressure->of_cgroup = flag(line, "cgroup");
}

static void take_steal(struct replay *replay, struct line *line)
{
	replay->facts.pressure.steal_known = true;
	replay->facts.pressure.steal_ns = length(line, "total");
}

static void add_name(struct line *line, struct names *names, const char *id)
{
	if (names->count == ARRAY_SIZE(names->list))
		bad_line(line, "too many of", line->name);
	names->list[names->count].id = (uint64_t)number(line, id, 0);
	names->list[names->count++].name = string(line, "path");
}

static void take_cgroup(struct replay *replay, struct line *line)
{
	add_name(line, &replay->cgroups, "id");
}

static void take_mapping(struct replay *replay, struct line *line)
{
	add_name(line, &replay->mappings, "address");
}

const struct handler fact_handlers[] = {
	{"run", take_run, false},
	{"limits", take_limits, false},
	{"gate", take_gate, false},
	{"host", take_host, false},
	{"ci", take_ci, false},
	{"trace", take_trace, false},
	{"program", take_program, false},
	{"limit", take_limit, false},
	{"loss", take_loss, false},
	{"leftover", take_leftover, false},
	{"pressure", take_pressure, false},
	{"steal", take_steal, false},
	{"cgroup", take_cgroup, false},
	{"mapping", take_mapping, false},
	{0},
};
