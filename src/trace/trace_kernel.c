/* What the programs need of the kernel's types, found by one look through its BTF and put where they need it. */
#include "trace/trace_kernel.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "abi.h"
#include "base/util.h"
#include "casts.h"
#include "facts.skel.h"
#include "latwrap.skel.h"
#include "latwrap_copies.skel.h"
#include "trace/trace.h"
#include "trace/trace_btf.h"

#define SLOTS 1024 /* a power of two, several times the number of names */

enum kind { KIND_NONE, KIND_TYPE, KIND_TRACEPOINT, KIND_FUNCTION };

struct name {
	char *text;
	enum kind kind;
	uint32_t id; /* of the first in the kernel's BTF; 0: none */
};

struct trace_kernel {
	struct trace_btf *btf;
	struct btf *small;
	int *copies; /* by id in the kernel's BTF: the id in the small one */
	int small_void_pointer, small_int;
	int memfd;
	char path[32];
	struct name names[SLOTS];
	uint32_t cast_ids[CAST_TYPE_COUNT];
	void (*maps_are_there)(void *context);
	void *context;
};

#define CAST_NAME(name, argument) [CAST_##name] = #name,
static const char *const cast_names[] = {CAST_TYPES(CAST_NAME, )};

/* libbpf's handlers are global, and so is what they look into. */
static struct trace_kernel *current;

/* -- Names ----------------------------------------------------------------------------------------- */

static uint32_t hash(const char *text, size_t length)
{
	uint32_t value = 2166136261u; /* FNV-1a */

	for (size_t i = 0; i < length; i++)
		value = (value ^ (unsigned char)text[i]) * 16777619u;
	return value;
}

static struct name *find_slot(struct trace_kernel *kernel, enum kind kind, const char *text,
			      size_t length)
{
	uint32_t at = hash(text, length);

	for (;; at++) {
		struct name *name = &kernel->names[at % SLOTS];

		if (!name->text || (name->kind == kind && strncmp(name->text, text, length) == 0 &&
				    !name->text[length]))
			return name;
	}
}

static const struct name *find(const struct trace_kernel *kernel, enum kind kind, const char *text)
{
	const struct name *name =
		find_slot((struct trace_kernel *)kernel, kind, text, strlen(text));

	return name->text ? name : NULL;
}

static uint32_t id_of(const struct trace_kernel *kernel, enum kind kind, const char *text)
{
	const struct name *name = find(kernel, kind, text);

	return name ? name->id : 0;
}

static int want(struct trace_kernel *kernel, enum kind kind, const char *text, size_t length,
		unsigned *count)
{
	struct name *name = find_slot(kernel, kind, text, length);

	if (name->text)
		return 0;
	if (++*count > SLOTS / 2)
		return -E2BIG;
	name->text = xstrndup(text, length);
	name->kind = kind;
	return 0;
}

/* As CO-RE has it: what follows three underscores tells one of our versions of a type from another. */
static size_t essential_length(const char *name)
{
	const char *flavour = strstr(name, "___");

	return flavour && flavour != name ? (size_t)(flavour - name) : strlen(name);
}

static int want_of_object(struct trace_kernel *kernel, struct bpf_object *object, unsigned *count)
{
	const struct btf *btf = bpf_object__btf(object);
	struct bpf_program *program;
	int r = 0;

	for (uint32_t id = 1; r == 0 && id < btf__type_cnt(btf); id++) {
		const struct btf_type *type = btf__type_by_id(btf, id);
		const char *name = btf__name_by_offset(btf, type->name_off);

		if (btf_is_composite(type) && name && *name)
			r = want(kernel, KIND_TYPE, name, essential_length(name), count);
	}
	bpf_object__for_each_program(program, object) {
		const char *name = startswith(bpf_program__section_name(program), "tp_btf/");

		if (r == 0 && name)
			r = want(kernel, KIND_TRACEPOINT, name, strlen(name), count);
	}
	return r;
}

static int want_all(struct trace_kernel *kernel)
{
	static const char *const functions[] = {"bpf_rdonly_cast", "bpf_preempt_disable",
						"bpf_preempt_enable", "bpf_iter_task"};
	struct facts *facts = facts__open();
	struct latwrap *latwrap = latwrap__open();
	unsigned count = 0;
	int r = facts && latwrap ? 0 : -errno ?: -ENOMEM;

	if (r == 0)
		r = want_of_object(kernel, facts->obj, &count);
	if (r == 0)
		r = want_of_object(kernel, latwrap->obj, &count);
	for (unsigned i = 0; r == 0 && i < CAST_TYPE_COUNT; i++)
		r = want(kernel, KIND_TYPE, cast_names[i], strlen(cast_names[i]), &count);
	for (unsigned i = 0; r == 0 && i < ARRAY_SIZE(functions); i++)
		r = want(kernel, KIND_FUNCTION, functions[i], strlen(functions[i]), &count);
	if (r == 0)
		r = want(kernel, KIND_TYPE, "bpf_prog", strlen("bpf_prog"), &count);
	facts__destroy(facts);
	latwrap__destroy(latwrap);
	return r;
}

/* -- The small BTF --------------------------------------------------------------------------------- */

static int copy_type(struct trace_kernel *kernel, uint32_t id);

static int copy_composite(struct trace_kernel *kernel, const struct btf_type *type,
			  const char *name)
{
	unsigned count = btf_vlen(type);
	_cleanup_free_ int *types = xcalloc(count + 1, sizeof(*types));
	int id;

	/* First, because members can only be added to the newest type. */
	for (unsigned i = 0; i < count; i++) {
		types[i] = copy_type(kernel, btf_members(type)[i].type);
		if (types[i] < 0)
			return types[i];
	}
	id = btf_is_struct(type) ? btf__add_struct(kernel->small, name, type->size)
				 : btf__add_union(kernel->small, name, type->size);
	for (unsigned i = 0; id > 0 && i < count; i++) {
		const struct btf_member *member = &btf_members(type)[i];
		int r = btf__add_field(kernel->small, trace_btf_name(kernel->btf, member->name_off),
				       types[i], btf_member_bit_offset(type, i),
				       btf_member_bitfield_size(type, i));

		if (r < 0)
			return r;
	}
	return id;
}

/* What a pointer points to does not matter to CO-RE, nor what the values of an enumeration are. */
static int copy_kind(struct trace_kernel *kernel, const struct btf_type *type)
{
	const char *name = trace_btf_name(kernel->btf, type->name_off);
	int element;

	switch (btf_kind(type)) {
	case BTF_KIND_INT:
		return btf__add_int(kernel->small, name, type->size, btf_int_encoding(type));
	case BTF_KIND_FLOAT:
		return btf__add_float(kernel->small, name, type->size);
	case BTF_KIND_PTR:
		return kernel->small_void_pointer;
	case BTF_KIND_ARRAY:
		element = copy_type(kernel, btf_array(type)->type);
		return element < 0 ? element
				   : btf__add_array(kernel->small, kernel->small_int, element,
						    btf_array(type)->nelems);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return copy_composite(kernel, type, name);
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		return btf__add_enum(kernel->small, name, type->size);
	case BTF_KIND_FWD:
	case BTF_KIND_FUNC_PROTO:
		return 0;
	default: /* typedef, const, volatile ...: CO-RE looks through them */
		return copy_type(kernel, type->type);
	}
}

static int copy_type(struct trace_kernel *kernel, uint32_t id)
{
	const struct btf_type *type = trace_btf_type(kernel->btf, id);

	if (!type)
		return id ? -EINVAL : 0;
	if (!kernel->copies[id])
		kernel->copies[id] = copy_kind(kernel, type);
	return kernel->copies[id];
}

static int write_small(struct trace_kernel *kernel)
{
	uint32_t size;
	const char *data = btf__raw_data(kernel->small, &size);

	if (!data)
		return -ENOMEM;
	kernel->memfd = memfd_create("latwrap-btf", MFD_CLOEXEC);
	if (kernel->memfd < 0)
		return -errno;
	for (uint32_t done = 0; done < size;) {
		ssize_t n = write(kernel->memfd, data + done, size - done);

		if (n < 0)
			return -errno;
		done += n;
	}
	snprintf(kernel->path, sizeof(kernel->path), "/proc/self/fd/%d", kernel->memfd);
	return 0;
}

/* -- One look through the kernel's ----------------------------------------------------------------- */

static enum kind kind_of(const struct btf_type *type, const char **name)
{
	switch (btf_kind(type)) {
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return KIND_TYPE;
	case BTF_KIND_TYPEDEF:
		*name = startswith(*name, "btf_trace_");
		return *name ? KIND_TRACEPOINT : KIND_NONE;
	case BTF_KIND_FUNC:
		return startswith(*name, "bpf_") ? KIND_FUNCTION : KIND_NONE;
	default:
		return KIND_NONE;
	}
}

static int look_through(struct trace_kernel *kernel)
{
	uint32_t end = trace_btf_end(kernel->btf);
	int r = 0;

	kernel->copies = xcalloc(end, sizeof(*kernel->copies));
	kernel->small = btf__new_empty();
	if (!kernel->small)
		return -errno;
	kernel->small_int = btf__add_int(kernel->small, "int", 4, BTF_INT_SIGNED);
	kernel->small_void_pointer = btf__add_ptr(kernel->small, 0);
	for (uint32_t id = 1; r >= 0 && id < end; id++) {
		const struct btf_type *type = trace_btf_type(kernel->btf, id);
		const char *text = trace_btf_name(kernel->btf, type->name_off);
		enum kind kind = *text ? kind_of(type, &text) : KIND_NONE;
		struct name *name;

		if (kind == KIND_NONE)
			continue;
		name = find_slot(kernel, kind, text, strlen(text));
		if (!name->text)
			continue;
		if (!name->id)
			name->id = id;
		/* Types of one name: all of them, as CO-RE wants to see that they agree. */
		if (kind == KIND_TYPE)
			r = copy_type(kernel, id);
	}
	return r < 0 ? r : 0;
}

/* -- Programs -------------------------------------------------------------------------------------- */

static void put_types_in(const struct trace_kernel *kernel, const struct bpf_program *program)
{
	struct bpf_insn *instructions = (struct bpf_insn *)bpf_program__insns(program);
	const uint32_t functions[] = {
		id_of(kernel, KIND_FUNCTION, "bpf_rdonly_cast"),
		id_of(kernel, KIND_FUNCTION, "bpf_preempt_disable"),
		id_of(kernel, KIND_FUNCTION, "bpf_preempt_enable"),
	};

	for (size_t i = 0; i < bpf_program__insn_cnt(program); i++) {
		struct bpf_insn *at = &instructions[i];
		uint32_t index = (uint32_t)at->imm - CAST_TYPE_MARK;
		uint32_t which = CAST_CALL_MARK - (uint32_t)at->imm;

		if (at->code == (BPF_JMP | BPF_CALL) && at->src_reg == 0 &&
		    which < ARRAY_SIZE(functions)) {
			at->src_reg = BPF_PSEUDO_KFUNC_CALL;
			at->imm = (int)functions[which];
			at->off = 0;
		} else if ((at->code == (BPF_ALU64 | BPF_MOV | BPF_K) ||
			    at->code == (BPF_ALU | BPF_MOV | BPF_K)) &&
			   index < CAST_TYPE_COUNT) {
			at->imm = (int)kernel->cast_ids[index];
		}
	}
}

void trace_kernel_when_maps_are_there(struct trace_kernel *kernel, void (*call)(void *context),
				      void *context)
{
	kernel->maps_are_there = call;
	kernel->context = context;
}

static void tell_of_maps(struct trace_kernel *kernel)
{
	void (*call)(void *context) = kernel->maps_are_there;

	if (!call)
		return;
	/* Before it, as it may start a thread that comes here, too. */
	kernel->maps_are_there = NULL;
	call(kernel->context);
}

static int prepare_load(struct bpf_program *program, struct bpf_prog_load_opts *options,
			long is_iterator)
{
	const char *name = strchr(bpf_program__section_name(program), '/');
	_cleanup_free_ char *function = name ? xasprintf("bpf_iter_%s", name + 1) : NULL;
	uint32_t id;

	if (!name || !current)
		return -EINVAL;
	tell_of_maps(current);
	id = is_iterator ? id_of(current, KIND_FUNCTION, function)
			 : id_of(current, KIND_TRACEPOINT, name + 1);
	if (!id)
		return -ESRCH;
	options->attach_btf_id = id;
	options->expected_attach_type = is_iterator ? BPF_TRACE_ITER : BPF_TRACE_RAW_TP;
	put_types_in(current, program);
	return bpf_program__set_type(program, BPF_PROG_TYPE_TRACING);
}

/*
 * Until they are loaded the programs pass for raw tracepoint programs: for tracing programs libbpf reads the
 * kernel's BTF, to look up what is known already.
 */
static int register_handlers(void)
{
	static bool registered;
	LIBBPF_OPTS(libbpf_prog_handler_opts, tracepoint, .prog_prepare_load_fn = prepare_load);
	LIBBPF_OPTS(libbpf_prog_handler_opts, iterator, .prog_prepare_load_fn = prepare_load,
		    .cookie = 1);
	int r;

	if (registered)
		return 0;
	r = libbpf_register_prog_handler("tp_btf+", BPF_PROG_TYPE_RAW_TRACEPOINT, BPF_TRACE_RAW_TP,
					 &tracepoint);
	if (r >= 0)
		r = libbpf_register_prog_handler("iter+", BPF_PROG_TYPE_RAW_TRACEPOINT,
						 BPF_TRACE_ITER, &iterator);
	registered = r >= 0;
	return r < 0 ? r : 0;
}

int trace_kernel_new(const char *faults, struct trace_kernel **ret)
{
	struct trace_kernel *kernel = xcalloc(1, sizeof(*kernel));
	int r;

	kernel->memfd = -1;
	r = trace_btf_open(trace_has_fault(faults, "no-btf-mapping", ""), &kernel->btf);
	if (r == 0)
		r = register_handlers();
	if (r == 0)
		r = want_all(kernel);
	if (r == 0)
		r = look_through(kernel);
	if (r == 0)
		r = write_small(kernel);
	if (r < 0) {
		trace_kernel_free(kernel);
		return r;
	}
	for (unsigned i = 0; i < CAST_TYPE_COUNT; i++)
		kernel->cast_ids[i] = id_of(kernel, KIND_TYPE, cast_names[i]);
	current = kernel;
	*ret = kernel;
	return 0;
}

void trace_kernel_free(struct trace_kernel *kernel)
{
	if (!kernel)
		return;
	if (current == kernel)
		current = NULL;
	for (unsigned i = 0; i < SLOTS; i++)
		free(kernel->names[i].text);
	btf__free(kernel->small);
	trace_btf_close(kernel->btf);
	free(kernel->copies);
	close_fd(kernel->memfd);
	free(kernel);
}

/* -- Answers --------------------------------------------------------------------------------------- */

const char *trace_kernel_path(const struct trace_kernel *kernel)
{
	return kernel->path;
}

/* Two objects from one source: what one skeleton says of its maps and programs holds for the other. */
struct latwrap *trace_kernel_open(const struct trace_kernel *kernel, bool by_copies)
{
	LIBBPF_OPTS(bpf_object_open_opts, open,
		    .btf_custom_path = kernel ? trace_kernel_path(kernel) : NULL);
	struct latwrap *skeleton = xcalloc(1, sizeof(*skeleton));
	int r = latwrap__create_skeleton(skeleton);

	if (r == 0 && by_copies)
		skeleton->skeleton->data =
			(void *)latwrap_copies__elf_bytes(&skeleton->skeleton->data_sz);
	if (r == 0)
		r = bpf_object__open_skeleton(skeleton->skeleton, &open);
	if (r == 0)
		return skeleton;
	latwrap__destroy(skeleton);
	errno = -r;
	return NULL;
}

bool trace_kernel_has_tracepoint(const struct trace_kernel *kernel, const char *name)
{
	return id_of(kernel, KIND_TRACEPOINT, name) != 0;
}

bool trace_kernel_has_rdonly_cast(const struct trace_kernel *kernel)
{
	return id_of(kernel, KIND_FUNCTION, "bpf_rdonly_cast") != 0;
}

static const struct btf_type *member_type(const struct trace_kernel *kernel, const char *type_name,
					  const char *member)
{
	uint32_t id = id_of(kernel, KIND_TYPE, type_name);
	const struct btf_type *type = id ? trace_btf_type(kernel->btf, id) : NULL;

	for (unsigned i = 0; type && i < btf_vlen(type); i++)
		if (streq(trace_btf_name(kernel->btf, btf_members(type)[i].name_off), member))
			return trace_btf_type(kernel->btf, btf_members(type)[i].type);
	return NULL;
}

bool trace_kernel_preempts_programs(const struct trace_kernel *kernel)
{
	const struct btf_type *type = member_type(kernel, "bpf_prog", "active");

	/* Through the attribute that makes it a pointer to a per-CPU variable, and typedefs. */
	type = type && btf_is_ptr(type) ? trace_btf_type(kernel->btf, type->type) : NULL;
	while (type && (btf_is_mod(type) || btf_is_typedef(type)))
		type = trace_btf_type(kernel->btf, type->type);
	return type && btf_is_int(type) && type->size == 1 &&
	       id_of(kernel, KIND_FUNCTION, "bpf_preempt_disable") &&
	       id_of(kernel, KIND_FUNCTION, "bpf_preempt_enable");
}

bool trace_kernel_has_member(const struct trace_kernel *kernel, const char *type_name,
			     const char *member)
{
	return member_type(kernel, type_name, member);
}

bool trace_kernel_argument_is_pointer(const struct trace_kernel *kernel, const char *tracepoint,
				      unsigned argument)
{
	uint32_t id = id_of(kernel, KIND_TRACEPOINT, tracepoint);
	const struct btf_type *type = id ? trace_btf_type(kernel->btf, id) : NULL;

	/* A typedef of a pointer to a function, whose first parameter is not the tracepoint's. */
	type = type ? trace_btf_type(kernel->btf, type->type) : NULL;
	type = type && btf_is_ptr(type) ? trace_btf_type(kernel->btf, type->type) : NULL;
	if (!type || !btf_is_func_proto(type) || argument + 1 >= btf_vlen(type))
		return false;
	type = trace_btf_type(kernel->btf, btf_params(type)[argument + 1].type);
	return type && btf_is_ptr(type);
}

int trace_kernel_facts(const struct trace_kernel *kernel, struct kernel_facts *ret)
{
	LIBBPF_OPTS(bpf_test_run_opts, run);
	LIBBPF_OPTS(bpf_object_open_opts, open, .btf_custom_path = trace_kernel_path(kernel));
	struct facts *skeleton = facts__open_opts(&open);
	int r;

	if (!skeleton)
		return -errno;
	r = facts__load(skeleton);
	/* libbpf leaves it NULL where the kernel cannot map an array. */
	if (r == 0)
		r = skeleton->bss
			    ? bpf_prog_test_run_opts(bpf_program__fd(skeleton->progs.facts), &run)
			    : -EOPNOTSUPP;
	if (r == 0)
		*ret = (struct kernel_facts){skeleton->bss->cgroup_level,
					     skeleton->bss->pid_namespace_level};
	facts__destroy(skeleton);
	return r;
}
