// SPDX-License-Identifier: MIT
/* Probes BPF on this machine: tries each feature and each program separately */
#include "trace/trace_probe.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <unistd.h>

#include "abi.h"
#include "base/util.h"
#include "facts.skel.h"
#include "latwrap.skel.h"
#include "trace/trace.h"
#include "trace/trace_fault.h"
#include "trace/trace_kernel.h"

#define LOG_BYTES    (1 << 20) /* since Linux 6.4 the verifier keeps the end of a longer log */
#define SWITCHED_OFF "switched off by LATWRAP_FAULT"

struct prober {
	const char *faults;
	const struct trace_kernel *kernel; /* NULL: the kernel has no BTF */
	struct kernel_ways ways;
	int types_fd; /* of trace_kernel_types() */
	trace_probe_fn deliver;
	void *context;
	char *log; /* LOG_BYTES */
};

/* -- Reasons ------------------------------------------------------------------------------------- */

static char complaint[512];

/* Keeps the first message, which has the cause; later ones are consequences. */
static int __attribute__((format(printf, 2, 0)))
keep_complaint(enum libbpf_print_level level, const char *format, va_list arguments)
{
	if (level == LIBBPF_WARN && !complaint[0])
		vsnprintf(complaint, sizeof(complaint), format, arguments);
	return 0;
}

/*
 * The last line of the verifier's log that is not statistics: the log has each instruction, then the reason, then
 * statistics.
 */
static char *verifier_reason(const char *log)
{
	static const char *const work[] = {"processed ", "verification time ", "stack depth "};
	const char *reason = NULL, *end = NULL;

	for (const char *line = log; *line; line += strcspn(line, "\n")) {
		bool is_work = false;

		line += *line == '\n';
		for (size_t i = 0; i < ARRAY_SIZE(work); i++)
			is_work = is_work || startswith(line, work[i]);
		if (is_work || strcspn(line, "\n") == 0)
			continue;
		reason = line;
		end = line + strcspn(line, "\n");
	}
	return reason ? xstrndup(reason, (size_t)(end - reason)) : NULL;
}

/* Without privilege the messages of libbpf mislead; the error code is enough. */
static char *failure_reason(int err, const char *log)
{
	_cleanup_free_ char *why = verifier_reason(log);

	if (!why && complaint[0] && err != -EPERM) {
		const char *text = startswith(complaint, "libbpf: ");

		text = text ? text : complaint;
		why = xstrndup(text, strcspn(text, "\n"));
	}
	if (!why)
		return xstrdup(strerror(abs(err)));
	return xasprintf("%s (%s)", strerror(abs(err)), why);
}

static void tell(const struct prober *prober, const struct probe *probe, int err)
{
	struct probe told = *probe;
	_cleanup_free_ char *reason = NULL;

	if (err < 0) {
		reason = failure_reason(err, prober->log);
		told.result = PROBE_REFUSED;
		told.reason = reason;
		told.log = prober->log[0] ? prober->log : NULL;
	}
	prober->deliver(prober->context, &told);
}

static void forget_failure(const struct prober *prober)
{
	complaint[0] = '\0';
	prober->log[0] = '\0';
}

/* -- Features ------------------------------------------------------------------------------------ */

static int run_once(const struct bpf_program *program)
{
	LIBBPF_OPTS(bpf_test_run_opts, run);

	return bpf_prog_test_run_opts(bpf_program__fd(program), &run);
}

static int try_test_run(const struct prober *prober)
{
	struct facts *skeleton = trace_kernel_open_facts(prober->kernel);
	int r;

	if (!skeleton)
		return -errno;
	bpf_program__set_log_buf(skeleton->progs.facts, prober->log, LOG_BYTES);
	r = facts__load(skeleton);
	if (r == 0)
		r = run_once(skeleton->progs.facts);
	facts__destroy(skeleton);
	return r;
}

static int ignore_record(void *context, void *record, size_t bytes)
{
	(void)context;
	(void)record;
	(void)bytes;
	return 0;
}

static int try_ring_buffer(const struct prober *prober)
{
	_cleanup_close_ int fd =
		bpf_map_create(BPF_MAP_TYPE_RINGBUF, "latwrap_probe", 0, 0, RECORDS_BYTES, NULL);
	struct ring_buffer *ring;

	(void)prober;
	if (fd < 0)
		return -errno;
	ring = ring_buffer__new(fd, ignore_record, NULL, NULL);
	if (!ring)
		return -errno;
	ring_buffer__free(ring);
	return 0;
}

static int try_task_storage(const struct prober *prober)
{
	int r = libbpf_probe_bpf_map_type(BPF_MAP_TYPE_TASK_STORAGE, NULL);

	(void)prober;
	if (r < 0)
		return r;
	/* The kernel does not give the reason. */
	return r > 0 ? 0 : -EOPNOTSUPP;
}

static const struct {
	const char *name;
	int (*try)(const struct prober *prober);
} features[] = {
	{"test run", try_test_run},
	{"ring buffer", try_ring_buffer},
	{"task storage", try_task_storage},
};

static void probe_features(const struct prober *prober, bool no_bpf)
{
	for (size_t i = 0; i < ARRAY_SIZE(features); i++) {
		struct probe probe = {
			.kind = PROBE_FEATURE,
			.name = features[i].name,
			.required = true,
		};

		forget_failure(prober);
		if (no_bpf) {
			probe.result = PROBE_SWITCHED_OFF;
			probe.reason = SWITCHED_OFF;
		}
		tell(prober, &probe, no_bpf ? 0 : features[i].try(prober));
	}
}

/* -- Programs ------------------------------------------------------------------------------------ */

/* An iterator runs only when its output is read; this reads at most one buffer. */
static int try_iterator(struct bpf_program *program)
{
	struct bpf_link *link = bpf_program__attach_iter(program, NULL);
	_cleanup_close_ int fd = -1;
	char buffer[4096];
	int r = 0;

	if (!link)
		return -errno;
	fd = bpf_iter_create(bpf_link__fd(link));
	if (fd < 0 || (read(fd, buffer, sizeof(buffer)) < 0 && errno != EAGAIN))
		r = -errno;
	bpf_link__destroy(link);
	return r;
}

/* Loads only the program of that name, in an object of its own. */
static int try_program(const struct prober *prober, const char *name, enum probe_kind kind)
{
	struct latwrap *skeleton = trace_kernel_open(&prober->ways, prober->types_fd);
	struct bpf_program *program;
	int r;

	if (!skeleton)
		return -errno;
	/* The verifier takes these as constants: with a 0 it would skip the code that depends on them. */
	skeleton->rodata->group_cgroup_ids[0] = 1;
	skeleton->rodata->group_levels[0] = 1;
	skeleton->rodata->measures_io = 1;
	skeleton->rodata->follows_requests = 1;
	skeleton->rodata->watches_blocks = 1;
	skeleton->rodata->may_step_down = true;
	program = bpf_object__find_program_by_name(skeleton->obj, name);
	bpf_program__set_autoload(program, true);
	bpf_program__set_log_buf(program, prober->log, LOG_BYTES);
	r = latwrap__load(skeleton);
	if (r == 0 && kind == PROBE_ITERATOR)
		r = try_iterator(program);
	if (r == 0 && kind == PROBE_CALLED)
		r = run_once(program);
	latwrap__destroy(skeleton);
	return r;
}

static enum probe_kind kind_of(const struct bpf_program *program)
{
	switch (bpf_program__expected_attach_type(program)) {
	case BPF_TRACE_ITER:
		return PROBE_ITERATOR;
	case BPF_TRACE_RAW_TP:
		return PROBE_PROGRAM;
	default:
		return PROBE_CALLED;
	}
}

/* Some programs do not have the name of their tracepoint. */
static const char *tracepoint_of(const struct bpf_program *program)
{
	const char *slash = strchr(bpf_program__section_name(program), '/');

	return slash ? slash + 1 : bpf_program__name(program);
}

static bool has_tracepoint(const struct prober *prober, const char *name)
{
	return (!prober->kernel || trace_kernel_has_tracepoint(prober->kernel, name)) &&
	       !trace_has_fault(prober->faults, "no-tracepoint:", name);
}

static void probe_program(const struct prober *prober, const struct bpf_program *program,
			  bool no_bpf)
{
	struct probe probe = {
		.kind = kind_of(program),
		.name = bpf_program__name(program),
		.required = trace_is_required(bpf_program__name(program)),
	};
	int r = 0;

	forget_failure(prober);
	if (no_bpf || trace_has_fault(prober->faults, "skip:", probe.name)) {
		probe.result = PROBE_SWITCHED_OFF;
		probe.reason = SWITCHED_OFF;
	} else if (probe.kind == PROBE_PROGRAM && !has_tracepoint(prober, tracepoint_of(program))) {
		probe.result = PROBE_ABSENT;
		probe.reason = "this kernel has no such tracepoint";
	} else {
		r = try_program(prober, probe.name, probe.kind);
	}
	tell(prober, &probe, r);
}

void trace_probe(const char *faults, trace_probe_fn deliver, void *context)
{
	_cleanup_free_ char *log = xcalloc(1, LOG_BYTES);
	struct trace_kernel *kernel = NULL;
	struct prober prober = {.faults = faults,
				.types_fd = -1,
				.deliver = deliver,
				.context = context,
				.log = log};
	struct latwrap *skeleton;
	struct bpf_program *program;
	bool no_bpf = trace_has_fault(faults, "no-bpf", "");

	libbpf_set_print(keep_complaint);
	if (trace_kernel_new(&kernel) == 0)
		prober.kernel = kernel;
	prober.ways = trace_kernel_ways(kernel, faults);
	if (kernel)
		prober.types_fd = trace_kernel_types(kernel, &prober.ways);
	probe_features(&prober, no_bpf);
	skeleton = latwrap__open();
	if (skeleton) {
		program = bpf_object__next_program(skeleton->obj, NULL);
		for (; program; program = bpf_object__next_program(skeleton->obj, program))
			probe_program(&prober, program, no_bpf);
		latwrap__destroy(skeleton);
	}
	close_fd(prober.types_fd);
	trace_kernel_free(kernel);
}
