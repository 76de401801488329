// SPDX-License-Identifier: MIT
/* A few of the kernel's types, among which libbpf quickly finds those that an object reads. */
#include "trace/trace_types.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/util.h"

/*
 * For each structure that an object reads, libbpf compares names with all types of the kernel: some 60 times 126,000. So
 * it gets a file without those that it cannot need. `bpftool gen min_core_btf` makes such files, too, but numbers the
 * types anew. Our programs hand the kernel's numbers to bpf_rdonly_cast(): here a pointer stands for each type left out.
 */

struct types {
	const struct btf *kernel;
	bool *needed; /* by number */
	uint32_t last; /* the highest number that a needed type has, or names */
};

struct name {
	const char *text;
	size_t length;
};

/* libbpf takes "request___block" for "request", wherever it reads the name. */
static struct name plain_name(const struct btf *btf, const struct btf_type *type)
{
	const char *text = btf__name_by_offset(btf, type->name_off);
	const char *flavor = strstr(text, "___");

	return (struct name){text, flavor ? (size_t)(flavor - text) : strlen(text)};
}

static int compare_names(const void *one, const void *other)
{
	const struct name *a = one, *b = other;
	int r = memcmp(a->text, b->text, MIN(a->length, b->length));

	return r ? r : (a->length > b->length) - (a->length < b->length);
}

/* Of the kinds that a relocation can begin with */
static bool can_be_read(const struct btf_type *type)
{
	return type->name_off &&
	       (btf_is_composite(type) || btf_is_any_enum(type) || btf_is_typedef(type));
}

static struct name *list_names(const struct btf *object, size_t *ret_count)
{
	uint32_t end = btf__type_cnt(object);
	struct name *names = xcalloc(end, sizeof(*names));

	*ret_count = 0;
	for (uint32_t id = 1; id < end; id++) {
		const struct btf_type *type = btf__type_by_id(object, id);

		if (can_be_read(type))
			names[(*ret_count)++] = plain_name(object, type);
	}
	qsort(names, *ret_count, sizeof(*names), compare_names);
	return names;
}

/* With all that lies inside of it. What a pointer points to does not matter: a relocation ends there. */
static void need_type(struct types *types, uint32_t id)
{
	const struct btf_type *type = btf__type_by_id(types->kernel, id);

	types->last = MAX(types->last, id);
	if (!id || types->needed[id] || btf_is_ptr(type))
		return;
	types->needed[id] = true;
	if (btf_is_composite(type))
		for (unsigned i = 0; i < btf_vlen(type); i++)
			need_type(types, btf_members(type)[i].type);
	else if (btf_is_array(type)) {
		need_type(types, btf_array(type)->type);
		need_type(types, btf_array(type)->index_type);
	} else if (btf_is_mod(type) || btf_is_typedef(type)) {
		need_type(types, type->type);
	}
}

static void need_names_of(struct types *types, const struct btf *object)
{
	uint32_t end = btf__type_cnt(types->kernel);
	size_t count;
	_cleanup_free_ struct name *names = list_names(object, &count);

	for (uint32_t id = 1; id < end; id++) {
		const struct btf_type *type = btf__type_by_id(types->kernel, id);
		struct name name;

		if (!can_be_read(type))
			continue;
		name = plain_name(types->kernel, type);
		if (bsearch(&name, names, count, sizeof(*names), compare_names))
			need_type(types, id);
	}
}

static int copy_types(const struct types *types, struct btf *copy)
{
	for (uint32_t id = 1; id <= types->last; id++) {
		int r = types->needed[id] ? btf__add_type(copy, types->kernel,
							  btf__type_by_id(types->kernel, id))
					  : btf__add_ptr(copy, 0);

		if (r != (int)id)
			return r < 0 ? r : -EINVAL;
	}
	return 0;
}

int trace_types_new(const struct btf *kernel, const struct btf *object)
{
	_cleanup_free_ bool *needed = xcalloc(btf__type_cnt(kernel), sizeof(*needed));
	_cleanup_close_ int fd = memfd_create("latwrap-types", MFD_CLOEXEC);
	struct types types = {.kernel = kernel, .needed = needed};
	struct btf *copy = btf__new_empty();
	const void *raw;
	uint32_t bytes = 0;
	int r;

	if (!copy)
		return -errno;
	need_names_of(&types, object);
	r = copy_types(&types, copy);
	raw = r == 0 ? btf__raw_data(copy, &bytes) : NULL;
	if (r == 0 && (!raw || write(fd, raw, bytes) != (ssize_t)bytes))
		r = -errno;
	btf__free(copy);
	return r < 0 ? r : steal_fd(&fd);
}
