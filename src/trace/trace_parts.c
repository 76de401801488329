// SPDX-License-Identifier: MIT
/* Loads two BPF objects of one file at the same time: the programs of both use the same maps. */
#include "trace/trace_parts.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>

#include "base/thread.h"
#include "base/util.h"

/*
 * Most of a load is the kernel's verifier, which looks at a program in the thread that loads it, and holds no lock of others.
 * libbpf makes an object's maps in the same call that loads its programs, so that it cannot make them for two objects.
 */

struct part {
	struct bpf_object_skeleton *skeleton;
	int result;
};

static int load_types(const struct bpf_object *object)
{
	uint32_t bytes;
	const void *types = btf__raw_data(bpf_object__btf(object), &bytes);

	return types ? bpf_btf_load(types, bytes, NULL) : -errno;
}

/* The variables: programs may take those that they cannot change for constants, once the map is frozen. */
static int fill_map(struct bpf_map *map, int fd)
{
	const uint32_t key = 0;
	size_t bytes;
	const void *value = bpf_map__initial_value(map, &bytes);
	int r = value ? bpf_map_update_elem(fd, &key, value, BPF_ANY) : -EINVAL;

	if (r == 0 && bpf_map__map_flags(map) & BPF_F_RDONLY_PROG)
		r = bpf_map_freeze(fd);
	return r;
}

/* types: a descriptor of the object's types. Returns a descriptor, or -errno. */
static int make_map(struct bpf_map *map, int types)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = bpf_map__map_flags(map),
		    .map_extra = bpf_map__map_extra(map));
	_cleanup_close_ int fd = -1;
	int r;

	if (bpf_map__type(map) == BPF_MAP_TYPE_TASK_STORAGE) {
		options.btf_fd = (uint32_t)types;
		options.btf_key_type_id = bpf_map__btf_key_type_id(map);
		options.btf_value_type_id = bpf_map__btf_value_type_id(map);
	}
	fd = bpf_map_create(bpf_map__type(map), bpf_map__name(map), bpf_map__key_size(map),
			    bpf_map__value_size(map), bpf_map__max_entries(map), &options);
	if (fd < 0)
		return fd;
	r = bpf_map__is_internal(map) ? fill_map(map, fd) : 0;
	return r < 0 ? r : steal_fd(&fd);
}

/* One file has the same maps in the same order, whoever opens it. */
static int share_maps(const struct bpf_object *one, const struct bpf_object *other)
{
	_cleanup_close_ int types = load_types(one);
	struct bpf_map *map = NULL, *its = NULL;
	int r = types < 0 ? types : 0;

	while (r == 0 && (map = bpf_object__next_map(one, map))) {
		_cleanup_close_ int fd = make_map(map, types);

		its = bpf_object__next_map(other, its);
		r = fd < 0 ? fd : bpf_map__reuse_fd(map, fd);
		if (r == 0)
			r = bpf_map__reuse_fd(its, fd);
	}
	return r;
}

static void *load(void *context)
{
	struct part *part = context;

	part->result = bpf_object__load_skeleton(part->skeleton);
	return NULL;
}

int trace_parts_load(struct bpf_object_skeleton *one, struct bpf_object_skeleton *other)
{
	struct part here = {.skeleton = one}, there = {.skeleton = other};
	pthread_t thread;
	int r = share_maps(*one->obj, *other->obj);

	if (r < 0)
		return r;
	r = thread_start(&thread, load, &there);
	if (r < 0)
		return r;
	load(&here);
	pthread_join(thread, NULL);
	return here.result < 0 ? here.result : there.result;
}
