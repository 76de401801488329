/* The kernel's BTF as it lies in memory: its types by number, and their names. */
#include "trace/trace_btf.h"

#include <bpf/btf.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/util.h"

#define KERNEL_BTF "/sys/kernel/btf/vmlinux"

struct trace_btf {
	const char *data;
	size_t bytes;
	void *mapped; /* the kernel's own memory, or that of a copy: bytes long */
	struct btf *found; /* or what libbpf found somewhere else */
	const char *types, *names;
	uint32_t types_bytes, names_bytes;
	uint32_t *offsets; /* of a type in types, by its number */
	uint32_t end;
};

/* -- Where it is --------------------------------------------------------------------------------- */

static int read_copy(struct trace_btf *btf, int fd)
{
	/* All its pages at once, which is cheaper than one after the other. */
	char *copy = mmap(NULL, btf->bytes, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	ssize_t n;

	if (copy == MAP_FAILED)
		return -errno;
	for (size_t done = 0; done < btf->bytes; done += (size_t)n) {
		n = read(fd, copy + done, btf->bytes - done);
		if (n <= 0) {
			int err = n < 0 ? errno : EIO;

			munmap(copy, btf->bytes);
			return -err;
		}
	}
	btf->mapped = copy;
	return 0;
}

static int take_kernels(struct trace_btf *btf, bool is_copied)
{
	_cleanup_close_ int fd = open(KERNEL_BTF, O_RDONLY | O_CLOEXEC);
	struct stat status;
	int r = 0;

	if (fd < 0 || fstat(fd, &status) < 0)
		return -errno;
	if (status.st_size <= 0)
		return -EINVAL;
	btf->bytes = (size_t)status.st_size;
	btf->mapped = is_copied ? MAP_FAILED
				: mmap(NULL, btf->bytes, PROT_READ, MAP_PRIVATE, fd, 0);
	if (btf->mapped == MAP_FAILED) {
		btf->mapped = NULL;
		r = read_copy(btf, fd);
	}
	btf->data = btf->mapped;
	return r;
}

/* Beside an image of the kernel, for one. */
static int take_found(struct trace_btf *btf)
{
	uint32_t bytes;

	btf->found = btf__load_vmlinux_btf();
	if (!btf->found)
		return -errno;
	btf->data = btf__raw_data(btf->found, &bytes);
	btf->bytes = bytes;
	return btf->data ? 0 : -ENOMEM;
}

/* -- What is in it ------------------------------------------------------------------------------- */

/* Of what follows a type's own description; negative: no kind of type that is known. */
static int64_t details_bytes(const struct btf_type *type)
{
	int64_t count = btf_vlen(type);

	switch (btf_kind(type)) {
	case BTF_KIND_FWD:
	case BTF_KIND_CONST:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_PTR:
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_FUNC:
	case BTF_KIND_FLOAT:
	case BTF_KIND_TYPE_TAG:
		return 0;
	case BTF_KIND_INT:
		return sizeof(uint32_t);
	case BTF_KIND_ENUM:
		return count * (int64_t)sizeof(struct btf_enum);
	case BTF_KIND_ENUM64:
		return count * (int64_t)sizeof(struct btf_enum64);
	case BTF_KIND_ARRAY:
		return sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return count * (int64_t)sizeof(struct btf_member);
	case BTF_KIND_FUNC_PROTO:
		return count * (int64_t)sizeof(struct btf_param);
	case BTF_KIND_VAR:
		return sizeof(struct btf_var);
	case BTF_KIND_DATASEC:
		return count * (int64_t)sizeof(struct btf_var_secinfo);
	case BTF_KIND_DECL_TAG:
		return sizeof(struct btf_decl_tag);
	default:
		return -1;
	}
}

static int number_types(struct trace_btf *btf)
{
	uint32_t at = 0;

	/* As if each were of the shortest kind; what is not written to costs no memory. */
	btf->offsets =
		xmalloc((btf->types_bytes / sizeof(struct btf_type) + 1) * sizeof(*btf->offsets));
	for (btf->end = 1; at < btf->types_bytes; btf->end++) {
		const struct btf_type *type = (const void *)(btf->types + at);
		int64_t details = btf->types_bytes - at < sizeof(*type) ? -1 : details_bytes(type);

		if (details < 0 || details > btf->types_bytes - at - (int64_t)sizeof(*type))
			return -EINVAL;
		btf->offsets[btf->end] = at;
		at += (uint32_t)(sizeof(*type) + (size_t)details);
	}
	return 0;
}

static int find_parts(struct trace_btf *btf)
{
	const struct btf_header *header = (const void *)btf->data;
	uint64_t types_end, names_end;

	if (!header || btf->bytes < sizeof(*header) || header->magic != BTF_MAGIC)
		return -EINVAL;
	types_end = (uint64_t)header->hdr_len + header->type_off + header->type_len;
	names_end = (uint64_t)header->hdr_len + header->str_off + header->str_len;
	if (types_end > btf->bytes || names_end > btf->bytes || !header->str_len ||
	    (header->hdr_len + header->type_off) % sizeof(uint32_t))
		return -EINVAL;
	btf->types = btf->data + header->hdr_len + header->type_off;
	btf->types_bytes = header->type_len;
	btf->names = btf->data + header->hdr_len + header->str_off;
	btf->names_bytes = header->str_len;
	return btf->names[btf->names_bytes - 1] ? -EINVAL : number_types(btf);
}

int trace_btf_open(bool is_copied, struct trace_btf **ret)
{
	struct trace_btf *btf = xcalloc(1, sizeof(*btf));
	int r = take_kernels(btf, is_copied);

	if (r < 0)
		r = take_found(btf);
	if (r == 0)
		r = find_parts(btf);
	if (r < 0) {
		trace_btf_close(btf);
		return r;
	}
	*ret = btf;
	return 0;
}

void trace_btf_close(struct trace_btf *btf)
{
	if (!btf)
		return;
	if (btf->mapped)
		munmap(btf->mapped, btf->bytes);
	btf__free(btf->found);
	free(btf->offsets);
	free(btf);
}

/* -- Answers ------------------------------------------------------------------------------------- */

uint32_t trace_btf_end(const struct trace_btf *btf)
{
	return btf->end;
}

const struct btf_type *trace_btf_type(const struct trace_btf *btf, uint32_t id)
{
	return id && id < btf->end ? (const void *)(btf->types + btf->offsets[id]) : NULL;
}

const char *trace_btf_name(const struct trace_btf *btf, uint32_t offset)
{
	return offset < btf->names_bytes ? btf->names + offset : "";
}
